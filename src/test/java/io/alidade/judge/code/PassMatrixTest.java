package io.alidade.judge.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.judge.code.PassMatrix.ChosenTest;
import io.alidade.judge.code.PassMatrix.Selected;
import org.junit.jupiter.api.Test;

/// The selection on matrices small enough to see; programs and tests are counted from 0 here.
class PassMatrixTest {
  private static PassMatrix of(int[]... rows) {
    var passes = new boolean[rows.length][rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < rows[i].length; j++) {
        passes[i][j] = rows[i][j] == 1;
      }
    }
    return new PassMatrix(passes, new int[rows.length], new int[rows[0].length]);
  }

  private static int[] row(int... passes) {
    return passes;
  }

  @Test
  void theBestProgramGoesWithATestThatOthersPassToo() {
    var matrix = of(row(1, 1, 0), row(1, 0, 0), row(0, 0, 0));
    assertThat(matrix.scores()).containsExactly(2, 1, 0);
    assertThat(matrix.ease()).containsExactly(2, 1, 0);
    assertThat(matrix.select(ChosenTest.MOST_PASSED, 1)).contains(new Selected(0, 0, 2, 0));
    assertThat(matrix.select(ChosenTest.HARDEST, 1)).contains(new Selected(0, 1, 2, 0));
    assertThat(matrix.select(ChosenTest.MOST_PASSED, 3)).isEmpty();
  }

  @Test
  void aTestThatNobodyPassesRejectsNobody() {
    var matrix = of(row(1, 0, 1), row(1, 0, 1), row(0, 0, 1));
    assertThat(matrix.ease()).containsExactly(2, 0, 3);
    assertThat(matrix.select(ChosenTest.MOST_PASSED, 1)).contains(new Selected(0, 2, 2, 0));
  }

  @Test
  void withoutADifferenceThereIsNoPair() {
    assertThat(of(row(1, 1), row(1, 1)).select(ChosenTest.MOST_PASSED, 1)).isEmpty();
    assertThat(of(row(0, 0), row(0, 0)).select(ChosenTest.MOST_PASSED, 1)).isEmpty();
    assertThat(of(row(1, 0), row(0, 1)).select(ChosenTest.MOST_PASSED, 1)).isEmpty();
  }

  @Test
  void theOrderOfTestsChangesNumbersAlone() {
    var one = of(row(1, 1, 0, 1), row(1, 0, 0, 1), row(0, 0, 0, 1));
    var turned = of(row(0, 1, 1, 1), row(0, 1, 0, 1), row(0, 1, 0, 0));
    // tests 0 1 2 3 of the first are 3 2 0 1 of the second
    var place = new int[] {3, 2, 0, 1};
    var first = one.select(ChosenTest.MOST_PASSED, 1).orElseThrow();
    var second = turned.select(ChosenTest.MOST_PASSED, 1).orElseThrow();
    assertThat(second.chosen()).isEqualTo(first.chosen());
    assertThat(second.rejected()).isEqualTo(first.rejected());
    assertThat(second.chosenTest()).isEqualTo(place[first.chosenTest()]);
    assertThat(second.rejectedTest()).isEqualTo(place[first.rejectedTest()]);
  }

  @Test
  void ofEqualProgramsTheShorterCountsAndOfEqualTestsTheOneThatAssertsMore() {
    var passes = new boolean[][] {{true, true}, {true, true}, {false, false}};
    var matrix = new PassMatrix(passes, new int[] {30, 20, 10}, new int[] {1, 4});
    assertThat(matrix.select(ChosenTest.MOST_PASSED, 1)).contains(new Selected(1, 1, 2, 1));
  }

  @Test
  void aMatrixHasAPlaceForEach() {
    assertThatThrownBy(() -> new PassMatrix(new boolean[2][3], new int[2], new int[2]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
