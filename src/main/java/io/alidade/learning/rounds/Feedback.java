package io.alidade.learning.rounds;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import io.alidade.learning.Drawing;
import io.alidade.objective.Needs;
import io.alidade.store.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// From judged answers to what an objective learns from, in the form that it asks for.
final class Feedback {
  private Feedback() {}

  /// A group with the line of a data file that says the same in text.
  record Lesson(Group group, Map<String, Object> cells) {
    /// Whether it moves the policy: all do but those whose advantages are 0 throughout.
    boolean moves() {
      var advantages =
          group.signals().entrySet().stream()
              .filter(signal -> signal.getKey().name().endsWith(Drawing.ADVANTAGE.name()))
              .toList();
      return advantages.isEmpty()
          || advantages.stream()
              .flatMapToDouble(s -> Arrays.stream(s.getValue()))
              .anyMatch(a -> a != 0);
    }
  }

  /// What is learned from a round.
  static List<Lesson> of(List<Rollout> rollouts, Needs.Feedback form, Drawing drawing) {
    var lessons = new ArrayList<Lesson>();
    var advantages =
        form == Needs.Feedback.ROLLOUTS
            ? advantages(rollouts, drawing)
            : List.<Map<Signal, double[]>>of();
    for (int r = 0; r < rollouts.size(); r++) {
      var rollout = rollouts.get(r);
      var ranked = rollout.ranked();
      switch (form) {
        case DEMONSTRATIONS -> {
          if (!ranked.isEmpty()) {
            lessons.add(
                lesson(rollout, ranked.subList(0, 1), Form.DEMONSTRATION, new LinkedHashMap<>()));
          }
        }
        case PAIRS -> {
          if (!rollout.indifferent()) {
            int best = ranked.getFirst();
            int worst = ranked.getLast();
            lessons.add(pair(rollout, best, worst));
          }
        }
        case LABELLED -> {
          double mean = ranked.stream().mapToDouble(i -> rollout.standing()[i]).average().orElse(0);
          for (int i : rollout.indifferent() ? List.<Integer>of() : ranked) {
            lessons.add(
                lesson(
                    rollout,
                    List.of(i),
                    Form.LABELLED,
                    signals(Drawing.LABEL, rollout.standing()[i] > mean ? 1 : 0)));
          }
        }
        case RANKINGS -> {
          if (!rollout.indifferent()) {
            var signals =
                signals(
                    Drawing.SCORE,
                    ranked.stream().mapToDouble(i -> rollout.standing()[i]).toArray());
            signals.put(Drawing.WIN_RATE, ranked.stream().mapToDouble(rollout::winRate).toArray());
            lessons.add(lesson(rollout, ranked, Form.RANKING, signals));
          }
        }
        case ROLLOUTS -> {
          var all = java.util.stream.IntStream.range(0, rollout.answers().size()).boxed().toList();
          var signals = advantages.get(r);
          signals.put(
              Drawing.OLD, rollout.logps().stream().flatMapToDouble(Arrays::stream).toArray());
          lessons.add(lesson(rollout, all, Form.RANKING, signals));
        }
      }
    }
    return lessons;
  }

  /// Two answers as a pair.
  static Lesson pair(Rollout rollout, int chosen, int rejected) {
    return lesson(
        rollout,
        List.of(chosen, rejected),
        Form.PAIR,
        signals(Drawing.PREFERENCE, rollout.preference()[chosen][rejected]));
  }

  /// An answer that is right or wrong in itself, whatever the others are.
  static Lesson labelled(Rollout rollout, int place, boolean right) {
    return lesson(rollout, List.of(place), Form.LABELLED, signals(Drawing.LABEL, right ? 1 : 0));
  }

  /// Lessons as lines of a data file.
  static String lines(List<Lesson> lessons) {
    var lines = new StringBuilder();
    lessons.forEach(lesson -> lines.append(Json.line(lesson.cells())).append('\n'));
    return lines.toString();
  }

  /// For each prompt, the advantages of its answers and what else is said of them.
  private static List<Map<Signal, double[]>> advantages(List<Rollout> rollouts, Drawing drawing) {
    var advantage = drawing.advantage().orElseThrow();
    var rewards = rollouts.stream().map(Rollout::standing).toArray(double[][]::new);
    var each =
        Arrays.stream(rewards)
            .map(group ->
                Arrays.stream(group)
                    .mapToObj(reward -> new double[] {reward})
                    .toArray(double[][]::new))
            .toArray(double[][][]::new);
    var own = advantage.of(each, 1);
    var further =
        advantage.further(rewards, rollouts.stream().map(Rollout::classes).toArray(int[][]::new));
    var all = new ArrayList<Map<Signal, double[]>>();
    for (int r = 0; r < own.length; r++) {
      int at = r;
      var signals = signals(Drawing.ADVANTAGE, own[r]);
      further.forEach((signal, values) -> signals.put(signal, values[at]));
      all.add(signals);
    }
    return all;
  }

  /// The lessons, each with an answer to another prompt as a second candidate, from which KTO
  /// estimates how far the policy is from its reference: that of the nearest lesson before it, the
  /// first ones' being the last ones'. Where there is one prompt alone, its own answers are lent.
  static List<Lesson> lent(List<Lesson> lessons) {
    var lent = new ArrayList<Lesson>();
    int count = lessons.size();
    for (int i = 0; i < count; i++) {
      var group = lessons.get(i).group();
      int from = (i + count - 1) % count;
      while (from != i && lessons.get(from).group().row().equals(group.row())) {
        from = (from + count - 1) % count;
      }
      var borrowed = lessons.get(from).group().candidates().getFirst();
      lent.add(
          new Lesson(
              new Group(
                  group.row(),
                  group.prompt(),
                  List.of(group.candidates().getFirst(), borrowed),
                  group.signals()),
              lessons.get(i).cells()));
    }
    return lent;
  }

  private static Map<Signal, double[]> signals(Signal signal, double... values) {
    var signals = new LinkedHashMap<Signal, double[]>();
    signals.put(signal, values);
    return signals;
  }

  private static Lesson lesson(
      Rollout rollout, List<Integer> places, Form form, Map<Signal, double[]> signals) {
    var whole = rollout.example();
    var example =
        new Example(
            whole.row(),
            whole.prompt(),
            places.stream().map(whole.candidates()::get).toList(),
            Map.of(),
            Map.of());
    var cells = new LinkedHashMap<>(Columns.write(example, form));
    if (form == Form.RANKING) {
      cells.put("scores", places.stream().map(i -> rollout.standing()[i]).toList());
    }
    signals.forEach((signal, values) -> {
      if (signal.scope() != Signal.Scope.UNIT) { // ids, and so tokens, may differ in text
        cells.put(
            signal.name(),
            signal.equals(Drawing.LABEL)
                ? (Object) (values[0] == 1)
                : signal.scope() == Signal.Scope.GROUP ? (Object) values[0] : values);
      }
    });
    return new Lesson(
        new Group(
            whole.row(),
            rollout.prompt(),
            places.stream().map(i -> Completion.of(rollout.answers().get(i))).toList(),
            signals),
        cells);
  }
}
