package io.alidade.world;

import static io.alidade.world.TinyPref.BOS;
import static io.alidade.world.TinyPref.EOS;
import static io.alidade.world.TinyPref.SEP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Groups;
import io.alidade.batch.Readout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TinyPrefTest {
  private static final int[] PROMPT = {BOS, 5, 9, 10, SEP}; // 5 is of class 1

  @Test
  void theGoldRewardCountsTokensOfTheTargetClass() {
    assertThat(TinyPref.reward(PROMPT, new int[] {5, 9, 13, EOS})).isCloseTo(4.8, within(1e-12));
    assertThat(TinyPref.reward(PROMPT, new int[] {4, 6, 7, EOS})).isCloseTo(-3.2, within(1e-12));
    assertThat(TinyPref.reward(PROMPT, new int[] {5, 4, EOS})).isCloseTo(0.8, within(1e-12));
    assertThat(TinyPref.reward(PROMPT, new int[] {5, 1, 1, 1})).isCloseTo(-1.2, within(1e-12));
    assertThat(TinyPref.reward(PROMPT, new int[] {EOS})).isCloseTo(-3.2, within(1e-12));
  }

  @Test
  void answersHaveTheShareOfTargetTokensThatWasAskedFor() {
    var random = new SplittableRandom(1);
    double sum = 0;
    for (int i = 0; i < 4000; i++) {
      var prompt = TinyPref.prompt(random);
      var answer = TinyPref.answer(prompt, 0.4, random);
      assertThat(answer.length).isBetween(7, 15);
      assertThat(answer[answer.length - 1]).isEqualTo(EOS);
      assertThat(Arrays.stream(answer, 0, answer.length - 1)).allMatch(t -> t >= 4 && t < 24);
      sum += TinyPref.reward(prompt, answer);
    }
    assertThat(sum / 4000).isCloseTo(0, within(0.1)); // 8 * sqrt(0.24 / 9.3) / sqrt(4000) = 0.02
  }

  @Test
  void boringAnswersAreWorthNothing() {
    var random = new SplittableRandom(2);
    for (int i = 0; i < 50; i++) {
      var prompt = TinyPref.prompt(random);
      var answer = TinyPref.boring(prompt, random);
      assertThat(Arrays.stream(answer, 0, answer.length - 1).distinct()).hasSize(1);
      assertThat(TinyPref.reward(prompt, answer)).isCloseTo(-3.2, within(1e-12));
    }
  }

  @Test
  void labelsFollowTheGoldRewardAndFlipsTurnSomeOfThem() {
    var pair = new TinyPair(PROMPT, new int[] {5, 4, EOS}, new int[] {5, 4, 6, 7, EOS}); // 2 apart
    var random = new SplittableRandom(3);
    var labelled = new ArrayList<TinyPair>();
    for (int i = 0; i < 2000; i++) {
      labelled.add(pair.labelled(random));
    }
    assertThat(right(labelled)).isCloseTo(1 / (1 + Math.exp(-2)), within(0.03));
    double flipped = right(TinyPair.flipped(List.copyOf(labelled), 0.4, random));
    assertThat(flipped).isCloseTo(0.881 * 0.6 + 0.119 * 0.4, within(0.04));
  }

  private static double right(List<TinyPair> pairs) {
    return pairs.stream().filter(pair -> pair.margin() > 0).count() / (double) pairs.size();
  }

  @Test
  void aFreshModelIsSmallAndRepeatsItself(@TempDir Path folder) {
    var models = new TinyModels(folder);
    try (var one = models.fresh(4)) {
      assertThat(one.trainable().values().stream().mapToLong(t -> t.numel()).sum())
          .isEqualTo(104_704);
      var prompts = TinyModels.prompts(20, new SplittableRandom(5));
      var drawn = TinyModels.answers(one, prompts, 6);
      var measured = TinyModels.measure(one, one, prompts, 6);
      assertThat(measured.divergence()).isCloseTo(0, within(1e-4));
      assertThat(measured.entropy()).isCloseTo(Math.log(24), within(0.1));
      try (var two = models.fresh(4)) {
        var again = TinyModels.answers(two, prompts, 6);
        for (int i = 0; i < 20; i++) {
          assertThat(again.get(i).tokens()).isEqualTo(drawn.get(i).tokens());
        }
      }
    }
  }

  @Test
  void likelihoodsOfPairsAreAddedUp(@TempDir Path folder) {
    var models = new TinyModels(folder);
    try (var policy = models.fresh(7)) {
      var pairs = TinyModels.pairs(policy, 30, 8, new SplittableRandom(9));
      assertThat(pairs).hasSize(30);
      Groups groups = TinyPair.groups(pairs);
      var totals = TinyModels.totals(policy, groups, Readout.LOG_LIKELIHOOD);
      assertThat(totals).hasSize(60);
      var ranking = TinyModels.rank(policy, policy, pairs);
      assertThat(ranking.chosen())
          .isCloseTo(
              java.util.stream.IntStream.range(0, 30)
                  .mapToDouble(i -> totals[2 * i])
                  .average()
                  .orElseThrow(),
              within(1e-9));
      assertThat(ranking.accuracy()).isZero(); // nothing is gained over itself, and a tie is wrong
    }
  }
}
