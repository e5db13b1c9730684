package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.constraint.AlphaDivergence;
import io.alidade.constraint.Divergence;
import io.alidade.constraint.ForwardKl;
import io.alidade.constraint.Jeffreys;
import io.alidade.constraint.JensenShannon;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The losses of pairs around DPO against numbers worked out by hand, and the identities that tie
/// them together. Numbers are given to six decimals.
class FamilyTest {
  private static final double SIX = 1e-6;
  private static final ReverseKl KL = new ReverseKl();

  private static void near(double actual, double expected, double tolerance) {
    assertThat(actual).isCloseTo(expected, org.assertj.core.api.Assertions.within(tolerance));
  }

  /// Sums -12 and -15 over 6 and 8 tokens, reference -13 and -14: a margin of 2 nats.
  private static Sample caseA() {
    return Sample.pair(-12, -15, -13, -14, 6, 8);
  }

  /// A margin of -2.75 nats.
  private static Sample caseB() {
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
  void regularisedByHand() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-200.0, -260, -210, -250);
      near(
          sample.value(new RegularizedPo(0.01, 0.005, RegularizedPo.Form.SUM_BETA, KL)),
          0.608139,
          SIX);
      var dpo = caseA().gradient(new Dpo(0.1, KL));
      var sum = new RegularizedPo(0.1, 0.3, RegularizedPo.Form.SUM_BETA, KL);
      near(caseA().value(sum) - caseA().value(new Dpo(0.1, KL)), 0.3 * 0.1 * 12, 1e-12);
      near(caseA().gradient(sum)[1], dpo[1], 1e-15); // rejected: as in DPO
      near(caseA().gradient(sum)[0], dpo[0] - 0.1 * 0.3, 1e-15);
      var shifted = Sample.pair(-11, -14, -13, -14, 6, 8);
      near(shifted.value(new Dpo(0.1, KL)), caseA().value(new Dpo(0.1, KL)), 1e-12);
      assertThat(Math.abs(shifted.value(sum) - caseA().value(sum))).isGreaterThan(0.01);
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
  void asftByHand() {
    try (var _ = new Step()) {
      near(Sample.alone(-0.5, -1.2, 1, 1).value(new Asft(0.1)), 0.585838, SIX);
      near(Sample.alone(-0.5, -1.2, 1, 1).value(new Asft(1)), 1.358382, SIX);
      near(Sample.alone(-2.0, -0.1, 1, 1).value(new Asft(0.1)), 2.435217, SIX);
      var slopes = Sample.alone(-2.0, -0.1, 1, 1).gradient(new Asft(0.1));
      near(slopes[0], -1.1, 1e-12);
      double p = Math.exp(-0.1);
      near(slopes[1], 0.1 * p / (1 - p), 1e-12);
      near(Sample.alone(-2.0, -0.1, 1, 1).value(new Asft(0)), 2, 1e-12);
      // The form with odds, by its definition.
      DoubleUnaryOperator logOdds = l -> l - Math.log(1 - Math.exp(l));
      DoubleUnaryOperator softplus = x -> Math.log1p(Math.exp(x));
      double odds =
          0.5
              + 0.7
                  * (softplus.applyAsDouble(-logOdds.applyAsDouble(-0.5))
                      + softplus.applyAsDouble(logOdds.applyAsDouble(-1.2)));
      near(Sample.alone(-0.5, -1.2, 1, 1).value(new Asft(0.7)), odds, 1e-12);
      // Which rejected answer belongs to which chosen one does not matter.
      var one = two(-0.5, -1.2, -0.9, -0.3);
      var other = two(-0.5, -0.3, -0.9, -1.2);
      near(one.value(new Asft(0.4)), other.value(new Asft(0.4)), 1e-12);
      assertThat(one.value(new Orpo(0.4))).isNotEqualTo(other.value(new Orpo(0.4)));
    }
  }

  private static Sample two(double... sums) {
    return Sample.of(
        Sample.sizes(2, 2), sums, Optional.empty(), new double[] {1, 1, 1, 1}, Map.of(), Map.of());
  }

  @Test
  void flexByHand() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-10, -12, -11, -11.5);
      near(sample.value(new FlexDpo(0.1, 0.05)), 0.63259904, 1e-8);
      near(sample.value(new FlexDpo(0.1, 0)), 0.64439666, 1e-8);
      near(sample.value(new FlexDpo(0.1, 0.1)), sample.value(new Dpo(0.1, KL)), 1e-12);
      near(Sample.pair(-3, -4, -3, -4).value(new FlexDpo(0.7, 0.2)), Math.log(2), 1e-12);
      var slopes = sample.gradient(new FlexDpo(0.3, 0.1));
      near(slopes[1] / slopes[0], -0.1 / 0.3, 1e-12);
      // In probability space: pi = 0.3 and 0.05 under a reference of 0.2 each.
      var toy = Sample.pair(Math.log(0.3), Math.log(0.05), Math.log(0.2), Math.log(0.2));
      near(toy.value(new Dpo(0.1, KL)), 0.60756685, 1e-8);
      var g = toy.gradient(new Dpo(0.1, KL));
      near(g[0] / 0.3, -0.15177516, 1e-8);
      near(g[1] / 0.05, 0.91065094, 1e-8);
    }
  }

  @Test
  void identitiesOfRobustness() {
    try (var _ = new Step()) {
      for (double margin : new double[] {-30, -2, 0, 0.3, 5, 40}) {
        var plus = Sample.pair(margin, 0, 0.0, 0);
        var minus = Sample.pair(0, margin, 0.0, 0);
        double dpo = plus.value(new Dpo(0.3, KL));
        near(dpo - minus.value(new Dpo(0.3, KL)), -0.3 * margin, 1e-12);
        double e = 0.2;
        var robust = new RobustDpo(0.3, e, KL);
        near((1 - e) * plus.value(robust) + e * minus.value(robust), dpo, 1e-12);
        near(plus.value(robust) - dpo, -e / (1 - 2 * e) * 0.3 * margin, 1e-12);
        near(plus.value(new Cdpo(0.3, e, KL)) - dpo, e * 0.3 * margin, 1e-12);
        near(plus.value(new RobustDpo(0.3, 0, KL)), dpo, 0);
        near(
            plus.with(Signal.perGroup("flip_rate"), e).value(new RobustDpoByRow(0.3, KL)),
            plus.value(robust),
            1e-12);
        assertThat(plus.gradient(new Dpo(0.3, KL))[0])
            .isEqualTo(-plus.gradient(new Dpo(0.3, KL))[1]);
      }
      near(Sample.pair(0, 0, 0.0, 0).value(new RobustDpo(0.3, 0.4, KL)), Math.log(2), 1e-12);
      near(
          Sample.pair(0, 0, 0.0, 0).gradient(new RobustDpo(1, 0.4, KL))[0],
          -(0.5 + 0.4 / 0.2),
          1e-12);
    }
  }

  @Test
  void correctsAnyLossForFlips() {
    try (var _ = new Step()) {
      near(
          caseB().value(new NoiseCorrected(0.2, new Dpo(0.5, KL))),
          caseB().value(new RobustDpo(0.5, 0.2, KL)),
          1e-12);
      double h = -2.75;
      near(
          caseB().value(new NoiseCorrected(0.2, new Ipo(0.5, false, KL))),
          h * h + 1 / (4 * 0.25) - h / (0.5 * 0.6),
          1e-12);
      near(
          caseA().value(new NoiseCorrected(0, new Hinge(0.1, KL))),
          caseA().value(new Hinge(0.1, KL)),
          1e-12);
      Golden.metric(
          "seen",
          new NoiseCorrected(0.2, new Dpo(0.1, KL)).loss(caseA().batch()),
          "rewards/margins",
          0.2,
          1e-9);
    }
  }

  /// Where the mean gradient over both orders of a pair vanishes, by bisection.
  @ParameterizedTest
  @CsvSource({"0.9,0.3,0.663294,2.197225", "0.8,0.1,1.045969,1.386294"})
  void optimaUnderFlippedLabels(double clean, double rate, double dpo, double robust) {
    double seen = (1 - rate) * clean + rate * (1 - clean);
    near(Math.log(seen / (1 - seen)), dpo, SIX);
    near(optimum(new Dpo(1, KL), seen), dpo, 1e-5);
    near(optimum(new RobustDpo(1, rate, KL), seen), robust, 1e-5);
    near(robust, Math.log(clean / (1 - clean)), SIX);
  }

  private static double optimum(Objective objective, double share) {
    double low = -20;
    double high = 20;
    for (int i = 0; i < 60; i++) {
      double middle = (low + high) / 2;
      try (var _ = new Step()) {
        double slope =
            share * Sample.pair(middle, 0, 0.0, 0).gradient(objective)[0]
                + (1 - share) * Sample.pair(0, middle, 0.0, 0).gradient(objective)[1];
        if (slope > 0) {
          high = middle;
        } else {
          low = middle;
        }
      }
    }
    return (low + high) / 2;
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

  /// By a loop over the definition: the best among all, the second among the rest, and so on.
  @Test
  void rankingsByHand() {
    try (var _ = new Step()) {
      var rewards = new double[] {0.3, -0.5, 1.1, 0.2, -2, 0.7};
      var sizes = new int[] {4, 2};
      var sample =
          Sample.of(
              sizes,
              rewards,
              Optional.of(new double[6]),
              new double[] {1, 1, 1, 1, 1, 1},
              Map.of(),
              Map.of());
      double beta = 0.8;
      double sum = 0;
      int start = 0;
      for (int size : sizes) {
        for (int k = 0; k < size; k++) {
          double rest = 0;
          for (int j = k; j < size; j++) {
            rest += Math.exp(beta * rewards[start + j]);
          }
          sum -= Math.log(Math.exp(beta * rewards[start + k]) / rest);
        }
        start += size;
      }
      near(sample.value(new PlackettLuce(beta, KL)), sum / 2, 1e-12);
      var equal =
          Sample.of(
              new int[] {4},
              new double[4],
              Optional.of(new double[4]),
              new double[] {1, 1, 1, 1},
              Map.of(),
              Map.of());
      near(equal.value(new PlackettLuce(beta, KL)), Math.log(24), 1e-12);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1,-1,0.1,0.598139,0.582517,0.644397,0.594349",
    "0.7,-0.4,0.3,0.541698,0.554963,0.619594,0.550100",
    "-0.2,0.9,0.5,1.005492,0.917462,0.813905,0.953998"
  })
  void divergencesByHand(
      double chosen,
      double rejected,
      double beta,
      double reverse,
      double forward,
      double shannon,
      double alpha) {
    try (var _ = new Step()) {
      var sample = Sample.pair(chosen, rejected, 0.0, 0);
      near(sample.value(new Dpo(beta, KL)), reverse, SIX);
      near(sample.value(new Dpo(beta, new ForwardKl())), forward, SIX);
      near(sample.value(new Dpo(beta, new JensenShannon())), shannon, SIX);
      near(sample.value(new Dpo(beta, new AlphaDivergence(0.5))), alpha, SIX);
      near(sample.value(new Dpo(beta, new AlphaDivergence(1))), forward, SIX);
      near(sample.value(new Dpo(beta, new AlphaDivergence(1e-4))), reverse, 1e-3);
      var equal = Sample.pair(chosen, chosen, 0.0, 0);
      for (var divergence : List.<Divergence>of(new ForwardKl(), new Jeffreys())) {
        near(equal.value(new Dpo(beta, divergence)), Math.log(2), 1e-12);
      }
    }
  }

  @Test
  void runningMeanOfBinaryClassification() {
    try (var _ = new Step()) {
      var label = Signal.perGroup("label");
      var first = labelled(Map.of(), 1, 3).with(label, 1, 0);
      var loss = new Bco(0.5).loss(first.batch());
      near(loss.memory().getOrDefault("bco/mean", Double.NaN), 0.5 * 2, 1e-12);
      near(loss.memory().getOrDefault("bco/count", Double.NaN), 2, 0);
      // softplus(-(0.5 - 1)) and softplus(1.5 - 1)
      near(Ops.number(loss.value()), Math.log1p(Math.exp(0.5)), 1e-12);
      var second = labelled(loss.memory(), 10, 10, 10, 10).with(label, 1, 1, 1, 1);
      near(
          new Bco(0.5).loss(second.batch()).memory().getOrDefault("bco/mean", Double.NaN),
          (0.5 + 1.5 + 4 * 5) / 6,
          1e-12);
    }
  }

  private static Sample labelled(Map<String, Double> memory, double... ratios) {
    var ones = new double[ratios.length];
    java.util.Arrays.fill(ones, 1);
    return Sample.of(
        Sample.sizes(ratios.length, 1),
        ratios,
        Optional.of(new double[ratios.length]),
        ones,
        Map.of(),
        memory);
  }

  @Test
  void refusesParametersOutOfRange() {
    assertThatThrownBy(() -> new Dpo(-1, KL))
        .hasMessage("beta must be positive and finite, was -1.0");
    assertThatThrownBy(() -> new RobustDpo(0.1, 0.5, KL))
        .hasMessage("label_smoothing must be at least 0.0 and below 0.5, was 0.5");
    assertThatThrownBy(() -> new ExoPair(0.1, 0.5, KL)).hasMessageContaining("label_smoothing");
    assertThatThrownBy(() -> new AlphaPo(1, 0, 0, 0)).hasMessageContaining("SimPo is the limit");
    assertThatThrownBy(() -> new Weighted(new Aot(0.1, 0)))
        .hasMessage("objective must be a mean over pairs, was Aot");
    assertThatThrownBy(() -> new ReferenceFree(new SimPo(1, 0, 0)))
        .hasMessageContaining("objective must need the likelihoods of a reference", "SimPo");
    assertThatThrownBy(() ->
            new Mixture(
                List.of(new Mixture.Part(1, new Dpo(0.1, KL)), new Mixture.Part(1, new Sft()))))
        .hasMessage("cannot combine objectives over PAIRS and DEMONSTRATIONS");
    assertThatThrownBy(() -> new Mixture(List.of())).hasMessageContaining("at least one");
    assertThatThrownBy(
            () -> {
              try (var _ = new Step()) {
                caseA().with(Signal.perGroup("flip_rate"), 0.5).value(new RobustDpoByRow(0.1, KL));
              }
            })
        .hasMessageContaining("flip_rate must be at least 0.0 and below 0.5, was 0.5");
  }
}
