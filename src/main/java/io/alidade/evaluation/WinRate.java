package io.alidade.evaluation;

import io.alidade.Check;
import java.util.Arrays;

/// Win rate against a baseline, plain and with length controlled (Dubois et al. 2024,
/// arXiv:2404.04475).
///
/// The preference of each question is regressed by logistic regression on `theta + phi * tanh(d /
/// sd(d)) + psi * gamma`, with `d` the length of the model's answer minus the baseline's and
/// `gamma` the question's difficulty; the controlled win rate is the mean of the prediction with
/// the middle term left out: what the model would win, were both answers equally long. The paper
/// takes `gamma` from many models; without it the term is absent.
///
/// @param plain mean preference, in `[0, 1]`; a tie counts half
/// @param error standard error of the plain win rate
/// @param controlled with length controlled
/// @param theta log-odds of winning at equal length
/// @param phi what length adds, log-odds
/// @param count of questions
public record WinRate(
    double plain, double error, double controlled, double theta, double phi, int count) {
  /// Measures a model.
  ///
  /// @param preferences P(model beats baseline) of each question, in `[0, 1]`
  /// @param lengths of the model's answers, characters
  /// @param baseline lengths of the baseline's answers
  /// @param difficulty `gamma` of each question; empty to leave the term out
  /// @param ridge weight of the squared coefficients of length and difficulty, positive: without it
  ///   a length that decides every question has no finite coefficient
  public static WinRate of(
      double[] preferences,
      double[] lengths,
      double[] baseline,
      double[] difficulty,
      double ridge) {
    Check.positive("ridge", ridge);
    int n = preferences.length;
    boolean graded = difficulty.length > 0;
    if (n == 0
        || lengths.length != n
        || baseline.length != n
        || (graded && difficulty.length != n)) {
      throw new IllegalArgumentException(
          "%d preferences, %d and %d lengths, %d difficulties: one each is needed"
              .formatted(n, lengths.length, baseline.length, difficulty.length));
    }
    for (double preference : preferences) {
      Check.between("preference", 0, 1, preference);
    }
    double plain = Arrays.stream(preferences).average().orElse(0);
    double squares = Arrays.stream(preferences).map(p -> (p - plain) * (p - plain)).sum();
    double error = n < 2 ? Double.NaN : Math.sqrt(squares / (n - 1) / n);
    var features = new double[n][];
    var longer = longer(lengths, baseline);
    for (int i = 0; i < n; i++) {
      features[i] =
          graded ? new double[] {1, longer[i], difficulty[i]} : new double[] {1, longer[i]};
    }
    double[] w = Logistic.fit(features, preferences, ridge);
    double controlled = 0;
    for (int i = 0; i < n; i++) {
      controlled += Logistic.sigmoid(w[0] + (graded ? w[2] * difficulty[i] : 0)) / n;
    }
    return new WinRate(plain, error, controlled, w[0], w[1], n);
  }

  /// `tanh(d / sd(d))`; 0 where all lengths differ by the same.
  private static double[] longer(double[] lengths, double[] baseline) {
    var d = new double[lengths.length];
    Arrays.setAll(d, i -> lengths[i] - baseline[i]);
    double mean = Arrays.stream(d).average().orElse(0);
    double sd = Math.sqrt(Arrays.stream(d).map(x -> (x - mean) * (x - mean)).average().orElse(0));
    return Arrays.stream(d).map(x -> sd == 0 ? 0 : Math.tanh(x / sd)).toArray();
  }
}
