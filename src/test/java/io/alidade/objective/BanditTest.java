package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/// Reward hacking on three arms: a tabular policy learns from 21 comparisons, one of which is a
/// fluke. Full-batch gradient descent, rate 1, 1000 steps.
class BanditTest {
  private static final Signal LABEL = Signal.perGroup("dynamic_label");

  /// A poor arm that happened to win once is promoted (type I), or a good arm that happened to lose
  /// once is given up (type II).
  private record Bandit(double[] start, double[] rewards, int[] arms) {
    static final Bandit TYPE_I =
        new Bandit(new double[] {0.5, 0.3, 0.2}, new double[] {1, 0.3, 0}, pairs(0, 1, 1, 0, 2, 0));
    static final Bandit TYPE_II =
        new Bandit(new double[] {0.7, 0.2, 0.1}, new double[] {1, 0.5, 0}, pairs(1, 2, 2, 1, 1, 0));

    /// 17 of the first pair, 3 of the second, 1 of the third; chosen and rejected side by side.
    private static int[] pairs(int... three) {
      var all = new int[42];
      for (int i = 0; i < 21; i++) {
        int from = i < 17 ? 0 : i < 20 ? 2 : 4;
        all[2 * i] = three[from];
        all[2 * i + 1] = three[from + 1];
      }
      return all;
    }

    double expectedReward(Objective objective) {
      var logits = Arrays.stream(start).map(Math::log).toArray();
      var labels = new double[21];
      Arrays.fill(labels, 1);
      for (int step = 0; step < 1000; step++) {
        try (var _ = new Step()) {
          var leaf = Grad.leaf(Ops.doubles(logits, 3));
          var loss = objective.loss(batch(objective, leaf.log_softmax(0), labels));
          var slope = Ops.toDoubles(Grad.of(loss.value(), List.of(leaf)).getFirst());
          for (int arm = 0; arm < 3; arm++) {
            logits[arm] -= slope[arm];
          }
          labels = loss.labels().getOrDefault(LABEL, labels);
        }
      }
      double normalizer = Arrays.stream(logits).map(Math::exp).sum();
      double value = 0;
      for (int arm = 0; arm < 3; arm++) {
        value += Math.exp(logits[arm]) / normalizer * rewards[arm];
      }
      return value;
    }

    private Scored batch(Objective objective, Tensor likelihoods, double[] labels) {
      var reference = Ops.doubles(Arrays.stream(start).map(Math::log).toArray(), 3);
      return new Scored(
          Sample.sizes(21, 2),
          Ops.doubles(ones(), 42, 1),
          Map.of(
              Readout.LOG_LIKELIHOOD, likelihoods.index_select(0, Ops.indices(arms)).unsqueeze(1)),
          objective.needs().reference()
              ? Optional.of(reference.index_select(0, Ops.indices(arms)).unsqueeze(1))
              : Optional.empty(),
          objective.needs().signals().contains(LABEL)
              ? Map.of(LABEL, Ops.doubles(labels, 21))
              : Map.of(),
          Map.of());
    }

    private static double[] ones() {
      var ones = new double[42];
      Arrays.fill(ones, 1);
      return ones;
    }
  }

  private static PowerDl power(double eta, double gamma) {
    return new PowerDl(1, eta, gamma, PowerDl.Weight.ONE, PowerDl.Refresh.AFTER);
  }

  @Test
  void robustRewardsAndDynamicLabels() {
    double[] first = values(Bandit.TYPE_I, 0.05);
    double[] second = values(Bandit.TYPE_II, 0.1);
    assertThat(first)
        .containsExactly(new double[] {0.037, 0.777, 0.581, 0.677, 0.850}, within(6e-4));
    assertThat(second)
        .containsExactly(new double[] {0.483, 0.427, 0.736, 0.649, 0.441}, within(6e-4));
    // Pessimism repairs the first kind and not the second; labels repair the second.
    assertThat(first[1]).isGreaterThan(0.590);
    assertThat(second[1]).isLessThan(second[0]);
    assertThat(second[2]).isGreaterThan(second[0] + 0.15);
    // Both together, with little pessimism, beat DPO on both.
    assertThat(first[3]).isGreaterThan(first[0] + 0.15);
    assertThat(second[3]).isGreaterThan(second[0] + 0.15);
  }

  /// DPO, pessimism alone, labels alone, both with little pessimism, both with more of it, which
  /// gives up the good arm again.
  private static double[] values(Bandit world, double gamma) {
    return new double[] {
      world.expectedReward(new Dpo(1, new ReverseKl())),
      world.expectedReward(power(0.5, 0)),
      world.expectedReward(power(0, gamma)),
      world.expectedReward(power(0.001, 0.1)),
      world.expectedReward(power(0.05, 0.05))
    };
  }
}
