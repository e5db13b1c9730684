package io.alidade.generation.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.generation.tree.StepTree.Rejected;
import io.alidade.generation.tree.StepTree.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// The paper's search on trees small enough to work out by hand.
class StepTreeTest {
  private static final float[] CERTAIN = {0};

  private static Puct settings(int simulations, int depth, int budget) {
    return Puct.plain(simulations, 6, depth, 4, 8, budget);
  }

  private static Step step(double value, boolean terminal, int... tokens) {
    return new Step(tokens, new float[tokens.length], terminal, value);
  }

  @Test
  void anUnvisitedChildWeighsOneInTheBackUp() {
    var root = Node.root(0);
    root.add(new int[] {1}, CERTAIN, false, 0).restore(0.8, 0, 3);
    root.add(new int[] {2}, CERTAIN, false, 0).restore(-0.2, 0, 1);
    root.add(new int[] {3}, CERTAIN, false, 0).restore(0.5, 0, 0);
    root.backUp(1);
    assertThat(root.v()).isCloseTo(0.54, within(1e-12));
    assertThat(root.q()).isCloseTo(0.54, within(1e-12));
    assertThat(root.visits()).isEqualTo(1);
  }

  @Test
  void theScoreIsThatOfTheExample() {
    var settings = settings(1, 3, 1000);
    var logps = new float[] {-0.5f, -1, -0.25f};
    assertThat(settings.prior(logps)).isCloseTo(0.64195474, within(1e-8));
    var root = Node.root(0);
    root.restore(0, 0, 10);
    var child = root.add(new int[] {1, 2, 3}, logps, false, 0);
    child.restore(0.4, 0, 3);
    assertThat(settings.score(child)).isCloseTo(0.90750978, within(1e-8));
  }

  @Test
  void theValueOfAStateHasOutcomeAndSelfEvaluation() {
    assertThat(settings(1, 3, 9).value(0.8, 2, 0)).isEqualTo(0.8);
    assertThat(settings(1, 3, 9).value(0.8, 7, -1)).isEqualTo(0.2 - 1);
    assertThat(settings(1, 3, 9).outcome(true, false, 5)).isEqualTo(1.25);
    assertThat(settings(1, 3, 9).outcome(true, true, 5))
        .as("a copy of a given solution")
        .isEqualTo(1);
    assertThat(settings(1, 3, 9).outcome(false, false, 1)).isEqualTo(-1);
  }

  @Test
  void rewardsTelescopeToTheValueOfTheLeaf() {
    var node = Node.root(0.3);
    double sum = node.reward();
    double later = 0;
    var chain = new ArrayList<Node>(List.of(node));
    for (double value : new double[] {0.9, -0.4, 1.7}) {
      node = node.add(new int[] {chain.size()}, CERTAIN, false, value);
      chain.add(node);
      sum += node.reward();
      later += node.reward();
    }
    assertThat(sum).isCloseTo(1.7, within(1e-12));
    for (int i = chain.size() - 1; i >= 0; i--) {
      chain.get(i).backUp(1);
    }
    assertThat(chain.getFirst().v()).as("with one child each").isCloseTo(later, within(1e-12));
  }

  @Test
  void aNewChildTakesItsParentsFuture() {
    var root = Node.root(1);
    root.restore(0, 0.25, 4);
    assertThat(root.add(new int[] {1}, CERTAIN, false, 1.5).q()).isEqualTo(0.75);
  }

  @Test
  void doubtFollowsVisits() {
    assertThat(StepTree.epsilon(7, 3)).isCloseTo(0.3, within(1e-12));
    assertThat(StepTree.epsilon(2, 6)).isEqualTo(0.5);
    assertThat(StepTree.epsilon(0, 0)).isZero();
  }

  /// A world of three binary steps in which the answer is right if every step is 1.
  private static StepTree searched(Puct settings, long seed) {
    var random = new SplittableRandom(seed);
    var tree = new StepTree(settings, 1, seed);
    while (!tree.done()) {
      var before = tree.wants().path();
      var steps = new ArrayList<Step>();
      for (int i = 0; i < tree.count(); i++) {
        int length = tree.wantsAll() ? 3 - before.length : 1;
        var step = random.ints(length, 0, 2).toArray();
        boolean terminal = before.length + length == 3;
        boolean right = terminal;
        for (int token : before) {
          right &= token == 1;
        }
        for (int token : step) {
          right &= token == 1;
        }
        double outcome = terminal ? settings.outcome(right, false, 3) : 0;
        steps.add(step(settings.value(1, tree.wants().depth(), outcome), terminal, step));
      }
      tree.grown(steps);
    }
    return tree;
  }

  @Test
  void aSearchFindsTheRightStepsAndPrefersThem() {
    int right = 0;
    int better = 0;
    int all = 0;
    for (long seed = 0; seed < 20; seed++) {
      var tree = searched(settings(16, 4, 100_000), seed); // deep enough to need no rest
      assertThat(tree.exhausted()).isFalse();
      var path = tree.committed().getLast().path();
      right += path[0] == 1 && path[1] == 1 && path[2] == 1 ? 1 : 0;
      for (var pair : tree.pairs(Rejected.WORST, 8)) {
        assertThat(pair.chosen()[0]).isNotEqualTo(pair.rejected()[0]);
        assertThat(pair.epsilon()).isBetween(0.0, 0.5);
        boolean good = java.util.Arrays.stream(pair.before()).allMatch(token -> token == 1);
        all += good ? 1 : 0;
        better += good && pair.chosen()[0] == 1 ? 1 : 0;
      }
    }
    assertThat(right).isGreaterThanOrEqualTo(16);
    assertThat(all).isPositive();
    assertThat((double) better / all).isGreaterThan(0.9);
  }

  @Test
  void aSearchWithoutBudgetStopsWithWhatItHas() {
    var tree = searched(settings(16, 3, 4), 1);
    assertThat(tree.exhausted()).isTrue();
    assertThat(tree.done()).isTrue();
    assertThat(tree.committed()).isEmpty();
    assertThat(tree.pairs(Rejected.WORST, 8)).isEmpty();
  }

  @Test
  void repetitionsAndNearRepetitionsAreDropped() {
    var tree = new StepTree(settings(1, 3, 1000), 1, 0);
    tree.grown(List.of(step(1, false, 1, 2), step(1, false, 1, 2), step(1, false, 2, 1)));
    assertThat(tree.origin().children()).hasSize(2);
    assertThat(StepTree.overlap(new int[] {1, 2}, new int[] {1, 2})).isEqualTo(1);
    assertThat(StepTree.overlap(new int[] {1, 2}, new int[] {2, 1})).isZero();
    assertThat(StepTree.overlap(new int[] {1, 2, 3}, new int[] {1, 2, 4}))
        .isCloseTo(2.0 / 3, within(1e-12));
  }

  /// A node of four children; the chosen step shares its first token with the rejected one, and has
  /// an only child.
  private static StepTree siblings() {
    var nodes = new ArrayList<StepTree.Kept>();
    nodes.add(new StepTree.Kept(-1, new int[0], new float[0], false, 1, 0, 0, 9));
    nodes.add(new StepTree.Kept(0, new int[] {5, 6}, new float[2], false, 1, 0.9, 0, 6));
    nodes.add(new StepTree.Kept(0, new int[] {5, 7}, new float[2], false, 1, -0.9, 0, 2));
    nodes.add(new StepTree.Kept(0, new int[] {8}, new float[1], false, 1, 0.5, 0, 1));
    nodes.add(new StepTree.Kept(1, new int[] {4}, new float[1], true, 2, 0.9, 0, 6));
    return StepTree.restored(settings(4, 3, 1000), nodes, List.of(1, 4), 0, false);
  }

  @Test
  void aPairBeginsWhereItsStepsDifferAndChainsAreGlued() {
    var pairs = siblings().pairs(Rejected.WORST, 8);
    assertThat(pairs).hasSize(1); // the second step had no sibling
    var pair = pairs.getFirst();
    assertThat(pair.before()).containsExactly(5);
    assertThat(pair.chosen()).containsExactly(6, 4);
    assertThat(pair.rejected()).containsExactly(7);
    assertThat(pair.epsilon()).isEqualTo(0.25);
    var second = siblings().pairs(Rejected.SECOND, 8).getFirst();
    assertThat(second.before()).isEmpty();
    assertThat(second.rejected()).containsExactly(8);
    assertThat(siblings().pairs(Rejected.RANDOM, 8).getFirst().chosen()[0]).isIn(5, 6);
    assertThat(siblings().pairs(Rejected.WORST, 0)).isEmpty();
  }

  @Test
  void equalStepsGiveNoPair() {
    var nodes = new ArrayList<StepTree.Kept>();
    nodes.add(new StepTree.Kept(-1, new int[0], new float[0], false, 1, 0, 0, 9));
    nodes.add(new StepTree.Kept(0, new int[] {5}, new float[1], true, 1, 0.5, 0, 6));
    nodes.add(new StepTree.Kept(0, new int[] {6}, new float[1], true, 1, 0.5, 0, 2));
    var tree = StepTree.restored(settings(4, 3, 1000), nodes, List.of(1), 0, false);
    assertThat(tree.pairs(Rejected.WORST, 8)).isEmpty();
  }

  private static Puct choices(double temperature) {
    return new Puct(4, 2, 2, 3, 4, 8, 1000, "\n", 1, 1.25, 1, 1.25, 0.99, true, 1, temperature);
  }

  @Test
  void aChoiceThatIsMadeAtOnceMayBeAGuess() {
    var settings = choices(0);
    assertThat(settings.outcome(true, false, 1)).isZero();
    assertThat(settings.outcome(true, false, 2)).isEqualTo(1.25 / 2);
    assertThat(settings.outcome(true, true, 2)).isEqualTo(0.5);
    assertThat(settings.outcome(true, false, 3)).isEqualTo(1.25);
    assertThat(settings.outcome(false, false, 1)).isEqualTo(-1);
  }

  @Test
  void twoRestsAreDrawnOfAChoice() {
    var tree = new StepTree(choices(0), 1, 0);
    tree.grown(List.of(step(1, false, 1), step(1, false, 2)));
    tree.grown(List.of(step(1, false, 3), step(1, false, 4)));
    assertThat(tree.wantsAll()).isTrue();
    assertThat(tree.count()).isEqualTo(2);
    var plain = new StepTree(settings(1, 1, 1000), 1, 0);
    assertThat(plain.wantsAll()).isTrue();
    assertThat(plain.count()).isEqualTo(1);
  }

  @Test
  void howDeepAnEvaluationCountsInFullIsChosen() {
    assertThat(choices(0).value(0.8, 2, 0)).isEqualTo(0.8);
    assertThat(choices(0).value(0.8, 5, 0.5)).isEqualTo(0.2 + 0.5);
  }

  /// Two ends of `Q` 1 and 0: at temperature 2 the first is drawn `e^(1/2)` times as often.
  @Test
  void aCommitmentIsDrawnAtATemperature() {
    int first = 0;
    int draws = 4000;
    for (int seed = 0; seed < draws; seed++) {
      var tree = new StepTree(choices(2), 0, seed);
      tree.grown(List.of(step(1, true, 1), step(0, true, 2)));
      while (!tree.done()) {
        tree.grown(List.of(step(1, true, 1)));
      }
      first += tree.committed().getFirst().tokens()[0] == 1 ? 1 : 0;
    }
    double share = Math.exp(0.5) / (Math.exp(0.5) + 1);
    assertThat((double) first / draws).isCloseTo(share, within(0.03));
  }
}
