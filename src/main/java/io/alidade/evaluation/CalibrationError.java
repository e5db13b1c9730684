package io.alidade.evaluation;

/// Expected calibration error: how far a model's confidence is from how often it is right (Naeini
/// et al. 2015; for preferences Wang et al. 2023, "Beyond reverse KL", arXiv:2309.16240).
///
/// `sum_b n_b / n |accuracy_b - confidence_b|` over ten bins of equal width on `[0, 1]`; a
/// confidence of exactly 1 belongs to the last.
public final class CalibrationError {
  private static final int BINS = 10;

  private final double[] excess = new double[BINS]; // sum of outcomes minus sum of confidences
  private long count;

  /// Adds a statement.
  ///
  /// @param confidence in `[0, 1]`
  /// @param right whether it was
  public void add(double confidence, boolean right) {
    if (!(confidence >= 0 && confidence <= 1)) {
      throw new IllegalArgumentException("a confidence of " + confidence);
    }
    excess[Math.min(BINS - 1, (int) (BINS * confidence))] += (right ? 1 : 0) - confidence;
    count++;
  }

  /// Adds a pair as [#generation(double[], double[])] does.
  void addGeneration(double chosen, double rejected) {
    add(Math.min(1, Math.exp(chosen)), chosen > rejected);
  }

  /// Adds a pair as [#preference(double...)] does.
  void addPreference(double margin) {
    add(1 / (1 + Math.exp(-margin)), margin > 0);
  }

  /// The error of all that was added, in `[0, 1]`; NaN for nothing.
  public double value() {
    double sum = 0;
    for (double one : excess) {
      sum += Math.abs(one);
    }
    return sum / count;
  }

  /// The error of some statements.
  ///
  /// @param confidence of each, in `[0, 1]`
  /// @param right whether each was
  /// @return in `[0, 1]`; NaN for no statements
  public static double of(double[] confidence, boolean[] right) {
    if (confidence.length != right.length) {
      throw new IllegalArgumentException(
          "%d confidences but %d outcomes".formatted(confidence.length, right.length));
    }
    var error = new CalibrationError();
    for (int i = 0; i < confidence.length; i++) {
      error.add(confidence[i], right[i]);
    }
    return error.value();
  }

  /// Calibration of generation over pairs: the confidence is the likelihood per token of the chosen
  /// answer, and a pair is right if its chosen answer is the likelier one per token.
  ///
  /// @param chosen mean log-likelihood per token of each chosen answer, nats
  /// @param rejected the same of each rejected one
  public static double generation(double[] chosen, double[] rejected) {
    var error = new CalibrationError();
    for (int i = 0; i < chosen.length; i++) {
      error.addGeneration(chosen[i], rejected[i]);
    }
    return error.value();
  }

  /// Calibration of preferences over pairs: the confidence that a pair is labelled rightly is
  /// `sigmoid(margin)`, and it is right if the margin is positive.
  ///
  /// @param margin reward of the chosen answer minus that of the rejected one
  public static double preference(double... margin) {
    var error = new CalibrationError();
    for (double one : margin) {
      error.addPreference(one);
    }
    return error.value();
  }
}
