package io.alidade.batch;

/// What a model can report of each scored unit beside its log-likelihood. An objective asks for
/// what it needs; whoever did not ask gets an exception.
public enum Readout {
  /// Log-probability of the unit that was there, nats, `[N, U]`.
  LOG_LIKELIHOOD,
  /// Entropy of the prediction, nats, `[N, U]`.
  ENTROPY,
  /// Log of the sum of squared probabilities, `log sum_v p(v)^2`, nats, `[N, U]`.
  COLLISION,
  /// Log-normaliser of the logits, `log sum_v exp(z_v)`, nats, `[N, U]`; with the log-likelihood it
  /// gives back the logit of the unit that was there.
  LOG_NORMALIZER,
  /// Mean of the logits over the vocabulary, `[N, U]`.
  MEAN_LOGIT,
  /// 1 where the most likely unit is the one that was there, else 0, `[N, U]`; carries no gradient.
  TOP_ONE,
  /// Log-probabilities of the K likeliest units, the likeliest first, nats, `[N, U, K]`; K is
  /// [#MOST], or the whole vocabulary where that is smaller. An objective that needs fewer takes
  /// the first of them.
  LIKELIEST,
  /// Which units those of [#LIKELIEST] are: their numbers in the vocabulary, `[N, U, K]`; of
  /// equally likely ones any. Carries no gradient.
  LIKELIEST_UNITS,
  /// Log-probability of the unit that was there under a second model that moves with the first,
  /// trained beside it or as its average, nats, `[N, U]`.
  RIVAL,
  /// Divergence of the prediction from the reference's over the whole vocabulary, `sum_v p(v) log
  /// (p(v) / p_ref(v))`, nats, `[N, U]`.
  DIVERGENCE,
  /// Estimate of a value head, reward units, `[N, U]`.
  VALUE,
  /// Hidden state that the unit was predicted from, after the last layer's norm, `[N, U, H]`;
  /// carries no gradient.
  HIDDEN,
  /// Output of a reward head at the last token of each candidate, `[N, D]`.
  REWARD,
  /// Output of the same head at the last token of each candidate's prompt, which has seen nothing
  /// of the candidate, `[N, D]`.
  PROMPT;

  /// How many of the likeliest units are reported, at most.
  public static final int MOST = 20;

  /// Whether there are several numbers a unit, `[N, U, …]`.
  public boolean wide() {
    return this == LIKELIEST || this == LIKELIEST_UNITS || this == HIDDEN;
  }
}
