package io.alidade.model;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// Chooses the next token of one row. Holds what it needs of the row's past.
final class Chooser implements LogitsProcessor.Past {
  private final Sampling sampling;
  private final List<LogitsProcessor> processors;
  private final RandomGenerator random;
  private final BitSet seen = new BitSet();
  private final Map<Integer, Integer> drawn = new HashMap<>();
  private int count;
  private double[] weights = {};
  private final Heaviest heaviest = new Heaviest();

  /// @param prompt tokens that count as seen
  /// @param stream which with the seed determines every draw
  Chooser(Sampling sampling, List<LogitsProcessor> more, int[] prompt, long stream) {
    this.sampling = sampling;
    processors = new ArrayList<>();
    if (sampling.repetitionPenalty() != 1) {
      processors.add(new LogitsProcessor.RepetitionPenalty(sampling.repetitionPenalty()));
    }
    processors.addAll(more);
    random =
        RandomGeneratorFactory.of("L64X128MixRandom")
            .create(sampling.seed() * 0x9E3779B97F4A7C15L + stream * 0xD1B54A32D192ED03L + 1);
    for (int token : prompt) {
      seen.set(token);
    }
  }

  @Override
  public int count() {
    return count;
  }

  @Override
  public boolean seen(int token) {
    return seen.get(token);
  }

  @Override
  public int drawn(int token) {
    return drawn.getOrDefault(token, 0);
  }

  /// The next token.
  ///
  /// @param all logits of many rows, left as they are
  /// @param from where this row's begin
  /// @param size of the vocabulary
  int next(float[] all, int from, int size) {
    int token;
    if (processors.isEmpty()) {
      token = choose(all, from, size);
    } else {
      var logits = java.util.Arrays.copyOfRange(all, from, from + size);
      processors.forEach(processor -> processor.process(logits, this));
      token = choose(logits, 0, size);
    }
    seen.set(token);
    drawn.merge(token, 1, Integer::sum);
    count++;
    return token;
  }

  private int choose(float[] logits, int from, int size) {
    return sampling.temperature() == 0 ? best(logits, from, size) : draw(logits, from, size);
  }

  private static int best(float[] logits, int from, int size) {
    int best = 0;
    for (int i = 1; i < size; i++) {
      if (logits[from + i] > logits[from + best]) {
        best = i;
      }
    }
    return best;
  }

  private int draw(float[] logits, int from, int size) {
    double top = logits[from + best(logits, from, size)];
    if (weights.length != size) {
      weights = new double[size];
    }
    double total = 0;
    for (int i = 0; i < size; i++) {
      weights[i] = Math.exp((logits[from + i] - top) / sampling.temperature()); // the largest is 1
      total += weights[i];
    }
    heaviest.all(weights);
    if (sampling.topK() > 0 && sampling.topK() < size) {
      total = heaviest.most(sampling.topK());
    }
    if (sampling.topP() < 1) {
      total = heaviest.reaching(sampling.topP() * total);
    }
    if (sampling.minP() > 0) {
      total = 0;
      for (int i = 0; i < size; i++) {
        weights[i] = weights[i] < sampling.minP() || !heaviest.holds(i) ? 0 : weights[i];
        total += weights[i];
      }
    }
    double left = random.nextDouble() * total;
    int last = 0;
    for (int i = 0; i < size; i++) {
      if (weights[i] > 0 && heaviest.holds(i)) {
        last = i;
        left -= weights[i];
        if (left < 0) {
          return i;
        }
      }
    }
    return last; // rounding used up the sum
  }
}
