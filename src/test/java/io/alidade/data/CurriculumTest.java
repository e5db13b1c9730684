package io.alidade.data;

import static io.alidade.data.StrategyTest.ROW;
import static io.alidade.data.StrategyTest.ranking;
import static io.alidade.data.StrategyTest.setting;
import static io.alidade.data.StrategyTest.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Curricula of pairs, on cases worked out by hand.
class CurriculumTest {
  /// `stage: chosen > rejected, gap` of each pair.
  private static List<String> told(List<Example> pairs) {
    return pairs.stream()
        .map(pair ->
            "%.0f: %s > %s, %s"
                .formatted(
                    java.util.Objects.requireNonNull(pair.signals().get(Curriculum.STAGE))[0],
                    text(pair, 0),
                    text(pair, 1),
                    java.util.Objects.requireNonNull(pair.signals().get(RankedPairs.GAP))[0]))
        .toList();
  }

  static Curriculum curriculum(int responses, Curriculum.Order order) {
    return new Curriculum(responses, order, Curriculum.Buckets.LIST, "scores", Optional.empty());
  }

  @Test
  void aCurriculumSetsTheBestAgainstEachOtherTheWidestGapFirst() {
    var easy = curriculum(4, Curriculum.Order.EASY_FIRST);
    var expected =
        List.of(
            "1: worth 8.5 > worth 3.0, 5.5",
            "2: worth 8.5 > worth 6.0, 2.5",
            "3: worth 8.5 > worth 7.0, 1.5");
    assertThat(told(easy.of(ranking(8.5, 7, 6, 3)))).isEqualTo(expected);
    assertThat(told(easy.of(ranking(6, 3, 8.5, 7)))).isEqualTo(expected);
    assertThat(told(curriculum(4, Curriculum.Order.HARD_FIRST).of(ranking(8.5, 7, 6, 3))))
        .containsExactly(
            "3: worth 8.5 > worth 3.0, 5.5",
            "2: worth 8.5 > worth 6.0, 2.5",
            "1: worth 8.5 > worth 7.0, 1.5");
    var pairs = easy.of(ranking(8.5, 7, 6, 3));
    assertThat(pairs).extracting(pair -> pair.row().toString()).doesNotHaveDuplicates();
    assertThat(pairs.getFirst().row()).hasToString("d.jsonl:7 pair:1");
    assertThat(pairs.getFirst().signals().get(Signal.perGroup("weight"))).containsExactly(3);
  }

  @Test
  void aCurriculumLeavesTiesOutAndSpreadsWhatIsLeft() {
    var easy = curriculum(4, Curriculum.Order.EASY_FIRST);
    assertThat(told(easy.of(ranking(5, 5, 4, 2))))
        .containsExactly("1: worth 5.0 > worth 2.0, 3.0", "3: worth 5.0 > worth 4.0, 1.0");
    assertThat(easy.of(ranking(5, 5, 5, 5))).isEmpty();
    // Six answers: the best, the worst, and two at evenly spaced ranks.
    assertThat(told(easy.of(ranking(6, 5, 4, 3, 2, 1))))
        .containsExactly(
            "1: worth 6.0 > worth 1.0, 5.0",
            "2: worth 6.0 > worth 3.0, 3.0",
            "3: worth 6.0 > worth 4.0, 2.0");
    // Two answers: a pair of standard DPO.
    assertThat(told(curriculum(2, Curriculum.Order.EASY_FIRST).of(ranking(1, 9, 4))))
        .containsExactly("1: worth 9.0 > worth 1.0, 8.0");
  }

  @Test
  void aCurriculumMayMeasureDifficultyOtherwise() {
    var row =
        Columns.read(
            ROW,
            Map.of(
                "prompt", "p",
                "completions", List.of(" a", " b", " c"),
                "scores", List.of(3, 2, 1),
                "logps", List.of(-10, -40, -15)));
    var byLikelihood =
        new Curriculum(
            3,
            Curriculum.Order.EASY_FIRST,
            Curriculum.Buckets.LIST,
            "scores",
            Optional.of("logps"));
    assertThat(told(byLikelihood.of(row))).containsExactly("1: a > b, 30.0", "2: a > c, 5.0");
  }

  @Test
  void globalBucketsAreOfEqualSize() {
    var rows = Rows.of(List.of(ranking(9, 1, 0), ranking(4, 3, 2)), Form.RANKING);
    var pairs =
        new Curriculum(
                3, Curriculum.Order.EASY_FIRST, Curriculum.Buckets.ALL, "scores", Optional.empty())
            .apply(rows, setting());
    assertThat(pairs.form()).isEqualTo(Form.PAIR);
    assertThat(told(pairs.stream().toList()))
        .containsExactly(
            "1: worth 9.0 > worth 0.0, 9.0",
            "1: worth 9.0 > worth 1.0, 8.0",
            "2: worth 4.0 > worth 2.0, 2.0",
            "2: worth 4.0 > worth 3.0, 1.0");
  }
}
