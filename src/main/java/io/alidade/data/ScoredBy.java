package io.alidade.data;

import io.alidade.Check;
import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/// Orders the answers of rankings by score columns: `score = sum_i w_i column_i`. The best of a
/// list is then its first, which imitation learns from; pairs take best and worst.
///
/// @param columns weights of the columns of scores, one number an answer, by name; a negative
///   weight prefers small numbers
public record ScoredBy(Map<String, Double> columns) implements Strategy {
  /// What an answer is worth.
  static final Signal SCORES = Signal.perCandidate("scores");

  /// Checks the weights.
  public ScoredBy {
    Check.atLeast("number of columns", 1, columns.size());
    columns.forEach((name, w) -> Check.finite("columns." + name, w));
    columns = Collections.unmodifiableMap(new TreeMap<>(columns)); // one order of summation
  }

  @Override
  public Outline outline(Outline given) {
    if (given.form() != Form.RANKING) {
      throw new UserException(
          "%s: strategy ScoredBy orders rankings, these rows are %s; remove it, or give %s"
              .formatted(given.source(), given.form().words(), Form.RANKING.words()));
    }
    columns.keySet().forEach(column -> carried(given, "ScoredBy", column));
    return given.without(Signal.Scope.UNIT).with(SCORES);
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    return rows.made(Form.RANKING, "ScoredBy", (_, row) -> List.of(of(row)));
  }

  /// One list in its new order.
  Example of(Example ranking) {
    double[] sum = new double[ranking.candidates().size()];
    columns.forEach((column, weight) -> {
      double[] values = values(ranking, Signal.perCandidate(column));
      for (int k = 0; k < sum.length; k++) {
        sum[k] += weight * values[k];
      }
    });
    var signals = new LinkedHashMap<>(ranking.signals());
    signals.put(SCORES, sum);
    return ordered(
        new Example(
            ranking.row(), ranking.prompt(), ranking.candidates(), signals, ranking.extras()),
        SCORES);
  }

  /// A list from best to worst by a signal; answers that tie keep their order.
  static Example ordered(Example ranking, Signal by) {
    double[] values = values(ranking, by);
    int[] order =
        IntStream.range(0, values.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer k) -> values[k]).reversed())
            .mapToInt(k -> k)
            .toArray();
    return Reshape.keep(ranking, order);
  }

  /// What a row has of a signal, one number an answer.
  static double[] values(Example row, Signal signal) {
    var values = row.signals().get(signal);
    if (values == null) {
      throw new UserException(
          "%s: no column '%s' with one number an answer, as the rows before it have; add it"
              .formatted(row.row(), signal.name()));
    }
    return values;
  }

  /// Checks that rows carry a column with one number an answer.
  static void carried(Outline given, String strategy, String column) {
    if (!given.signals().contains(Signal.perCandidate(column))) {
      throw new UserException(
          "%s has no column '%s' with one number an answer, which strategy %s reads; it has %s"
              .formatted(
                  given.source(),
                  column,
                  strategy,
                  given.signals().stream().map(Signal::name).sorted().toList()));
    }
  }
}
