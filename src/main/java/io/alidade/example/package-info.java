/// What a data set holds before any model has seen it: prompts, candidates and what is known about
/// them, as text and numbers. No tensors, no tokens.
@NullMarked
package io.alidade.example;

import org.jspecify.annotations.NullMarked;
