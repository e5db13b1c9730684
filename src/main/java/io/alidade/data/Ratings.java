package io.alidade.data;

import io.alidade.Check;
import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/// Brings ratings of answers to one scale, `factor * label + offset`, and marks those that a row
/// lacks, so that data sets with different attributes can be learned from together (DPA, Wang et
/// al. 2024, arXiv:2402.18571: 0 to 100, `20 h + 10` for labels 0 to 4, `10 u` for labels 1 to 10).
///
/// @param factors by the name of the column, not 0
/// @param offsets under the same names
public record Ratings(Map<String, Double> factors, Map<String, Double> offsets)
    implements Strategy {
  /// Checks that each rating has both.
  public Ratings {
    if (factors.isEmpty() || !factors.keySet().equals(offsets.keySet())) {
      throw new IllegalArgumentException(
          "offsets must name the same ratings, were %s for %s"
              .formatted(offsets.keySet(), factors.keySet()));
    }
    factors.forEach((name, factor) -> {
      Check.finite("factors." + name, factor);
      if (factor == 0) {
        throw new IllegalArgumentException("factors.%s must not be 0".formatted(name));
      }
    });
    offsets.forEach((name, offset) -> Check.finite("offsets." + name, offset));
    factors = Collections.unmodifiableMap(new TreeMap<>(factors));
    offsets = Collections.unmodifiableMap(new TreeMap<>(offsets));
  }

  @Override
  public Outline outline(Outline given) {
    if (given.form() != Form.DEMONSTRATION) {
      throw new UserException(
          "%s: strategy Ratings takes answers one by one, these rows are %s; give 'prompt', 'completion' and a number a rating"
              .formatted(given.source(), given.form().words()));
    }
    var signals = new LinkedHashSet<>(given.signals());
    factors.keySet().forEach(name -> signals.add(Signal.perGroup(name)));
    return new Outline(given.source(), given.form(), signals, given.extras());
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    for (var name : factors.keySet()) {
      boolean rated =
          IntStream.range(0, rows.count())
              .anyMatch(i -> rows.row(i).signals().containsKey(Signal.perGroup(name)));
      if (!rated) {
        throw new UserException(
            "%s: strategy Ratings finds no number in column '%s' of any of %d rows; name the ratings that there are"
                .formatted(rows.place(0).file(), name, rows.count()));
      }
    }
    return rows.made(Form.DEMONSTRATION, "Ratings", (_, row) -> List.of(of(row)));
  }

  /// A row with every rating, NaN where there is none.
  Example of(Example row) {
    var signals = new LinkedHashMap<>(row.signals());
    factors.forEach((name, factor) -> {
      var given = row.signals().get(Signal.perGroup(name));
      double label = given == null ? Double.NaN : given[0];
      signals.put(
          Signal.perGroup(name), new double[] {factor * label + offsets.getOrDefault(name, 0.0)});
    });
    return new Example(row.row(), row.prompt(), row.candidates(), signals, row.extras());
  }
}
