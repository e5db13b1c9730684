/// Training of byte-level BPE tokenizers, written as `tokenizer.json`. Encoding and decoding belong
/// to the Rust library; nothing here runs when a model does.
@NullMarked
package io.alidade.tokenizer.bpe;

import org.jspecify.annotations.NullMarked;
