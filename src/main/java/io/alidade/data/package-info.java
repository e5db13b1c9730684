/// From files to groups: where rows come from, what their columns mean, how a row becomes ids, and
/// steps between. Text and numbers in, tokenized groups out; no model, no tensor.
@NullMarked
package io.alidade.data;

import org.jspecify.annotations.NullMarked;
