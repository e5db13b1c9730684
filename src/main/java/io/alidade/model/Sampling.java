package io.alidade.model;

import io.alidade.Check;

/// How a next token is chosen from its distribution. The filters apply in the order of
/// `transformers`: repetition penalty, temperature, top-k, top-p, min-p.
///
/// @param maxNewTokens tokens drawn at most, at least 1
/// @param temperature logits are divided by it; 0 takes the most likely token
/// @param topK only the k most likely tokens; 0 for all
/// @param topP only the fewest tokens whose probabilities reach this sum, in `(0, 1]`
/// @param minP only tokens at least this fraction as likely as the most likely one, in `[0, 1]`
/// @param repetitionPenalty logits of tokens seen before are divided by it where positive and
///   multiplied where negative (Keskar et al. 2019, arXiv:1909.05858); 1 for none
/// @param seed of the draws; each row has a stream of its own, so its text does not depend on the
///   other rows
public record Sampling(
    int maxNewTokens,
    double temperature,
    int topK,
    double topP,
    double minP,
    double repetitionPenalty,
    long seed) {
  /// Checks the ranges.
  public Sampling {
    Check.atLeast("max_new_tokens", 1, maxNewTokens);
    Check.notNegative("temperature", temperature);
    Check.atLeast("top_k", 0, topK);
    Check.positive("top_p", topP);
    Check.between("top_p", 0, 1, topP);
    Check.between("min_p", 0, 1, minP);
    Check.positive("repetition_penalty", repetitionPenalty);
  }

  /// The most likely token each time.
  public static Sampling greedy(int maxNewTokens) {
    return new Sampling(maxNewTokens, 0, 0, 1, 0, 1, 0);
  }

  /// Draws from the model's own distribution.
  ///
  /// @param maxNewTokens at least 1
  /// @param seed of the draws
  public static Sampling plain(int maxNewTokens, long seed) {
    return new Sampling(maxNewTokens, 1, 0, 1, 0, 1, seed);
  }

  /// The same with another number of new tokens.
  public Sampling lasting(int other) {
    return new Sampling(other, temperature, topK, topP, minP, repetitionPenalty, seed);
  }

  /// The same with another seed.
  public Sampling seeded(long other) {
    return new Sampling(maxNewTokens, temperature, topK, topP, minP, repetitionPenalty, other);
  }
}
