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
import java.util.Optional;

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

  /// What turns rows of one form into what an objective learns from, if anything does.
  static Optional<Reshape> between(Form have, Needs.Feedback wanted) {
    return Optional.ofNullable(
        switch (wanted) {
          case PAIRS ->
              switch (have) {
                case PAIR -> NONE;
                case RANKING -> EXTREMES;
                case LABELLED, DEMONSTRATION, PROMPT -> null;
              };
          case LABELLED ->
              switch (have) {
                case LABELLED -> NONE;
                case PAIR -> UNPAIR;
                case RANKING, DEMONSTRATION, PROMPT -> null;
              };
          case DEMONSTRATIONS ->
              switch (have) {
                case DEMONSTRATION -> NONE;
                case PAIR, RANKING -> BEST;
                case LABELLED, PROMPT -> null;
              };
          case RANKINGS ->
              switch (have) {
                case RANKING, PAIR -> NONE;
                case LABELLED, DEMONSTRATION, PROMPT -> null;
              };
          case ROLLOUTS -> NONE;
        });
  }

  /// The same for rows that must fit.
  static Reshape between(Example.Row row, Form have, Needs.Feedback wanted) {
    return between(have, wanted)
        .orElseThrow(() ->
            new UserException(
                "%s: the rows are %s, the objective learns from %s; choose other data or another objective"
                    .formatted(row, have.words(), form(wanted).words())));
  }

  private static Form form(Needs.Feedback wanted) {
    return switch (wanted) {
      case PAIRS -> Form.PAIR;
      case LABELLED -> Form.LABELLED;
      case DEMONSTRATIONS -> Form.DEMONSTRATION;
      case RANKINGS, ROLLOUTS -> Form.RANKING;
    };
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

  /// A row with some of its candidates, in this order, and what is known of them.
  static Example keep(Example example, int... which) {
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
