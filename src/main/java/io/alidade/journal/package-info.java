/// What a run says while it works and leaves behind: the console, the folder with its metrics,
/// provenance and checkpoints. Nothing here computes a metric or reads a recipe.
@NullMarked
package io.alidade.journal;

import org.jspecify.annotations.NullMarked;
