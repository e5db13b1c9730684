package io.alidade.learning.rounds;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Which answers to a prompt are learned from.
class OutcomeRolloutsTest {
  private static final double[] MIXED = {1, 0, 1, 1, 0, 1, 1};

  @Test
  void withoutABoundAllThatWereJudgedAreKept() {
    assertThat(OutcomeRollouts.kept(new double[] {1, Double.NaN, 0}, Integer.MAX_VALUE))
        .containsExactly(0, 2);
  }

  @Test
  void thereAreNoMoreRightOnesThanWrongOnes() {
    assertThat(OutcomeRollouts.kept(MIXED, 4)).containsExactly(0, 1, 2, 4);
    assertThat(OutcomeRollouts.kept(MIXED, 1)).containsExactly(0, 1);
  }

  @Test
  void aRightOneIsKeptThoughNoneIsWrong() {
    assertThat(OutcomeRollouts.kept(new double[] {1, 1, 1}, 4)).containsExactly(0);
    assertThat(OutcomeRollouts.kept(new double[] {0, 0, 0, 0, 0}, 4)).containsExactly(0, 1, 2, 3);
  }
}
