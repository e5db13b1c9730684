/// Small worlds in which what should be learned is known: policies over a handful of answers,
/// made-up languages, and how such policies are trained. Studies and tests share them; nothing that
/// trains a user's model uses them.
@org.jspecify.annotations.NullMarked
package io.alidade.world;
