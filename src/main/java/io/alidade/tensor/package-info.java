/// The boundary to native memory: lifetimes, gradient mode, native vectors, generators and the few
/// tensor helpers that a paper's equation needs. This is the only package that may touch scopes,
/// guards and vectors; no other knows that memory is native. Nothing here knows what a model or a
/// preference is.
@NullMarked
package io.alidade.tensor;

import org.jspecify.annotations.NullMarked;
