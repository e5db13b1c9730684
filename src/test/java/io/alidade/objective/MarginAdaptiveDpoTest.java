package io.alidade.objective;

import static io.alidade.objective.Numbers.near;

import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Step;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// DPO with weights of a reward model against numbers worked out by hand.
class MarginAdaptiveDpoTest {
  private static final double SIX = 1e-6;
  private static final ReverseKl KL = new ReverseKl();

  @ParameterizedTest
  @CsvSource({
    "2,0.5,1,2,1,0.2,1.364175,1.089430,0.651631",
    "2,0.5,1,2,-1,0.2,1.364175,0.756903,0.452733",
    "2,0.5,1,2,5,0.2,0.536433,0.942273,0.563610",
    "2,0.5,1,2,-3,0.2,0.733044,1,0.598139",
    "4,0.25,1,7,1,-0.3,3.963184,1.342371,1.146862"
  })
  void marginAdaptiveByHand(
      double cMax,
      double cMin,
      double lambda,
      double tau,
      double h,
      double z,
      double c,
      double w,
      double loss) {
    try (var _ = new Step()) {
      var objective = new MarginAdaptiveDpo(0.1, cMax, cMin, lambda, tau, KL);
      var sample = Sample.pair(z / 0.1, 0, 0.0, 0).with(Signal.perGroup("rm_margin"), h);
      near(sample.value(objective), loss, SIX);
      var result = objective.loss(sample.batch());
      Golden.metric("madpo", result, "madpo/weight_mean", w, 1e-5);
      double direct =
          cMin
              + (cMax - cMin)
                  / (1 + (cMax - 1) / (1 - cMin) * Math.exp(lambda * (Math.abs(h) - tau)));
      near(direct, c, SIX);
      Golden.metric("madpo", result, "madpo/c_mean", direct, 1e-12);
    }
  }

  @Test
  void marginAdaptiveIdentities() {
    try (var _ = new Step()) {
      var objective = new MarginAdaptiveDpo(0.1, 2, 0.5, 1, 2, KL);
      var signal = Signal.perGroup("rm_margin");
      var sample = Sample.pair(2, 0, 0.0, 0);
      double dpo = sample.value(new Dpo(0.1, KL));
      near(sample.with(signal, 0).value(objective), dpo, 1e-12);
      near(sample.with(signal, 2).value(objective), dpo, 1e-12);
      double one = sample.with(signal, 1.3).value(objective) / dpo;
      double other = sample.with(signal, -1.3).value(objective) / dpo;
      double p = 1 / (1 + Math.exp(-1.3));
      near(one * p + other * (1 - p), 1, 1e-12);
      near(
          sample.with(signal, 1.3).value(new MarginAdaptiveDpo(0.1, 1.000001, 0.999999, 1, 2, KL)),
          dpo,
          1e-6);
    }
  }

  /// At a margin of tau nothing is stretched, on the side of the label and on the other.
  @Test
  void atTheThresholdNothingIsStretched() {
    try (var _ = new Step()) {
      var objective = new MarginAdaptiveDpo(0.1, 4, 0.25, 1.7, 3, KL);
      for (double h : new double[] {3, -3}) {
        var loss =
            objective.loss(Sample.pair(2, 0, 0.0, 0).with(Signal.perGroup("rm_margin"), h).batch());
        Golden.metric("threshold", loss, "madpo/c_mean", 1, 1e-12);
        Golden.metric("threshold", loss, "madpo/weight_mean", 1, 1e-12);
        Golden.metric("threshold", loss, "madpo/disagreement", h < 0 ? 1 : 0, 0);
        Golden.metric("threshold", loss, "madpo/frac_guarded", h < 0 ? 1 : 0, 0);
      }
    }
  }
}
