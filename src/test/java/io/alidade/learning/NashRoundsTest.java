package io.alidade.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.judge.Matches;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// The pairs of the practical form of direct Nash optimization: two answers of the policy and a
/// teacher's, on the paper's scale of 1 to 6.
class NashRoundsTest {
  private static final NashRounds PAPER =
      new NashRounds(
          3,
          8,
          1,
          true,
          true,
          5,
          2,
          1,
          0.3,
          0.5,
          false,
          new Drawing(new Matches("x"), 2, 8, 1, 0, 1, Optional.empty()));

  private static List<String> pairs(double... scores) {
    var answers = IntStream.range(0, scores.length).mapToObj(i -> new int[] {10 + i}).toList();
    return pairs(answers, scores);
  }

  private static List<String> pairs(List<int[]> answers, double... scores) {
    return PAPER.pairs(scores, answers).stream().map(pair -> pair[0] + ">" + pair[1]).toList();
  }

  @Test
  void aStudentNeedsALeadOfOneAndATeacherOfTwo() {
    assertThat(pairs(4, 3, 5)).containsExactly("2>1"); // teacher over student, 5 over 3
    assertThat(pairs(5, 4, 4)).containsExactly("0>1", "0>2"); // student over student, over teacher
    assertThat(pairs(5, 5, 6)).isEmpty();
    assertThat(pairs(6, 3, 5)).containsExactly("0>1", "0>2", "2>1"); // all such combinations
  }

  @Test
  void nobodyIsChosenBelowTheFloor() {
    assertThat(pairs(4, 1, 4)).isEmpty();
  }

  @Test
  void whatCouldNotBeJudgedIsInNoPair() {
    assertThat(pairs(Double.NaN, 3, 6)).containsExactly("2>1");
    assertThat(pairs(Double.NaN, Double.NaN, Double.NaN)).isEmpty();
  }

  @Test
  void anAnswerThatRepeatsItselfLosesWhateverItScores() {
    var repeats = new int[] {7, 7, 7, 7, 7, 7, 7, 7};
    var other = List.of(repeats, new int[] {1, 2}, new int[] {3, 4});
    assertThat(pairs(other, 6, 3, 5)).containsExactly("2>0", "2>1");
    var teachers = List.of(new int[] {1, 2}, new int[] {3, 4}, repeats);
    assertThat(pairs(teachers, 4, 3, 5)).as("a teacher may").containsExactly("2>1");
  }

  @Test
  void repetitionIsTheShareOfRunsOfFourThatOccurMoreThanOnce() {
    assertThat(NashRounds.repetition(1, 2, 3)).isZero();
    assertThat(NashRounds.repetition(1, 2, 3, 4, 5)).isZero();
    assertThat(NashRounds.repetition(7, 7, 7, 7, 7)).isEqualTo(1);
    // 1234 2341 3412 4123 1234 2345: the first run comes twice
    assertThat(NashRounds.repetition(1, 2, 3, 4, 1, 2, 3, 4, 5)).isCloseTo(2.0 / 6, within(1e-12));
  }

  @Test
  void threeInTenPairsOfTheRoundBeforeComeAgainAndHalfAsManyOfTheOneBeforeThat() {
    assertThat(PAPER.again(1, 0, 100, 7)).hasSize(30).isSorted().doesNotHaveDuplicates();
    assertThat(PAPER.again(2, 0, 100, 7)).hasSize(15);
    assertThat(PAPER.again(3, 0, 100, 7)).hasSize(7);
    assertThat(PAPER.again(80, 0, 1_000, 7)).isEmpty();
    assertThat(PAPER.again(1, 0, 100, 7))
        .as("the seed decides")
        .isEqualTo(PAPER.again(1, 0, 100, 7));
    assertThat(PAPER.again(2, 1, 100, 7))
        .as("and the round")
        .isNotEqualTo(PAPER.again(1, 0, 100, 7));
  }
}
