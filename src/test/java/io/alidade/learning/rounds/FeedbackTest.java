package io.alidade.learning.rounds;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.example.Text;
import io.alidade.judge.Matches;
import io.alidade.judge.Verdict;
import io.alidade.learning.Drawing;
import io.alidade.objective.GroupRelative;
import io.alidade.objective.LeaveOneOut;
import io.alidade.objective.Needs;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FeedbackTest {
  private static Drawing drawing(Optional<io.alidade.objective.Advantage> advantage) {
    return new Drawing(new Matches("x"), 3, 8, 1, 0, 1, advantage);
  }

  /// Answers `a0`, `a1`, … of one token each, 10, 11, …
  private static Rollout rollout(double... rewards) {
    var verdict = new Verdict.Rewards(rewards);
    int n = rewards.length;
    var ended = new boolean[n];
    Arrays.fill(ended, true);
    return new Rollout(
        new Example(
            new Example.Row("prompts.jsonl", 7),
            new Text.Plain("q"),
            java.util.stream.IntStream.range(0, n)
                .<Text>mapToObj(i -> new Text.Plain("a" + i))
                .toList(),
            Map.of(),
            Map.of()),
        new int[] {1, 2},
        java.util.stream.IntStream.range(0, n).mapToObj(i -> new int[] {10 + i}).toList(),
        java.util.stream.IntStream.range(0, n).mapToObj(i -> new double[] {-0.1 * i}).toList(),
        ended,
        verdict.standing(),
        verdict.preference(),
        java.util.stream.IntStream.range(0, n).toArray());
  }

  private static List<Integer> firstTokens(Feedback.Lesson lesson) {
    return lesson.group().candidates().stream().map(c -> c.tokens()[0]).toList();
  }

  private static double[] signal(Feedback.Lesson lesson, Signal signal) {
    return java.util.Objects.requireNonNull(lesson.group().signals().get(signal));
  }

  @Test
  void aPairIsTheBestAgainstTheWorstOfThoseThatWereJudged() {
    var lessons =
        Feedback.of(
            List.of(rollout(1, Double.NaN, 3, 0)), Needs.Feedback.PAIRS, drawing(Optional.empty()));
    assertThat(lessons).hasSize(1);
    assertThat(firstTokens(lessons.getFirst())).containsExactly(12, 13);
    assertThat(lessons.getFirst().cells())
        .containsEntry("chosen", "a2")
        .containsEntry("rejected", "a3");
    assertThat(signal(lessons.getFirst(), Drawing.PREFERENCE)[0]).isEqualTo(1 / (1 + Math.exp(-3)));
  }

  @Test
  void equalAnswersTeachNothingToWhoCompares() {
    var same = List.of(rollout(2, 2, 2), rollout(Double.NaN, Double.NaN, 1));
    for (var form :
        List.of(Needs.Feedback.PAIRS, Needs.Feedback.RANKINGS, Needs.Feedback.LABELLED)) {
      assertThat(Feedback.of(same, form, drawing(Optional.empty()))).as("%s", form).isEmpty();
    }
  }

  @Test
  void aRankingHoldsAllThatWereJudgedFromBestToWorst() {
    var lesson =
        Feedback.of(
                List.of(rollout(1, Double.NaN, 3, 0)),
                Needs.Feedback.RANKINGS,
                drawing(Optional.empty()))
            .getFirst();
    assertThat(firstTokens(lesson)).containsExactly(12, 10, 13);
    assertThat(signal(lesson, Drawing.SCORE)).containsExactly(3, 1, 0);
    double two = 1 / (1 + Math.exp(-2));
    double three = 1 / (1 + Math.exp(-3));
    double one = 1 / (1 + Math.exp(-1));
    assertThat(signal(lesson, Drawing.WIN_RATE)) // not against itself, nor the one without reward
        .containsExactly(
            new double[] {(two + three) / 2, (1 - two + one) / 2, (2 - three - one) / 2},
            org.assertj.core.api.Assertions.within(1e-15));
  }

  @Test
  void anAnswerIsGoodIfItIsBetterThanTheMeanOfItsPrompt() {
    var lessons =
        Feedback.of(List.of(rollout(1, 0, 0)), Needs.Feedback.LABELLED, drawing(Optional.empty()));
    assertThat(lessons).hasSize(3);
    assertThat(lessons.stream().map(l -> signal(l, Drawing.LABEL)[0]).toList())
        .containsExactly(1.0, 0.0, 0.0);
    assertThat(lessons.getFirst().cells()).containsEntry("label", true);
  }

  /// Answers 10, 11 to a prompt, the same to a second one, and lessons of a single prompt.
  @Test
  void ktoBorrowsAnAnswerToAnotherPrompt() {
    var first = rollout(1, 0);
    var other =
        new Rollout(
            new Example(
                new Example.Row("prompts.jsonl", 8),
                first.example().prompt(),
                first.example().candidates(),
                Map.of(),
                Map.of()),
            new int[] {3},
            List.of(new int[] {20}, new int[] {21}),
            first.logps(),
            first.ended(),
            first.standing(),
            first.preference(),
            first.classes());
    var labelled = Needs.Feedback.LABELLED;
    var two =
        Feedback.lent(Feedback.of(List.of(first, other), labelled, drawing(Optional.empty())));
    assertThat(two.stream().map(FeedbackTest::firstTokens).toList())
        .containsExactly(List.of(10, 21), List.of(11, 21), List.of(20, 11), List.of(21, 11));
    assertThat(two.getFirst().cells()).containsEntry("completion", "a0");
    var one = Feedback.lent(Feedback.of(List.of(first), labelled, drawing(Optional.empty())));
    assertThat(one.stream().map(FeedbackTest::firstTokens).toList())
        .containsExactly(List.of(10, 10), List.of(11, 11));
    assertThat(Feedback.lent(List.of())).isEmpty();
  }

  @Test
  void rejectionSamplingKeepsTheBest() {
    var lessons =
        Feedback.of(
            List.of(rollout(1, 5, 0), rollout(Double.NaN, Double.NaN)),
            Needs.Feedback.DEMONSTRATIONS,
            drawing(Optional.empty()));
    assertThat(lessons).hasSize(1);
    assertThat(firstTokens(lessons.getFirst())).containsExactly(11);
  }

  @Test
  void rolloutsCarryAdvantagesAndTheLikelihoodsTheyWereDrawnWith() {
    var lesson =
        Feedback.of(
                List.of(rollout(1, 0, Double.NaN)),
                Needs.Feedback.ROLLOUTS,
                drawing(Optional.of(new LeaveOneOut())))
            .getFirst();
    assertThat(firstTokens(lesson)).containsExactly(10, 11, 12);
    assertThat(signal(lesson, Drawing.ADVANTAGE)).containsExactly(1, -1, 0);
    assertThat(signal(lesson, Drawing.OLD)).containsExactly(-0.0, -0.1, -0.2);
  }

  /// GRPO's group of equal rewards: no advantage, and no division by nothing.
  @Test
  void equalRewardsHaveNoAdvantage() {
    var advantage =
        new GroupRelative(GroupRelative.Scale.GROUP, GroupRelative.Aggregation.SUM_THEN_NORMALIZE);
    var lesson =
        Feedback.of(
                List.of(rollout(1, 1, 1)), Needs.Feedback.ROLLOUTS, drawing(Optional.of(advantage)))
            .getFirst();
    assertThat(signal(lesson, Drawing.ADVANTAGE)).containsExactly(0, 0, 0);
  }

  @Test
  void aLineIsReadBackAsItWas() {
    var rollout = rollout(1, Double.NaN, -3.5);
    var line = rollout.line(new Verdict.Rewards(1, Double.NaN, -3.5));
    var read = Rollout.of(Path.of("round.jsonl"), 1, line);
    assertThat(read.line(new Verdict.Rewards(1, Double.NaN, -3.5))).isEqualTo(line);
    assertThat(read.example()).isEqualTo(rollout.example());
    assertThat(read.standing()).containsExactly(1, Double.NaN, -3.5);
  }
}
