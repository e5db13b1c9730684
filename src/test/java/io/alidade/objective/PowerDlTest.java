package io.alidade.objective;

import static io.alidade.objective.Numbers.near;

import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import org.junit.jupiter.api.Test;

/// Weighted entropy and dynamic labels against numbers worked out by hand.
class PowerDlTest {
  private static final double SIX = 1e-6;
  private static final ReverseKl KL = new ReverseKl();

  @Test
  void dynamicLabelsByHand() {
    try (var _ = new Step()) {
      var label = Signal.perGroup("dynamic_label");
      var one = Sample.alone(-12, -30, 10, 20).with(label, 1);
      near(one.value(power(2, 0.001, 0)), 0.405586, SIX);
      near(one.with(label, 0.9).value(power(2, 0.001, 0)), 0.475586, SIX);
      var two = Sample.alone(-40, -8, 20, 10).with(label, 1);
      near(two.value(power(10, 0.0005, 0)), 12.510004, SIX);
      double state = 1;
      for (double expected : new double[] {0.900000, 0.810001, 0.729001}) {
        var loss = power(10, 0.0005, 0.1).loss(two.with(label, state).batch());
        state = loss.labels().getOrDefault(label, new double[1])[0];
        near(state, expected, SIX);
      }
      // A label that the model agrees with has no gradient; eta adds its own.
      double m = 2 * (-1.2 + 1.5 + 0.1 - 0.05);
      var settled = one.with(label, 1 / (1 + Math.exp(-m)));
      near(settled.gradient(power(2, 0, 0.3))[0], 0, 1e-12);
      near(settled.gradient(power(2, 0.01, 0.3))[0], -0.01 * 2 / 10, 1e-12);
      // Weights of one, no pessimism, fixed labels: a uniform reference.
      near(
          one.value(new PowerDl(0.3, 0, 0, PowerDl.Weight.ONE, PowerDl.Refresh.BEFORE)),
          one.value(new ReferenceFree(new Dpo(0.3, KL))),
          1e-12);
      // Equal lengths: SimPO without margin.
      var equal = Sample.alone(-3, -7, 4, 4).with(label, 1);
      near(equal.value(power(2, 0, 0)), equal.value(new SimPo(2, 0, 0)), 1e-12);
    }
  }

  private static PowerDl power(double beta, double eta, double gamma) {
    return new PowerDl(beta, eta, gamma, PowerDl.Weight.INVERSE_LENGTH, PowerDl.Refresh.BEFORE);
  }

  @Test
  void aSwappedPairWithTheOtherLabelIsTheSameToPowerDl() {
    try (var _ = new Step()) {
      var label = Signal.perGroup("dynamic_label");
      var objective = new PowerDl(2, 0, 0, PowerDl.Weight.INVERSE_LENGTH, PowerDl.Refresh.BEFORE);
      near(
          Sample.alone(-12, -30, 10, 20).with(label, 0.8).value(objective),
          Sample.alone(-30, -12, 20, 10).with(label, 0.2).value(objective),
          1e-12);
    }
  }

  /// `m = 0.7` and `sigmoid(m) = 0.668188`; at a frozen margin the label goes to `sigmoid(m) + (1 -
  /// gamma)^t (1 - sigmoid(m))`.
  @Test
  void labelsApproachWhatTheModelSays() {
    try (var _ = new Step()) {
      var label = Signal.perGroup("dynamic_label");
      var one = Sample.alone(-12, -30, 10, 20).with(label, 1);
      double said = 1 / (1 + Math.exp(-0.7));
      near(said, 0.668188, SIX);
      double state = 1;
      for (int t = 1; t <= 5; t++) {
        var loss = power(2, 0.001, 0.2).loss(one.with(label, state).batch());
        state = loss.labels().getOrDefault(label, new double[1])[0];
        near(state, said + Math.pow(0.8, t) * (1 - said), 1e-12);
        Golden.metric("gap", loss, "power/weight_gap", 0.1 - 0.05, 1e-9);
        Golden.metric("gap", loss, "power/label_gap", state - said, 1e-9);
      }
      var slope = one.with(label, 0.9).gradient(power(2, 0, 0));
      near(slope[0], (said - 0.9) * 2 / 10, 1e-12);
      near(slope[1], -(said - 0.9) * 2 / 20, 1e-12);
    }
  }

  /// On log-ratios, with weights of 1 and without pessimism: DPO whose label gives in. Log-ratios 1
  /// and -1, a margin of 0.2: the label goes to `0.9 + 0.1 sigmoid(0.2)`.
  @Test
  void besideDpoTheLabelFollowsDposMargin() {
    try (var _ = new Step()) {
      var label = Signal.perGroup("dynamic_label");
      var objective =
          new AgainstReference(
              new PowerDl(0.1, 0, 0.1, PowerDl.Weight.ONE, PowerDl.Refresh.BEFORE));
      var sample = DpoTest.caseA().with(label, 1);
      double said = 1 / (1 + Math.exp(-0.2));
      double y = 0.9 + 0.1 * said;
      var loss = objective.loss(sample.batch());
      near(Ops.number(loss.value()), 0.598138869381592 + (1 - y) * 0.2, 1e-12);
      near(loss.labels().getOrDefault(label, new double[1])[0], y, 1e-12);
      near(sample.gradient(objective)[0], 0.1 * (said - y), 1e-12);
      near(sample.gradient(objective)[1], -0.1 * (said - y), 1e-12);
      Golden.metric("dl", loss, "rewards/margins", 0.2, 1e-9);
      var fixed =
          new AgainstReference(new PowerDl(0.1, 0, 0, PowerDl.Weight.ONE, PowerDl.Refresh.BEFORE));
      near(sample.value(fixed), sample.value(new Dpo(0.1, KL)), 1e-12);
    }
  }
}
