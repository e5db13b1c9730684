package io.alidade.evaluation;

import io.alidade.Check;

/// Ridge regression without an intercept: `argmin_w sum_i (w . x_i - y_i)^2 + lambda |w|^2`.
///
/// @param weights `[F]`
/// @param lambda weight of the penalty, positive
/// @param fit share of variance explained where it was measured, `R^2`; NaN where labels do not
///   vary
public record Ridge(double[] weights, double lambda, double fit) {
  /// Fits one value of the penalty.
  ///
  /// @param features `[n][F]`
  /// @param labels `[n]`
  public static double[] weights(double[][] features, double[] labels, double lambda) {
    Check.positive("lambda", lambda);
    int width = features[0].length;
    var gram = new double[width][width];
    var moment = new double[width];
    gather(features, labels, gram, moment);
    return solve(gram, moment, lambda);
  }

  /// Fits on some rows and chooses the penalty that explains others best, the largest among equals.
  ///
  /// @param features `[n][F]` of the rows that are fitted
  /// @param labels `[n]`
  /// @param others `[m][F]` of the rows that penalties are compared on
  /// @param otherLabels `[m]`
  /// @param penalties to choose from, at least one, each positive
  public static Ridge chosen(
      double[][] features,
      double[] labels,
      double[][] others,
      double[] otherLabels,
      double... penalties) {
    int width = features[0].length;
    var gram = new double[width][width];
    var moment = new double[width];
    gather(features, labels, gram, moment);
    Ridge best = null;
    for (double lambda : penalties) {
      Check.positive("lambda", lambda);
      var weights = solve(gram, moment, lambda);
      var one = new Ridge(weights, lambda, fit(weights, others, otherLabels));
      if (best == null || !(one.fit < best.fit)) {
        best = one;
      }
    }
    if (best == null) {
      throw new IllegalArgumentException("no penalties to choose from");
    }
    return best;
  }

  /// The share of the variance that is explained, `1 - sum (y - w . x)^2 / sum (y - mean y)^2`: 1
  /// at best, 0 for the mean, below for worse.
  ///
  /// @param weights `[F]`
  /// @param features `[n][F]`
  /// @param labels `[n]`
  public static double fit(double[] weights, double[][] features, double[] labels) {
    double mean = java.util.Arrays.stream(labels).average().orElse(Double.NaN);
    double left = 0;
    double all = 0;
    for (int i = 0; i < labels.length; i++) {
      double error = labels[i] - dot(weights, features[i]);
      left += error * error;
      all += (labels[i] - mean) * (labels[i] - mean);
    }
    return all == 0 ? Double.NaN : 1 - left / all;
  }

  private static void gather(
      double[][] features, double[] labels, double[][] gram, double[] moment) {
    for (int i = 0; i < labels.length; i++) {
      var x = features[i];
      for (int a = 0; a < x.length; a++) {
        moment[a] += labels[i] * x[a];
        for (int b = 0; b <= a; b++) {
          gram[a][b] += x[a] * x[b];
        }
      }
    }
  }

  /// Cholesky; the lower half of the matrix is read.
  private static double[] solve(double[][] gram, double[] moment, double lambda) {
    int n = moment.length;
    var l = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = gram[i][j] + (i == j ? lambda : 0);
        for (int k = 0; k < j; k++) {
          sum -= l[i][k] * l[j][k];
        }
        l[i][j] = i == j ? Math.sqrt(sum) : sum / l[j][j];
      }
    }
    var w = moment.clone();
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < i; k++) {
        w[i] -= l[i][k] * w[k];
      }
      w[i] /= l[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int k = i + 1; k < n; k++) {
        w[i] -= l[k][i] * w[k];
      }
      w[i] /= l[i][i];
    }
    return w;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
