package io.alidade.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.example.Columns;
import io.alidade.example.Direction;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import io.alidade.example.Text;
import io.alidade.objective.Needs;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Strategies that put contexts and directions before prompts, on cases worked out by hand.
class ContextAndRatingStrategyTest {
  private static final Example.Row ROW = new Example.Row("d.jsonl", 7);
  private static final Contextual CONTEXTUAL =
      new Contextual(List.of("criteria", "scenario"), "For {context}: ", 0.3);

  private static Example read(Map<String, Object> more) {
    var cells = new HashMap<String, Object>(Map.of("prompt", "Say."));
    cells.putAll(more);
    return Columns.read(ROW, cells);
  }

  private static Example rpr(Map<String, Object> more) {
    var cells = new HashMap<String, Object>(Map.of("response_a", " one", "response_b", " two"));
    cells.putAll(more);
    return read(cells);
  }

  private static List<String> told(List<Example> pairs) {
    return pairs.stream()
        .map(pair ->
            "%s%s > %s (%s)"
                .formatted(
                    text(pair.prompt()),
                    text(pair.candidates().get(0)),
                    text(pair.candidates().get(1)),
                    pair.extras().get("subset")))
        .toList();
  }

  private static String text(Text text) {
    return ((Text.Plain) text).text();
  }

  @Test
  void opposedContextsMakePairsInBothDirections() {
    var row =
        rpr(
            Map.of(
                "criteria_x", "brevity",
                "criteria_y", "detail",
                "scenario_x", "a hurried reader",
                "scenario_y", "a student",
                "weight", 3));
    var made = CONTEXTUAL.of(0, row);
    assertThat(told(made))
        .containsExactly(
            "For brevity: Say. one >  two (criteria)",
            "For detail: Say. two >  one (criteria)",
            "For a hurried reader: Say. one >  two (scenario)",
            "For a student: Say. two >  one (scenario)");
    assertThat(made).extracting(pair -> pair.row().toString()).doesNotHaveDuplicates();
    assertThat(made.getFirst().signals().get(Signal.perGroup("weight"))).containsExactly(3);
    assertThat(made.getFirst().extras()).containsOnlyKeys("subset");
  }

  @Test
  void rowsWithoutContextsAreGeneralAndEveryOtherOneHasAnEmptyField() {
    var row = read(Map.of("chosen", " one", "rejected", " two"));
    assertThat(told(CONTEXTUAL.of(0, row))).containsExactly("For : Say. one >  two (general)");
    assertThat(told(CONTEXTUAL.of(1, row))).containsExactly("Say. one >  two (general)");
    var one = read(Map.of("chosen", " one", "rejected", " two", "context", "me"));
    assertThat(told(CONTEXTUAL.of(1, one))).containsExactly("For me: Say. one >  two (context)");
  }

  @Test
  void contextsWhoseWordsStandInTheAnswerAreLeftOut() {
    var told =
        rpr(
            Map.of(
                "response_a", "Here one has to write in one short sentence.",
                "criteria_x", "write in one short sentence",
                "criteria_y", "write in great detail please"));
    assertThat(CONTEXTUAL.of(0, told)).isEmpty();
    assertThat(new Contextual(List.of("criteria"), "{context}", 1).of(0, told)).hasSize(2);
  }

  @Test
  void whatDoesNotFitIsSaid() {
    assertThatThrownBy(() -> CONTEXTUAL.of(0, rpr(Map.of("criteria_x", "brevity"))))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "d.jsonl:7: column 'criteria_x' has no 'criteria_y' opposite it; give both or none");
    var outline = Strategy.Outline.of("d.jsonl", Form.PAIR, rpr(Map.of("criteria_x", "a")));
    assertThatThrownBy(() -> outline.as(Needs.Feedback.PAIRS))
        .as("such rows are no plain pairs")
        .isInstanceOf(UserException.class)
        .hasMessageContaining("choose recipe carm or context-dpo");
    assertThat(CONTEXTUAL.outline(outline).as(Needs.Feedback.PAIRS)).isPresent();
    assertThatThrownBy(() -> CONTEXTUAL.outline(outline.as(Form.PROMPT)))
        .hasMessageContaining("give pairs");
    assertThatThrownBy(() -> new Contextual(List.of(), "no place", 0.3))
        .hasMessage("template must contain {context}");
  }

  private static final List<String> OBJECTIVES = List.of("helpfulness", "verbosity");

  private static Directed directed(int directions, double straight) {
    return new Directed(OBJECTIVES, "[{weights}] ", 45, directions, straight, 0);
  }

  @Test
  void aPromptGetsDirectionsInItsTextAndInAColumn() {
    var made = directed(40, 0.25).of(3, read(Map.of()));
    assertThat(made).hasSize(40);
    int straight = 0;
    for (var one : made) {
      @SuppressWarnings("unchecked") // what the strategy writes
      var direction = new Direction((List<Double>) one.extras().get(Directed.COLUMN));
      assertThat(direction.degrees()).isBetween(-45.0, 45.0);
      assertThat(text(one.prompt())).isEqualTo("[" + direction.words(OBJECTIVES) + "] Say.");
      straight += direction.degrees() == 0 ? 1 : 0;
    }
    assertThat(straight).isBetween(3, 20);
    assertThat(directed(40, 0.25).of(3, read(Map.of()))).isEqualTo(made);
    assertThat(directed(40, 0.25).of(4, read(Map.of()))).isNotEqualTo(made);
  }

  @Test
  void ofRatedAnswersTheBestAlongTheDirectionIsImitated() {
    var row =
        read(
            Map.of(
                "completions", List.of(" long", " short"),
                "scores", List.of(2, 1),
                "helpfulness", List.of(0.7, 0.66),
                "verbosity", List.of(0.6, 0.3)));
    for (var one : directed(20, 0).of(0, row)) {
      boolean longer = text(one.prompt()).matches("\\[helpfulness\\*\\d+\\+verbosity\\*\\d.*");
      assertThat(text(one.candidates().getFirst()))
          .as(text(one.prompt()))
          // At -7.6 degrees both are worth the same.
          .isIn(longer ? List.of(" long") : List.of(" long", " short"));
      assertThat(one.candidates()).hasSize(1);
    }
    assertThat(directed(40, 0).of(0, row))
        .extracting(one -> text(one.candidates().getFirst()))
        .contains(" long", " short");
    var outline = Strategy.Outline.of("d.jsonl", Form.RANKING, row);
    assertThat(directed(1, 0).outline(outline).form()).isEqualTo(Form.DEMONSTRATION);
    assertThatThrownBy(() ->
            new Directed(List.of("wit", "verbosity"), "{weights}", 45, 1, 0, 0).outline(outline))
        .hasMessageContaining("no column 'wit' with a number an answer");
    assertThatThrownBy(() -> new Directed(List.of("a"), "{weights}", 45, 1, 0, 0))
        .hasMessageContaining("must name two");
  }

  @Test
  void ratingsComeToOneScaleAndMissingOnesAreMarked() {
    var ratings =
        new Ratings(
            Map.of("helpfulness", 20., "verbosity", 20.),
            Map.of("helpfulness", 10., "verbosity", 10.));
    var row = read(Map.of("completion", " yes", "helpfulness", 4));
    var made = ratings.of(row);
    assertThat(made.signals().get(Signal.perGroup("helpfulness"))).containsExactly(90);
    assertThat(made.signals().get(Signal.perGroup("verbosity"))).containsExactly(Double.NaN);
    double[] scores = {68.99269, 69.62718, 76.23071, 33.48785, 35.853596};
    double[] labels = {2.9496345, 2.9813590, 3.3115355, 1.1743925, 1.2926798};
    for (int i = 0; i < scores.length; i++) {
      assertThat(20 * labels[i] + 10).isCloseTo(scores[i], within(1e-5));
    }
    assertThatThrownBy(() -> ratings.apply(Rows.of(List.of(row), Form.DEMONSTRATION), setting()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("finds no number in column 'verbosity' of any of 1 rows");
    assertThatThrownBy(() -> new Ratings(Map.of("a", 1.), Map.of()))
        .hasMessageContaining("offsets must name the same ratings");
  }

  /// Nothing of it is read.
  private static Strategy.Setting setting() {
    return new Strategy.Setting(
        new RowEncoder(
            io.alidade.tokenizer.Tokenizer.load(
                java.nio.file.Path.of("src/test/resources/golden/models/llama")),
            Encoding.unlimited(Layout.WHOLE)),
        java.nio.file.Path.of(""),
        _ -> java.nio.file.Path.of(""),
        io.alidade.model.Precision.FLOAT32,
        io.alidade.journal.Journal.silent());
  }
}
