/// Chat templates: an interpreter of the Jinja language as model publishers use it to turn a
/// conversation into the text that a model was trained on. Knows nothing of tokens or tensors.
@NullMarked
package io.alidade.template;

import org.jspecify.annotations.NullMarked;
