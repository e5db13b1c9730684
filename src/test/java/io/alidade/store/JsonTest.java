package io.alidade.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.core.JacksonException;

final class JsonTest {
  @TempDir Path folder;

  record Point(int x, double y) {}

  @Test
  void namesFileAndLineOfBrokenJson() throws IOException {
    var file = Files.writeString(folder.resolve("config.json"), "{\n \"a\": 1,\n \"b\": }\n");
    assertThatThrownBy(() -> Json.read(file))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(file + " line 3 column ")
        .hasMessageNotContainingAny("\n");
    assertThatThrownBy(() -> Json.parse("data.jsonl row 7", "{\"a\": 1} x"))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("data.jsonl row 7");
    assertThatThrownBy(() -> Json.parse("data.jsonl row 8", ""))
        .isInstanceOf(UserException.class)
        .hasMessage("data.jsonl row 8: no JSON here, the text is empty");
    assertThatThrownBy(() -> Json.readObject(Files.writeString(file, "[1]")))
        .isInstanceOf(UserException.class)
        .hasMessage(file + ": expected a JSON object, found array");
    assertThatThrownBy(() -> Json.read(Files.write(file, new byte[] {'"', (byte) 0xff, '"'})))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("not UTF-8");
    assertThatThrownBy(() -> Json.read(folder.resolve("confg.json")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no such file; did you mean 'config.json'?");
  }

  @Test
  void rejectsDuplicates() {
    assertThatThrownBy(() -> Json.parse("f", "{\"a\": 1, \"a\": 2}"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("uplicate")
        .hasMessageContaining("a");
  }

  @Test
  void doesNotCoerce() {
    var mapper = Json.mapper();
    assertThat(mapper.readValue("{\"x\": 1, \"y\": 2}", Point.class)).isEqualTo(new Point(1, 2));
    for (var bad :
        List.of(
            "{\"x\": 1.5, \"y\": 2}",
            "{\"x\": \"1\", \"y\": 2}",
            "{\"x\": null, \"y\": 2}",
            "{\"x\": 1, \"y\": 2, \"z\": 3}")) {
      assertThatThrownBy(() -> mapper.readValue(bad, Point.class))
          .as(bad)
          .isInstanceOf(JacksonException.class);
    }
  }

  @Test
  void numbersWithoutJsonWordsTravelAsStrings() {
    Map<String, Object> metrics = new LinkedHashMap<>();
    metrics.put("loss", Double.NaN);
    metrics.put("up", Float.POSITIVE_INFINITY);
    metrics.put("down", Double.NEGATIVE_INFINITY);
    metrics.put("tenth", 0.1);
    var line = Json.line(metrics);
    assertThat(line)
        .isEqualTo("{\"loss\":\"NaN\",\"up\":\"Infinity\",\"down\":\"-Infinity\",\"tenth\":0.1}");
    var back = Json.parse("line", line);
    assertThat(Json.number("f", back.path("loss"))).isNaN();
    assertThat(Json.number("f", back.path("up"))).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(Json.number("f", back.path("down"))).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(Json.number("f", back.path("tenth"))).isEqualTo(0.1);
    assertThatThrownBy(() -> Json.number("f row 1 'loss'", Json.parse("f", "\"nan\"")))
        .isInstanceOf(UserException.class)
        .hasMessage("f row 1 'loss': expected a number, found \"nan\"");
  }

  @Test
  void prettyIsTheLayoutOfConfigurationFiles() {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architectures", List.of("LlamaForCausalLM"));
    config.put("empty", List.of());
    config.put("none", Map.of());
    config.put("emoji", "a/😀");
    assertThat(Json.pretty(config))
        .isEqualTo(
            """
            {
              "architectures": [
                "LlamaForCausalLM"
              ],
              "empty": [],
              "none": {},
              "emoji": "a/😀"
            }
            """);
  }
}
