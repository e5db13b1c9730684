package io.alidade.evaluation;

import io.alidade.Check;
import java.util.Arrays;

/// Chance that at least one of k drawn programs is right, without bias from n draws (Chen et al.
/// 2021, arXiv:2107.03374).
///
/// `1 - C(n - c, k) / C(n, k)` with c right ones among n, computed as `1 - prod_{i = n - c + 1}^{n}
/// (1 - k / i)`.
public final class PassAtK {
  private PassAtK() {}

  /// The estimate for one problem.
  ///
  /// @param drawn n, at least k
  /// @param right c, from 0 to n
  /// @param k at least 1
  public static double of(int drawn, int right, int k) {
    Check.atLeast("k", 1, k);
    Check.atLeast("drawn", k, drawn);
    Check.between("right", 0, drawn, right);
    if (drawn - right < k) {
      return 1;
    }
    double none = 1;
    for (int i = drawn - right + 1; i <= drawn; i++) {
      none *= 1 - (double) k / i;
    }
    return 1 - none;
  }

  /// The mean over problems; NaN over none.
  ///
  /// @param drawn n, answers to each problem
  /// @param right c of each problem
  /// @param k tries, from 1 to `drawn`
  public static double mean(int drawn, int[] right, int k) {
    return Arrays.stream(right).mapToDouble(c -> of(drawn, c, k)).average().orElse(Double.NaN);
  }
}
