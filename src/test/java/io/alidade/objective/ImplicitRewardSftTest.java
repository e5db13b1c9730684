package io.alidade.objective;

import static io.alidade.objective.Numbers.near;
import static io.alidade.objective.Numbers.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Fine-tuning with an implicit reward against numbers worked out by hand.
class ImplicitRewardSftTest {
  private static final double SIX = 1e-6;

  /// Vocabulary of three, two tokens (0 and 1).
  private static Scored demonstration() {
    double[][] policy = {{1, 0, -1}, {0.5, 0.5, 0}};
    double[][] base = {{0.5, 0, 0}, {0, 0.5, 0}};
    var y = new int[] {0, 1};
    var readings = new double[4][2];
    for (int t = 0; t < 2; t++) {
      double z = Math.log(Arrays.stream(policy[t]).map(Math::exp).sum());
      double zBase = Math.log(Arrays.stream(base[t]).map(Math::exp).sum());
      readings[0][t] = policy[t][y[t]] - z;
      readings[1][t] = z;
      readings[2][t] = base[t][y[t]] - zBase;
      readings[3][t] = zBase;
    }
    return new Scored(
        new int[] {1},
        Ops.doubles(new double[] {1, 1}, 1, 2),
        Map.of(
            Readout.LOG_LIKELIHOOD,
            Grad.leaf(Ops.doubles(readings[0], 1, 2)),
            Readout.LOG_NORMALIZER,
            Grad.leaf(Ops.doubles(readings[1], 1, 2))),
        Map.of(
            Readout.LOG_LIKELIHOOD, Ops.doubles(readings[2], 1, 2),
            Readout.LOG_NORMALIZER, Ops.doubles(readings[3], 1, 2)),
        Map.of(),
        Map.of());
  }

  @ParameterizedTest
  @CsvSource({
    "1,CHI2,0.194844",
    "1,HELLINGER,0.138468",
    "1,JS,0.138021",
    "0.5,CHI2,0.104493",
    "0.5,HELLINGER,0.087352",
    "0.5,JS,0.087310"
  })
  void implicitRewardByHand(double beta, ImplicitRewardSft.Shape shape, double gain) {
    try (var _ = new Step()) {
      // The loss is the gain of the sequence, over two tokens and beta.
      near(-value(new ImplicitRewardSft(beta, shape), demonstration()) * 2 * beta, gain, SIX);
    }
  }

  @ParameterizedTest
  @CsvSource({"CHI2,0.210681", "HELLINGER,0.182424", "JS,0.182311"})
  void implicitRewardOfASequenceByHand(ImplicitRewardSft.Shape shape, double gain) {
    try (var _ = new Step()) {
      near(-value(new ImplicitRewardSequenceSft(1, shape), demonstration()), gain, SIX);
    }
  }

  @ParameterizedTest
  @CsvSource({"CHI2", "HELLINGER", "JS", "RKL"})
  void implicitRewardStartsAsFineTuning(ImplicitRewardSft.Shape shape) {
    try (var _ = new Step()) {
      var base = demonstration();
      var likelihood = Grad.leaf(base.reference().units());
      var normalizer = Grad.leaf(base.referenceReadout(Readout.LOG_NORMALIZER));
      var batch =
          new Scored(
              new int[] {1},
              base.mask(),
              Map.of(Readout.LOG_LIKELIHOOD, likelihood, Readout.LOG_NORMALIZER, normalizer),
              Map.of(
                  Readout.LOG_LIKELIHOOD, base.reference().units(),
                  Readout.LOG_NORMALIZER, base.referenceReadout(Readout.LOG_NORMALIZER)),
              Map.of(),
              Map.of());
      var loss = new ImplicitRewardSft(0.7, shape).loss(batch).value();
      near(Ops.number(loss), 0, 1e-15);
      var slopes = Grad.of(loss, List.of(likelihood, normalizer));
      Golden.close("likelihood", slopes.get(0).view(-1), new double[] {-0.5, -0.5}, 1e-12);
      Golden.close("normalizer", slopes.get(1).view(-1), new double[] {0, 0}, 1e-12);
      // Each phi goes through 0 with slope 1 and is continuous where it turns linear.
      for (double at : new double[] {-3, -0.5}) {
        var around = Ops.doubles(new double[] {at - 1e-9, at + 1e-9}, 2);
        var phi = Ops.toDoubles(shape.phi(around));
        near(phi[0], phi[1], 1e-6);
      }
    }
  }

  /// `phi(x) <= x`: no divergence counts a demonstration for more than fine-tuning does.
  @ParameterizedTest
  @ValueSource(doubles = {-2, -0.3, 0, 0.4, 3})
  void everyShapeStaysBelowFineTuning(double reward) {
    try (var _ = new Step()) {
      for (var shape : ImplicitRewardSft.Shape.values()) {
        double phi = Ops.number(shape.phi(Ops.doubles(new double[] {reward}, 1)));
        if (reward == 0) {
          near(phi, 0, 0);
        } else {
          assertThat(phi).as("%s", shape).isLessThan(reward);
        }
      }
      near(
          Ops.number(ImplicitRewardSft.Shape.CHI2.phi(Ops.doubles(new double[] {reward}, 1))),
          reward - reward * reward / 4,
          1e-12);
    }
  }

  /// The linear case, which is fine-tuning: values telescope, and what is gained over two tokens is
  /// the log-ratio of the sequence, 0.223127.
  @Test
  void theLinearCaseIsFineTuning() {
    try (var _ = new Step()) {
      var batch = demonstration();
      double ratio =
          Ops.number(batch.policy().units().sum()) - Ops.number(batch.reference().units().sum());
      near(ratio, 0.223127, SIX);
      near(0.5 * ratio, 0.111564, SIX); // beta 0.5
      // Q, V and r of the page: r_1 = Q_1 - V_2, r_2 = Q_2, J = r_1 + r_2 - V_1.
      var gain =
          Ops.toDoubles(
              batch
                  .policy()
                  .units()
                  .add(batch.readout(Readout.LOG_NORMALIZER))
                  .sub(batch.reference().units())
                  .sub(batch.referenceReadout(Readout.LOG_NORMALIZER)));
      var value =
          Ops.toDoubles(
              batch
                  .readout(Readout.LOG_NORMALIZER)
                  .sub(batch.referenceReadout(Readout.LOG_NORMALIZER)));
      assertThat(gain).containsExactly(new double[] {0.5, 0}, within(1e-12));
      assertThat(value).containsExactly(new double[] {0.113229, 0.163643}, within(SIX));
      near(gain[0] - value[1], 0.336357, SIX);
      near(gain[0] - value[1] + gain[1] - value[0], ratio, 1e-12);
      var slope = Grad.of(new Sft().loss(batch).value(), List.of(batch.policy().units()));
      Golden.close("sft", slope.getFirst().view(-1), new double[] {-0.5, -0.5}, 1e-12);
    }
  }

  /// A constant added to all logits of a position leaves probabilities and with them fine-tuning
  /// alone; the other objectives read logits as values.
  @Test
  void onlyFineTuningIsBlindToTheLevelOfLogits() {
    try (var _ = new Step()) {
      var base = demonstration();
      var raised =
          new Scored(
              new int[] {1},
              base.mask(),
              Map.of(
                  Readout.LOG_LIKELIHOOD, base.policy().units(),
                  Readout.LOG_NORMALIZER,
                      base.readout(Readout.LOG_NORMALIZER)
                          .add(Ops.doubles(new double[] {0, 0.7}, 1, 2))),
              Map.of(
                  Readout.LOG_LIKELIHOOD, base.reference().units(),
                  Readout.LOG_NORMALIZER, base.referenceReadout(Readout.LOG_NORMALIZER)),
              Map.of(),
              Map.of());
      near(value(new Sft(), raised), value(new Sft(), base), 0);
      for (var shape : ImplicitRewardSft.Shape.values()) {
        var objective = new ImplicitRewardSft(1, shape);
        assertThat(Math.abs(value(objective, raised) - value(objective, base)))
            .as("%s", shape)
            .isGreaterThan(1e-3);
      }
    }
  }
}
