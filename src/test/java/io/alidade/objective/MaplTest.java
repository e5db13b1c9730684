package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/// Multi-level aware preference learning on the published cases.
class MaplTest {
  private static final Offset<Double> DIGITS = within(1e-8);
  private static final double LN2 = Math.log(2);

  /// @param levels of the groups, and their sizes
  private static double reward(
      MaplReward objective, int[] sizes, double[] levels, double... rewards) {
    try (var _ = new Step()) {
      var batch =
          new Scored(
              sizes,
              Ops.zeros(ScalarType.Double, rewards.length, 1),
              Map.of(Readout.REWARD, Ops.doubles(rewards, rewards.length, 1)),
              Optional.empty(),
              Map.of(Levels.LEVEL, Ops.doubles(levels, levels.length)),
              Map.of());
      return Ops.number(objective.loss(batch).value());
    }
  }

  private static final MaplReward ALL = new MaplReward(1, 1, 1);

  @Test
  void eachLevelCostsWhatThePageSays() {
    assertThat(reward(ALL, new int[] {2}, new double[] {1}, 1.2, 0.4))
        .isCloseTo(0.37110067, DIGITS);
    assertThat(reward(ALL, new int[] {4}, new double[] {3}, 1.5, 0, 0.2, 0))
        .isCloseTo(0.24100845, DIGITS);
    double total =
        reward(ALL, new int[] {2, 2, 4}, new double[] {0, 1, 3}, 1.5, 0, 1.2, 0.4, 2.5, 1, 1.2, 1);
    assertThat(total).isCloseTo(0.81352240, DIGITS);
    assertThat(
            reward(
                new MaplReward(0.5, 1, 2),
                new int[] {2, 2, 4},
                new double[] {0, 2, 3},
                1.5,
                0,
                1.2,
                0.4,
                2.5,
                1,
                1.2,
                1))
        .isCloseTo(0.20141328 + 0.5 * 0.37110067 + 2 * 0.24100845, within(1e-7));
    assertThat(
            reward(
                new MaplReward(1, 3, 1), new int[] {2, 2}, new double[] {1, 2}, 1.2, 0.4, 1.2, 0.4))
        .as("the rejected answer's half three times")
        .isCloseTo(2 * 0.37110067, DIGITS);
  }

  @Test
  void aNumberAddedToAPromptMovesTheIntraSampleTermAlone() {
    double inter = reward(ALL, new int[] {4}, new double[] {3}, 1.5, 0.3, 0.2, 0.1);
    assertThat(reward(ALL, new int[] {4}, new double[] {3}, 4.5, 3.3, 0.2, 0.1))
        .isCloseTo(inter, within(1e-12));
    double intra = reward(ALL, new int[] {2}, new double[] {1}, 1.2, 0.4);
    assertThat(reward(ALL, new int[] {2}, new double[] {1}, 4.2, 0.4)).isLessThan(intra - 0.1);
  }

  @Test
  void withoutFurtherLevelsItIsBradleyTerryAndDpoToTheBit() {
    double[] rewards = {1.5, 0, 0.3, 0.7};
    try (var _ = new Step()) {
      var batch =
          new Scored(
              new int[] {2, 2},
              Ops.zeros(ScalarType.Double, 4, 1),
              Map.of(Readout.REWARD, Ops.doubles(rewards, 4, 1)),
              Optional.empty(),
              Map.of(),
              Map.of());
      assertThat(reward(new MaplReward(0, 1, 0), new int[] {2, 2}, new double[] {0, 0}, rewards))
          .isEqualTo(Ops.number(new BradleyTerry(false, 0).loss(batch).value()));
      var pair = Sample.pair(-20, -23, -21, -22.5);
      assertThat(pair.with(Levels.LEVEL, 0).value(new Mapl(0.1, 0, 1, 0)))
          .isEqualTo(pair.value(new Dpo(0.1, new ReverseKl())));
    }
  }

  @Test
  void aPolicyIsHeldToItsLogRatios() {
    try (var _ = new Step()) {
      var all = new Mapl(0.1, 1, 1, 1);
      assertThat(Sample.pair(-20, -24, -21, -23.5).with(Levels.LEVEL, 1).value(all))
          .as("logit 0.15")
          .isCloseTo(0.62095705, DIGITS);
      for (int level = 0; level < 3; level++) {
        assertThat(Sample.pair(-3, -4, -3, -4).with(Levels.LEVEL, level).value(all))
            .isCloseTo(LN2, within(1e-12));
      }
      double[] sums = {-3, -4, -5, -6};
      var four =
          Sample.of(
                  new int[] {4},
                  sums,
                  Optional.of(sums),
                  new double[] {1, 1, 1, 1},
                  Map.of(),
                  Map.of())
              .with(Levels.LEVEL, 3);
      assertThat(four.value(all)).isCloseTo(LN2, within(1e-12));
      assertThat(four.gradient(all))
          .containsExactly(new double[] {-0.05, 0.05, 0.05, -0.05}, within(1e-12));
    }
  }
}
