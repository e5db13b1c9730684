package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Step;
import org.junit.jupiter.api.Test;

/// The paper's loss by hand.
class MctsDpoTest {
  private static final MctsDpo LOSS = new MctsDpo(0.1, 0);

  private static Sample pair(double chosen, double rejected, double epsilon) {
    return Sample.pair(chosen, rejected, 0, 0).with(MctsDpo.EPSILON, epsilon);
  }

  @Test
  void theExampleGivesThePublishedNumbers() {
    try (var _ = new Step()) {
      assertThat(pair(2.5, -1.5, 0.3).value(LOSS)).isCloseTo(0.63301525, within(1e-8));
      assertThat(pair(2.5, -1.5, 0.5).value(LOSS)).isCloseTo(0.71301525, within(1e-8));
    }
  }

  @Test
  void withoutDoubtItIsDpo() {
    try (var _ = new Step()) {
      var dpo = new Dpo(0.1, new ReverseKl());
      assertThat(pair(2.5, -1.5, 0).value(LOSS))
          .isCloseTo(Sample.pair(2.5, -1.5, 0, 0).value(dpo), within(1e-12));
    }
  }

  @Test
  void halfADoubtIsEvenAndDoesNotPullAtTheReference() {
    try (var _ = new Step()) {
      assertThat(pair(2.5, -1.5, 0.5).value(LOSS))
          .isCloseTo(pair(-1.5, 2.5, 0.5).value(LOSS), within(1e-12));
      assertThat(pair(0, 0, 0.5).gradient(LOSS)).containsOnly(0);
    }
  }

  @Test
  void thePullEndsWhereTheModelIsAsSureAsTheVisits() {
    try (var _ = new Step()) {
      double h = Math.log(0.7 / 0.3); // sigmoid(h) = 1 - epsilon
      assertThat(pair(h / 0.1, 0, 0.3).gradient(LOSS)[0]).isCloseTo(0, within(1e-12));
    }
  }

  @Test
  void lengthsCountIfAsked() {
    try (var _ = new Step()) {
      var long4 = Sample.pair(4, 1, 0, 0, 4, 1).with(MctsDpo.EPSILON, 0);
      assertThat(long4.value(new MctsDpo(0.1, 1))).isCloseTo(Math.log(2), within(1e-12));
      assertThat(long4.value(new MctsDpo(0.1, 0.5)))
          .isCloseTo(Math.log1p(Math.exp(-0.1 * (2 - 1))), within(1e-12));
    }
  }

  /// A difference of log-ratios of 4, 1 / (2 beta) is 5.
  @Test
  void itsSquaredFormIsIpo() {
    try (var _ = new Step()) {
      var squared = new MctsDpo(0.1, 0, MctsDpo.Form.SQUARED);
      assertThat(pair(2.5, -1.5, 0.3).value(squared)).isCloseTo(1, within(1e-12));
      assertThat(pair(2.5, -1.5, 0.3).gradient(squared)[0]).isCloseTo(-2, within(1e-12));
      assertThat(pair(5, 0, 0.5).gradient(squared)).containsOnly(0);
    }
  }
}
