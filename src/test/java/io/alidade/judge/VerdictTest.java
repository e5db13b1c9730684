package io.alidade.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.judge.answer.FinalAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What a verdict says whoever reads it, and rewards that Java computes.
class VerdictTest {
  private final List<String> log = new ArrayList<>();

  private Verdict of(Judge judge, Case one) {
    try (var sitting = judge.open(log::add)) {
      return sitting.judge(one);
    }
  }

  @Test
  void rewardsArePreferencesByTheirDifference() {
    var verdict = new Verdict.Rewards(2, 0, Math.log(3));
    assertThat(verdict.preference()[2][1]).isCloseTo(0.75, within(1e-12));
    assertThat(verdict.preference()[1][2]).isCloseTo(0.25, within(1e-12));
    assertThat(verdict.preference()[0][0]).isEqualTo(0.5);
    assertThat(verdict.standing()).containsExactly(2, 0, Math.log(3));
    assertThat(new Verdict.Rewards(800, -800).preference()[1][0]).isEqualTo(Math.exp(-1600));
  }

  @Test
  void scoresMayRunInACircleAndStandForTheirMeans() {
    // The score table of the published test of GPO: means (0.4, -0.2, -0.2) / 3.
    var verdict = new Verdict.Scores(new double[][] {{0, .8, -.4}, {-.8, 0, .6}, {.4, -.6, 0}});
    assertThat(verdict.standing())
        .containsExactly(new double[] {0.13333333, -0.06666667, -0.06666667}, within(1e-8));
    assertThat(verdict.best()).isZero();
    assertThat(verdict.worst()).as("equal but for rounding").isIn(1, 2);
    assertThat(verdict.preference()[0][1] + verdict.preference()[1][0]).isCloseTo(1, within(1e-12));
    assertThatThrownBy(() -> new Verdict.Scores(new double[][] {{0, 1}, {1, 0}}))
        .hasMessageContaining("do not add up to 0.0");
    assertThatThrownBy(() -> new Verdict.Chances(new double[][] {{.5, 1}, {1, .5}}))
        .hasMessageContaining("do not add up to 1.0");
    assertThatThrownBy(() -> new Verdict.Chances(new double[][] {{.5, 1}}))
        .hasMessageContaining("not square");
  }

  @Test
  void whatIsUnknownHasNoPlaceInAnyOrder() {
    var nan = Double.NaN;
    var verdict = new Verdict.Rewards(nan, 1, nan, 3);
    assertThat(verdict.best()).isEqualTo(3);
    assertThat(verdict.worst()).isEqualTo(1);
    assertThat(verdict.unknown()).isEqualTo(2);
    assertThat(verdict.preference()[0][1]).isNaN();
    assertThat(verdict.indifferent()).isFalse();
    assertThat(new Verdict.Rewards(nan, nan).best()).isEqualTo(-1);
    assertThat(new Verdict.Rewards(nan, 1).indifferent()).isTrue();
    assertThat(new Verdict.Rewards(1, 1, 1).indifferent()).as("identical").isTrue();
    assertThat(new Verdict.Rewards().indifferent()).as("no answers").isTrue();
  }

  @Test
  void aRewardThatIsNoNumberOrThrowsIsLeftOutInOneLine() {
    Reward broken =
        Reward.of(text ->
            switch (text) {
              case "nan" -> Double.NaN;
              case "inf" -> Double.POSITIVE_INFINITY;
              case "throw" -> throw new IllegalStateException("no\nidea");
              default -> text.length();
            });
    assertThat(of(broken, Case.of("q", "nan", "four", "inf", "throw", "")).standing())
        .containsExactly(Double.NaN, 4, Double.NaN, Double.NaN, 0);
    assertThat(log)
        .containsExactly(
            "case:1: 3 of 5 answers have no reward and are left out (answer 4:"
                + " java.lang.IllegalStateException: no)");
  }

  @Test
  void lengthAndExpressions() {
    assertThat(of(new Length(5, 2), Case.of("q", "12345", "12345678", "äöü𝛼")).standing())
        .containsExactly(0, -1.5, -0.5);
    assertThat(of(new Matches("(?i)yes\\b"), Case.of("q", "Yes!", "yesterday", "")).standing())
        .containsExactly(1, 0, 0);
    assertThatThrownBy(() -> new Matches("(")).hasMessageStartingWith("regex must be");
  }

  @Test
  void exactAnswersAreFoundAndCompared() {
    var judge = new ExactAnswer("answer", FinalAnswer.ANY, 1e-6);
    var one =
        Case.of("q", "so #### 1,200", "thus \\boxed{1200}", "12", "", "no idea")
            .with("answer", "Add them: 600 + 600 = 1200\n#### 1200");
    assertThat(of(judge, one).standing()).containsExactly(1, 1, 0, 0, 0);
    assertThat(of(judge, one.with("answer", 12)).standing()).containsExactly(0, 0, 1, 0, 0);
    assertThat(of(judge, one.with("answer", List.of("1200", "12"))).standing())
        .containsExactly(1, 1, 1, 0, 0);
    assertThatThrownBy(() -> of(judge, Case.of("q", "1")))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "case:1: no column 'answer' with text, or a list of texts, which the judge reads; there"
                + " are []");
  }

  @Test
  void judgesAddUpUnderTheirNames() {
    var judge =
        new Weighted(
            Map.of("short", new Length(0, 1), "polite", new Matches("please")),
            Map.of("short", 0.1, "polite", 2.0));
    var verdict = of(judge, Case.of("q", "please", "no"));
    assertThat(verdict.standing()).containsExactly(new double[] {1.4, -0.2}, within(1e-12));
    assertThat(verdict.parts().get("polite")).containsExactly(1, 0);
    assertThat(verdict.parts().get("short")).containsExactly(-6, -2);
    assertThatThrownBy(() -> new Weighted(Map.of("a", new Length(0, 1)), Map.of("b", 1.0)))
        .hasMessage("weights must name the same judges, were [b] for [a]");
  }
}
