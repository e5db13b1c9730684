package io.alidade.learning.rounds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.example.Example;
import io.alidade.example.Text;
import io.alidade.judge.Matches;
import io.alidade.judge.Verdict;
import io.alidade.learning.Drawing;
import io.alidade.learning.NashRounds;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// The pairs of the practical form of direct Nash optimization: two answers of the policy and a
/// teacher's, on the paper's scale of 1 to 6.
class NashRolloutsTest {
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
          new Drawing(new Matches("x"), 2, 8, 1, 0, 1, Optional.empty()));

  private static Rollout rollout(List<int[]> answers, double... scores) {
    var verdict = new Verdict.Rewards(scores);
    int n = scores.length;
    return new Rollout(
        new Example(
            new Example.Row("prompts.jsonl", 1),
            new Text.Plain("q"),
            IntStream.range(0, n).<Text>mapToObj(i -> new Text.Plain("a" + i)).toList(),
            Map.of(),
            Map.of()),
        new int[] {1},
        answers,
        answers.stream().map(_ -> new double[0]).toList(),
        new boolean[n],
        verdict.standing(),
        verdict.preference(),
        IntStream.range(0, n).toArray());
  }

  private static List<String> pairs(double... scores) {
    var answers = IntStream.range(0, scores.length).mapToObj(i -> new int[] {10 + i}).toList();
    return pairs(rollout(answers, scores));
  }

  private static List<String> pairs(Rollout rollout) {
    return NashRollouts.chosen(rollout, PAPER).stream()
        .map(pair -> pair[0] + ">" + pair[1])
        .toList();
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
    assertThat(pairs(rollout(other, 6, 3, 5))).containsExactly("2>0", "2>1");
    var teachers = List.of(new int[] {1, 2}, new int[] {3, 4}, repeats);
    assertThat(pairs(rollout(teachers, 4, 3, 5))).as("a teacher may").containsExactly("2>1");
  }

  @Test
  void repetitionIsTheShareOfRunsOfFourThatOccurMoreThanOnce() {
    assertThat(NashRollouts.repetition(1, 2, 3)).isZero();
    assertThat(NashRollouts.repetition(1, 2, 3, 4, 5)).isZero();
    assertThat(NashRollouts.repetition(7, 7, 7, 7, 7)).isEqualTo(1);
    // 1234 2341 3412 4123 1234 2345: the first run comes twice
    assertThat(NashRollouts.repetition(1, 2, 3, 4, 1, 2, 3, 4, 5))
        .isCloseTo(2.0 / 6, within(1e-12));
  }
}
