package io.alidade.example;

import io.alidade.UserException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/// Between columns of numbers and signals: a number belongs to the row, a list of as many numbers
/// as there are candidates to the candidates, a list of lists to their units.
final class SignalColumns {
  private SignalColumns() {}

  /// The signal that a column is; null if it holds no numbers.
  static @Nullable Signal signal(String name, Object cell, int candidates) {
    if (cell instanceof Number || cell instanceof Boolean) {
      return Signal.perGroup(name);
    }
    if (cell instanceof List<?> list && list.size() == candidates && candidates > 0) {
      if (list.stream().allMatch(v -> v instanceof Number)) {
        return Signal.perCandidate(name);
      }
      if (list.stream()
          .allMatch(v -> v instanceof List<?> l && l.stream().allMatch(u -> u instanceof Number))) {
        return Signal.perUnit(name);
      }
    }
    return null;
  }

  /// The numbers of a column, lists in lists one after another.
  ///
  /// @throws UserException if some cell is no finite number
  static double[] numbers(Example.Row row, String column, Object cell) {
    var out = flat(row, column, cell).toArray();
    for (double value : out) {
      if (!Double.isFinite(value)) {
        throw new UserException(
            "%s: column '%s' holds %s; write finite numbers or leave the column out"
                .formatted(row, column, value));
      }
    }
    return out;
  }

  private static DoubleStream flat(Example.Row row, String column, @Nullable Object cell) {
    return switch (cell) {
      case Number number -> DoubleStream.of(number.doubleValue());
      case Boolean bool -> DoubleStream.of(bool ? 1 : 0);
      case List<?> list -> list.stream().flatMapToDouble(v -> flat(row, column, v));
      case null, default ->
          throw new UserException(
              "%s: column '%s' holds %s where a number belongs"
                  .formatted(row, column, Texts.shown(cell)));
    };
  }

  /// The cell that is read as these numbers.
  static Object cell(Signal signal, double[] values) {
    return switch (signal.scope()) {
      case GROUP -> values[0];
      case CANDIDATE, UNIT -> Arrays.stream(values).boxed().toList();
    };
  }
}
