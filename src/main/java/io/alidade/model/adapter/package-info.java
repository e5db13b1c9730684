/// Low-rank adapters: which modules they reach, what they add, and PEFT's layout on disk. The
/// models that they sit on are known here as named modules only.
@NullMarked
package io.alidade.model.adapter;

import org.jspecify.annotations.NullMarked;
