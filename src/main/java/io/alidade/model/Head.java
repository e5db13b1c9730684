package io.alidade.model;

/// What stands on top of the trunk, and so what a model reports: log-likelihoods in nats, rewards
/// or values.
public enum Head {
  /// The projection to the vocabulary.
  LANGUAGE,
  /// A linear map `score.weight` of the last token's hidden state, as `…ForSequenceClassification`
  /// has; drawn anew where the checkpoint has none. No likelihoods.
  REWARD,
  /// The projection to the vocabulary, and a linear map `value_head.weight` of each token's hidden
  /// state, 0 at first where the checkpoint has none.
  VALUE
}
