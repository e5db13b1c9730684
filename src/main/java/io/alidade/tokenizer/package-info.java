/// Text to ids and back, with a model folder's own tokenizer: loading, encoding with offsets,
/// decoding whole and as a stream. Knows nothing of rows, prompts or masks.
@NullMarked
package io.alidade.tokenizer;

import org.jspecify.annotations.NullMarked;
