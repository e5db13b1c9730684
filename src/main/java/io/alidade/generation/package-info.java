/// Text from a model: a checkpoint and its tokenizer opened as one, prompts rendered, continuations
/// drawn, decoded while they come and cut at stop strings. No command line.
@NullMarked
package io.alidade.generation;

import org.jspecify.annotations.NullMarked;
