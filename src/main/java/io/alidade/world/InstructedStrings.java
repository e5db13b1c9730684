package io.alidade.world;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Strings of eight letters, and prompts of up to four instructions that a program can check, each
/// a token for its kind and one for its argument: at most so many letters, at least so many, a
/// letter that must be there, one that must not, the first letter.
///
/// What people prefer without instructions is a string in the order of the alphabet: its quality is
/// the share of neighbours that follow each other, `h` before `a` again. Who imitates the
/// demonstrations obeys instructions now and then: a third of them were chosen to.
public final class InstructedStrings {
  /// Letters of an answer at most.
  public static final int LONGEST = 10;

  /// Token that ends an answer.
  public static final int END = 8;

  /// Tokens of a prompt at most.
  public static final int PROMPT = 9;

  /// Number of tokens: 8 letters, the end, a begin token, 5 kinds, 10 numbers.
  public static final int VOCABULARY = 25;

  /// How many kinds of instructions there are.
  public static final int KINDS = 5;

  private static final int LETTERS = 8;
  private static final int BEGIN = 9;
  private static final int KIND = 10;
  private static final int NUMBER = 14; // and the number
  private static final int AT_MOST = 0;
  private static final int AT_LEAST = 1;
  private static final int CONTAINS = 2;
  private static final int LACKS = 3;
  private static final int BEGINS = 4;
  private static final int ATTEMPTS = 10;
  private static final Signal LEVEL = Signal.perGroup("level");

  private final RandomGenerator random;

  /// @param random of all that is drawn
  public InstructedStrings(RandomGenerator random) {
    this.random = random;
  }

  /// An instruction.
  ///
  /// @param argument a number from 1 to 10, or a letter
  private record Instruction(int kind, int argument) {
    boolean obeyed(int[] letters) {
      return switch (kind) {
        case AT_MOST -> letters.length <= argument;
        case AT_LEAST -> letters.length >= argument;
        case CONTAINS -> contains(letters, argument);
        case LACKS -> !contains(letters, argument);
        default -> letters.length > 0 && letters[0] == argument;
      };
    }
  }

  private static boolean contains(int[] letters, int letter) {
    return Arrays.stream(letters).anyMatch(l -> l == letter);
  }

  /// The letters of an answer, without its end.
  private static int[] letters(int... answer) {
    return Arrays.stream(answer).filter(token -> token < LETTERS).toArray();
  }

  /// The prompt without instructions.
  public static int[] plain() {
    return new int[] {BEGIN};
  }

  private static int[] prompt(List<Instruction> instructions) {
    var prompt = new int[1 + 2 * instructions.size()];
    prompt[0] = BEGIN;
    for (int i = 0; i < instructions.size(); i++) {
      var one = instructions.get(i);
      prompt[1 + 2 * i] = KIND + one.kind;
      prompt[2 + 2 * i] = one.kind <= AT_LEAST ? NUMBER + one.argument : one.argument;
    }
    return prompt;
  }

  /// Whether an answer obeys all instructions of a prompt.
  public static boolean obeys(int[] prompt, int... answer) {
    var letters = letters(answer);
    for (int i = 1; i < prompt.length; i += 2) {
      int kind = prompt[i] - KIND;
      int argument = kind <= AT_LEAST ? prompt[i + 1] - NUMBER : prompt[i + 1];
      if (!new Instruction(kind, argument).obeyed(letters)) {
        return false;
      }
    }
    return true;
  }

  /// The share of neighbours that follow each other in the alphabet; 0 for a single letter.
  public static double quality(int... answer) {
    var letters = letters(answer);
    int follow = 0;
    for (int i = 1; i < letters.length; i++) {
      follow += letters[i] == (letters[i - 1] + 1) % LETTERS ? 1 : 0;
    }
    return letters.length < 2 ? 0 : (double) follow / (letters.length - 1);
  }

  private int[] natural() {
    var letters = new int[2 + random.nextInt(LONGEST - 1)];
    letters[0] = random.nextInt(LETTERS);
    for (int i = 1; i < letters.length; i++) {
      letters[i] =
          random.nextDouble() < 0.3 ? (letters[i - 1] + 1) % LETTERS : random.nextInt(LETTERS);
    }
    return letters;
  }

  private static int[] ended(int... letters) {
    var answer = Arrays.copyOf(letters, letters.length + 1);
    answer[letters.length] = END;
    return answer;
  }

  private List<Integer> kinds(int count) {
    var kinds = new ArrayList<>(IntStream.range(0, KINDS).boxed().toList());
    while (kinds.size() > count) {
      kinds.remove(/* index */ random.nextInt(kinds.size()));
    }
    return kinds;
  }

  /// An instruction of a kind that a string obeys, or does not; none if there is no such argument.
  private Optional<Instruction> instruction(int kind, int[] letters, boolean obeyed) {
    var arguments =
        IntStream.range(kind <= AT_LEAST ? 1 : 0, kind <= AT_LEAST ? LONGEST + 1 : LETTERS)
            .mapToObj(argument -> new Instruction(kind, argument))
            .filter(one -> one.obeyed(letters) == obeyed)
            // limits are near the length, or else they would say nothing
            .filter(one -> kind > AT_LEAST || Math.abs(one.argument - letters.length) <= 3)
            .toList();
    return arguments.isEmpty()
        ? Optional.empty()
        : Optional.of(arguments.get(random.nextInt(arguments.size())));
  }

  /// Instructions of some kinds, each obeyed by a string or not; none if there are none that some
  /// string could obey together.
  private Optional<List<Instruction>> instructions(
      List<Integer> kinds, int[] letters, boolean... obeyed) {
    var all = new ArrayList<Instruction>();
    for (int i = 0; i < kinds.size(); i++) {
      instruction(kinds.get(i), letters, obeyed[i]).ifPresent(all::add);
    }
    return all.size() == kinds.size() && possible(all) ? Optional.of(all) : Optional.empty();
  }

  private static boolean possible(List<Instruction> all) {
    int most = LONGEST;
    int least = 1;
    for (var one : all) {
      most = one.kind == AT_MOST ? one.argument : most;
      least = one.kind == AT_LEAST ? one.argument : least;
      for (var other : all) {
        if (one.kind == LACKS
            && (other.kind == CONTAINS || other.kind == BEGINS)
            && one.argument == other.argument) {
          return false;
        }
      }
    }
    return least <= most;
  }

  private static boolean[] all(int count, boolean value) {
    var all = new boolean[count];
    Arrays.fill(all, value);
    return all;
  }

  /// A prompt with so many instructions that some string obeys.
  public int[] prompt(int count) {
    Optional<List<Instruction>> found = Optional.empty();
    while (found.isEmpty()) {
      found = instructions(kinds(count), natural(), all(count, true));
    }
    return prompt(found.get());
  }

  /// Prompts with so many instructions.
  public List<int[]> prompts(int count, int instructions) {
    return IntStream.range(0, count).mapToObj(_ -> prompt(instructions)).toList();
  }

  /// Answers to be imitated.
  public List<Group> demonstrations(int count) {
    var groups = new ArrayList<Group>();
    for (int n = 0; n < count; n++) {
      int[] prompt = prompt(random.nextInt(5));
      boolean obedient = random.nextDouble() < 1.0 / 3;
      var letters = natural();
      for (int attempt = 0; obedient && attempt < 200 && !obeys(prompt, letters); attempt++) {
        letters = natural();
      }
      groups.add(
          new Group(
              new Example.Row("demonstrations", n + 1L),
              prompt,
              List.of(Completion.of(ended(letters))),
              Map.of()));
    }
    return groups;
  }

  /// What is made of a pair that people ordered, the better answer first.
  ///
  /// @param plain the pair
  /// @param intra each of its answers under two prompts with the same kinds of instructions: it
  ///   obeys all of the first and not all of the second, or some of the first and none of the
  ///   second
  /// @param inter both answers under a prompt that the better one alone obeys and under one that
  ///   the worse one alone does
  /// @param plus both under the first of these prompts
  public record Made(Group plain, List<Group> intra, List<Group> inter, List<Group> plus) {}

  /// Rows of a pair. What cannot be had in ten attempts is left out.
  public Made made(int number, int[] better, int[] worse) {
    var intra = new ArrayList<Group>();
    for (int half = 0; half < 2; half++) {
      var answer = half == 0 ? better : worse;
      int level = 1 + half;
      attempt(() -> intra(answer))
          .ifPresent(two ->
              intra.add(
                  group(
                      number, level, under(two.getFirst(), answer), under(two.getLast(), answer))));
    }
    var inter = new ArrayList<Group>();
    var plus = new ArrayList<Group>();
    attempt(() -> inter(better, worse))
        .ifPresent(two -> {
          var widens = two.getFirst();
          var shrinks = two.getLast();
          inter.add(
              group(
                  number,
                  3,
                  under(widens, better),
                  under(widens, worse),
                  under(shrinks, better),
                  under(shrinks, worse)));
          plus.add(group(number, 0, under(widens, better), under(widens, worse)));
        });
    return new Made(
        group(number, 0, under(List.of(), better), under(List.of(), worse)), intra, inter, plus);
  }

  private static <T> Optional<T> attempt(java.util.function.Supplier<Optional<T>> supplier) {
    Optional<T> found = Optional.empty();
    for (int i = 0; i < ATTEMPTS && found.isEmpty(); i++) {
      found = supplier.get();
    }
    return found;
  }

  /// Two sets of instructions of the same kinds for one answer: pattern A or B.
  private Optional<List<List<Instruction>>> intra(int[] answer) {
    var letters = letters(answer);
    int count = 1 + random.nextInt(4);
    var kinds = kinds(count);
    boolean all = random.nextBoolean();
    int sure = random.nextInt(count);
    var first = new boolean[count];
    var second = new boolean[count];
    for (int i = 0; i < count; i++) {
      first[i] = all || i == sure || random.nextBoolean();
      second[i] = all && i != sure && random.nextBoolean();
    }
    return instructions(kinds, letters, first)
        .flatMap(one -> instructions(kinds, letters, second).map(other -> List.of(one, other)));
  }

  /// Instructions that the better answer alone obeys, and others of the same kinds that the worse
  /// one alone does.
  private Optional<List<List<Instruction>>> inter(int[] better, int[] worse) {
    int count = 1 + random.nextInt(4);
    var kinds = kinds(count);
    return apart(kinds, better, worse)
        .flatMap(one -> apart(kinds, worse, better).map(other -> List.of(one, other)));
  }

  private Optional<List<Instruction>> apart(List<Integer> kinds, int[] obeys, int[] fails) {
    return instructions(kinds, letters(obeys), all(kinds.size(), true))
        .filter(set -> !set.stream().allMatch(one -> one.obeyed(letters(fails))));
  }

  /// An answer behind instructions of its own; what all prompts begin with stands in the group.
  private static Completion under(List<Instruction> instructions, int[] answer) {
    var prompt = prompt(instructions);
    var tokens = Arrays.copyOfRange(prompt, 1, prompt.length + answer.length);
    System.arraycopy(answer, 0, tokens, prompt.length - 1, answer.length);
    var scored = new boolean[tokens.length];
    Arrays.fill(scored, prompt.length - 1, tokens.length, true);
    return new Completion(tokens, scored);
  }

  private static Group group(int number, int level, Completion... candidates) {
    return new Group(
        new Example.Row("instructions", number + 1L),
        plain(),
        List.of(candidates),
        Map.of(LEVEL, new double[] {level}));
  }
}
