package io.alidade.model.causal;

/// Attention with separate projections `q_proj`, `k_proj`, `v_proj`, `o_proj` and rotary positions.
///
/// @param heads sizes
/// @param inputBias whether q, k and v have biases
/// @param outputBias whether o has one
record GroupedAttention(Heads heads, boolean inputBias, boolean outputBias) {}
