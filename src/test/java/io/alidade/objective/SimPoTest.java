package io.alidade.objective;

import static io.alidade.objective.Numbers.near;

import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Step;
import org.junit.jupiter.api.Test;

/// SimPO and its kin against numbers worked out by hand and what they become.
class SimPoTest {
  private static final double SIX = 1e-6;
  private static final ReverseKl KL = new ReverseKl();

  @Test
  void simPoByHand() {
    try (var _ = new Step()) {
      near(Sample.alone(-0.8, -1.1, 1, 1).value(new SimPo(2, 0.5, 0)), 0.644397, SIX);
      near(Sample.alone(-1.1, -0.8, 1, 1).value(new SimPo(2.5, 0.25, 0)), 1.313262, SIX);
      near(Sample.alone(-0.9, -0.9, 1, 1).value(new SimPo(10, 3, 0)), 3.048587, SIX);
      near(Sample.alone(-8, -40, 10, 40).value(new SimPo(2, 1, 0)), 1.037488, SIX);
      // Equal lengths n and no margin: DPO at beta / n with a uniform reference.
      var equal = Sample.alone(-3, -7, 4, 4);
      near(
          equal.value(new SimPo(2, 0, 0)), equal.value(new ReferenceFree(new Dpo(0.5, KL))), 1e-12);
      // Twice the tokens at twice the sum: nothing changes but the gradient per token.
      near(
          Sample.alone(-16, -40, 20, 40).value(new SimPo(2, 1, 0)),
          Sample.alone(-8, -40, 10, 40).value(new SimPo(2, 1, 0)),
          1e-12);
      near(
          Sample.alone(-0.8, -1.1, 1, 1).value(new AlphaPo(2, 0.5, 1e-4, 0)),
          Sample.alone(-0.8, -1.1, 1, 1).value(new SimPo(2, 0.5, 0)),
          1e-3);
    }
  }

  @Test
  void simPoPullsEachAnswerInverselyToItsLength() {
    try (var _ = new Step()) {
      var slopes = Sample.alone(-8, -40, 10, 40).gradient(new SimPo(2, 1, 0));
      double m = 2 * (-0.8 + 1) - 1;
      near(slopes[0], -2 / (1 + Math.exp(m)) / 10, 1e-12);
      near(slopes[0] / slopes[1], -40.0 / 10, 1e-9);
    }
  }

  /// Of the case `m = 0.1`: a label that is wrong with probability `e` costs `e m` more.
  @Test
  void smoothedLabelsAddTheirShareOfTheMargin() {
    try (var _ = new Step()) {
      var sample = Sample.alone(-0.8, -1.1, 1, 1);
      near(
          sample.value(new SimPo(2, 0.5, 0.05)) - sample.value(new SimPo(2, 0.5, 0)),
          0.05 * 0.1,
          1e-12);
      double reward = (1 - Math.exp(0.3 * 0.8)) / 0.3 - (1 - Math.exp(0.3 * 1.1)) / 0.3;
      near(
          sample.value(new AlphaPo(2, 0.5, 0.3, 0.05)) - sample.value(new AlphaPo(2, 0.5, 0.3, 0)),
          0.05 * (2 * reward - 0.5),
          1e-12);
    }
  }

  /// Margins of 0.1, as in the first case, and of 2 once the answers are far enough apart.
  @Test
  void theHingeFormStopsAtOneBeyondTheTargetMargin() {
    try (var _ = new Step()) {
      var hinge = new SimPoHinge(2, 0.5);
      near(Sample.alone(-0.8, -1.1, 1, 1).value(hinge), 0.9, 1e-12);
      near(Sample.alone(-8, -40, 10, 40).value(new SimPoHinge(2, 1)), 1 - (0.4 - 1), 1e-12);
      near(Sample.alone(-0.5, -1.75, 1, 1).value(hinge), 0, 0);
      near(Sample.alone(-0.9, -0.9, 1, 1).value(new SimPoHinge(10, 3)), 4, 1e-12);
      var slopes = Sample.alone(-8, -40, 10, 40).gradient(new SimPoHinge(2, 1));
      near(slopes[0], -2.0 / 10, 1e-12);
      near(slopes[1], 2.0 / 40, 1e-12);
      near(Sample.alone(-0.4, -1.75, 1, 1).gradient(hinge)[0], 0, 0);
      var equal = Sample.alone(-3, -7, 4, 4);
      near(
          equal.value(new SimPoHinge(0.4, 0)),
          equal.value(new ReferenceFree(new Hinge(0.1, KL))),
          1e-12);
      Golden.metric(
          "reward", hinge.loss(equal.batch()), "rewards/margins", 2 * (7 - 3) / 4.0, 1e-9);
    }
  }
}
