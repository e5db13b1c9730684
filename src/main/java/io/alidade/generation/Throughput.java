package io.alidade.generation;

import io.alidade.model.Decoder;
import io.alidade.model.Drawn;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/// How fast a model draws: rows of random prompts, all of one length, grown together to one length.
///
/// @param rows R, drawn together
/// @param promptTokens of each
/// @param newTokens of each
/// @param rounds each with prompts of its own
public record Throughput(int rows, int promptTokens, int newTokens, List<Round> rounds) {
  /// One round.
  ///
  /// @param read seconds in which the prompts were read
  /// @param drawn seconds in which the rows grew
  /// @param processor seconds of all cores in which the rows grew; what a busy machine leaves
  ///   comparable
  /// @param resident bytes of the process after it
  public record Round(double read, double drawn, double processor, long resident) {}

  /// Measures a model. The first round warms up and is not among those returned.
  ///
  /// @param rows drawn at once, at least 1
  /// @param promptTokens of each prompt, at least 1
  /// @param newTokens drawn for each row
  /// @param rounds that count
  public static Throughput measure(
      Policy policy, int rows, int promptTokens, int newTokens, int rounds) {
    var measured = new ArrayList<Round>();
    for (int round = 0; round <= rounds; round++) {
      measured.add(round(policy, rows, promptTokens, newTokens, round));
    }
    return new Throughput(
        rows, promptTokens, newTokens, List.copyOf(measured.subList(1, measured.size())));
  }

  private static Round round(Policy policy, int rows, int prompt, int newTokens, int seed) {
    var random = new SplittableRandom(seed);
    try (var decoder = new Decoder(policy)) {
      long start = System.nanoTime();
      var prompts = new ArrayList<int[]>();
      for (int row = 0; row < rows; row++) {
        prompts.add(random.ints(prompt, 0, policy.config().vocabSize()).toArray());
      }
      var prefixes = decoder.read(prompts);
      for (int row = 0; row < rows; row++) {
        try (var prefix = prefixes.get(row)) {
          var request = Decoder.Request.of(Sampling.plain(newTokens, seed), row, Set.of());
          decoder.join(prefix, request, new Deaf());
        }
      }
      long read = System.nanoTime();
      double before = processor();
      while (decoder.active() > 0) {
        decoder.step();
      }
      long end = System.nanoTime();
      return new Round(
          (read - start) / 1e9, (end - read) / 1e9, processor() - before, Step.residentBytes());
    }
  }

  private static double processor() {
    return ProcessHandle.current()
        .info()
        .totalCpuDuration()
        .map(time -> time.toNanos() / 1e9)
        .orElse(Double.NaN);
  }

  private static final class Deaf implements Decoder.Listener {
    @Override
    public boolean token(Decoder.Token token) {
      return true;
    }

    @Override
    public void ended(Drawn drawn) {}
  }

  /// New tokens a second, prompts and all, in the median round.
  public double tokensPerSecond() {
    return rows * newTokens / median(rounds.stream().map(r -> r.read() + r.drawn()).toList());
  }

  /// Milliseconds of one token of every row, in the median round.
  public double stepMillis() {
    return 1000 * median(rounds.stream().map(Round::drawn).toList()) / Math.max(1, newTokens - 1);
  }

  /// Milliseconds of reading one prompt, in the median round.
  public double readMillis() {
    return 1000 * median(rounds.stream().map(Round::read).toList()) / rows;
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }
}
