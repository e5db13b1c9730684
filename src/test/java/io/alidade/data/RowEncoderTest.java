package io.alidade.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.example.Example;
import io.alidade.example.Text;
import io.alidade.tokenizer.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class RowEncoderTest {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  static Example pair(long number, JsonNode row) {
    return new Example(
        new Example.Row("golden", number),
        new Text.Plain(row.get("prompt").asString()),
        List.of(
            new Text.Plain(row.get("chosen").asString()),
            new Text.Plain(row.get("rejected").asString())),
        Map.of(),
        Map.of());
  }

  static List<JsonNode> rows(String data) throws IOException {
    return Files.readAllLines(Golden.path("training/data").resolve(data)).stream()
        .map(MAPPER::readTree)
        .toList();
  }

  @Test
  void encodesPlainPairsForPreferencesAndRewards() {
    var golden = Golden.json("tokenization/1_merge_across_the_boundary.json");
    for (var entry : golden.get("by_tokenizer").properties()) {
      try (var tokenizer = Golden.tokenizer(entry.getKey())) {
        var dpo = new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, 1024));
        var reward = new RowEncoder(tokenizer, Encoding.of(Layout.WHOLE, 1024));
        for (int i = 0; i < golden.get("rows").size(); i++) {
          var example = pair(i + 1, golden.get("rows").get(i));
          var expected = entry.getValue().get("dpo").get(i);
          var row = dpo.encode(example);
          assertThat(row.prompt()).isEqualTo(Golden.ids(expected.get("prompt_ids")));
          assertThat(row.candidates().get(0).tokens())
              .isEqualTo(Golden.ids(expected.get("chosen_ids")));
          assertThat(row.candidates().get(1).tokens())
              .isEqualTo(Golden.ids(expected.get("rejected_ids")));

          var whole = entry.getValue().get("reward").get(i);
          var texts = reward.encode(example);
          assertThat(full(texts, 0)).isEqualTo(Golden.ids(whole.get("chosen_ids")));
          assertThat(full(texts, 1)).isEqualTo(Golden.ids(whole.get("rejected_ids")));
        }
      }
    }
  }

  @Test
  void encodesTheRowsOfTheTrainingRuns() throws IOException {
    var golden = Golden.json("training/tokenized_rows.json").get("dpo_plain");
    var rows = rows("preference_plain.jsonl");
    try (var tokenizer = Golden.tokenizer("llama")) {
      var encoder = new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, 256));
      for (int i = 0; i < rows.size(); i++) {
        var group = ((Fitted.Kept) encoder.group(pair(i + 1, rows.get(i)))).group();
        assertThat(group.prompt()).isEqualTo(Golden.ids(golden.get("prompt_ids").get(i)));
        assertThat(group.candidates().get(0).tokens())
            .isEqualTo(Golden.ids(golden.get("chosen_ids").get(i)));
        assertThat(group.candidates().get(1).tokens())
            .isEqualTo(Golden.ids(golden.get("rejected_ids").get(i)));
      }
    }
  }

  static int[] full(EncodedRow row, int candidate) {
    var ids = new ArrayList<Integer>();
    for (int id : row.prompt()) {
      ids.add(id);
    }
    for (int id : row.candidates().get(candidate).tokens()) {
      ids.add(id);
    }
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }
}
