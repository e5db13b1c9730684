package io.alidade.explain;

import io.alidade.UserException;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.objective.Loss;
import io.alidade.objective.Needs;
import io.alidade.objective.Objective;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/// Numbers that an objective is evaluated on, in float64: what a model would have reported of a
/// batch.
///
/// G groups, N candidates in all, numbered group by group; candidate n has `tokens[n]` tokens.
///
/// @param sizes candidates of each group
/// @param tokens tokens of each candidate, `[N]`
/// @param readouts of the policy, `[N][tokens]`; a reward is `[N][1]`, hidden states are
///   `[N][tokens
///   * H]` @param frozen of the reference, likewise @param signals `[G]`, `[N]`, or one number a
///     token, candidate behind candidate
/// @param memory what the objective remembers of earlier batches
record Case(
    int[] sizes,
    int[] tokens,
    Map<Readout, double[][]> readouts,
    Map<Readout, double[][]> frozen,
    Map<Signal, double[]> signals,
    Map<String, Double> memory) {

  /// What an objective makes of numbers.
  ///
  /// @param loss of the batch
  /// @param each loss of each row: its share in the mean, or, where the mean is over tokens, what
  ///   the row would cost alone; empty where rows act on each other
  /// @param gradient of the loss with respect to each token's log-likelihood, `[N][tokens]`, or
  ///   each reward, `[N][1]`
  /// @param metrics by name
  record Outcome(
      double loss, Optional<double[]> each, double[][] gradient, TreeMap<String, Double> metrics) {
    /// Gradient with respect to a candidate's sum, were it spread evenly over the tokens.
    double slope(int candidate) {
      return Arrays.stream(gradient[candidate]).average().orElse(0);
    }
  }

  /// Evaluates an objective.
  ///
  /// @throws UserException if the objective refuses a number
  Outcome evaluate(Objective objective) {
    var needs = objective.needs();
    try (var _ = new Step()) {
      var primary =
          readouts.containsKey(Readout.LOG_LIKELIHOOD) ? Readout.LOG_LIKELIHOOD : Readout.REWARD;
      var leaf = Grad.leaf(tensor(primary, readouts));
      var loss = objective.loss(scored(primary, leaf));
      var gradient = Ops.toDoubles(Grad.of(loss.value(), List.of(leaf)).getFirst());
      var metrics = new TreeMap<String, Double>();
      loss.metrics().forEach((name, metric) -> metrics.put(name, metric.mean()));
      return new Outcome(
          Ops.number(loss.value()), each(objective, needs, loss), cut(primary, gradient), metrics);
    } catch (IllegalArgumentException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
  }

  private Optional<double[]> each(Objective objective, Needs needs, Loss loss) {
    var known = loss.each().map(Ops::toDoubles).filter(each -> each.length == sizes.length);
    if (known.isPresent() || needs.coupled()) {
      return known;
    }
    if (sizes.length == 1) {
      return Optional.of(new double[] {Ops.number(loss.value())});
    }
    return Optional.of(
        IntStream.range(0, sizes.length)
            .mapToDouble(g -> group(g).evaluate(objective).loss())
            .toArray());
  }

  /// One group alone.
  Case group(int group) {
    int from = IntStream.of(sizes).limit(group).sum();
    int to = from + sizes[group];
    int units = IntStream.of(tokens).limit(from).sum();
    int unitsTo = IntStream.of(tokens).limit(to).sum();
    var kept = new HashMap<Signal, double[]>();
    signals.forEach((signal, values) ->
        kept.put(
            signal,
            switch (signal.scope()) {
              case GROUP -> new double[] {values[group]};
              case CANDIDATE -> Arrays.copyOfRange(values, from, to);
              case UNIT -> Arrays.copyOfRange(values, units, unitsTo);
            }));
    return new Case(
        new int[] {sizes[group]},
        Arrays.copyOfRange(tokens, from, to),
        rows(readouts, from, to),
        rows(frozen, from, to),
        kept,
        memory);
  }

  private static Map<Readout, double[][]> rows(
      Map<Readout, double[][]> readouts, int from, int to) {
    var kept = new EnumMap<Readout, double[][]>(Readout.class);
    readouts.forEach((readout, rows) -> kept.put(readout, Arrays.copyOfRange(rows, from, to)));
    return kept;
  }

  private int units() {
    return Math.max(1, IntStream.of(tokens).max().orElse(1));
  }

  private Scored scored(Readout primary, Tensor leaf) {
    int units = units();
    var mask = new double[tokens.length * units];
    for (int n = 0; n < tokens.length; n++) {
      Arrays.fill(mask, n * units, n * units + tokens[n], 1);
    }
    var read = new EnumMap<Readout, Tensor>(Readout.class);
    readouts.keySet().forEach(readout -> read.put(readout, tensor(readout, readouts)));
    read.put(primary, leaf);
    var still = new EnumMap<Readout, Tensor>(Readout.class);
    frozen.keySet().forEach(readout -> still.put(readout, tensor(readout, frozen)));
    var given = new HashMap<Signal, Tensor>();
    signals.forEach((signal, values) -> given.put(signal, tensor(signal, values)));
    return new Scored(sizes, Ops.doubles(mask, tokens.length, units), read, still, given, memory);
  }

  private Tensor tensor(Signal signal, double[] values) {
    if (signal.scope() != Signal.Scope.UNIT) {
      return Ops.doubles(values, values.length);
    }
    int units = units();
    var padded = new double[tokens.length * units];
    int from = 0;
    for (int n = 0; n < tokens.length; n++) {
      System.arraycopy(values, from, padded, n * units, tokens[n]);
      from += tokens[n];
    }
    return Ops.doubles(padded, tokens.length, units);
  }

  private Tensor tensor(Readout readout, Map<Readout, double[][]> from) {
    var rows = from.getOrDefault(readout, new double[0][]);
    int width = width(readout, rows);
    var padded = new double[tokens.length * width];
    for (int n = 0; n < tokens.length; n++) {
      System.arraycopy(rows[n], 0, padded, n * width, rows[n].length);
    }
    return readout.wide()
        ? Ops.doubles(padded, tokens.length, units(), width / units())
        : Ops.doubles(padded, tokens.length, width);
  }

  private int width(Readout readout, double[][] rows) {
    return switch (readout) {
      case REWARD, PROMPT -> Arrays.stream(rows).mapToInt(row -> row.length).max().orElse(1);
      case HIDDEN, LIKELIEST, LIKELIEST_UNITS -> {
        int size = 1; // of a unit
        for (int n = 0; n < tokens.length; n++) {
          size = Math.max(size, tokens[n] == 0 ? 1 : rows[n].length / tokens[n]);
        }
        yield units() * size;
      }
      default -> units();
    };
  }

  private double[][] cut(Readout readout, double[] padded) {
    int width = padded.length / tokens.length;
    var rows = new double[tokens.length][];
    for (int n = 0; n < tokens.length; n++) {
      int length = readout == Readout.REWARD || readout == Readout.PROMPT ? 1 : tokens[n];
      rows[n] = Arrays.copyOfRange(padded, n * width, n * width + length);
    }
    return rows;
  }
}
