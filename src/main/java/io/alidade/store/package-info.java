/// Files on disk, and nothing that knows what a tensor computes: atomic writes, safetensors, the
/// hub's cache folder, event files, content hashes and the one JSON configuration. Tensors appear
/// here only as named byte ranges ([java.lang.foreign.MemorySegment]); turning bytes into tensors
/// belongs to `io.alidade.tensor`. Every failure a user can put right is a
/// [io.alidade.UserException] of one line.
@NullMarked
package io.alidade.store;

import org.jspecify.annotations.NullMarked;
