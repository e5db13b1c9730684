package io.alidade.data;

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
  private static final Example.Row ROW = new Example.Row("d.jsonl", 7);

  private static Example ranking(double... scores) {
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

  private static String text(Example row, int candidate) {
    return ((Text.Plain) row.candidates().get(candidate)).text().strip();
  }

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

  private static Curriculum curriculum(int responses, Curriculum.Order order) {
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

  private static Strategy.Setting setting() {
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

  private static TokenWeights weights(TokenWeights.Match match, TokenWeights.Alignment alignment) {
    return new TokenWeights(
        Map.of("Code", 1.1, "Sub-code", 1.2), match, 1.2, alignment, "token_weight");
  }

  /// Tokens of two characters each.
  private static RowEncoder.Span[] twos(String text) {
    var spans = new RowEncoder.Span[(text.length() + 1) / 2];
    for (int t = 0; t < spans.length; t++) {
      spans[t] = new RowEncoder.Span(2 * t, Math.min(text.length(), 2 * t + 2));
    }
    return spans;
  }

  @Test
  void labelsWeighByTheTokensTheyOverlap() {
    var answer = "{\"Code\":\"AB\",\"Sub-code\":\"AB1\"}";
    // 0         1         2
    // 0123456789012345678901234567 8
    // {"Code":"AB","Sub-code":"AB1"}: Code at 9 and 10, Sub-code at 25 to 27.
    var field = weights(TokenWeights.Match.FIELD, TokenWeights.Alignment.POSITION);
    assertThat(field.labelled(answer, twos(answer)))
        .containsExactly(1, 1, 1, 1, 1.1, 1.1, 1, 1, 1, 1, 1, 1, 1.2, 1.2, 1);
    // The code's text occurs within the sub-code, which weighs more.
    var anywhere =
        new TokenWeights(
            Map.of("Code", 1.3),
            TokenWeights.Match.ANYWHERE,
            1,
            TokenWeights.Alignment.POSITION,
            "token_weight");
    assertThat(anywhere.labelled(answer, twos(answer)))
        .containsExactly(1, 1, 1, 1, 1.3, 1.3, 1, 1, 1, 1, 1, 1, 1.3, 1.3, 1);
    // A cut answer and a number are read as far as they go.
    assertThat(field.labelled("{\"Code\": 12", twos("{\"Code\": 12")))
        .containsExactly(1, 1, 1, 1, 1.1, 1.1);
  }

  @Test
  void tokensThatDifferAreBoosted() {
    double[] chosen = {1, 1, 1.2, 1};
    double[] rejected = {1, 1, 1.2, 1};
    weights(TokenWeights.Match.FIELD, TokenWeights.Alignment.POSITION)
        .boost(chosen, rejected, new int[] {1, 2, 3, 4}, new int[] {1, 2, 9, 4});
    assertThat(chosen).containsExactly(1, 1, 1.44, 1); // the page's weights
    assertThat(rejected).containsExactly(1, 1, 1.44, 1);
  }

  @Test
  void anInsertionShiftsPositionsButNotTheSubsequence() {
    int[] left = {1, 2, 3, 4};
    int[] right = {1, 9, 2, 3, 4};
    double[] chosen = {1, 1, 1, 1};
    double[] rejected = {1, 1, 1, 1, 1};
    weights(TokenWeights.Match.FIELD, TokenWeights.Alignment.SUBSEQUENCE)
        .boost(chosen, rejected, left, right);
    assertThat(chosen).containsExactly(1, 1, 1, 1);
    assertThat(rejected).containsExactly(1, 1.2, 1, 1, 1);
    weights(TokenWeights.Match.FIELD, TokenWeights.Alignment.POSITION)
        .boost(chosen, rejected, left, right);
    assertThat(chosen).containsExactly(1, 1.2, 1.2, 1.2);
  }

  @Test
  void tokenWeightsFollowTheTokensOfTheModel() {
    var row =
        Columns.read(
            ROW,
            Map.of(
                "prompt", "Code this.",
                "chosen", "{\"Code\": \"A7\"}",
                "rejected", "{\"Code\": \"B7\"}"));
    try (var tokenizer = Golden.tokenizer("llama")) {
      var encoder = new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, 256));
      var weighted =
          weights(TokenWeights.Match.FIELD, TokenWeights.Alignment.POSITION).of(row, encoder);
      var encoded = encoder.encode(weighted);
      int tokens = encoded.candidates().stream().mapToInt(c -> c.tokens().length).sum();
      double[] values = weighted.signals().get(Signal.perUnit("token_weight"));
      assertThat(values).hasSize(tokens);
      assertThat(java.util.Objects.requireNonNull(values)[0]).isEqualTo(1);
      assertThat(java.util.Arrays.stream(values).max().orElse(0)).isEqualTo(1.1 * 1.2);
      assertThat(encoder.fit(encoded)).isInstanceOf(Fitted.Kept.class);
    }
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
