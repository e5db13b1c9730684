package io.alidade.evaluation;

/// Logistic regression of chances on a few features, by Newton's method.
final class Logistic {
  private static final double INTERCEPT_RIDGE = 1e-6; // keeps it finite where all is won or lost

  private Logistic() {}

  /// Coefficients that minimise `sum_i H(p_i, sigmoid(w . x_i)) + ridge / 2 * |w'|^2`, with `H` the
  /// cross-entropy and `w'` all but the first coefficient, which is the intercept.
  static double[] fit(double[][] features, double[] chances, double ridge) {
    var even = new double[chances.length];
    java.util.Arrays.fill(even, 1);
    var ridges = new double[features[0].length];
    java.util.Arrays.fill(ridges, ridge);
    ridges[0] = INTERCEPT_RIDGE;
    return fit(features, chances, even, ridges);
  }

  /// The same with a weight for each row and a ridge for each coefficient.
  static double[] fit(double[][] features, double[] chances, double[] weights, double[] ridges) {
    int size = features[0].length;
    var w = new double[size];
    double value = value(features, chances, weights, ridges, w);
    for (int iteration = 0; iteration < 200; iteration++) {
      var gradient = new double[size];
      var hessian = new double[size][size];
      for (int i = 0; i < chances.length; i++) {
        double p = sigmoid(dot(w, features[i]));
        for (int a = 0; a < size; a++) {
          gradient[a] += weights[i] * (p - chances[i]) * features[i][a];
          for (int b = 0; b < size; b++) {
            hessian[a][b] += weights[i] * p * (1 - p) * features[i][a] * features[i][b];
          }
        }
      }
      for (int a = 0; a < size; a++) {
        gradient[a] += ridges[a] * w[a];
        hessian[a][a] += ridges[a];
      }
      var step = solve(hessian, gradient);
      double share = 1;
      double[] next;
      double lower;
      do { // halved until it is no step back
        next = minus(w, step, share);
        lower = value(features, chances, weights, ridges, next);
        share /= 2;
      } while (!(lower <= value) && share > 1e-12);
      double moved = 0;
      for (int a = 0; a < size; a++) {
        moved = Math.max(moved, Math.abs(next[a] - w[a]));
      }
      w = next;
      value = lower;
      if (moved < 1e-12) {
        break;
      }
    }
    return w;
  }

  private static double value(
      double[][] features, double[] chances, double[] weights, double[] ridges, double[] w) {
    double sum = 0;
    for (int i = 0; i < chances.length; i++) {
      double z = dot(w, features[i]);
      // -p log sigmoid(z) - (1 - p) log sigmoid(-z)
      sum += weights[i] * (Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - chances[i] * z);
    }
    for (int a = 0; a < w.length; a++) {
      sum += ridges[a] / 2 * w[a] * w[a];
    }
    return sum;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double[] minus(double[] w, double[] step, double share) {
    var next = w.clone();
    for (int a = 0; a < next.length; a++) {
      next[a] -= share * step[a];
    }
    return next;
  }

  /// Gauss and Jordan with pivots; the matrix is positive definite.
  private static double[] solve(double[][] matrix, double[] right) {
    int n = right.length;
    var m = new double[n][n + 1];
    for (int i = 0; i < n; i++) {
      System.arraycopy(matrix[i], 0, m[i], 0, n);
      m[i][n] = right[i];
    }
    for (int c = 0; c < n; c++) {
      int pivot = c;
      for (int r = c + 1; r < n; r++) {
        pivot = Math.abs(m[r][c]) > Math.abs(m[pivot][c]) ? r : pivot;
      }
      var swap = m[c];
      m[c] = m[pivot];
      m[pivot] = swap;
      for (int r = 0; r < n; r++) {
        if (r != c) {
          double factor = m[r][c] / m[c][c];
          for (int k = c; k <= n; k++) {
            m[r][k] -= factor * m[c][k];
          }
        }
      }
    }
    var x = new double[n];
    for (int i = 0; i < n; i++) {
      x[i] = m[i][n] / m[i][i];
    }
    return x;
  }

  static double sigmoid(double z) {
    return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
  }
}
