package io.alidade.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.batch.Group;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.objective.Needs;
import io.alidade.tokenizer.Golden;
import io.alidade.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Every form of data set that TRL documents for preference and imitation, tokenized, masked and
/// cut as the trainers of TRL 1.13 do before a batch reaches the model. `golden/make/trainers.py`
/// wrote the batches.
class TrlFormsTest {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  @TempDir static Path folder;
  private static Tokenizer tokenizer;

  @BeforeAll
  static void tokenizer() throws IOException {
    var model = Golden.path("models/llama");
    Files.copy(model.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    var config =
        (ObjectNode) MAPPER.readTree(Files.readString(model.resolve("tokenizer_config.json")));
    config.remove("chat_template");
    Files.writeString(folder.resolve("tokenizer_config.json"), config.toString());
    Files.copy(Golden.path("tokenization/tools.jinja"), folder.resolve("chat_template.jinja"));
    tokenizer = Tokenizer.load(folder);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  /// A data set as a trainer made it a batch.
  record Case(String name, JsonNode golden) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> cases() {
    return Golden.json("tokenization/trl_forms.json")
        .path("cases")
        .valueStream()
        .map(golden ->
            new Case(
                "%s, %s %s"
                    .formatted(
                        golden.path("form").asString(),
                        golden.path("truncation_mode").asString(),
                        golden.path("max_length")),
                golden));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void rowsBecomeTheBatchOfTheTrainer(Case which) {
    var golden = which.golden;
    assertThat(golden.has("refused")).isFalse();
    var trainer = golden.path("trainer").asString();
    var rows = rows(golden.path("rows"));
    var layout = trainer.equals("sft") ? Layout.DEMONSTRATIONS : Layout.CONTINUATIONS;
    var encoder = new RowEncoder(tokenizer, encoding(golden, layout));
    var wanted =
        switch (trainer) {
          case "sft" -> rows.as(Needs.Feedback.DEMONSTRATIONS);
          case "kto" -> rows.as(Needs.Feedback.LABELLED);
          default -> rows;
        };
    var window = trainer.equals("kto") ? OptionalInt.of(8) : OptionalInt.empty();
    var batch = golden.path("batch");
    if (batch.isEmpty()) {
      assertThatThrownBy(() -> EncodedGroups.of(wanted, encoder, window))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("no row is left");
      return;
    }
    var encoded = EncodedGroups.of(wanted, encoder, window);
    var groups = IntStream.range(0, encoded.count()).mapToObj(encoded::group).toList();
    if (golden.path("form").asString().startsWith("paired")) {
      // TRL takes the chosen answers of a thousand rows and then the rejected ones, so a batch
      // holds
      // one label only; here a row's two answers follow one another, and lend to each other.
      compare(
          Stream.of(0, 2, 1, 3).map(i -> line(groups.get(i), 0)).toList(),
          batch,
          "input_ids",
          "attention_mask",
          "completion_mask");
      return;
    }
    switch (trainer) {
      case "dpo" -> compare(both(groups), batch, "input_ids", "attention_mask", "completion_mask");
      case "kto" -> {
        compare(candidate(groups, 0), batch, "input_ids", "attention_mask", "completion_mask");
        compare(
            candidate(groups, 1), batch, "KL_input_ids", "KL_attention_mask", "KL_completion_mask");
        for (int i = 0; i < groups.size(); i++) {
          assertThat(groups.get(i).signals().get(Signal.perGroup("label")))
              .containsExactly(batch.path("label").get(i).asBoolean() ? 1 : 0);
        }
      }
      default -> compare(candidate(groups, 0), batch, "input_ids", "attention_mask", "labels");
    }
  }

  private static Encoding encoding(JsonNode golden, Layout layout) {
    var limit = golden.path("max_length");
    var mode =
        golden.path("truncation_mode").asString().equals("keep_end")
            ? Truncation.KEEP_END
            : Truncation.KEEP_START;
    return new Encoding(
        layout,
        limit.isNull() ? OptionalInt.empty() : OptionalInt.of(limit.asInt()),
        mode,
        golden.path("assistant_only_loss").asBoolean());
  }

  private static Rows rows(JsonNode rows) {
    var examples = new ArrayList<Example>();
    for (int i = 0; i < rows.size(); i++) {
      @SuppressWarnings("unchecked")
      Map<String, Object> cells = MAPPER.convertValue(rows.get(i), HashMap.class);
      examples.add(Columns.read(new Example.Row("golden", i + 1), cells));
    }
    @SuppressWarnings("unchecked")
    Map<String, Object> first = MAPPER.convertValue(rows.get(0), HashMap.class);
    return Rows.of(examples, Columns.form(new Example.Row("golden", 1), first));
  }

  /// Ids of prompt and candidate, and which of them are scored.
  private record Line(int[] ids, boolean[] scored) {}

  private static Line line(Group group, int candidate) {
    var completion = group.candidates().get(candidate);
    int prompt = group.prompt().length;
    int[] ids =
        IntStream.concat(Arrays.stream(group.prompt()), Arrays.stream(completion.tokens()))
            .toArray();
    var scored = new boolean[ids.length];
    System.arraycopy(completion.scored(), 0, scored, prompt, completion.scored().length);
    return new Line(ids, scored);
  }

  private static List<Line> candidate(List<Group> groups, int candidate) {
    return groups.stream().map(group -> line(group, candidate)).toList();
  }

  private static List<Line> both(List<Group> groups) {
    return Stream.concat(candidate(groups, 0).stream(), candidate(groups, 1).stream()).toList();
  }

  private static void compare(
      List<Line> lines, JsonNode batch, String ids, String attended, String marks) {
    assertThat(batch.path(ids)).hasSameSizeAs(lines);
    for (int r = 0; r < lines.size(); r++) {
      var line = lines.get(r);
      int length = Arrays.stream(Golden.ids(batch.path(attended).get(r))).sum();
      assertThat(line.ids)
          .as("row %d", r)
          .isEqualTo(Arrays.copyOf(Golden.ids(batch.path(ids).get(r)), length));
      int[] mask = Golden.ids(batch.path(marks).get(r));
      // Nothing predicts the first token of all, so the trainer never reads its mark.
      for (int t = 1; t < length; t++) {
        boolean theirs = marks.equals("labels") ? mask[t] != -100 : mask[t] == 1;
        assertThat(line.scored[t]).as("row %d, token %d", r, t).isEqualTo(theirs);
      }
    }
  }
}
