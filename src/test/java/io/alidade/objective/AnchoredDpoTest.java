package io.alidade.objective;

import static io.alidade.objective.Numbers.near;

import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
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

  private static Sample list(double[] policy, double[] reference) {
    var ones = new double[policy.length];
    Arrays.fill(ones, 1);
    return Sample.of(
        new int[] {policy.length}, policy, Optional.of(reference), ones, Map.of(), Map.of());
  }

  @Test
  void anAnchorThatIsShiftedAsAWholeIsTheSame() {
    try (var _ = new Step()) {
      var score = Signal.perCandidate("score");
      var objective = new AnchoredDpo(0.8, new ScoreTarget(0.5, true), 0.1, false);
      var here = list(new double[] {-10, -12, -11}, new double[] {-11, -11.5, -10});
      var there = list(new double[] {-10, -12, -11}, new double[] {-4, -4.5, -3});
      near(
          there.with(score, 1, 0.2, 0).value(objective),
          here.with(score, 1, 0.2, 0).value(objective),
          1e-12);
    }
  }

  /// Of two scores that are not standardised, the target is `sigmoid((R_1 - R_2) / beta_r)`.
  @Test
  void twoScoresAreASoftLabel() {
    try (var _ = new Step()) {
      var sample = Sample.pair(-12, -15, -13, -14, 6, 8);
      double p = 1 / (1 + Math.exp(-(0.9 - 0.2) / 0.5));
      near(
          sample
              .with(Signal.perCandidate("score"), 0.9, 0.2)
              .value(new AnchoredDpo(10, new ScoreTarget(0.5, false), 0, false)),
          sample
              .with(Signal.perGroup("p_pref"), p)
              .value(new AnchoredDpo(10, new PairTarget(), 0, false)),
          1e-12);
    }
  }

  /// With a uniform anchor: one right answer and `tau = 1` is fine-tuning within the list, a
  /// teacher's probabilities at temperature T with `tau = T` are distillation.
  @Test
  void withoutAnAnchorItIsFineTuningOrDistillation() {
    try (var _ = new Step()) {
      double[] l = {-1.3, -0.4, -2.2};
      var target = Signal.perCandidate("target");
      double[] teacher = {0.7, 1.5, -0.3}; // logits
      double t = 2;
      var q = new double[3];
      double sum = 0;
      for (int i = 0; i < 3; i++) {
        q[i] = Math.exp(teacher[i] / t);
        sum += q[i];
      }
      double normal = Math.log(Arrays.stream(l).map(Math::exp).sum());
      double warm = Math.log(Arrays.stream(l).map(x -> Math.exp(x / t)).sum());
      double distilled = 0;
      for (int i = 0; i < 3; i++) {
        q[i] /= sum;
        distilled -= q[i] * (l[i] / t - warm);
      }
      var sample = list(l, new double[3]);
      near(sample.with(target, 0, 1, 0).value(free(1)), -(l[1] - normal), 1e-12);
      near(sample.with(target, q).value(free(t)), distilled, 1e-12);
    }
  }

  private static Objective free(double tau) {
    return new ReferenceFree(new AnchoredDpo(tau, new GivenTarget(), 0, false));
  }

  /// Near the optimum the loss rises by `d (diag(q) - q q') d / (2 tau^2)` with `d` the deviation
  /// of the log-likelihoods.
  @Test
  void theTrustRegionIsTheFisherMetricOverTauSquared() {
    try (var _ = new Step()) {
      double tau = 0.7;
      double[] q = {0.2, 0.5, 0.3};
      double[] d = {1e-3, -2e-3, 0.5e-3};
      var best = new double[3];
      var moved = new double[3];
      Arrays.setAll(best, i -> tau * Math.log(q[i]));
      Arrays.setAll(moved, i -> best[i] + d[i]);
      var objective = new AnchoredDpo(tau, new GivenTarget(), 0, false);
      var target = Signal.perCandidate("target");
      double mean = 0;
      double square = 0;
      for (int i = 0; i < 3; i++) {
        mean += q[i] * d[i];
        square += q[i] * d[i] * d[i];
      }
      double rise =
          list(moved, new double[3]).with(target, q).value(objective)
              - list(best, new double[3]).with(target, q).value(objective);
      near(rise / ((square - mean * mean) / (2 * tau * tau)), 1, 1e-2);
      for (double slope : list(best, new double[3]).with(target, q).gradient(objective)) {
        near(slope, 0, 1e-12);
      }
    }
  }

  /// Three prompts with mean scores 0, 0.4 and 1; every token has a quarter of the greatest entropy
  /// of eight tokens: `H = 0.25`, `R = 0.4` for the second, and so `tau = 1.26`.
  @Test
  void theTemperatureFollowsEntropyAndSuccess() {
    try (var _ = new Step()) {
      double token = -0.25 * Math.log(8);
      double[] lengths = {2, 3, 1, 4, 2, 2};
      var policy = Arrays.stream(lengths).map(n -> n * token).toArray();
      double[] reference = {-1, -2, -1.5, -0.5, -1, -1.2};
      var score = Signal.perCandidate("score");
      var batch =
          Sample.of(
                  new int[] {2, 2, 2}, policy, Optional.of(reference), lengths, Map.of(), Map.of())
              .with(score, -1, 1, 0.3, 0.5, 0.8, 1.2);
      var second =
          Sample.of(
                  new int[] {2},
                  Arrays.copyOfRange(policy, 2, 4),
                  Optional.of(Arrays.copyOfRange(reference, 2, 4)),
                  Arrays.copyOfRange(lengths, 2, 4),
                  Map.of(),
                  Map.of())
              .with(score, 0.3, 0.5);
      var target = new ScoreTarget(0.5, false);
      var adaptive = adaptive(0.1, 5);
      var loss = adaptive.loss(batch.batch());
      var each = Ops.toDoubles(loss.each().orElseThrow());
      near(each[1], second.value(new AnchoredDpo(1.26, target, 0, false)), 1e-12);
      // 0.8 (1 + 0.125 + 0.75 (1 - R)) at R = 0, 0.4, 1
      Golden.metric("tau", loss, "adpo/tau", (1.5 + 1.26 + 0.9) / 3, 1e-12);
      // No gradient through the temperature: it is that of AnchoredDpo, over three prompts.
      var slope = batch.gradient(adaptive);
      var alone = second.gradient(new AnchoredDpo(1.26, target, 0, false));
      near(slope[2], alone[0] / 3, 1e-12);
      near(slope[3], alone[1] / 3, 1e-12);
      // Cut to its range.
      Golden.metric(
          "cut", adaptive(1, 1.3).loss(batch.batch()), "adpo/tau", (1.3 + 1.26 + 1) / 3, 1e-12);
      // A prompt alone: R is a half.
      Golden.metric("alone", adaptive.loss(second.batch()), "adpo/tau", 0.8 * 1.5, 1e-12);
    }
  }

  private static AdaptiveAnchoredDpo adaptive(double least, double most) {
    return new AdaptiveAnchoredDpo(
        0.8, 0.5, 1, least, most, 8, new ScoreTarget(0.5, false), 0, false);
  }
}
