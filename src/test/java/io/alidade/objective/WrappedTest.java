package io.alidade.objective;

import static io.alidade.objective.Numbers.near;
import static io.alidade.objective.Numbers.table;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.constraint.ReverseKl;
import io.alidade.objective.PairDefinitions.Pairs;
import io.alidade.objective.PairDefinitions.Setting;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Objectives around objectives, token by token: length-desensitised likelihoods, weights of
/// weighted preference optimization, a uniform reference.
class WrappedTest {
  private static final ReverseKl KL = new ReverseKl();
  private static final Setting SETTING = new Setting(0.5, 0.2, 0.05, "reverse_kl", 1);

  /// Two pairs, the longer answer being the chosen one of the first and the rejected one of the
  /// second.
  private static final double[][] POLICY = {
    {-0.4, -1.2, -0.3, -2.0, -0.1}, {-0.9, -0.7}, {-1.5, -0.2, -0.8}, {-0.6, -1.1, -0.3, -0.5}
  };

  private static final double[][] REFERENCE = {
    {-0.5, -1.0, -0.6, -1.8, -0.3}, {-0.7, -0.9}, {-1.2, -0.4, -0.6}, {-0.8, -0.9, -0.4, -0.7}
  };
  private static final double[][] COLLISION = {
    {-0.9, -1.1, -0.5, -1.3, -0.2}, {-0.8, -1.0}, {-1.4, -0.5, -0.9}, {-0.7, -1.2, -0.6, -0.4}
  };

  private static Scored batch() {
    var mask = Arrays.stream(POLICY).map(r -> Arrays.stream(r).map(_ -> 1).toArray());
    return new Scored(
        new int[] {2, 2},
        table(mask.toArray(double[][]::new)),
        Map.of(
            Readout.LOG_LIKELIHOOD, Grad.leaf(table(POLICY)),
            Readout.COLLISION, table(COLLISION)),
        Optional.of(table(REFERENCE)),
        Map.of(),
        Map.of());
  }

  /// Sums in which tokens beyond the shared length count `alpha`.
  private static double[] sums(double[][] units, int first, double alpha) {
    return new double[] {sum(units, first, alpha), sum(units, first + 2, alpha)};
  }

  private static double sum(double[][] units, int row, double alpha) {
    int shared = Math.min(units[row].length, units[row ^ 1].length);
    double sum = 0;
    for (int t = 0; t < units[row].length; t++) {
      sum += (t < shared ? 1 : alpha) * units[row][t];
    }
    return sum;
  }

  private static Pairs pairs(double alpha) {
    return new Pairs(
        sums(POLICY, 0, alpha),
        sums(POLICY, 1, alpha),
        sums(REFERENCE, 0, alpha),
        sums(REFERENCE, 1, alpha),
        new double[] {5, 3},
        new double[] {2, 4});
  }

  private static final List<Map.Entry<String, Objective>> KIN =
      List.of(
          Map.entry("sigmoid", new Dpo(0.5, KL)),
          Map.entry("hinge", new Hinge(0.5, KL)),
          Map.entry("ipo", new Ipo(0.5, true, KL)), // the lengths stay those of the answers
          Map.entry("sigmoid_norm", new SigmoidNorm(0.5, KL)),
          Map.entry("robust", new RobustDpo(0.5, 0.2, KL)),
          Map.entry("exo_pair", new ExoPair(0.5, 0.2, KL)),
          Map.entry("nca_pair", new NcaPair(0.5)),
          Map.entry("bco_pair", new BcoPair(0.5)),
          Map.entry("apo_zero", new ApoZero(0.5)),
          Map.entry("apo_down", new ApoDown(0.5)),
          Map.entry("sppo_hard", new SppoHard(0.5)),
          Map.entry("discopop", new DiscoPop(0.5, 0.05, KL)));

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3, 0.5, 1})
  void tokensBeyondTheSharedLengthCountAlpha(double alpha) {
    try (var _ = new Step()) {
      for (var one : KIN) {
        Golden.close(
            one.getKey(),
            new LengthDesensitised(alpha, one.getValue()).loss(batch()).each().orElseThrow(),
            PairDefinitions.each(one.getKey(), SETTING, pairs(alpha)),
            1e-9);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {1, 0.4})
  void eachPairIsWeightedByHowLikelyThePolicyIsToDrawIt(double alpha) {
    try (var _ = new Step()) {
      for (var one : KIN) {
        var each = PairDefinitions.each(one.getKey(), SETTING, pairs(alpha));
        for (int g = 0; g < 2; g++) {
          each[g] *= weight(2 * g) * weight(2 * g + 1);
        }
        var weighted = new Weighted(new LengthDesensitised(alpha, one.getValue()));
        Golden.close(one.getKey(), weighted.loss(batch()).each().orElseThrow(), each, 1e-9);
      }
    }
  }

  /// `exp(mean_t(log pi(y_t) - log sum_v pi(v)^2))`.
  private static double weight(int row) {
    double sum = 0;
    for (int t = 0; t < POLICY[row].length; t++) {
      sum += POLICY[row][t] - COLLISION[row][t];
    }
    return Math.exp(sum / POLICY[row].length);
  }

  @ParameterizedTest
  @ValueSource(doubles = {1, 0.4})
  void aUniformReferenceLeavesLikelihoods(double alpha) {
    var p = pairs(alpha);
    var none = new double[2];
    var free =
        new Pairs(p.chosen(), p.rejected(), none, none, p.chosenTokens(), p.rejectedTokens());
    try (var _ = new Step()) {
      for (var one : KIN) {
        Golden.close(
            one.getKey(),
            new LengthDesensitised(alpha, new ReferenceFree(one.getValue()))
                .loss(batch())
                .each()
                .orElseThrow(),
            PairDefinitions.each(one.getKey(), SETTING, free),
            1e-9);
      }
    }
  }

  /// Beside the pairs of a mixture, fine-tuning on chosen answers is one mean over all their
  /// tokens.
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.2, 1})
  void theLikelihoodTermIsOneMeanOverAllChosenTokens(double weight) {
    try (var _ = new Step()) {
      var mixture =
          new Mixture(
              List.of(
                  new Mixture.Part(1, new SimPo(2, 0.5, 0)),
                  new Mixture.Part(weight, new ChosenSft())));
      double likelihood = -(sum(POLICY, 0, 1) + sum(POLICY, 2, 1)) / 8;
      double simPo = 0;
      for (int g = 0; g < 2; g++) {
        double margin =
            2
                    * (sum(POLICY, 2 * g, 1) / POLICY[2 * g].length
                        - sum(POLICY, 2 * g + 1, 1) / POLICY[2 * g + 1].length)
                - 0.5;
        simPo += Math.log1p(Math.exp(-margin)) / 2;
      }
      near(Ops.number(mixture.loss(batch()).value()), simPo + weight * likelihood, 1e-12);
    }
  }

  /// Against the reference again, every loss is what it was, and SimPO is DPO per token.
  @ParameterizedTest
  @ValueSource(doubles = {1, 0.4})
  void aReferenceThatIsLeftOutMayBeTakenIn(double alpha) {
    try (var _ = new Step()) {
      for (var one : KIN) {
        Golden.close(
            one.getKey(),
            new LengthDesensitised(alpha, new AgainstReference(new ReferenceFree(one.getValue())))
                .loss(batch())
                .each()
                .orElseThrow(),
            PairDefinitions.each(one.getKey(), SETTING, pairs(alpha)),
            1e-9);
      }
      near(
          Ops.number(new AgainstReference(new SimPo(0.5, 0, 0)).loss(batch()).value()),
          Ops.number(new SigmoidNorm(0.5, KL).loss(batch()).value()),
          1e-12);
    }
  }
}
