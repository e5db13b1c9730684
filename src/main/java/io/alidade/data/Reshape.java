package io.alidade.data;

import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import io.alidade.example.Text;
import io.alidade.objective.Needs;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Turns a row of one form into a row of another, or into two.
enum Reshape {
  /// As it is.
  NONE,
  /// A pair into an answer labelled good, then one labelled bad.
  UNPAIR,
  /// The first, best candidate alone.
  BEST,
  /// The first and the last candidate: best and worst.
  EXTREMES;

  static final Signal LABEL = Signal.perGroup("label");

  static Reshape between(Example.Row row, Form have, Needs.Feedback wanted) {
    return switch (wanted) {
      case PAIRS ->
          switch (have) {
            case PAIR -> NONE;
            case RANKING -> EXTREMES;
            case LABELLED, DEMONSTRATION, PROMPT -> throw wrong(row, have, Form.PAIR);
          };
      case LABELLED ->
          switch (have) {
            case LABELLED -> NONE;
            case PAIR -> UNPAIR;
            case RANKING, DEMONSTRATION, PROMPT -> throw wrong(row, have, Form.LABELLED);
          };
      case DEMONSTRATIONS ->
          switch (have) {
            case DEMONSTRATION -> NONE;
            case PAIR, RANKING -> BEST;
            case LABELLED, PROMPT -> throw wrong(row, have, Form.DEMONSTRATION);
          };
      case RANKINGS ->
          switch (have) {
            case RANKING, PAIR -> NONE;
            case LABELLED, DEMONSTRATION, PROMPT -> throw wrong(row, have, Form.RANKING);
          };
      case ROLLOUTS -> NONE;
    };
  }

  private static UserException wrong(Example.Row row, Form have, Form wanted) {
    return new UserException(
        "%s: the rows are %s, the objective learns from %s; choose other data or another objective"
            .formatted(row, have.words(), wanted.words()));
  }

  int factor() {
    return this == UNPAIR ? 2 : 1;
  }

  Form form(Form have) {
    return switch (this) {
      case NONE -> have;
      case UNPAIR -> Form.LABELLED;
      case BEST -> Form.DEMONSTRATION;
      case EXTREMES -> Form.PAIR;
    };
  }

  /// @param part which of the rows that one becomes
  Example apply(Example example, int part) {
    return switch (this) {
      case NONE -> example;
      case UNPAIR -> {
        var one = keep(example, part);
        var signals = new LinkedHashMap<>(one.signals());
        signals.put(LABEL, new double[] {part == 0 ? 1 : 0});
        yield new Example(one.row(), one.prompt(), one.candidates(), signals, one.extras());
      }
      case BEST -> keep(example, 0);
      case EXTREMES -> keep(example, 0, example.candidates().size() - 1);
    };
  }

  private static Example keep(Example example, int... which) {
    List<Text> candidates =
        java.util.Arrays.stream(which).mapToObj(example.candidates()::get).toList();
    Map<Signal, double[]> signals = new LinkedHashMap<>();
    example
        .signals()
        .forEach((signal, values) -> {
          switch (signal.scope()) {
            case GROUP -> signals.put(signal, values);
            case CANDIDATE ->
                signals.put(
                    signal, java.util.Arrays.stream(which).mapToDouble(k -> values[k]).toArray());
            case UNIT -> {} // Which units belong to which candidate is not known before tokenizing.
          }
        });
    return new Example(example.row(), example.prompt(), candidates, signals, example.extras());
  }
}
