package io.alidade.generation.tree;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.model.Drawn;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/// Grows the trees of many prompts together: each turn draws what every tree wants, in two passes
/// of a [Generator], one of steps and one of whole rests.
///
/// @param settings of each tree
/// @param policy that draws
/// @param sampling how; its number of new tokens is that of a whole answer
/// @param separators tokens that end a step
/// @param ends tokens that end an answer
public record TreeSearch(
    Puct settings, Policy policy, Sampling sampling, Set<Integer> separators, Set<Integer> ends) {
  /// Says what states are worth.
  public interface Evaluator {
    /// Whether answers are right.
    ///
    /// @param prompts number of the prompt of each
    /// @param answers their tokens
    boolean[] right(int[] prompts, List<int[]> answers);

    /// How sure the policy is that some reasoning is right so far, in `[0, 1]`; 1 for all where it
    /// does not evaluate itself.
    ///
    /// @param prompts number of the prompt of each
    /// @param answers tokens so far
    default double[] evaluation(int[] prompts, List<int[]> answers) {
      var ones = new double[prompts.length];
      Arrays.fill(ones, 1);
      return ones;
    }

    /// Whether an answer is over with a step for what it says, though it drew no end.
    ///
    /// @param step its tokens
    default boolean concludes(int... step) {
      return false;
    }
  }

  private record Wish(int prompt, boolean all, int number) {}

  /// Searches for answers to prompts whose solutions nobody knows.
  ///
  /// @param turn that the draws begin with, so that different calls have different streams of
  ///   random numbers
  /// @return a tree for each prompt, in their order
  public List<StepTree> search(List<int[]> prompts, long turn, Evaluator evaluator) {
    return search(
        prompts, prompts.stream().map(_ -> Optional.<int[]>empty()).toList(), turn, evaluator);
  }

  /// Searches for answers. Where a state lies on the way of a given solution, the next step of it
  /// is one of its children.
  ///
  /// @param solutions tokens of an answer to each prompt, its end token included, where one is
  ///   given
  /// @param turn that the draws begin with
  /// @return a tree for each prompt, in their order
  public List<StepTree> search(
      List<int[]> prompts, List<Optional<int[]>> solutions, long turn, Evaluator evaluator) {
    var trees = new ArrayList<StepTree>();
    var beginning =
        evaluator.evaluation(IntStream.range(0, prompts.size()).toArray(), empty(prompts));
    for (int p = 0; p < prompts.size(); p++) {
      trees.add(new StepTree(settings, settings.value(beginning[p], 0, 0), mixed(turn + p, -1)));
    }
    for (long round = 0; trees.stream().anyMatch(tree -> !tree.done()); round++) {
      grow(prompts, solutions, trees, mixed(turn, round), evaluator);
    }
    return trees;
  }

  private static List<int[]> empty(List<int[]> prompts) {
    return prompts.stream().map(_ -> new int[0]).toList();
  }

  private long mixed(long turn, long round) {
    return (sampling.seed() * 0x9E3779B97F4A7C15L + turn) * 0x5851F42D4C957F2DL + round;
  }

  private void grow(
      List<int[]> prompts,
      List<Optional<int[]>> solutions,
      List<StepTree> trees,
      long seed,
      Evaluator evaluator) {
    var steps = new ArrayList<List<Drawn>>();
    for (int p = 0; p < prompts.size(); p++) {
      steps.add(new ArrayList<>());
    }
    for (boolean all : new boolean[] {false, true}) {
      var wishes = new ArrayList<Wish>();
      var texts = new ArrayList<int[]>();
      for (int p = 0; p < trees.size(); p++) {
        var tree = trees.get(p);
        if (!tree.done() && tree.wantsAll() == all) {
          for (int i = 0; i < tree.count(); i++) {
            wishes.add(new Wish(p, all, i));
            texts.add(joined(prompts.get(p), tree.wants().path()));
          }
        }
      }
      draw(trees, wishes, texts, all, seed + (all ? 1L << 40 : 0), steps);
    }
    give(trees, solutions, given(prompts, solutions, trees), steps, evaluator);
  }

  private void draw(
      List<StepTree> trees,
      List<Wish> wishes,
      List<int[]> texts,
      boolean all,
      long seed,
      List<List<Drawn>> into) {
    if (wishes.isEmpty()) {
      return;
    }
    var stops = new HashSet<>(ends);
    if (!all) {
      stops.addAll(separators);
    }
    // Answers of different lengths have different room left, so each length is drawn by itself.
    var rooms =
        wishes.stream()
            .mapToInt(wish -> room(trees.get(wish.prompt), all))
            .distinct()
            .sorted()
            .toArray();
    for (int room : rooms) {
      var chosen =
          IntStream.range(0, wishes.size())
              .filter(i -> room(trees.get(wishes.get(i).prompt), all) == room)
              .toArray();
      var drawn =
          new Generator(policy, sampling.lasting(room).seeded(seed + room), stops)
              .generate(Arrays.stream(chosen).mapToObj(texts::get).toList());
      for (int i = 0; i < chosen.length; i++) {
        into.get(wishes.get(chosen[i]).prompt).add(drawn.get(i));
      }
    }
  }

  /// Tokens that a step may have.
  private int room(StepTree tree, boolean all) {
    int left = Math.max(1, sampling.maxNewTokens() - tree.wants().path().length);
    return all ? left : Math.min(left, settings.stepTokens());
  }

  /// The next step of each solution that the state to be grown lies on, with what the policy thinks
  /// of it.
  private List<Optional<Drawn>> given(
      List<int[]> prompts, List<Optional<int[]>> solutions, List<StepTree> trees) {
    var given =
        new ArrayList<Optional<Drawn>>(
            java.util.Collections.nCopies(trees.size(), Optional.empty()));
    for (int p = 0; p < trees.size(); p++) {
      var solution = solutions.get(p);
      if (solution.isPresent() && !trees.get(p).done()) {
        var path = trees.get(p).wants().path();
        int next = next(solution.get(), path, trees.get(p).wantsAll());
        if (next > path.length) {
          var step = Arrays.copyOfRange(solution.get(), path.length, next);
          given.set(p, Optional.of(known(joined(prompts.get(p), path), step)));
        }
      }
    }
    return given;
  }

  /// Where the step of a solution ends that begins after some tokens; 0 if they lie on another way.
  private int next(int[] solution, int[] path, boolean all) {
    boolean follows =
        solution.length > path.length
            && solution.length <= sampling.maxNewTokens()
            && Arrays.equals(solution, 0, path.length, path, 0, path.length);
    if (!follows || all) {
      return follows ? solution.length : 0;
    }
    int end = path.length + 1;
    while (end < solution.length
        && end - path.length < settings.stepTokens()
        && !separators.contains(solution[end - 1])) {
      end++;
    }
    return end;
  }

  /// A step that nobody drew, with its likelihoods.
  private Drawn known(int[] before, int[] step) {
    try (var _ = new Step()) {
      var group =
          new Group(
              new Example.Row("solutions", 1), before, List.of(Completion.of(step)), Map.of());
      var output =
          policy
              .score(new Batch(List.of(group)), Set.of(Readout.LOG_LIKELIHOOD), false)
              .outputs()
              .get(Readout.LOG_LIKELIHOOD); // [1, U]
      var logps = Ops.toDoubles(Objects.requireNonNull(output));
      var narrow = new float[step.length];
      for (int i = 0; i < narrow.length; i++) {
        narrow[i] = (float) logps[i];
      }
      return new Drawn(step, narrow, new float[0], Drawn.Stop.END);
    }
  }

  private void give(
      List<StepTree> trees,
      List<Optional<int[]>> solutions,
      List<Optional<Drawn>> given,
      List<List<Drawn>> drawn,
      Evaluator evaluator) {
    for (int p = 0; p < trees.size(); p++) {
      if (given.get(p).isPresent()) {
        drawn.get(p).addFirst(given.get(p).get()); // before the breadth is used up
      }
    }
    var prompts = new ArrayList<Integer>();
    var states = new ArrayList<int[]>();
    var last = new ArrayList<Boolean>();
    for (int p = 0; p < trees.size(); p++) {
      for (var one : drawn.get(p)) {
        prompts.add(p);
        states.add(joined(trees.get(p).wants().path(), one.tokens()));
        last.add(terminal(trees.get(p), one) || evaluator.concludes(one.tokens()));
      }
    }
    var numbers = prompts.stream().mapToInt(i -> i).toArray();
    var evaluations = evaluator.evaluation(numbers, states);
    var finals = IntStream.range(0, numbers.length).filter(last::get).toArray();
    var verdicts =
        evaluator.right(
            Arrays.stream(finals).map(i -> numbers[i]).toArray(),
            Arrays.stream(finals).mapToObj(states::get).toList());
    var outcomes = new double[numbers.length];
    for (int i = 0; i < finals.length; i++) {
      var state = states.get(finals[i]);
      boolean copy =
          solutions.get(numbers[finals[i]]).filter(s -> Arrays.equals(s, state)).isPresent();
      int depth = trees.get(numbers[finals[i]]).wants().depth() + 1;
      outcomes[finals[i]] = settings.outcome(verdicts[i], copy, depth);
    }
    int at = 0;
    for (int p = 0; p < trees.size(); p++) {
      if (drawn.get(p).isEmpty()) {
        continue;
      }
      var steps = new ArrayList<StepTree.Step>();
      var parent = trees.get(p).wants();
      for (var one : drawn.get(p)) {
        double value =
            evaluations[at] == 0
                ? parent.value() // nothing is known of it
                : settings.value(evaluations[at], parent.depth(), outcomes[at]);
        steps.add(
            new StepTree.Step(
                one.tokens(),
                one.logps(),
                last.get(at),
                value,
                given.get(p).isPresent() && steps.isEmpty()));
        at++;
      }
      trees.get(p).grown(steps);
    }
  }

  /// Whether an answer is over: it drew its end, it is a whole rest, or there is no room left.
  private boolean terminal(StepTree tree, Drawn one) {
    int[] tokens = one.tokens();
    return tree.wantsAll()
        || ends.contains(tokens[tokens.length - 1])
        || tree.wants().path().length + tokens.length >= sampling.maxNewTokens();
  }

  private static int[] joined(int[] one, int[] two) {
    var both = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, both, one.length, two.length);
    return both;
  }
}
