package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/// The paper's equations on one pair, by hand.
class FastSlowDpoTest {
  private static final FastSlowDpo CHASE = new FastSlowDpo(0.1, 0.5);

  /// Sums of chosen and rejected answer, as one token each.
  private record Pair(Tensor leader, Tensor follower, Scored batch) {
    static Pair of(double[] leader, double[] follower, double[] reference) {
      var f = Grad.leaf(Ops.doubles(leader, 2, 1));
      var s = Grad.leaf(Ops.doubles(follower, 2, 1));
      var batch =
          new Scored(
              new int[] {2},
              Ops.doubles(new double[] {1, 1}, 2, 1),
              Map.of(Readout.LOG_LIKELIHOOD, f, Readout.RIVAL, s),
              Optional.of(Ops.doubles(reference, 2, 1)),
              Map.of(),
              Map.of());
      return new Pair(f, s, batch);
    }

    double loss(Objective objective) {
      return Ops.number(objective.loss(batch).value());
    }

    /// Gradients with respect to the two chosen sums, which are those to the margins.
    double[] slopes(Objective objective) {
      var slopes = Grad.of(objective.loss(batch).value(), List.of(leader, follower));
      return new double[] {Ops.toDoubles(slopes.getFirst())[0], Ops.toDoubles(slopes.getLast())[0]};
    }
  }

  private static double mean(Map<String, Loss.Metric> metrics, String name) {
    return java.util.Objects.requireNonNull(metrics.get(name)).mean();
  }

  private static Pair example() {
    return Pair.of(new double[] {-20, -25}, new double[] {-21, -24}, new double[] {-22, -23.5});
  }

  @Test
  void theExampleGivesThePublishedNumbers() {
    try (var _ = new Step()) {
      var pair = example();
      assertThat(pair.loss(CHASE)).isCloseTo(0.83245159 + 0.32188761, within(2e-8));
      var metrics = CHASE.loss(pair.batch()).metrics();
      assertThat(mean(metrics, "fast_slow/leader_loss")).isCloseTo(0.53338216, within(1e-8));
      assertThat(mean(metrics, "fast_slow/follower_loss")).isCloseTo(0.62095705, within(1e-8));
      assertThat(mean(metrics, "fast_slow/competition")).isCloseTo(0.59813887, within(1e-8));
      assertThat(mean(metrics, FastSlowDpo.GAP)).isCloseTo(0.53338216 - 0.62095705, within(1e-8));
      var slopes = pair.slopes(CHASE);
      assertThat(slopes[0]).isCloseTo(-0.06384654, within(1e-8));
      assertThat(slopes[1]).isCloseTo(-0.06876532, within(1e-8));
    }
  }

  @Test
  void withoutTheChaseItIsDpoOfEach() {
    try (var _ = new Step()) {
      var pair = example();
      var dpo = new Dpo(0.1, new ReverseKl());
      double leader = Sample.pair(-20, -25, -22, -23.5).value(dpo);
      double follower = Sample.pair(-21, -24, -22, -23.5).value(dpo);
      assertThat(pair.loss(new FastSlowDpo(0.1, 0))).isCloseTo(leader + follower, within(1e-12));
      assertThat(pair.slopes(new FastSlowDpo(0.1, 0))[1])
          .isCloseTo(Sample.pair(-21, -24, -22, -23.5).gradient(dpo)[0], within(1e-12));
    }
  }

  @Test
  void modelsThatAgreeStillPullApartWhateverTheReference() {
    try (var _ = new Step()) {
      for (var reference : List.of(new double[] {-3, -9}, new double[] {-60, -2})) {
        var same = new double[] {-20, -25};
        var pair = Pair.of(same, same.clone(), reference);
        assertThat(mean(CHASE.loss(pair.batch()).metrics(), "fast_slow/competition"))
            .isCloseTo(Math.log(2), within(1e-12));
        double chase = pair.slopes(CHASE)[0] - pair.slopes(new FastSlowDpo(0.1, 0))[0];
        assertThat(chase).isCloseTo(-0.5 * 0.1 / 2, within(1e-12));
      }
    }
  }
}
