package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/// Rewards of several objectives and of contexts, on the published cases.
class MultiObjectiveRewardTest {
  private static final List<String> TWO = List.of("helpfulness", "verbosity");

  private static Scored batch(int[] sizes, Tensor rewards, Map<Signal, Tensor> signals) {
    return new Scored(
        sizes,
        Ops.zeros(ScalarType.Double, rewards.size(0), 1),
        Map.of(Readout.REWARD, rewards),
        Optional.empty(),
        signals,
        Map.of());
  }

  private static Map<Signal, Tensor> labels(double[] help, double[] verb) {
    return Map.of(
        Signal.perGroup("helpfulness"), Ops.doubles(help, help.length),
        Signal.perGroup("verbosity"), Ops.doubles(verb, verb.length));
  }

  @Test
  void aRatingThatIsMissingHasNeitherLossNorGradient() {
    try (var _ = new Step()) {
      var rewards = Grad.leaf(Ops.doubles(new double[] {1, 2, 3, 4, 5, 6}, 3, 2));
      double none = Double.NaN;
      var batch =
          batch(
              new int[] {1, 1, 1},
              rewards,
              labels(new double[] {0, none, none}, new double[] {5, 1, none}));
      var loss = new MultiObjectiveReward(TWO).loss(batch).value();
      // (1 + 9) / 2, 9 / 1, nothing; over three answers
      assertThat(Ops.number(loss)).isCloseTo(14.0 / 3, within(1e-12));
      var slope = Ops.toDoubles(Grad.of(loss, List.of(rewards)).getFirst());
      assertThat(slope).containsExactly(new double[] {1.0 / 3, -1, 0, 2, 0, 0}, within(1e-12));
    }
    assertThatThrownBy(() -> new MultiObjectiveReward(List.of("a", "a")))
        .hasMessageContaining("each once");
  }

  /// The two-sided loss of a row with opposed contexts is Bradley and Terry's over both directions.
  @Test
  void whoIgnoresTheContextCannotGetBelowLogTwo() {
    try (var _ = new Step()) {
      assertThat(twoSided(0.7, 0.4)).isCloseTo(0.45810065, within(1e-8));
      assertThat(twoSided(0.4, 0.7)).as("both swapped").isEqualTo(twoSided(0.7, 0.4));
      for (double blind : new double[] {-2, -0.1, 0.1, 2}) {
        assertThat(twoSided(blind, -blind)).isGreaterThan(0.69314718);
      }
      assertThat(twoSided(0, 0)).isCloseTo(0.69314718, within(1e-8));
    }
  }

  /// @param x reward of the first answer less that of the second, in context x
  /// @param y reward of the second less that of the first, in context y
  private static double twoSided(double x, double y) {
    var rewards = Ops.doubles(new double[] {x, 0, y, 0}, 4, 1);
    return Ops.number(
        new BradleyTerry(false, 0).loss(batch(new int[] {2, 2}, rewards, Map.of())).value());
  }
}
