package io.alidade.judge;

import io.alidade.Check;
import java.util.Arrays;

/// The skew-symmetric form of general preference models (Zhang et al. 2024, arXiv:2410.02197).
///
/// `s(i beats j) = <R v_i, v_j> = sum_l lambda_l (v_i[2l] v_j[2l+1] - v_i[2l+1] v_j[2l])`, places
/// counted from 0. It is `-s(j beats i)`, and 0 of a vector and itself. With one block and vectors
/// `(r, c)` it is `c (r_i - r_j)`: Bradley and Terry's.
public final class PreferenceSpace {
  private PreferenceSpace() {}

  /// The score of one vector over another.
  ///
  /// @param one an even number of places
  /// @param other as many
  /// @param gates `lambda` of each block; half as many as there are places, or none for 1 each
  public static double score(double[] one, double[] other, double... gates) {
    if (one.length != other.length || one.length % 2 != 0 || one.length == 0) {
      throw new IllegalArgumentException(
          "preference vectors have an even number of places, these have %d and %d"
              .formatted(one.length, other.length));
    }
    if (gates.length != 0 && 2 * gates.length != one.length) {
      throw new IllegalArgumentException(
          "%d gates for %d blocks".formatted(gates.length, one.length / 2));
    }
    double score = 0;
    for (int l = 0; l < one.length / 2; l++) {
      double area = one[2 * l] * other[2 * l + 1] - one[2 * l + 1] * other[2 * l];
      score += gates.length == 0 ? area : gates[l] * area;
    }
    return score;
  }

  /// All scores of K vectors: K vectors are enough for all K² pairs.
  ///
  /// @param tau what scores are divided by to become log-odds, positive
  public static double[][] scores(double[][] vectors, double tau, double... gates) {
    Check.positive("tau", tau);
    var table = new double[vectors.length][vectors.length];
    for (int i = 0; i < table.length; i++) {
      for (int j = 0; j < i; j++) {
        table[i][j] = score(vectors[i], vectors[j], gates) / tau;
        table[j][i] = -table[i][j];
      }
    }
    return table;
  }

  /// `softmax` of what a head says at the end of the prompt, one a block: the gates.
  public static double[] gates(double... logits) {
    double most = Arrays.stream(logits).max().orElse(0);
    double sum = Arrays.stream(logits).map(logit -> Math.exp(logit - most)).sum();
    return Arrays.stream(logits).map(logit -> Math.exp(logit - most) / sum).toArray();
  }

  /// `R v`: each block turned by a right angle, so that lengths stay.
  static double[] turned(double[] vector) {
    var turned = new double[vector.length];
    for (int l = 0; l + 1 < vector.length; l += 2) {
      turned[l] = -vector[l + 1];
      turned[l + 1] = vector[l];
    }
    return turned;
  }

  /// A vector of length 1 in the same direction; a zero vector stays.
  public static double[] unit(double[] vector) {
    double squares = 0;
    for (double x : vector) {
      squares += x * x;
    }
    var unit = vector.clone();
    double length = Math.sqrt(squares);
    for (int i = 0; length > 0 && i < unit.length; i++) {
      unit[i] /= length;
    }
    return unit;
  }
}
