package io.alidade.world;

import io.alidade.Check;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Example;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Addition of two numbers of two digits, answered from the last digit to the first, with three
/// digits or, in a second format, with three letters that mean the same.
///
///     4 7 + 8 5 =   is answered   2 3 1   or   c d b
///
/// Demonstrations forget carries, so that problems with two of them are seldom answered rightly,
/// those with one more often, and those without nearly always.
///
/// @param forgotten chance that a demonstration leaves a carry out, in `[0, 1]`
/// @param lettered chance that a demonstration answers with letters, in `[0, 1]`
public record Addition(double forgotten, double lettered) {
  /// Number of tokens there are: ten digits, plus, equals, ten letters.
  public static final int VOCABULARY = 22;

  /// Tokens of a prompt.
  public static final int PROMPT = 6;

  /// Tokens of an answer.
  public static final int ANSWER = 3;

  private static final int PLUS = 10;
  private static final int EQUALS = 11;
  private static final int LETTER = 12; // the first of them, which means 0
  private static final int HELD = 5; // one problem in so many is never learned from
  private static final double SLIP = 0.02; // chance of a random digit

  /// Checks the ranges.
  public Addition {
    Check.between("forgotten", 0, 1, forgotten);
    Check.between("lettered", 0, 1, lettered);
  }

  /// Random problems to learn from; some may be equal.
  public static List<int[]> problems(int count, RandomGenerator random) {
    return drawn(count, random, (a, b) -> !held(a, b));
  }

  /// Random problems that are never learned from, each once.
  ///
  /// @param carries that they have at least
  public static List<int[]> held(int count, int carries, RandomGenerator random) {
    var seen = new java.util.HashSet<Integer>();
    return drawn(
        count, random, (a, b) -> held(a, b) && carries(a, b) >= carries && seen.add(100 * a + b));
  }

  private interface Wanted {
    boolean is(int a, int b);
  }

  private static List<int[]> drawn(int count, RandomGenerator random, Wanted wanted) {
    var problems = new ArrayList<int[]>();
    while (problems.size() < count) {
      int a = random.nextInt(100);
      int b = random.nextInt(100);
      if (wanted.is(a, b)) {
        problems.add(new int[] {a / 10, a % 10, PLUS, b / 10, b % 10, EQUALS});
      }
    }
    return problems;
  }

  private static boolean held(int a, int b) {
    int spread = (100 * a + b) * 0x9E3779B1;
    return (spread >>> 8) % HELD == 0;
  }

  private static int carries(int a, int b) {
    int units = a % 10 + b % 10 >= 10 ? 1 : 0;
    return units + (a / 10 + b / 10 + units >= 10 ? 1 : 0);
  }

  /// How many digits a problem carries over, from 0 to 2.
  public static int carries(int... problem) {
    return carries(10 * problem[0] + problem[1], 10 * problem[3] + problem[4]);
  }

  /// What an answer says, whichever its format: the sum, or -1 for a mixture of formats or anything
  /// else.
  public static int said(int... answer) {
    boolean letters = answer.length > 0 && answer[0] >= LETTER;
    int sum = 0;
    for (int i = answer.length - 1; i >= 0; i--) {
      int digit = letters ? answer[i] - LETTER : answer[i];
      if (answer.length != ANSWER || digit < 0 || digit > 9) {
        return -1;
      }
      sum = 10 * sum + digit;
    }
    return answer.length == ANSWER ? sum : -1;
  }

  /// The right answer in digits.
  public static int[] solution(int... problem) {
    int sum = sum(problem);
    return new int[] {sum % 10, sum / 10 % 10, sum / 100};
  }

  private static int sum(int... problem) {
    return 10 * problem[0] + problem[1] + 10 * problem[3] + problem[4];
  }

  /// Whether an answer says the sum of a problem.
  public static boolean right(int[] problem, int... answer) {
    return said(answer) == sum(problem);
  }

  /// Whether an answer is made of digits alone.
  public static boolean digits(int... answer) {
    return IntStream.of(answer).allMatch(token -> token < 10);
  }

  /// Answers to be imitated.
  public List<Group> demonstrations(int count, RandomGenerator random) {
    var problems = problems(count, random);
    return IntStream.range(0, count)
        .mapToObj(n ->
            new Group(
                new Example.Row("demonstrations", n + 1L),
                problems.get(n),
                List.of(Completion.of(demonstrated(problems.get(n), random))),
                Map.of()))
        .toList();
  }

  private int[] demonstrated(int[] problem, RandomGenerator random) {
    int units = problem[1] + problem[4];
    int tens = problem[0] + problem[3] + carried(units, random);
    int[] answer = {units % 10, tens % 10, carried(tens, random)};
    int letters = random.nextDouble() < lettered ? LETTER : 0;
    for (int i = 0; i < ANSWER; i++) {
      answer[i] = letters + (random.nextDouble() < SLIP ? random.nextInt(10) : answer[i]);
    }
    return answer;
  }

  private int carried(int sum, RandomGenerator random) {
    boolean forgets = random.nextDouble() < forgotten;
    return sum >= 10 && !forgets ? 1 : 0;
  }

  /// The share of problems to which a model's most likely tokens say the sum.
  public static double accuracy(Policy policy, List<int[]> problems) {
    var drawn = new Generator(policy, Sampling.greedy(ANSWER), Set.of()).generate(problems);
    return IntStream.range(0, problems.size())
        .mapToDouble(p -> right(problems.get(p), drawn.get(p).tokens()) ? 1 : 0)
        .average()
        .orElse(Double.NaN);
  }
}
