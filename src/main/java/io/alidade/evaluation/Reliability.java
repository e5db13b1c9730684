package io.alidade.evaluation;

import io.alidade.Check;
import java.util.ArrayList;
import java.util.List;

/// How well stated chances fit what happens (Guo et al. 2017, arXiv:1706.04599): predictions are
/// put into bins of equal width, and each bin's mean chance is compared with the share that came
/// true.
///
/// @param bins from low chances to high ones, empty ones left out
/// @param count of predictions
public record Reliability(List<Bin> bins, int count) {
  /// A bin.
  ///
  /// @param stated mean of the chances in it
  /// @param happened share of them that came true
  /// @param count how many are in it
  public record Bin(double stated, double happened, int count) {}

  /// Puts predictions into bins.
  ///
  /// @param chances in `[0, 1]`
  /// @param happened whether each came true
  /// @param bins how many, at least 1; a chance of 1 is in the last
  public static Reliability of(double[] chances, boolean[] happened, int bins) {
    Check.atLeast("bins", 1, bins);
    if (chances.length != happened.length) {
      throw new IllegalArgumentException(
          "%d chances but %d outcomes".formatted(chances.length, happened.length));
    }
    var stated = new double[bins];
    var came = new int[bins];
    var counts = new int[bins];
    for (int i = 0; i < chances.length; i++) {
      Check.between("chance", 0, 1, chances[i]);
      int bin = Math.min(bins - 1, (int) (chances[i] * bins));
      stated[bin] += chances[i];
      came[bin] += happened[i] ? 1 : 0;
      counts[bin]++;
    }
    var filled = new ArrayList<Bin>();
    for (int b = 0; b < bins; b++) {
      if (counts[b] > 0) {
        filled.add(new Bin(stated[b] / counts[b], (double) came[b] / counts[b], counts[b]));
      }
    }
    return new Reliability(List.copyOf(filled), chances.length);
  }

  /// Expected calibration error: mean distance of the two, weighted by the counts, in `[0, 1]`; NaN
  /// without predictions.
  public double expectedError() {
    return count == 0
        ? Double.NaN
        : bins.stream().mapToDouble(b -> b.count * Math.abs(b.stated - b.happened)).sum() / count;
  }

  /// The largest distance of any bin; NaN without predictions.
  public double largestError() {
    return bins.stream().mapToDouble(b -> Math.abs(b.stated - b.happened)).max().orElse(Double.NaN);
  }
}
