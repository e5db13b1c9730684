package io.alidade.data;

import static io.alidade.data.CurriculumTest.curriculum;
import static io.alidade.data.TokenWeightsTest.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import io.alidade.example.Text;
import io.alidade.journal.Journal;
import io.alidade.model.Precision;
import io.alidade.tokenizer.Golden;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Strategies that read no model, on cases worked out by hand.
class StrategyTest {
  static final Example.Row ROW = new Example.Row("d.jsonl", 7);

  /// A ranking of answers that say what they are worth.
  static Example ranking(double... scores) {
    var answers = new ArrayList<String>();
    for (double score : scores) {
      answers.add(" worth " + score);
    }
    return Columns.read(
        ROW, Map.of("prompt", "p", "completions", answers, "scores", boxed(scores), "weight", 3));
  }

  private static List<Double> boxed(double... values) {
    return java.util.Arrays.stream(values).boxed().toList();
  }

  /// A candidate's text.
  static String text(Example row, int candidate) {
    return ((Text.Plain) row.candidates().get(candidate)).text().strip();
  }

  /// What strategies that read no model work with.
  static Strategy.Setting setting() {
    var tokenizer = Golden.tokenizer("llama");
    return new Strategy.Setting(
        new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, 256)),
        java.nio.file.Path.of("."),
        java.nio.file.Path::of,
        io.alidade.model.Precision.FLOAT32,
        io.alidade.journal.Journal.silent());
  }

  @Test
  void rankingsBecomePairsWithoutTies() {
    var list = ranking(1, 3, 2, 2);
    assertThat(pairs(RankedPairs.Choice.BEST_WORST, list)).containsExactly("3.0>1.0");
    assertThat(pairs(RankedPairs.Choice.ADJACENT, list)).containsExactly("3.0>2.0", "2.0>1.0");
    assertThat(pairs(RankedPairs.Choice.BEST_OTHERS, list))
        .containsExactly("3.0>1.0", "3.0>2.0", "3.0>2.0");
    assertThat(pairs(RankedPairs.Choice.ALL, list))
        .containsExactly("3.0>2.0", "3.0>2.0", "3.0>1.0", "2.0>1.0", "2.0>1.0");
    assertThat(pairs(RankedPairs.Choice.ALL, ranking(2, 2))).isEmpty();
  }

  private static List<String> pairs(RankedPairs.Choice choice, Example list) {
    return new RankedPairs(choice, "scores")
        .of(list).stream()
            .map(p -> text(p, 0).substring(6) + ">" + text(p, 1).substring(6))
            .toList();
  }

  @Test
  void rowsThatLeaveNothingAreAnError() {
    var rows = Rows.of(List.of(ranking(2, 2)), Form.RANKING);
    var strategy = new RankedPairs(RankedPairs.Choice.ALL, "scores");
    assertThatThrownBy(() -> strategy.apply(rows, setting()))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "d.jsonl: strategy RankedPairs leaves none of its 1 rows; look at them with `data check`");
  }

  @Test
  void scoreColumnsOrderLists() {
    var row =
        Columns.read(
            ROW,
            Map.of(
                "prompt", "p",
                "completions", List.of(" a", " b", " c"),
                "scores", List.of(0, 0, 0),
                "help", List.of(1, 5, 4),
                "length", List.of(10, 30, 10)));
    var list = new ScoredBy(Map.of("help", 1.0, "length", -0.1)).of(row);
    assertThat(List.of(text(list, 0), text(list, 1), text(list, 2))).containsExactly("c", "b", "a");
    assertThat(list.signals().get(ScoredBy.SCORES)).containsExactly(3, 2, 0);
    assertThat(list.signals().get(Signal.perCandidate("help"))).containsExactly(4, 5, 1);
  }

  private static Example tree(Object tree) {
    return Columns.read(ROW, Map.of("prompt", "Add 2 and 2.", "tree", tree));
  }

  private static Map<String, Object> leaf(String text, double score) {
    return Map.of("text", text, "score", score);
  }

  @Test
  void treesBecomeGradedListsWithSteps() {
    var tree =
        Map.of(
            "children",
            List.of(
                leaf("No idea", -100),
                Map.of(
                    "text",
                    "First add.\n",
                    "children",
                    List.of(leaf("It is 4", 100), leaf("It is 5", -20)))));
    try (var tokenizer = Golden.tokenizer("llama")) {
      var encoder = new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, 256));
      var list = new PreferenceTree(-100, 100).of(tree(tree), encoder).getFirst();
      assertThat(List.of(text(list, 0), text(list, 1), text(list, 2)))
          .containsExactly("First add.\nIt is 4", "First add.\nIt is 5", "No idea");
      assertThat(list.signals().get(ScoredBy.SCORES)).containsExactly(100, -20, -100);
      assertThat(list.signals().get(PreferenceTree.VALUE)).containsExactly(1, 0.4, 0);
      double[] steps = list.signals().get(PreferenceTree.STEP);
      var encoded = encoder.encode(list);
      int at = 0;
      for (int k = 0; k < 3; k++) {
        // Each token's step, checked against the text of the tokens before it.
        int[] tokens = encoded.candidates().get(k).tokens();
        var sentence = new StringBuilder();
        for (int t = 0; t < tokens.length; t++) {
          boolean second = k < 2 && sentence.length() >= "First add.\n".length();
          assertThat(java.util.Objects.requireNonNull(steps)[at++])
              .as("candidate %d, token %d", k, t)
              .isEqualTo(second ? 2 : 1);
          sentence.append(tokenizer.decode(new int[] {tokens[t]}, false));
        }
      }
      assertThat(steps).hasSize(at);
    }
  }

  @Test
  void aTreeWithOnePathComparesNothing() {
    assertThat(new PreferenceTree(-100, 100).of(tree(leaf("alone", 5)), setting().encoder()))
        .isEmpty();
  }

  @Test
  void badTreesSayWhere() {
    var strategy = new PreferenceTree(-100, 100);
    assertThatThrownBy(() ->
            strategy.of(
                tree(Map.of("children", List.of(Map.of("text", "x")))), setting().encoder()))
        .isInstanceOf(UserException.class)
        .hasMessage("d.jsonl:7: tree.children[0] is a leaf without a 'score'; give it a number");
    assertThatThrownBy(
            () -> strategy.of(tree(Map.of("children", List.of("x", "y"))), setting().encoder()))
        .hasMessageStartingWith("d.jsonl:7: tree.children[0] is no node; write");
    assertThatThrownBy(() ->
            strategy.of(
                tree(Map.of("children", List.of(leaf("a", 101), leaf("b", 0)))),
                setting().encoder()))
        .hasMessageStartingWith("d.jsonl:7: score 101.0 is outside of -100.0 to 100.0;");
    assertThatThrownBy(() -> new PreferenceTree(1, 1))
        .hasMessageContaining("high - low must be positive");
  }

  private static Strategy.Outline rows(Form form, Signal... signals) {
    return new Strategy.Outline("d.jsonl", form, Set.of(signals), Set.of());
  }

  @Test
  void rowsOfTheWrongKindAreRefusedBeforeTheyAreRead() {
    var scores = Signal.perCandidate("scores");
    assertThat(
            curriculum(4, Curriculum.Order.EASY_FIRST)
                .outline(rows(Form.RANKING, scores))
                .signals())
        .contains(Curriculum.STAGE, RankedPairs.GAP);
    assertThatThrownBy(
            () -> curriculum(4, Curriculum.Order.EASY_FIRST).outline(rows(Form.PAIR, scores)))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(
            "d.jsonl: strategy Curriculum makes pairs of rankings, these rows are a pair:");
    assertThatThrownBy(() ->
            new RankedPairs(RankedPairs.Choice.ALL, "stars").outline(rows(Form.RANKING, scores)))
        .hasMessage(
            "d.jsonl has no column 'stars' with one number an answer, which strategy RankedPairs reads; it has [scores]");
    assertThatThrownBy(() -> new ScoredBy(Map.of("a", 1.0)).outline(rows(Form.PAIR)))
        .hasMessageContaining("strategy ScoredBy orders rankings");
    assertThatThrownBy(() -> new PreferenceTree(-100, 100).outline(rows(Form.PROMPT)))
        .hasMessageContaining("strategy PreferenceTree reads rows of 'prompt' and 'tree'");
    var field = weights(TokenWeights.Match.FIELD, TokenWeights.Alignment.POSITION);
    assertThatThrownBy(() -> field.outline(rows(Form.RANKING)))
        .hasMessageContaining("make pairs first (RankedPairs)");
    assertThatThrownBy(() -> field.outline(rows(Form.PAIR, Signal.perUnit("token_weight"))))
        .hasMessageContaining("d.jsonl has a column 'token_weight' already");
  }

  @Test
  void lengthsAreBalancedByLeavingOutTheFrequentKindEvenly() {
    int[] longer = {-3, 2, -1, -9, 0, -2, 5, -4, -7};
    assertThat(LengthBalance.kept(longer, 1))
        .containsExactly(false, true, false, true, true, false, true, false, true);
    assertThat(LengthBalance.kept(longer, 1.5))
        .containsExactly(false, true, true, false, true, true, true, false, true);
    assertThat(LengthBalance.kept(longer, 9)).doesNotContain(false);
    assertThat(LengthBalance.kept(new int[] {1, 1, 0}, 1)).containsExactly(false, false, true);
    assertThatThrownBy(() -> new LengthBalance(0.5)).hasMessageContaining("ratio must be");
    assertThatThrownBy(() -> new LengthBalance(1).outline(rows(Form.RANKING)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("strategy LengthBalance compares the answers of pairs");
  }

  @Test
  void balancedPairsAreTheDatasOwn() {
    try (var tokenizer = Golden.tokenizer("llama")) {
      var pairs = new ArrayList<Example>();
      for (int i = 0; i < 6; i++) {
        pairs.add(
            Columns.read(
                new Example.Row("d.jsonl", i + 1),
                Map.of(
                    "prompt", "p",
                    "chosen", " a".repeat(i < 2 ? 5 : 1),
                    "rejected", " b".repeat(3))));
      }
      var setting =
          new Strategy.Setting(
              new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, 64)),
              Golden.path("models/llama"),
              Path::of,
              Precision.FLOAT32,
              Journal.silent());
      var balanced = new LengthBalance(1).apply(Rows.of(pairs, Form.PAIR), setting);
      assertThat(balanced.count()).isEqualTo(4);
      assertThat(IntStream.range(0, 4).mapToObj(i -> balanced.row(i).row().toString()))
          .containsExactly("d.jsonl:1", "d.jsonl:2", "d.jsonl:4", "d.jsonl:6");
    }
    assertThat(LengthBalance.told(new int[] {2, -1, -3}, new boolean[] {true, false, true}))
        .isEqualTo(
            "LengthBalance: the longer answer is the chosen one in 33.3 % of 3 pairs, now in 50.0 % of 2");
  }

  @Test
  void aModelOrAColumnButNotBoth() {
    var margin = Signal.perGroup("rm_margin");
    var without = new RewardMargin("rm_margin", Optional.empty(), 1);
    var with = new RewardMargin("rm_margin", Optional.of("model"), 1);
    assertThat(without.outline(rows(Form.PAIR, margin)).signals()).contains(margin);
    assertThat(with.outline(rows(Form.PAIR)).signals()).contains(margin);
    assertThatThrownBy(() -> without.outline(rows(Form.PAIR)))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(
            "strategy RewardMargin: no model, and d.jsonl has no column 'rm_margin' (one number a row); name one: --set strategies.N.RewardMargin.model=FOLDER");
    assertThatThrownBy(() -> with.outline(rows(Form.PAIR, margin)))
        .hasMessageStartingWith(
            "d.jsonl has a column 'rm_margin' already, and strategy RewardMargin");
    assertThatThrownBy(() -> with.outline(rows(Form.RANKING)))
        .hasMessageContaining("make pairs first (RankedPairs)");
  }
}
