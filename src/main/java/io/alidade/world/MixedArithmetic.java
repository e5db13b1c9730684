package io.alidade.world;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Example;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Reasoning in steps with three operations: a digit and five operations on it, worked out from the
/// left to the right modulo 10. A step of the answer is one digit, the result so far.
///
///     3 + 8 - 2 * 4 + 9 - 1 =   is answered   1 9 6 5 4
///
/// Multipliers are 3, 7 and 9, so that a wrong digit stays wrong unless another error mends it: a
/// factor of 0 would forgive everything before it.
///
/// Demonstrations have habits. About one fact in eight (a digit, an operator, an operand) is got
/// wrong by one in three of five cases, always in the same way; of the other steps one in seven is
/// wrong at random. Together a fifth of all steps is wrong, and who imitates them faithfully and then
/// decodes greedily makes the habitual mistakes, while samples still hold the right digit.
public final class MixedArithmetic {
  /// Operations of a problem, and steps of an answer, one token each.
  public static final int STEPS = 5;

  /// Tokens of a prompt: a digit, an operator and a digit for each operation, an equals sign.
  public static final int PROMPT = 2 + 2 * STEPS;

  /// Number of tokens there are: ten digits, three operators, the equals sign.
  public static final int VOCABULARY = 14;

  private static final int PLUS = 10;
  private static final int MINUS = 11;
  private static final int TIMES = 12;
  private static final int EQUALS = 13;
  private static final int[] MULTIPLIERS = {3, 7, 9};
  private static final double HABITUAL = 0.6;
  private static final double RANDOM = 0.143;

  private MixedArithmetic() {}

  /// Random problems.
  public static List<int[]> problems(int count, RandomGenerator random) {
    return IntStream.range(0, count).mapToObj(_ -> problem(random)).toList();
  }

  private static int[] problem(RandomGenerator random) {
    var problem = new int[PROMPT];
    problem[0] = random.nextInt(10);
    for (int k = 0; k < STEPS; k++) {
      int operator = PLUS + random.nextInt(3);
      problem[1 + 2 * k] = operator;
      problem[2 + 2 * k] = operator == TIMES ? MULTIPLIERS[random.nextInt(3)] : random.nextInt(10);
    }
    problem[PROMPT - 1] = EQUALS;
    return problem;
  }

  private static int next(int[] problem, int step, int before) {
    int operand = problem[2 + 2 * step];
    return switch (problem[1 + 2 * step]) {
      case PLUS -> (before + operand) % 10;
      case MINUS -> (before - operand + 10) % 10;
      case TIMES -> before * operand % 10;
      default -> throw new IllegalArgumentException("no operator at step " + step);
    };
  }

  /// Whether a step is right after some steps, which may be wrong.
  public static boolean follows(int[] problem, int[] begun, int step) {
    int k = begun.length;
    return step == next(problem, k, k == 0 ? problem[0] : begun[k - 1]);
  }

  /// Whether an answer ends in the right digit, whatever its other steps.
  public static boolean right(int[] problem, int... answer) {
    return answer.length == STEPS && answer[STEPS - 1] == solution(problem)[STEPS - 1];
  }

  /// The right answer.
  public static int[] solution(int... problem) {
    var answer = new int[STEPS];
    for (int k = 0; k < STEPS; k++) {
      answer[k] = next(problem, k, k == 0 ? problem[0] : answer[k - 1]);
    }
    return answer;
  }

  /// Answers to be imitated; each step goes on from the one before, right or wrong.
  public static List<Group> demonstrations(int count, RandomGenerator random) {
    return IntStream.range(0, count)
        .mapToObj(n -> {
          var problem = problem(random);
          var answer = new int[STEPS];
          for (int k = 0; k < STEPS; k++) {
            answer[k] = demonstrated(problem, k, k == 0 ? problem[0] : answer[k - 1], random);
          }
          return new Group(
              new Example.Row("demonstrations", n + 1L),
              problem,
              List.of(Completion.of(answer)),
              Map.of());
        })
        .toList();
  }

  private static int demonstrated(int[] problem, int step, int before, RandomGenerator random) {
    int right = next(problem, step, before);
    double chance = random.nextDouble();
    if (habitual(before, problem[1 + 2 * step], problem[2 + 2 * step])) {
      return chance < HABITUAL ? (right + 1) % 10 : right;
    }
    return chance < RANDOM ? (right + 1 + random.nextInt(9)) % 10 : right;
  }

  /// Whether a fact is one that demonstrations have wrong more often than right: one in eight,
  /// spread by a hash.
  static boolean habitual(int before, int operator, int operand) {
    long fact = (before * 13L + operator) * 10 + operand;
    return ((fact * 0x9E3779B97F4A7C15L) >>> 61) == 0;
  }

  /// The share of problems to which a model's most likely steps end in the right digit.
  public static double accuracy(Policy policy, List<int[]> problems) {
    var drawn = new Generator(policy, Sampling.greedy(STEPS), Set.of()).generate(problems);
    return IntStream.range(0, problems.size())
        .mapToDouble(p -> right(problems.get(p), drawn.get(p).tokens()) ? 1 : 0)
        .average()
        .orElse(Double.NaN);
  }

  /// The problem as it is written, for a reader.
  public static String text(int... problem) {
    var text = new StringBuilder();
    for (int token : problem) {
      text.append(text.isEmpty() ? "" : " ").append("0123456789+-*=".charAt(token));
    }
    return text.toString();
  }
}
