package io.alidade.evaluation;

/// How far a policy is from its reference, `KL(policy || reference)`, estimated from answers that
/// the policy drew.
///
/// Three estimators of the same number (Schulman 2020, "Approximating KL divergence"), with `l =
/// log policy - log reference` of each drawn token: `k1 = l` is without bias and noisy, `k3 =
/// exp(-l) - 1 + l` is never negative and less noisy, and over whole answers the sum of `l` is the
/// divergence of the two distributions over answers.
///
/// @param perSequence mean over answers of the sum of `l`, nats
/// @param error standard error of it
/// @param perToken mean of `l` over all tokens, nats
/// @param k3PerToken mean of `k3` over all tokens, nats
/// @param sequences number of answers
/// @param tokens number of tokens
public record Divergence(
    double perSequence,
    double error,
    double perToken,
    double k3PerToken,
    int sequences,
    long tokens) {
  /// Estimates it.
  ///
  /// @param policy log-likelihood of each token of each answer, nats
  /// @param reference the same under the reference
  public static Divergence of(double[][] policy, double[][] reference) {
    if (policy.length != reference.length) {
      throw new IllegalArgumentException(
          "%d answers but %d of the reference".formatted(policy.length, reference.length));
    }
    double sum = 0;
    double squares = 0;
    double k3 = 0;
    long tokens = 0;
    for (int i = 0; i < policy.length; i++) {
      if (policy[i].length != reference[i].length) {
        throw new IllegalArgumentException("answer %d has two lengths".formatted(i));
      }
      double ratio = 0;
      for (int t = 0; t < policy[i].length; t++) {
        double l = policy[i][t] - reference[i][t];
        ratio += l;
        k3 += Math.expm1(-l) + l;
        tokens++;
      }
      sum += ratio;
      squares += ratio * ratio;
    }
    int n = policy.length;
    double mean = n == 0 ? Double.NaN : sum / n;
    double variance = n < 2 ? Double.NaN : Math.max(0, (squares - n * mean * mean) / (n - 1));
    return new Divergence(
        mean,
        Math.sqrt(variance / n),
        tokens == 0 ? Double.NaN : sum / tokens,
        tokens == 0 ? Double.NaN : k3 / tokens,
        n,
        tokens);
  }
}
