package io.alidade.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.example.Signal;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tasks whose right answers are known, worked out by hand.
class TasksTest {
  @TempDir private Path folder;

  @Test
  void aStructuredAnswerDependsOnTheFirstTwoTokensAlone() {
    var world = new StructuredAnswers(20, new SplittableRandom(1));
    assertThat(world.gold(25, 31, 20)).isEqualTo(world.gold(25, 31, 39));
    assertThat(world.gold(25, 31, 20)[2]).isEqualTo(7); // kind 5 has code 5 mod 4
    assertThat(world.gold(25, 31, 20)[4]).isBetween(11, 15);
    assertThat(world.gold(25, 31, 20)).startsWith(4, 5).endsWith(16, 17, 1);
  }

  @Test
  void promptsOfAStructuredWorldAreDifferentAndInRange() {
    var world = new StructuredAnswers(5, new SplittableRandom(1));
    var prompts = world.prompts(125, new SplittableRandom(2));
    assertThat(prompts.stream().map(Arrays::toString)).doesNotHaveDuplicates().hasSize(125);
    assertThat(prompts)
        .allSatisfy(prompt ->
            assertThat(prompt)
                .hasSize(3)
                .matches(tokens -> Arrays.stream(tokens).allMatch(t -> t >= 20 && t < 25)));
  }

  @Test
  void aConfusionDiffersFromTheRightAnswerInOneTokenOfItsKindWhichWeighsMore() {
    var world = new StructuredAnswers(5, new SplittableRandom(1));
    var fresh = folder.resolve("fresh");
    new SmallModel(StructuredAnswers.VOCABULARY, 16, 1, 11, 0.1).write(fresh, 3);
    var prompts = world.prompts(60, new SplittableRandom(2));
    int subs = 0;
    try (var policy = SmallModel.frozen(fresh)) {
      for (var pair : world.confusions(prompts, policy, new SplittableRandom(4))) {
        var gold = pair.candidates().getFirst().tokens();
        var wrong = pair.candidates().getLast().tokens();
        assertThat(gold).isEqualTo(world.gold(pair.prompt()));
        boolean sub = gold[4] != wrong[4];
        int at = sub ? 4 : 2;
        assertThat(wrong[at]).isBetween(sub ? 11 : 6, sub ? 15 : 9).isNotEqualTo(gold[at]);
        var repaired = wrong.clone();
        repaired[at] = gold[at];
        assertThat(repaired).isEqualTo(gold);
        var weights = pair.signals().get(Signal.perUnit("token_weight"));
        assertThat(weights).hasSize(16);
        assertThat(java.util.Objects.requireNonNull(weights)[at])
            .isCloseTo((sub ? 1.2 : 1.1) * 1.2, within(1e-12));
        assertThat(weights[8 + 6 - at]).isEqualTo(sub ? 1.1 : 1.2);
        subs += sub ? 1 : 0;
      }
    }
    assertThat(subs).isBetween(30, 54); // 70 of 100 expected
  }

  @Test
  void aRatingCountsTheLettersThatFollowTheRule() {
    int[] key = {0, 3, 11, 7};
    int[] right = {1, 5, 2, 11, 5, 9, 6, 3}; // key + place + 1, modulo 12
    assertThat(KeyedLetters.rating(key, right)).isEqualTo(8);
    var worse = right.clone();
    worse[2] = 3;
    worse[7] = 7;
    assertThat(KeyedLetters.rating(key, worse)).isEqualTo(6);
  }

  @Test
  void aChainIsWorthItsRightStepsBeforeTheFirstWrongOne() {
    var world = new ChainArithmetic(10);
    int[] problem = {3, 4, 9, 1, 0, 5, 8};
    assertThat(world.solution(problem)).containsExactly(7, 6, 7, 7, 2, 0);
    assertThat(world.value(problem, 7, 6, 7, 7, 2, 0)).isEqualTo(1);
    assertThat(world.value(problem, 7, 6, 0, 0, 5, 3)).isEqualTo(2 / 6.0);
    assertThat(world.value(problem, 7, 6, 7, 7, 2, 3)).isEqualTo(5 / 6.0);
    assertThat(world.value(problem, 0, 6, 7, 7, 2, 0)).isZero();
  }

  @Test
  void aTreeHoldsTheSolutionAndBranchesOffIt() {
    var world = new ChainArithmetic(10);
    var fresh = folder.resolve("chain");
    new SmallModel(ChainArithmetic.VOCABULARY, 16, 1, 25, 0.1).write(fresh, 3);
    var problems = world.problems(20, new SplittableRandom(5));
    try (var policy = SmallModel.frozen(fresh)) {
      var trees = world.trees(problems, policy, 6, new SplittableRandom(7));
      assertThat(trees)
          .hasSize(20)
          .allSatisfy(tree -> {
            var values = ChainArithmetic.values(tree);
            assertThat(values).hasSize(5).startsWith(1);
            assertThat(values[4]).isLessThan(1);
            assertThat(tree.signals().get(Signal.perUnit("step"))).hasSize(30).startsWith(1, 2, 3);
          });
      assertThat(ChainArithmetic.extremes(trees))
          .allSatisfy(pair -> assertThat(pair.candidates()).hasSize(2));
    }
  }
}
