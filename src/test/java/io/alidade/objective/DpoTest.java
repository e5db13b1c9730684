package io.alidade.objective;

import static io.alidade.objective.Numbers.near;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Step;
import java.util.List;
import org.junit.jupiter.api.Test;

/// DPO and its closest kin against numbers worked out by hand: two pairs that several papers share.
class DpoTest {
  private static final double SIX = 1e-6;
  private static final ReverseKl KL = new ReverseKl();

  /// Sums -12 and -15 over 6 and 8 tokens, reference -13 and -14: a margin of 2 nats.
  static Sample caseA() {
    return Sample.pair(-12, -15, -13, -14, 6, 8);
  }

  /// A margin of -2.75 nats.
  static Sample caseB() {
    return Sample.pair(-20, -9, -18.5, -10.25);
  }

  @Test
  void caseAByHand() {
    try (var _ = new Step()) {
      var a = caseA();
      near(a.value(new Dpo(0.1, KL)), 0.598139, SIX);
      near(a.value(new Cdpo(0.1, 0.1, KL)), 0.618139, SIX);
      near(a.value(new Hinge(0.1, KL)), 0.8, SIX);
      near(a.value(new Ipo(0.1, false, KL)), 9.0, SIX);
      near(a.value(new Ipo(0.1, true, KL)), 22.168403, SIX);
      near(a.value(new SigmoidNorm(0.1, KL)), 0.678670, SIX);
      near(a.gradient(new Dpo(0.1, KL))[0], -0.045017, SIX);
      near(a.value(new RobustDpo(0.1, 0.1, KL)), 0.573139, SIX);
      near(a.value(new RegularizedPo(0.1, 0.005, RegularizedPo.Form.SUM_BETA, KL)), 0.604139, SIX);
      near(a.value(new RegularizedPo(0.1, 0.2, RegularizedPo.Form.MEAN, KL)), 0.998139, SIX);
    }
  }

  @Test
  void caseBByHand() {
    try (var _ = new Step()) {
      var b = caseB();
      near(b.value(new Dpo(0.5, KL)), 1.600413, SIX);
      near(b.value(new Cdpo(0.5, 0.2, KL)), 1.325413, SIX);
      near(b.value(new Hinge(0.5, KL)), 2.375, SIX);
      near(b.value(new Ipo(0.5, false, KL)), 14.0625, SIX);
      near(b.value(new RobustDpo(0.5, 0.2, KL)), 2.058746, SIX);
    }
  }

  @Test
  void contrastiveAndOddsByHand() {
    try (var _ = new Step()) {
      // Likelihoods -12 and -15; the negative log-likelihood term, 0.7 a token in the worked case,
      // is
      // 2 here: 12 nats over 6 tokens.
      near(Sample.alone(-12, -15, 6, 8).value(new Cpo(0.1, 0, 1)), 1.254355 - 0.7 + 2, SIX);
      var odds = Sample.alone(-0.5, -1.2, 1, 1);
      // The worked case has a likelihood term of 0.55 over another set of tokens; here it is 0.5.
      near(odds.value(new Orpo(0.1)), 0.574655 - 0.55 + 0.5, SIX);
      near(odds.value(new Orpo(0)), 0.5, 1e-12);
      Golden.metric("odds", new Orpo(0.1).loss(odds.batch()), "log_odds_chosen", 1.274370, SIX);
    }
  }

  @Test
  void identitiesOfTheFamily() {
    try (var _ = new Step()) {
      var same = Sample.pair(-4, -9, -4, -9, 3, 5);
      near(same.value(new Dpo(0.4, KL)), Math.log(2), 1e-12);
      var metrics = new Dpo(0.4, KL).loss(same.batch()).metrics();
      assertThat(metrics.get("rewards/margins")).isEqualTo(new Loss.Metric(0, 1));
      assertThat(metrics.get("rewards/accuracies")).isEqualTo(new Loss.Metric(0, 1)); // a tie
      near(same.value(new NcaPair(0.4)), 2 * Math.log(2), 1e-12);
      near(same.value(new BcoPair(0.4)), 2 * Math.log(2), 1e-12);
      near(same.value(new ApoZero(0.4)), 1, 1e-12);
      near(same.value(new ApoDown(0.4)), 1, 1e-12);
      near(same.value(new SppoHard(0.4)), 1 / (2 * 0.4 * 0.4), 1e-12);
      // A constant added to both reference likelihoods changes nothing.
      var shifted = Sample.pair(-12, -15, -13 + 7, -14 + 7, 6, 8);
      near(shifted.value(new Dpo(0.1, KL)), caseA().value(new Dpo(0.1, KL)), 1e-12);
      near(shifted.value(new Ipo(0.1, false, KL)), caseA().value(new Ipo(0.1, false, KL)), 1e-12);
      // The hinge is 0 from a margin of one on; IPO's minimum is at 1 / (2 beta).
      near(Sample.pair(2, 0, 0.0, 0).value(new Hinge(0.5, KL)), 0, 0);
      near(Sample.pair(5, 0, 0.0, 0).gradient(new Ipo(0.1, false, KL))[0], 0, 1e-12);
      near(Sample.pair(5, 0, 0.0, 0).value(new Ipo(0.1, false, KL)), 0, 1e-12);
      // EXO's minimum, 0, is at the log-odds of its label.
      near(Sample.pair(Math.log(9), 0, 0, 0).value(new ExoPair(1, 0.1, KL)), 0, 1e-12);
      // KL of even odds from [1 - e, e]: log(1/2) - log(e (1 - e)) / 2; e = 0 stands for 0.001.
      double even = Math.log(0.5) - Math.log(0.001 * 0.999) / 2;
      near(Sample.pair(0, 0, 0, 0).value(new ExoPair(1, 0.001, KL)), even, 1e-12);
      near(Sample.pair(0, 0, 0, 0).value(new ExoPair(1, 0, KL)), even, 1e-12);
      // Sorted losses of a single pair.
      near(caseA().value(new Aot(0.1, 0.1)), caseA().value(new Cdpo(0.1, 0.1, KL)), 1e-12);
      near(caseA().value(new AotUnpaired(0.1, 0.1)), caseA().value(new Cdpo(0.1, 0.1, KL)), 1e-12);
      near(
          caseA().value(new LengthDesensitised(1, new Dpo(0.1, KL))),
          caseA().value(new Dpo(0.1, KL)),
          0);
      near(caseA().value(new PlackettLuce(0.1, KL)), caseA().value(new Dpo(0.1, KL)), 1e-12);
      near(
          Sample.alone(-12, -15, 6, 8)
              .with(Signal.perGroup("ref_chosen_logps"), -13)
              .with(Signal.perGroup("ref_rejected_logps"), -14)
              .value(new PrecomputedReference(new Ipo(0.1, true, KL))),
          caseA().value(new Ipo(0.1, true, KL)),
          1e-12);
      near(
          Sample.alone(-12, -15, 6, 8).value(new SlicHf(1.5, 0.2)),
          Math.max(0, 1.5 - 3) + 0.2 * 12,
          1e-12);
    }
  }

  /// Both stages of the same pair, against the start and against the model of the stage before.
  @Test
  void theReferenceOfAStageDecidesTheLoss() {
    try (var _ = new Step()) {
      near(Sample.pair(-20, -26, -22, -24).value(new Dpo(0.1, KL)), 0.51301525, 1e-8);
      near(Sample.pair(-20, -26, -20.5, -25.0).value(new Dpo(0.1, KL)), 0.62095705, 1e-8);
    }
  }

  /// What reads the difference of both log-ratios does not see a constant added to both likelihoods
  /// of the reference, nor do its gradients.
  @Test
  void aConstantInBothReferencesChangesNoLossOfTheDifference() {
    try (var _ = new Step()) {
      var shifted = Sample.pair(-12, -15, -13 + 7, -14 + 7, 6, 8);
      for (var objective :
          List.of(
              new Dpo(0.1, KL),
              new Cdpo(0.1, 0.2, KL),
              new Hinge(0.1, KL),
              new Ipo(0.1, false, KL),
              new ExoPair(0.1, 0.2, KL),
              new RobustDpo(0.1, 0.2, KL),
              new DiscoPop(0.1, 0.05, KL),
              new Aot(0.1, 0.2),
              new PlackettLuce(0.1, KL))) {
        near(shifted.value(objective), caseA().value(objective), 1e-12);
        assertThat(shifted.gradient(objective))
            .containsExactly(caseA().gradient(objective), within(1e-12));
        near(caseA().gradient(objective)[0], -caseA().gradient(objective)[1], 1e-12);
      }
      // What has a target for each log-ratio does.
      assertThat(shifted.value(new SppoHard(0.1))).isNotEqualTo(caseA().value(new SppoHard(0.1)));
    }
  }

  @Test
  void theHingeIsZeroFromAMarginOfOneOn() {
    try (var _ = new Step()) {
      near(Sample.pair(10.0, 0, 0.0, 0).value(new Hinge(0.1, KL)), 0, 0);
      near(Sample.pair(9.99, 0, 0.0, 0).value(new Hinge(0.1, KL)), 0.001, 1e-12);
    }
  }
}
