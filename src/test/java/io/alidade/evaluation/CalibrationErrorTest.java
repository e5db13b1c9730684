package io.alidade.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class CalibrationErrorTest {
  @Test
  void fourStatementsInFourBins() {
    // (0.15 + 0.75 + 0.15 + 0.05) / 4
    var confidence = new double[] {0.15, 0.25, 0.85, 0.95};
    var right = new boolean[] {false, true, true, true};
    assertThat(CalibrationError.of(confidence, right)).isCloseTo(0.275, within(1e-12));
  }

  @Test
  void errorsWithinABinCancel() {
    var confidence = new double[] {0.5, 0.5};
    assertThat(CalibrationError.of(confidence, new boolean[] {true, false})).isZero();
  }

  @Test
  void certaintyBelongsToTheLastBin() {
    assertThat(CalibrationError.of(new double[] {1}, new boolean[] {true})).isZero();
    assertThat(CalibrationError.of(new double[] {1}, new boolean[] {false})).isEqualTo(1);
  }

  @Test
  void likelihoodPerTokenIsTheConfidenceOfGeneration() {
    var chosen = new double[] {Math.log(0.25), Math.log(0.85)};
    var rejected = new double[] {Math.log(0.2), Math.log(0.9)};
    assertThat(CalibrationError.generation(chosen, rejected))
        .isCloseTo((0.75 + 0.85) / 2, within(1e-12));
  }

  @Test
  void marginsOfRewardsAreTheConfidenceOfPreferences() {
    double three = Math.log(3); // sigmoid is 3/4
    assertThat(CalibrationError.preference(three, three, three, -three))
        .isCloseTo((3 * 0.25 + 0.25) / 4, within(1e-12)); // bins of 0.75 and 0.25
  }

  @Test
  void aConfidenceOutsideItsRangeIsRefused() {
    assertThatThrownBy(() -> CalibrationError.of(new double[] {1.1}, new boolean[] {true}))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
