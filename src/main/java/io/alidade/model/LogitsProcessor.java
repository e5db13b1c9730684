package io.alidade.model;

import java.util.Map;
import java.util.Set;

/// Changes the logits that a token is chosen from, before temperature and filters. Processors apply
/// in the order in which they are given; what is reported of a token is of the logits before any.
@FunctionalInterface
public interface LogitsProcessor {
  /// Changes logits in place.
  ///
  /// @param logits `[V]`
  /// @param past what the row holds
  void process(float[] logits, Past past);

  /// What a row holds so far.
  interface Past {
    /// Number of new tokens.
    int count();

    /// Whether a token is in the prompt or among the new ones.
    boolean seen(int token);

    /// How often a token is among the new ones.
    int drawn(int token);
  }

  /// Logits of tokens seen before are divided by `penalty` where positive and multiplied where
  /// negative (Keskar et al. 2019, arXiv:1909.05858).
  record RepetitionPenalty(double penalty) implements LogitsProcessor {
    @Override
    public void process(float[] logits, Past past) {
      for (int token = 0; token < logits.length; token++) {
        if (past.seen(token)) {
          logits[token] *= (float) (logits[token] > 0 ? 1 / penalty : penalty);
        }
      }
    }
  }

  /// `z - presence [drawn] - frequency * times drawn`, as OpenAI's interface defines them.
  record DrawnPenalty(double presence, double frequency) implements LogitsProcessor {
    @Override
    public void process(float[] logits, Past past) {
      for (int token = 0; token < logits.length; token++) {
        int times = past.drawn(token);
        if (times > 0) {
          logits[token] -= (float) (presence + frequency * times);
        }
      }
    }
  }

  /// Adds to the logits of some tokens; minus infinity forbids one.
  record Bias(Map<Integer, Double> bias) implements LogitsProcessor {
    @Override
    public void process(float[] logits, Past past) {
      bias.forEach((token, more) -> logits[token] += more.floatValue());
    }
  }

  /// Forbids tokens that end a sequence until it has some length.
  record AtLeast(int newTokens, Set<Integer> ends) implements LogitsProcessor {
    @Override
    public void process(float[] logits, Past past) {
      if (past.count() < newTokens) {
        for (int end : ends) {
          logits[end] = Float.NEGATIVE_INFINITY;
        }
      }
    }
  }
}
