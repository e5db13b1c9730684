package io.alidade.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import io.alidade.example.Text;
import io.alidade.objective.Needs;
import io.alidade.tokenizer.Golden;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class RowEncoderTest {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  static Stream<String> rowFiles() {
    return Stream.of(
        "1_merge_across_the_boundary", "2_system_and_turns", "3_implicit_prompt_conversational");
  }

  @ParameterizedTest
  @MethodSource("rowFiles")
  void encodesTrickyRowsAsTheReferenceDoes(String name) {
    var golden = Golden.json("tokenization/" + name + ".json");
    int limit = golden.get("max_length").asInt();
    var rows = Rows.of(examples(golden.get("rows")), Form.PAIR);
    assertThat(golden.get("by_tokenizer")).hasSize(5);
    for (var entry : golden.get("by_tokenizer").properties()) {
      var expected = entry.getValue();
      try (var tokenizer = Golden.tokenizer(entry.getKey())) {
        assertThat(tokenizer.eosText()).contains(expected.get("eos_token").asString());
        var dpo =
            EncodedGroups.of(
                rows,
                new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, limit)),
                OptionalInt.empty());
        var reward = new RowEncoder(tokenizer, Encoding.of(Layout.WHOLE, limit));
        assertThat(dpo.summary().dropped()).hasSize(expected.get("dpo_rows_dropped").size());
        for (int i = 0; i < rows.count(); i++) {
          pairEquals(dpo.group(i), expected.get("dpo").get(i));
          var whole = ((Fitted.Kept) reward.group(rows.row(i))).group();
          assertThat(full(whole, 0))
              .isEqualTo(Golden.ids(expected.get("reward").get(i).get("chosen_ids")));
          assertThat(full(whole, 1))
              .isEqualTo(Golden.ids(expected.get("reward").get(i).get("rejected_ids")));
        }
        batchEquals(dpo, expected.get("dpo_batch"));

        var sft = new RowEncoder(tokenizer, Encoding.of(Layout.DEMONSTRATIONS, limit));
        var demonstrations = rows.as(Needs.Feedback.DEMONSTRATIONS);
        for (int i = 0; i < demonstrations.count(); i++) {
          labelsEqual(
              ((Fitted.Kept) sft.group(demonstrations.row(i))).group(),
              expected.get("sft").get(i).get("input_ids"),
              expected.get("sft").get(i).get("labels"));
        }
        ktoEquals(
            EncodedGroups.of(
                rows.as(Needs.Feedback.LABELLED),
                new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, limit)),
                OptionalInt.of(4)),
            expected.get("kto"));
      }
    }
  }

  static Stream<String> runs() {
    return Stream.of("dpo_plain", "dpo_conversational", "sft_completion", "sft_messages", "reward");
  }

  @ParameterizedTest
  @MethodSource("runs")
  void encodesTheRowsOfTheTrainingRuns(String run) {
    var golden = Golden.json("training/tokenized_rows.json").get(run);
    var layout =
        run.startsWith("dpo")
            ? Layout.CONTINUATIONS
            : run.startsWith("sft") ? Layout.DEMONSTRATIONS : Layout.WHOLE;
    var data = Golden.path("training/data").resolve(golden.get("dataset").asString());
    try (var tokenizer = Golden.tokenizer(run.equals("reward") ? "llama_reward" : "llama");
        var rows = Rows.open(data)) {
      var encoder =
          new RowEncoder(tokenizer, Encoding.of(layout, golden.get("max_length").asInt()));
      var inMemory = EncodedGroups.of(rows, encoder, OptionalInt.empty());
      var again = EncodedGroups.of(rows, encoder, OptionalInt.empty(), 100);
      var ids = golden.has("input_ids") ? golden.get("input_ids") : golden.get("chosen_ids");
      assertThat(inMemory.count()).isEqualTo(ids.size()).isGreaterThan(50);
      assertThat(inMemory.summary().rows()).isEqualTo(64);
      for (int i = 0; i < inMemory.count(); i++) {
        var group = inMemory.group(i);
        same(group, again.group(i));
        switch (layout) {
          case DEMONSTRATIONS -> labelsEqual(group, ids.get(i), golden.get("labels").get(i));
          case CONTINUATIONS -> {
            int[] prompt = Golden.ids(golden.get("prompt_ids").get(i));
            int room = golden.get("max_length").asInt() - prompt.length;
            assertThat(group.prompt()).isEqualTo(prompt);
            assertThat(group.candidates().get(0).tokens()).isEqualTo(cut(ids.get(i), room));
            assertThat(group.candidates().get(1).tokens())
                .isEqualTo(cut(golden.get("rejected_ids").get(i), room));
          }
          case WHOLE -> {
            assertThat(full(group, 0)).isEqualTo(Golden.ids(ids.get(i)));
            assertThat(full(group, 1)).isEqualTo(Golden.ids(golden.get("rejected_ids").get(i)));
            assertThat(group.signals().get(Signal.perGroup("margin")))
                .containsExactly(golden.get("margin").get(i).asDouble());
          }
        }
      }
      if (run.equals("dpo_conversational")) {
        assertThat(inMemory.summary().dropped())
            .containsExactly(Map.entry(Fitted.Reason.PROMPT_FILLS_LIMIT, 7));
      }
    }
  }

  @Test
  void keepsTheEndWhereAsked() {
    var pair = pair("The lighthouse keeper asks what is 12", " plus 30? The answer is 42.", " no");
    try (var tokenizer = Golden.tokenizer("llama")) {
      var all = new RowEncoder(tokenizer, Encoding.unlimited(Layout.CONTINUATIONS)).encode(pair);
      int prompt = all.prompt().length;
      int chosen = all.candidates().get(0).tokens().length;
      int rejected = all.candidates().get(1).tokens().length;
      int limit = prompt + rejected + 1;
      assertThat(chosen).isGreaterThan(rejected + 1).isLessThan(limit);
      var encoder =
          new RowEncoder(
              tokenizer,
              new Encoding(
                  Layout.CONTINUATIONS, OptionalInt.of(limit), Truncation.KEEP_END, false));
      var kept = (Fitted.Kept) encoder.group(pair);
      assertThat(kept.cut()).isEqualTo(prompt + chosen - limit);
      for (int c = 0; c < 2; c++) {
        int[] whole = full(all.prompt(), all.candidates().get(c));
        var candidate = kept.group().candidates().get(c);
        int from = Math.max(0, whole.length - limit);
        assertThat(full(kept.group(), c)).isEqualTo(Arrays.copyOfRange(whole, from, whole.length));
        assertThat(candidate.scoredTokens()).isEqualTo(all.candidates().get(c).tokens().length);
      }
      // Completions longer than the limit: what is left has no prompt, and nothing predicts its
      // first token.
      var tight =
          new RowEncoder(
              tokenizer,
              new Encoding(Layout.CONTINUATIONS, OptionalInt.of(4), Truncation.KEEP_END, false));
      var group = ((Fitted.Kept) tight.group(pair)).group();
      assertThat(group.candidates().get(0).scored()).containsExactly(false, true, true, true);
      assertThat(group.candidates().get(0).tokens()).endsWith(tokenizer.eos().orElseThrow());
    }
  }

  @Test
  void cutsUnitSignalsWithTheirTokens() {
    try (var tokenizer = Golden.tokenizer("llama")) {
      var plain = pair("What is 12", " plus 30?", " no");
      var all = new RowEncoder(tokenizer, Encoding.unlimited(Layout.CONTINUATIONS)).encode(plain);
      int prompt = all.prompt().length;
      int chosen = all.candidates().get(0).tokens().length;
      int rejected = all.candidates().get(1).tokens().length;
      var weights = Signal.perUnit("weights");
      double[] values = IntStream.range(1, chosen + rejected + 1).asDoubleStream().toArray();
      var weighted =
          new Example(
              plain.row(), plain.prompt(), plain.candidates(), Map.of(weights, values), Map.of());
      for (var truncation : Truncation.values()) {
        var encoding =
            new Encoding(
                Layout.CONTINUATIONS, OptionalInt.of(prompt + chosen - 2), truncation, false);
        var group = ((Fitted.Kept) new RowEncoder(tokenizer, encoding).group(weighted)).group();
        double[] left = group.signals().get(weights);
        assertThat(left)
            .hasSize(group.candidates().stream().mapToInt(c -> c.tokens().length).sum());
        if (truncation == Truncation.KEEP_START) {
          assertThat(left).startsWith(1.0, 2.0).contains(chosen - 2.0).doesNotContain(chosen - 1.0);
        } else {
          assertThat(left).contains(1.0, 2.0, chosen - 1.0, chosen, chosen + rejected);
        }
      }
      var wrong =
          new Example(
              plain.row(),
              plain.prompt(),
              plain.candidates(),
              Map.of(weights, new double[] {1, 2}),
              Map.of());
      assertThatThrownBy(
              () -> new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, 9)).group(wrong))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("'weights' has 2 numbers for");
    }
  }

  @Test
  void scoresTheAssistantAloneWhereAsked() {
    var cells =
        Map.of(
            "messages",
            List.of(
                Map.of("role", "user", "content", "What is 7 times 8?"),
                Map.of("role", "assistant", "content", "It is 56."),
                Map.of("role", "user", "content", "And 12 plus 30?"),
                Map.of("role", "assistant", "content", "The answer is 42. \uD83D\uDC4D")));
    var example = Columns.read(new Example.Row("chat", 1), cells);
    for (var fixture : List.of("llama", "qwen2", "mistral", "gpt2")) {
      try (var tokenizer = Golden.tokenizer(fixture)) {
        var encoder =
            new RowEncoder(
                tokenizer,
                new Encoding(
                    Layout.DEMONSTRATIONS, OptionalInt.empty(), Truncation.KEEP_START, true));
        var completion = encoder.encode(example).candidates().getFirst();
        int[] scored =
            IntStream.range(0, completion.tokens().length)
                .filter(t -> completion.scored()[t])
                .map(t -> completion.tokens()[t])
                .toArray();
        var text = tokenizer.decode(scored, true);
        assertThat(text)
            .as(fixture)
            .contains("It is 56.")
            .contains("The answer is 42. \uD83D\uDC4D")
            .doesNotContain("times", "plus", "user");
      }
    }
  }

  @Test
  void saysWhatIsMissing() {
    var chat =
        Columns.read(
            new Example.Row("c.jsonl", 7),
            Map.of("messages", List.of(Map.of("role", "user", "content", "Hi"))));
    var plain = Columns.read(new Example.Row("p.jsonl", 3), Map.of("text", "Hi"));
    try (var spm = Golden.tokenizer("spm_bpe_prepend");
        var llama = Golden.tokenizer("llama")) {
      var encoder = new RowEncoder(spm, Encoding.of(Layout.DEMONSTRATIONS, 9));
      assertThatThrownBy(() -> encoder.group(chat))
          .isInstanceOf(UserException.class)
          .hasMessageStartingWith("c.jsonl:7: a conversation, but ")
          .hasMessageContaining("has no chat template");
      var assistant =
          new RowEncoder(
              llama,
              new Encoding(
                  Layout.DEMONSTRATIONS, OptionalInt.empty(), Truncation.KEEP_START, true));
      assertThatThrownBy(() -> assistant.group(plain))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("p.jsonl:3: assistant_only_loss needs conversations");
      assertThatThrownBy(() -> assistant.group(chat))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("c.jsonl:7");
    }
  }

  @Test
  void dropsWhatLeavesNothingToLearn() {
    var rows = Rows.of(List.of(pair("The lighthouse keeper counted", "a", "b")), Form.PAIR);
    try (var tokenizer = Golden.tokenizer("llama")) {
      assertThat(new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, 4)).group(rows.row(0)))
          .isEqualTo(
              new Fitted.Dropped(new Example.Row("test", 1), Fitted.Reason.PROMPT_FILLS_LIMIT));
      assertThat(new RowEncoder(tokenizer, Encoding.of(Layout.WHOLE, 4)).group(rows.row(0)))
          .isEqualTo(new Fitted.Dropped(new Example.Row("test", 1), Fitted.Reason.TOO_LONG));
      assertThatThrownBy(() ->
              EncodedGroups.of(
                  rows,
                  new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, 4)),
                  OptionalInt.empty()))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("no row is left")
          .hasMessageContaining("1 because the prompt alone reaches max_length")
          .hasMessageContaining("raise max_length");
    }
  }

  static Example pair(String prompt, String chosen, String rejected) {
    return new Example(
        new Example.Row("test", 1),
        new Text.Plain(prompt),
        List.of(new Text.Plain(chosen), new Text.Plain(rejected)),
        Map.of(),
        Map.of());
  }

  private static List<Example> examples(JsonNode rows) {
    var out = new ArrayList<Example>();
    for (int i = 0; i < rows.size(); i++) {
      @SuppressWarnings("unchecked")
      Map<String, Object> cells = MAPPER.convertValue(rows.get(i), HashMap.class);
      out.add(Columns.read(new Example.Row("golden", i + 1), cells));
    }
    return out;
  }

  private static void pairEquals(Group group, JsonNode expected) {
    assertThat(group.prompt()).isEqualTo(Golden.ids(expected.get("prompt_ids")));
    assertThat(group.candidates().get(0).tokens())
        .isEqualTo(Golden.ids(expected.get("chosen_ids")));
    assertThat(group.candidates().get(1).tokens())
        .isEqualTo(Golden.ids(expected.get("rejected_ids")));
  }

  /// The padded batch of the reference: chosen rows, then rejected rows.
  private static void batchEquals(EncodedGroups groups, JsonNode batch) {
    for (int r = 0; r < 2 * groups.count(); r++) {
      var group = groups.group(r % groups.count());
      var candidate = group.candidates().get(r / groups.count());
      int[] ids = full(group, r / groups.count());
      assertThat(ids).isEqualTo(cut(batch.get("input_ids").get(r), ids.length));
      int[] attended = Golden.ids(batch.get("attention_mask").get(r));
      assertThat(Arrays.stream(attended).sum()).isEqualTo(ids.length);
      int[] mask = Golden.ids(batch.get("completion_mask").get(r));
      for (int t = 0; t < mask.length; t++) {
        int place = t - group.prompt().length;
        boolean scored =
            place >= 0 && place < candidate.scored().length && candidate.scored()[place];
        // Nothing predicts the first token of all, so the reference never reads its mark.
        assertThat(scored).isEqualTo(t > 0 && mask[t] == 1);
      }
    }
  }

  private static void labelsEqual(Group group, JsonNode inputIds, JsonNode labels) {
    assertThat(full(group, 0)).isEqualTo(Golden.ids(inputIds));
    var completion = group.candidates().getFirst();
    int[] expected = Golden.ids(labels);
    for (int t = 1; t < expected.length; t++) {
      int place = t - group.prompt().length;
      assertThat(place >= 0 && completion.scored()[place]).isEqualTo(expected[t] != -100);
    }
  }

  private static void ktoEquals(EncodedGroups groups, JsonNode expected) {
    assertThat(groups.count()).isEqualTo(expected.size());
    for (int i = 0; i < expected.size(); i++) {
      var group = groups.group(i);
      assertThat(group.prompt()).isEqualTo(Golden.ids(expected.get(i).get("prompt_ids")));
      assertThat(group.candidates().get(0).tokens())
          .isEqualTo(Golden.ids(expected.get(i).get("completion_ids")));
      assertThat(group.candidates().get(1).tokens())
          .isEqualTo(Golden.ids(expected.get(i).get("KL_completion_ids")));
      assertThat(group.signals().get(Signal.perGroup("label"))).containsExactly(i % 2 == 0 ? 1 : 0);
    }
  }

  private static void same(Group a, Group b) {
    assertThat(a.row()).isEqualTo(b.row());
    for (int c = 0; c < a.candidates().size(); c++) {
      assertThat(full(a, c)).isEqualTo(full(b, c));
    }
  }

  private static int[] cut(JsonNode ids, int length) {
    return Arrays.stream(Golden.ids(ids)).limit(length).toArray();
  }

  private static int[] full(Group group, int candidate) {
    return full(group.prompt(), group.candidates().get(candidate));
  }

  private static int[] full(int[] prompt, Completion completion) {
    return IntStream.concat(Arrays.stream(prompt), Arrays.stream(completion.tokens())).toArray();
  }
}
