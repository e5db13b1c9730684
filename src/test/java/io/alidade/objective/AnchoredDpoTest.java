package io.alidade.objective;

import static io.alidade.objective.Numbers.near;

import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Step;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Anchored DPO against numbers worked out by hand and what it becomes.
class AnchoredDpoTest {
  private static final double SIX = 1e-6;
  private static final ReverseKl KL = new ReverseKl();

  @Test
  void anchoredByHand() {
    try (var _ = new Step()) {
      var preference = Signal.perGroup("p_pref");
      var pair = new AnchoredDpo(10, new PairTarget(), 0, false);
      var sample = Sample.pair(-12, -15, -13, -14, 6, 8);
      near(sample.with(preference, 1).value(pair), 0.598139, SIX);
      near(sample.with(preference, 0.8).value(pair), 0.638139, SIX);
      near(sample.with(preference, 0.8).value(pair), sample.value(new Cdpo(0.1, 0.2, KL)), 1e-12);
      near(sample.with(preference, 1).value(pair), sample.value(new Dpo(0.1, KL)), 1e-12);
      near(
          sample.with(preference, 1).value(new AnchoredDpo(10, new PairTarget(), 0.4, false)),
          sample.value(new Cdpo(0.1, 0.2, KL)),
          1e-12);
      near(
          sample.with(preference, 1).value(new AnchoredDpo(10, new PairTarget(), 0, true)),
          sample.value(new SigmoidNorm(0.1, KL)),
          1e-12);

      var list =
          Sample.of(
                  new int[] {4},
                  new double[] {-10, -12, -11, -15},
                  Optional.of(new double[] {-11, -11.5, -11, -14}),
                  new double[] {1, 1, 1, 1},
                  Map.of(),
                  Map.of())
              .with(Signal.perCandidate("score"), 1, 0, 0, 1);
      var target = new ScoreTarget(0.5, true);
      Golden.close(
          "q",
          target.probabilities(list.batch()).view(-1),
          new double[] {0.484824, 0.015176, 0.015176, 0.484824},
          1e-4);
      near(list.value(new AnchoredDpo(1, target, 0, false)), 1.553594, SIX);
      near(list.value(new AnchoredDpo(0.8, target, 0, false)), 1.679474, SIX);
      // A teacher's probabilities; at the anchor every list of four costs ln 4.
      var same =
          Sample.of(
                  new int[] {4},
                  new double[] {-1, -2, -3, -4},
                  Optional.of(new double[] {4, 3, 2, 1}),
                  new double[] {1, 1, 1, 1},
                  Map.of(),
                  Map.of())
              .with(Signal.perCandidate("target"), 0.1, 0.2, 0.3, 0.4);
      var given = new AnchoredDpo(2, new GivenTarget(), 0, false);
      near(same.value(given), Math.log(4), 1e-12);
      var slope = same.gradient(given);
      for (int i = 0; i < 4; i++) {
        near(slope[i], (0.25 - (i + 1) / 10.0) / 2, 1e-12);
      }
      // Equal scores pull to the anchor.
      var flat = same.with(Signal.perCandidate("score"), 3, 3, 3, 3);
      for (double s : flat.gradient(new AnchoredDpo(1, target, 0, false))) {
        near(s, 0, 1e-12);
      }
    }
  }
}
