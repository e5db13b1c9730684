package io.alidade.model;

import java.util.BitSet;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// Chooses the next token of one row. Holds what it needs of the row's past.
final class Chooser {
  private final Sampling sampling;
  private final RandomGenerator random;
  private final BitSet seen = new BitSet();
  private int[] order = {};

  /// @param prompt tokens that count as seen
  /// @param row number of the row, which with the seed determines every draw
  Chooser(Sampling sampling, int[] prompt, long row) {
    this.sampling = sampling;
    random =
        RandomGeneratorFactory.of("L64X128MixRandom")
            .create(sampling.seed() * 0x9E3779B97F4A7C15L + row * 0xD1B54A32D192ED03L + 1);
    for (int token : prompt) {
      seen.set(token);
    }
  }

  /// The next token.
  ///
  /// @param all logits of many rows
  /// @param from where this row's begin
  /// @param size of the vocabulary
  int next(float[] all, int from, int size) {
    var logits = java.util.Arrays.copyOfRange(all, from, from + size);
    if (sampling.repetitionPenalty() != 1) {
      seen.stream()
          .filter(token -> token < size)
          .forEach(token ->
              logits[token] *=
                  (float)
                      (logits[token] > 0
                          ? 1 / sampling.repetitionPenalty()
                          : sampling.repetitionPenalty()));
    }
    int token = sampling.temperature() == 0 ? best(logits) : draw(logits);
    seen.set(token);
    return token;
  }

  private static int best(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  private int draw(float[] logits) {
    double top = logits[best(logits)];
    var weights = new double[logits.length]; // proportional to probabilities; the largest is 1
    double total = 0;
    for (int i = 0; i < logits.length; i++) {
      weights[i] = Math.exp((logits[i] - top) / sampling.temperature());
      total += weights[i];
    }
    boolean narrowed = sampling.topK() > 0 || sampling.topP() < 1;
    if (narrowed) {
      total = narrow(weights, total);
    }
    if (sampling.minP() > 0) {
      total = 0;
      for (int i = 0; i < weights.length; i++) {
        weights[i] = weights[i] < sampling.minP() ? 0 : weights[i];
        total += weights[i];
      }
    }
    double left = random.nextDouble() * total;
    int last = 0;
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] > 0) {
        last = i;
        left -= weights[i];
        if (left < 0) {
          return i;
        }
      }
    }
    return last; // rounding used up the sum
  }

  /// Keeps the k most likely tokens, and of those the fewest that reach top-p; returns the sum of
  /// what is kept. A heap gives the tokens from the most likely on, so that no more of the
  /// vocabulary is put in order than is kept.
  private double narrow(double[] weights, double total) {
    int size = weights.length;
    if (order.length != size) {
      order = new int[size];
    }
    for (int i = 0; i < size; i++) {
      order[i] = i;
    }
    for (int i = size / 2 - 1; i >= 0; i--) {
      sift(weights, i, size);
    }
    int most = sampling.topK() == 0 ? size : Math.min(sampling.topK(), size);
    double mass = total;
    if (sampling.topK() > 0 && sampling.topP() < 1) {
      mass = massOfTop(weights, most); // top-p is taken of what top-k left
    }
    var kept = new double[size];
    double sum = 0;
    int heap = size;
    for (int n = 0; n < most && heap > 0 && (n == 0 || sum < sampling.topP() * mass); n++) {
      int token = order[0];
      kept[token] = weights[token];
      sum += weights[token];
      heap--;
      order[0] = order[heap];
      sift(weights, 0, heap);
    }
    System.arraycopy(kept, 0, weights, 0, size);
    return sum;
  }

  private static double massOfTop(double[] weights, int most) {
    var sorted = weights.clone();
    java.util.Arrays.sort(sorted);
    double mass = 0;
    for (int n = 0; n < most; n++) {
      mass += sorted[sorted.length - 1 - n];
    }
    return mass;
  }

  private void sift(double[] weights, int from, int size) {
    int at = from;
    while (true) {
      int child = 2 * at + 1;
      if (child >= size) {
        return;
      }
      if (child + 1 < size && heavier(weights, order[child + 1], order[child])) {
        child++;
      }
      if (!heavier(weights, order[child], order[at])) {
        return;
      }
      int swap = order[at];
      order[at] = order[child];
      order[child] = swap;
      at = child;
    }
  }

  /// The heavier token, and of equals the first.
  private static boolean heavier(double[] weights, int one, int other) {
    return weights[one] > weights[other] || (weights[one] == weights[other] && one < other);
  }
}
