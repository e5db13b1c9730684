package io.alidade.data;

import io.alidade.Check;
import io.alidade.UserException;
import io.alidade.data.instruction.Family;
import io.alidade.data.instruction.Instruction;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Message;
import io.alidade.example.Prompts;
import io.alidade.example.Signal;
import io.alidade.example.Text;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Makes of each pair what multi-level aware preference learning reads (MAPL, Sun et al. 2025,
/// arXiv:2505.12845): the pair itself, each of its answers under two prompts of which it obeys the
/// first (intra-sample), and both answers under two prompts of which the first should widen their
/// gap (inter-sample).
///
/// Instructions are appended to the prompt, and checked on the answers, which are never changed.
/// The two prompts of a row have instructions of the same kinds in another strictness, so that
/// neither number nor kind tells them apart. Of one answer `y`: either it obeys all of the first
/// prompt and not all of the second (pattern A), or some of the first and none of the second
/// (pattern B). Of two: the better obeys all of the first prompt and the worse does not, and the
/// other way round in the second.
///
/// @param most instructions a prompt; as many as a number drawn evenly from 1 to this
/// @param patternA share of pattern A, in `[0, 1]`
/// @param plusPairs whether the pair under the prompt that widens its gap is learned as a pair too
/// @param attempts draws of kinds and arguments before a row is given up, at least 1
/// @param seed of the draws; the same row gets the same instructions
public record MultiInstruction(
    int most, double patternA, boolean plusPairs, int attempts, long seed) implements Strategy {
  /// What a row compares: 0 two answers, 1 the chosen answer under two prompts, 2 the rejected one,
  /// 3 two pairs.
  static final Signal LEVEL = Signal.perGroup("level");

  /// Checks the ranges.
  public MultiInstruction {
    Check.between("most", 1, Family.values().length, most);
    Check.between("pattern_a", 0, 1, patternA);
    Check.atLeast("attempts", 1, attempts);
  }

  @Override
  public Outline outline(Outline given) {
    if (given.form() != Form.PAIR) {
      throw new UserException(
          "%s: strategy MultiInstruction takes pairs, these rows are %s; give pairs"
              .formatted(given.source(), given.form().words()));
    }
    return given
        .as(Form.RANKING)
        .without(Signal.Scope.UNIT)
        .without(Signal.Scope.CANDIDATE)
        .with(LEVEL)
        .with(ScoredBy.SCORES);
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    var made = rows.made(Form.RANKING, "MultiInstruction", this::of);
    int whole = 4 + (plusPairs ? 1 : 0);
    setting
        .journal()
        .message(
            "%,d pairs make %,d rows; %,d found no instructions that tell the answers apart as wanted"
                .formatted(rows.count(), made.count(), whole * rows.count() - made.count()));
    return made;
  }

  /// What a pair becomes.
  ///
  /// @param index of the pair
  List<Example> of(int index, Example pair) {
    var random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + index).split();
    var chosen = RowEncoder.answer(pair.candidates().get(0));
    var rejected = RowEncoder.answer(pair.candidates().get(1));
    var made = new ArrayList<Example>();
    made.add(row(pair, 0, List.of(0, 1), List.of(pair.prompt(), pair.prompt()), Optional.empty()));
    intra(chosen, random).ifPresent(two -> made.add(prompts(pair, 1, List.of(0, 0), two, random)));
    intra(rejected, random)
        .ifPresent(two -> made.add(prompts(pair, 2, List.of(1, 1), two, random)));
    inter(chosen, rejected, random)
        .ifPresent(two -> {
          var four = prompts(pair, 3, List.of(0, 1, 0, 1), two, random);
          made.add(four);
          if (plusPairs) {
            var plus = asked(four, 0);
            made.add(row(pair, 4, List.of(0, 1), List.of(plus, plus), Optional.empty()));
          }
        });
    return made;
  }

  /// Two sets of instructions of the same kinds.
  record Two(List<Instruction> first, List<Instruction> second) {}

  /// Two sets of which an answer obeys the first more.
  Optional<Two> intra(String answer, SplittableRandom random) {
    boolean all = random.nextDouble() < patternA;
    for (int attempt = 0; attempt < attempts; attempt++) {
      var first = new ArrayList<Instruction>();
      var second = new ArrayList<Instruction>();
      var kinds = kinds(random);
      int sure = random.nextInt(kinds.size());
      for (int i = 0; i < kinds.size(); i++) {
        var some = Instruction.of(kinds.get(i), List.of(answer), random);
        // Pattern A: all of the first, one at least not of the second. B: one at least of the
        // first, none of the second.
        boolean one = all || i == sure || random.nextBoolean();
        boolean two = all && i != sure && random.nextBoolean();
        pick(some, o -> o.met(answer) == one, random).ifPresent(first::add);
        pick(some, o -> o.met(answer) == two, random).ifPresent(second::add);
      }
      if (whole(kinds, first, second)) {
        return Optional.of(new Two(first, second));
      }
    }
    return Optional.empty();
  }

  /// Two sets of which the better answer obeys all of the first and not all of the second, and the
  /// worse the other way round.
  Optional<Two> inter(String chosen, String rejected, SplittableRandom random) {
    for (int attempt = 0; attempt < attempts; attempt++) {
      var first = new ArrayList<Instruction>();
      var second = new ArrayList<Instruction>();
      var kinds = kinds(random);
      for (var kind : kinds) {
        var some = Instruction.of(kind, List.of(chosen, rejected), random);
        pick(some, one -> one.met(chosen), random).ifPresent(first::add);
        pick(some, one -> one.met(rejected), random).ifPresent(second::add);
      }
      if (whole(kinds, first, second)
          && !first.stream().allMatch(one -> one.met(rejected))
          && !second.stream().allMatch(one -> one.met(chosen))) {
        return Optional.of(new Two(first, second));
      }
    }
    return Optional.empty();
  }

  private List<Family> kinds(SplittableRandom random) {
    var all = new ArrayList<>(Arrays.asList(Family.values()));
    int count = 1 + random.nextInt(most);
    var kinds = new ArrayList<Family>();
    for (int i = 0; i < count; i++) {
      kinds.add(all.remove(random.nextInt(all.size())));
    }
    return kinds;
  }

  private static Optional<Instruction> pick(
      List<Instruction> some,
      java.util.function.Predicate<Instruction> wanted,
      SplittableRandom random) {
    var fit = some.stream().filter(wanted).toList();
    return fit.isEmpty() ? Optional.empty() : Optional.of(fit.get(random.nextInt(fit.size())));
  }

  private static boolean whole(
      List<Family> kinds, List<Instruction> first, List<Instruction> second) {
    return first.size() == kinds.size()
        && second.size() == kinds.size()
        && !Instruction.contradictory(first)
        && !Instruction.contradictory(second);
  }

  private static Example prompts(
      Example pair, int level, List<Integer> answers, Two two, SplittableRandom random) {
    var first = appended(pair.prompt(), two.first, random);
    var second = appended(pair.prompt(), two.second, random);
    int half = answers.size() / 2;
    var prompts =
        IntStream.range(0, answers.size()).mapToObj(k -> k < half ? first : second).toList();
    return row(pair, level, answers, prompts, Optional.of(two));
  }

  /// Instructions in random order at the end of what is asked.
  private static Text appended(
      Text prompt, List<Instruction> instructions, SplittableRandom random) {
    var order = new ArrayList<>(instructions);
    for (int i = order.size() - 1; i > 0; i--) {
      java.util.Collections.swap(order, i, random.nextInt(i + 1));
    }
    var words = order.stream().map(one -> one.words(random)).collect(Collectors.joining(" "));
    return switch (prompt) {
      case Text.Plain(var asked) -> new Text.Plain(asked.stripTrailing() + "\n" + words + "\n");
      case Text.Chat(var messages) -> {
        var all = new ArrayList<>(messages);
        var last = all.isEmpty() ? new Message("user", Map.of("role", "user")) : all.removeLast();
        var fields = new LinkedHashMap<>(last.fields());
        var said = last.fields().get("content") instanceof String content ? content : "";
        fields.put("content", (said + "\n" + words).strip());
        all.add(new Message(last.role(), fields));
        yield new Text.Chat(List.copyOf(all));
      }
    };
  }

  private static Text asked(Example row, int candidate) {
    return Prompts.of(row).get(candidate);
  }

  private static Example row(
      Example pair, int level, List<Integer> answers, List<Text> prompts, Optional<Two> two) {
    var signals = new HashMap<Signal, double[]>();
    pair.signals()
        .forEach((signal, values) -> {
          if (signal.scope() == Signal.Scope.GROUP) {
            signals.put(signal, values);
          }
        });
    signals.put(LEVEL, new double[] {level > 3 ? 0 : level});
    int count = answers.size(); // the order alone counts; files of rankings have scores
    signals.put(ScoredBy.SCORES, IntStream.range(0, count).mapToDouble(k -> count - k).toArray());
    boolean same = prompts.stream().allMatch(prompts.getFirst()::equals);
    var extras = new LinkedHashMap<>(same ? pair.extras() : Prompts.with(pair.extras(), prompts));
    two.ifPresent(sets -> {
      var texts = answers.stream().map(k -> RowEncoder.answer(pair.candidates().get(k))).toList();
      extras.put("obeyed", List.of(told(sets.first, texts), told(sets.second, texts)));
    });
    return new Example(
        new Example.Row(pair.row() + " level", level),
        same ? prompts.getFirst() : pair.prompt(),
        answers.stream().map(pair.candidates()::get).toList(),
        signals,
        extras);
  }

  /// `WORDS <=12: 1 of 2`, for whoever reads a prepared file.
  private static List<String> told(List<Instruction> instructions, List<String> answers) {
    var distinct = answers.stream().distinct().toList();
    return instructions.stream()
        .map(one ->
            "%s %s: %s"
                .formatted(
                    one.family(),
                    one.argument(),
                    distinct.stream()
                        .map(answer -> one.met(answer) ? "yes" : "no")
                        .collect(Collectors.joining(", "))))
        .toList();
  }
}
