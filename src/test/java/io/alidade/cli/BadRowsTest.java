package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Rows that cannot be learned from.
class BadRowsTest extends BadInput {
  @ParameterizedTest
  @MethodSource("rows")
  void aBadRowIsNamedAndNothingIsLeft(Row row) throws IOException {
    var data = rows(PAIR.repeat(7) + row.text() + "\n" + PAIR);
    assertThat(train(data)).isEqualTo(1);
    assertThat(line()).contains("rows.jsonl:8: ").contains(row.said());
    assertThat(folder.resolve("run")).doesNotExist();
  }

  @Test
  void promptsThatFillTheLimitAreAnError() throws IOException {
    assertThat(train(rows(PAIR.repeat(4)), "--set", "max_length=2")).isEqualTo(1);
    assertThat(line())
        .contains("no row is left to learn from, of 3: 3 because", "raise max_length");
  }

  @Test
  void filesWithoutRowsAndOfTheWrongFormAreErrors() throws IOException {
    assertThat(train(rows(""))).isEqualTo(1);
    assertThat(line()).contains("rows.jsonl: no rows");
    err.getBuffer().setLength(0);
    assertThat(train(folder.resolve("absent.jsonl"))).isEqualTo(1);
    assertThat(line()).contains("absent.jsonl': no such file or folder");
    err.getBuffer().setLength(0);
    var labelled = "{\"prompt\": \"a\", \"completion\": \"b\", \"label\": true}\n";
    assertThat(train(rows(labelled.repeat(4)))).isEqualTo(1);
    assertThat(line())
        .contains("rows.jsonl holds a labelled answer", "learns from preference pairs");
  }

  /// A row after seven good ones, and what is said of it.
  record Row(String name, String text, List<String> said) {
    Row(String name, String text, String... said) {
      this(name, text, List.of(said));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Row> rows() {
    return Stream.of(
        new Row("a broken line", "{\"prompt\": \"a\", \"chosen\": ", "not a JSON object", "column"),
        new Row(
            "a missing column", "{\"prompt\": \"a\", \"chosen\": \"b\"}", "no column 'rejected'"),
        new Row(
            "an empty answer",
            "{\"prompt\": \"a\", \"chosen\": \"\", \"rejected\": \"b\"}",
            "column 'chosen' is empty"),
        new Row(
            "a null answer",
            "{\"prompt\": \"a\", \"chosen\": null, \"rejected\": \"b\"}",
            "column 'chosen' is null"),
        new Row(
            "a number for an answer",
            "{\"prompt\": \"a\", \"chosen\": 3, \"rejected\": \"b\"}",
            "column 'chosen' is 3"),
        new Row(
            "a key twice",
            "{\"prompt\": \"a\", \"prompt\": \"a\", \"chosen\": \"c\", \"rejected\": \"b\"}",
            "prompt"),
        new Row("a list", "[1, 2]", "not a JSON object"),
        new Row("binary", "\u0001\u0002", "not a JSON object"));
  }
}
