package io.alidade.world;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Reasoning in steps: a digit, and six others to be added to it one after the other, modulo a
/// number. A step of the answer is one digit, the sum so far.
///
///     3 + 4 + 9 + 1 …   is answered   7 6 7 …
///
/// Demonstrations are wrong at each step with a chance of 0.2 and go on from the wrong digit.
///
/// @param modulus digits there are, from 3 to 10
public record ChainArithmetic(int modulus) {
  /// Number of tokens there are: the digits.
  public static final int VOCABULARY = 10;

  /// Steps of an answer, one token each.
  public static final int STEPS = 6;

  /// Tokens of a prompt.
  public static final int PROMPT = 1 + STEPS;

  private static final int BRANCHES = 3;
  private static final double CORRUPTED = 0.2;

  /// What an answer is worth and which step each token is, as [io.alidade.objective.TreePreference]
  /// reads them.
  private static final Signal VALUE = Signal.perCandidate("value");

  private static final Signal STEP = Signal.perUnit("step");

  /// Random problems.
  public List<int[]> problems(int count, RandomGenerator random) {
    return IntStream.range(0, count).mapToObj(_ -> problem(random)).toList();
  }

  private int[] problem(RandomGenerator random) {
    return random.ints(PROMPT, 0, modulus).toArray();
  }

  private int next(int[] problem, int step, int before) {
    return (before + problem[1 + step]) % modulus;
  }

  /// Whether a step is right after some steps, which may be wrong.
  public boolean follows(int[] problem, int[] begun, int step) {
    int k = begun.length;
    return step == next(problem, k, k == 0 ? problem[0] : begun[k - 1]);
  }

  /// The right answer.
  public int[] solution(int... problem) {
    return continued(problem, new int[0]);
  }

  /// The right continuation of some steps, which may be wrong.
  private int[] continued(int[] problem, int[] begun) {
    var answer = Arrays.copyOf(begun, STEPS);
    for (int k = begun.length; k < STEPS; k++) {
      answer[k] = next(problem, k, k == 0 ? problem[0] : answer[k - 1]);
    }
    return answer;
  }

  /// An answer with some wrong steps, each followed by what is right after it.
  private int[] corrupted(int[] problem, double chance, RandomGenerator random) {
    var answer = new int[STEPS];
    for (int k = 0; k < STEPS; k++) {
      answer[k] = next(problem, k, k == 0 ? problem[0] : answer[k - 1]);
      if (random.nextDouble() < chance) {
        answer[k] = other(answer[k], random);
      }
    }
    return answer;
  }

  private int other(int digit, RandomGenerator random) {
    return (digit + 1 + random.nextInt(modulus - 1)) % modulus;
  }

  /// An answer that is wrong from one step on.
  private int[] wrong(int[] problem, RandomGenerator random) {
    int at = random.nextInt(STEPS);
    var begun = Arrays.copyOf(solution(problem), at + 1);
    begun[at] = other(begun[at], random);
    return continued(problem, begun);
  }

  /// Share of right steps before the first wrong one; not above 0.95 if the last digit is wrong.
  public double value(int[] problem, int... answer) {
    var right = solution(problem);
    int same = 0;
    while (same < STEPS && answer[same] == right[same]) {
      same++;
    }
    double share = (double) same / STEPS;
    return answer[STEPS - 1] == right[STEPS - 1] ? share : Math.min(share, 0.95);
  }

  /// Answers with corrupted steps, to be imitated.
  public List<Group> demonstrations(int count, RandomGenerator random) {
    return IntStream.range(0, count)
        .mapToObj(n -> {
          var problem = problem(random);
          return new Group(
              new Example.Row("demonstrations", n + 1L),
              problem,
              List.of(Completion.of(corrupted(problem, CORRUPTED, random))),
              Map.of());
        })
        .toList();
  }

  /// A tree of answers to each problem, the right one first: three more go on from beginnings of it
  /// as a model does, and one is wrong from some step on. Values are in `[0, 1]`.
  public List<Group> trees(List<int[]> problems, Policy policy, long seed, RandomGenerator random) {
    var begun = new ArrayList<int[]>();
    for (var problem : problems) {
      var right = solution(problem);
      var lengths = IntStream.range(0, STEPS).toArray();
      for (int b = 0; b < BRANCHES; b++) { // beginnings of different lengths
        int pick = b + random.nextInt(STEPS - b);
        int length = lengths[pick];
        lengths[pick] = lengths[b];
        var prefix = Arrays.copyOf(problem, PROMPT + length);
        System.arraycopy(right, 0, prefix, PROMPT, length);
        begun.add(prefix);
      }
    }
    var drawn = new Generator(policy, Sampling.plain(STEPS, seed), Set.of()).generate(begun);
    var groups = new ArrayList<Group>();
    for (int p = 0; p < problems.size(); p++) {
      var problem = problems.get(p);
      var answers = new ArrayList<int[]>();
      answers.add(solution(problem));
      for (int b = BRANCHES * p; b < BRANCHES * (p + 1); b++) {
        var prefix = begun.get(b);
        var answer = Arrays.copyOfRange(prefix, PROMPT, PROMPT + STEPS);
        int length = prefix.length - PROMPT;
        System.arraycopy(drawn.get(b).tokens(), 0, answer, length, STEPS - length);
        answers.add(answer);
      }
      answers.add(wrong(problem, random));
      groups.add(tree(p, problem, answers));
    }
    return groups;
  }

  private Group tree(int number, int[] problem, List<int[]> answers) {
    var step = new double[answers.size() * STEPS];
    Arrays.setAll(step, u -> u % STEPS + 1);
    return new Group(
        new Example.Row("trees", number + 1L),
        problem,
        answers.stream().map(Completion::of).toList(),
        Map.of(
            VALUE,
            answers.stream().mapToDouble(answer -> value(problem, answer)).toArray(),
            STEP,
            step));
  }

  /// Values of the answers of a tree, in `[0, 1]`.
  public static double[] values(Group tree) {
    var values = tree.signals().get(VALUE);
    if (values == null) {
      throw new IllegalArgumentException(tree.row() + " is not a tree");
    }
    return values.clone();
  }

  /// The best and the worst answer of each tree as a pair.
  public static List<Group> extremes(List<Group> trees) {
    var pairs = new ArrayList<Group>();
    for (var tree : trees) {
      var values = values(tree);
      int worst = 0;
      for (int i = 1; i < values.length; i++) {
        worst = values[i] < values[worst] ? i : worst;
      }
      pairs.add(
          new Group(
              tree.row(),
              tree.prompt(),
              List.of(tree.candidates().getFirst(), tree.candidates().get(worst)),
              Map.of()));
    }
    return pairs;
  }

  /// The share of problems to which a model's most likely steps end in the right digit.
  public double accuracy(Policy policy, List<int[]> problems) {
    var drawn = new Generator(policy, Sampling.greedy(STEPS), Set.of()).generate(problems);
    int right = 0;
    for (int p = 0; p < problems.size(); p++) {
      right += drawn.get(p).tokens()[STEPS - 1] == solution(problems.get(p))[STEPS - 1] ? 1 : 0;
    }
    return (double) right / problems.size();
  }
}
