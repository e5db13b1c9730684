package io.alidade.objective;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/// The losses of pairs that TRL names, as scalar arithmetic from their definitions, with no line in
/// common with the objectives.
final class PairDefinitions {
  private PairDefinitions() {}

  /// Pairs as sums of log-likelihoods and numbers of tokens.
  record Pairs(
      double[] chosen,
      double[] rejected,
      double[] refChosen,
      double[] refRejected,
      double[] chosenTokens,
      double[] rejectedTokens) {
    /// The same with one of the policy's sums moved.
    Pairs moved(boolean ofChosen, int i, double by) {
      var sums = (ofChosen ? chosen : rejected).clone();
      sums[i] += by;
      return ofChosen
          ? new Pairs(sums, rejected, refChosen, refRejected, chosenTokens, rejectedTokens)
          : new Pairs(chosen, sums, refChosen, refRejected, chosenTokens, rejectedTokens);
    }
  }

  /// TRL's settings.
  ///
  /// @param alpha of the paper, one minus TRL's coefficient
  record Setting(double beta, double smoothing, double tau, String divergence, double alpha) {
    /// `f'(exp(u))`, 0 at 0.
    double score(double u) {
      return switch (divergence) {
        case "reverse_kl" -> u;
        case "forward_kl" -> 1 - 1 / Math.exp(u);
        case "js_divergence" -> Math.log(2 * Math.exp(u) / (Math.exp(u) + 1));
        case "alpha_divergence" -> (Math.pow(Math.exp(u), -alpha) - 1) / -alpha;
        default -> throw new AssertionError(divergence);
      };
    }
  }

  static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /// `-log sigmoid(x)`.
  static double softplus(double minusX) {
    return minusX > 0 ? minusX + Math.log1p(Math.exp(-minusX)) : Math.log1p(Math.exp(minusX));
  }

  private static double smoothed(double z, double e) {
    return (1 - e) * softplus(-z) + e * softplus(z);
  }

  /// The loss of each pair.
  static double[] each(String type, Setting s, Pairs p) {
    int n = p.chosen.length;
    double beta = s.beta;
    if (type.startsWith("aot")) {
      var low = new double[n];
      var high = new double[n];
      for (int i = 0; i < n; i++) {
        boolean paired = type.equals("aot");
        high[i] = p.chosen[i] - (paired ? p.rejected[i] : p.refChosen[i]);
        low[i] = paired ? p.refChosen[i] - p.refRejected[i] : p.rejected[i] - p.refRejected[i];
      }
      Arrays.sort(low);
      Arrays.sort(high);
      var each = new double[n];
      Arrays.setAll(each, i -> smoothed(beta * (high[i] - low[i]), s.smoothing));
      return each;
    }
    var each = new double[n];
    for (int i = 0; i < n; i++) {
      double w = p.chosen[i] - p.refChosen[i];
      double l = p.rejected[i] - p.refRejected[i];
      double z = beta * (s.score(w) - s.score(l));
      double perToken = s.score(w) / p.chosenTokens[i] - s.score(l) / p.rejectedTokens[i];
      double e = s.smoothing;
      each[i] =
          switch (type) {
            case "sigmoid" -> softplus(-z);
            case "hinge" -> Math.max(0, 1 - z);
            case "ipo" -> Math.pow(perToken - 1 / (2 * beta), 2);
            case "sigmoid_norm" -> softplus(-beta * perToken);
            case "exo_pair" -> exo(z, e == 0 ? 0.001 : e);
            case "robust" -> ((1 - e) * softplus(-z) - e * softplus(z)) / (1 - 2 * e);
            case "discopop" -> disco(z, s.tau);
            case "nca_pair" ->
                softplus(-beta * w) + 0.5 * softplus(beta * w) + 0.5 * softplus(beta * l);
            case "bco_pair" -> softplus(-beta * w) + softplus(beta * l);
            case "apo_zero" -> 1 - sigmoid(beta * w) + sigmoid(beta * l);
            case "apo_down" -> sigmoid(beta * w) + 1 - sigmoid(beta * (w - l));
            case "sppo_hard" -> square(w - 0.5 / beta) + square(l + 0.5 / beta);
            default -> throw new AssertionError(type);
          };
    }
    return each;
  }

  private static double square(double x) {
    return x * x;
  }

  private static double exo(double z, double e) {
    DoubleUnaryOperator log = x -> -softplus(-x); // log sigmoid
    return sigmoid(z) * (log.applyAsDouble(z) - Math.log(1 - e))
        + sigmoid(-z) * (log.applyAsDouble(-z) - Math.log(e));
  }

  private static double disco(double z, double tau) {
    double share = sigmoid(z / tau);
    return (1 - share) * softplus(-z) + share * Math.exp(-z);
  }
}
