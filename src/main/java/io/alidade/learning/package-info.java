/// How learning proceeds: when examples are drawn, when a step is taken, how a gradient becomes an
/// update, and what a checkpoint holds. Each loop is one short record over the verbs of [Session].
/// Losses and models do not belong here.
@NullMarked
package io.alidade.learning;

import org.jspecify.annotations.NullMarked;
