package io.alidade.objective;

import static io.alidade.objective.Numbers.near;
import static io.alidade.objective.Numbers.tokens;
import static io.alidade.objective.Numbers.value;

import io.alidade.batch.Scored;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Token weights and barrier against numbers worked out by hand.
class TabPoTest {
  private static final double SIX = 1e-6;
  private static final ReverseKl KL = new ReverseKl();

  private static Scored structured(double[] chosen, double[] weights) {
    return tokens(
        new int[] {2},
        new double[][] {chosen, {-.02, -.05, -1.3, -.01}},
        new double[][] {{-.02, -.04, -1.0, -.01}, {-.02, -.04, -1.1, -.01}},
        Map.of(),
        Map.of(Signal.perUnit("token_weight"), new double[][] {weights, weights}));
  }

  @Test
  void tokenBarrierByHand() {
    try (var _ = new Step()) {
      var tab = new TabPo(0.5, 0.66, 0.5);
      var first = new double[] {-.02, -.05, -.9, -.01};
      var ones = new double[] {1, 1, 1, 1};
      var heavier = new double[] {1, 1, 1.44, 1};
      near(value(tab, structured(first, ones)), 1.124573, SIX);
      near(value(tab, structured(first, heavier)), 1.119119, SIX);
      near(value(tab, structured(first, new double[] {3, 3, 4.32, 3})), 1.119119, SIX);
      var third = structured(new double[] {-.1, -.2, -.3, -.05}, heavier);
      near(value(tab, third), 0.637045, SIX);
      Golden.metric("tab", tab.loss(third), "loss/barrier", 0, 0);
      near(
          value(new TabPo(0.5, 0.66, 0), structured(first, ones)),
          value(new SigmoidNorm(0.5, KL), structured(first, ones)),
          1e-12);
    }
  }

  @Test
  void theBarrierOfTabPoOpensAndCloses() {
    try (var _ = new Step()) {
      var ones = new double[] {1, 1, 1};
      var chosen = new double[] {-0.1, -0.2, -0.3};
      var rejected = new double[] {-0.4, -1, -2};
      var same =
          tokens(
              new int[] {2},
              new double[][] {chosen, rejected},
              new double[][] {chosen, rejected},
              Map.of(),
              Map.of(Signal.perUnit("token_weight"), new double[][] {ones, ones}));
      near(value(new TabPo(0.5, 0.66, 3), same), Math.log(2), 1e-12); // all are above 0.66
      near(value(new TabPo(0.5, 1, 1), same), Math.log(2) + 0.2, 1e-12); // mean of all
    }
  }

  @ParameterizedTest
  @CsvSource({
    "-.9,1,0.0375,0.674573,0.9,25",
    "-.9,1.44,0.048649,0.669119,0.9,25",
  })
  void itsPartsByHand(
      double third, double weight, double z, double pref, double barrier, double active) {
    try (var _ = new Step()) {
      var loss =
          new TabPo(0.5, 0.66, 0.5)
              .loss(
                  structured(
                      new double[] {-.02, -.05, third, -.01}, new double[] {1, 1, weight, 1}));
      Golden.metric("tab", loss, "loss/dpo", pref, 2e-6);
      Golden.metric("tab", loss, "loss/barrier", barrier, 1e-9);
      Golden.metric("tab", loss, "barrier/active_pct", active, 1e-9);
      Golden.metric("tab", loss, "pref/p_pref", 1 / (1 + Math.exp(-z)), 1e-6);
      near(Ops.number(loss.value()), pref + 0.5 * barrier, SIX);
    }
  }

  /// A gated token that weighs less than one counts its weight, not a whole barrier.
  @Test
  void theBarrierIsDividedByOneAtLeast() {
    try (var _ = new Step()) {
      var loss =
          new TabPo(0.5, 0.66, 0.5)
              .loss(structured(new double[] {-.02, -.05, -.9, -.01}, new double[] {2, 2, 1, 2}));
      Golden.metric("tab", loss, "loss/barrier", 0.9 * 4 / 7, 1e-9); // normalised weight 4/7
    }
  }
}
