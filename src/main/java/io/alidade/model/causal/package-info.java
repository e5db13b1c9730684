/// Causal transformers as functions over named weights: one file for each family, named as
/// `model_type` in config.json, and the few parts that they share. All token-wise work runs on
/// packed tokens `[T, hidden]`; who attends to whom is known to [Layout] and [Attention] alone.
/// Reading files, adapters, gradients and likelihoods do not belong here.
@NullMarked
package io.alidade.model.causal;

import org.jspecify.annotations.NullMarked;
