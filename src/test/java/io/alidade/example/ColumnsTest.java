package io.alidade.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ColumnsTest {
  private static final Example.Row ROW = new Example.Row("data.jsonl", 12);

  @Test
  void tellsTheFormByTheColumns() {
    assertThat(form("prompt", "chosen", "rejected")).isEqualTo(Form.PAIR);
    assertThat(form("chosen", "rejected", "id")).isEqualTo(Form.PAIR);
    assertThat(form("prompt", "completion", "label")).isEqualTo(Form.LABELLED);
    assertThat(form("prompt", "completion")).isEqualTo(Form.DEMONSTRATION);
    assertThat(form("messages")).isEqualTo(Form.DEMONSTRATION);
    assertThat(form("conversations", "id")).isEqualTo(Form.DEMONSTRATION);
    assertThat(form("text")).isEqualTo(Form.DEMONSTRATION);
    assertThat(form("prompt", "completions", "scores")).isEqualTo(Form.RANKING);
    assertThat(form("prompt", "responses", "ranks")).isEqualTo(Form.RANKING);
    assertThat(form("prompt", "answer")).isEqualTo(Form.PROMPT);
  }

  private static Form form(String... columns) {
    var cells = new HashMap<String, Object>();
    for (var column : columns) {
      cells.put(column, "x");
    }
    return Columns.form(ROW, cells);
  }

  @Test
  void listsWhatItFoundAndWhatItKnows() {
    assertThatThrownBy(() -> form("question", "answer"))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("data.jsonl:12: columns [answer, question] are no format known")
        .hasMessageContaining("[prompt,] chosen, rejected")
        .hasMessageContaining("messages");
    assertThatThrownBy(() -> form("prompt", "chosen"))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("data.jsonl:12: no column 'rejected' beside [chosen, prompt]");
    assertThatThrownBy(() -> form("completion", "label"))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("data.jsonl:12: no column 'prompt' beside [completion, label]");
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          'The sky is blue.', 'The sky is green.', 'The sky is', ' blue.', ' green.'
          'ab', 'abc', 'a', 'b', 'bc'
          'same', 'same', 'sam', 'e', 'e'
          'x y', 'z y', '', 'x y', 'z y'
          'a  b', 'a  c', 'a ', ' b', ' c'
          'hi \uD83D\uDE80', 'hi \uD83D\uDE42', 'hi', ' \uD83D\uDE80', ' \uD83D\uDE42'
          'k\uD83D\uDE80', 'k\uD83D\uDE42', 'k', '\uD83D\uDE80', '\uD83D\uDE42'
          """,
      ignoreLeadingAndTrailingWhitespace = true)
  void makesThePromptOfWhatBothAnswersBeginWith(
      String chosen, String rejected, String prompt, String left, String right) {
    var example = Columns.read(ROW, Map.of("chosen", chosen, "rejected", rejected));
    assertThat(example.prompt()).isEqualTo(new Text.Plain(prompt));
    assertThat(example.candidates()).containsExactly(new Text.Plain(left), new Text.Plain(right));
  }

  @Test
  void takesThePromptOutOfConversationsThatRepeatIt() {
    var question = Map.of("role", "user", "content", "Hi");
    var chosen = List.of(question, Map.of("role", "assistant", "content", "Hello"));
    var rejected = List.of(question, Map.of("role", "assistant", "content", "Go"));
    var example = Columns.read(ROW, Map.of("prompt", "Hi", "chosen", chosen, "rejected", rejected));
    assertThat(example.prompt())
        .isEqualTo(new Text.Chat(List.of(new Message("user", cells(question)))));
    assertThat(example.candidates().getFirst())
        .isEqualTo(new Text.Chat(List.of(new Message("assistant", cells(chosen.get(1))))));
  }

  @Test
  void ordersRankingsFromBestToWorstWithTheirSignals() {
    var cells = new LinkedHashMap<String, Object>();
    cells.put("prompt", "2 + 2?");
    cells.put("completions", List.of("5", "4", "22"));
    cells.put("scores", List.of(0.1, 0.9, 0.4));
    cells.put("lengths", List.of(1, 2, 3));
    cells.put("weights", List.of(List.of(1), List.of(2, 2), List.of(3, 3, 3)));
    cells.put("difficulty", 7);
    cells.put("source", "made up");
    var example = Columns.read(ROW, cells);
    assertThat(example.candidates())
        .containsExactly(new Text.Plain("4"), new Text.Plain("22"), new Text.Plain("5"));
    assertThat(example.signals().get(Signal.perCandidate("scores"))).containsExactly(0.9, 0.4, 0.1);
    assertThat(example.signals().get(Signal.perCandidate("lengths"))).containsExactly(2, 3, 1);
    assertThat(example.signals().get(Signal.perUnit("weights"))).containsExactly(2, 2, 3, 3, 3, 1);
    assertThat(example.signals().get(Signal.perGroup("difficulty"))).containsExactly(7);
    assertThat(Columns.ignored(example, cells.keySet())).containsExactly("source");

    cells.remove("scores");
    cells.put("ranks", List.of(3, 1, 2));
    assertThat(Columns.read(ROW, cells).candidates()).isEqualTo(example.candidates());

    cells.put("ranks", List.of(3, 1));
    assertBad(cells, "column 'ranks' has 2 numbers for 3 completions");
    cells.remove("ranks");
    assertBad(cells, "a ranking needs 'scores'");
  }

  @Test
  void namesTheColumnAndWhatIsWrongWithIt() {
    assertBad(Map.of("prompt", "a", "chosen", "", "rejected", "b"), "column 'chosen' is empty");
    assertBad(
        Map.of("prompt", "a", "chosen", 3, "rejected", "b"),
        "column 'chosen' is 3; write text, or a list of messages");
    assertBad(Map.of("messages", List.of()), "column 'messages' is empty");
    assertBad(
        Map.of("messages", List.of("hi")), "column 'messages' has \"hi\" as message 1; write an");
    assertBad(
        Map.of("messages", List.of(Map.of("content", "hi"))), "has a message (1) without a role");
    assertBad(
        Map.of("messages", List.of(Map.of("role", "user", "content", ""))), "is empty; write");
    assertBad(
        Map.of("prompt", "a", "completion", "b", "label", "good"),
        "column 'label' is \"good\"; write true");
    assertBad(
        Map.of(
            "prompt",
            "a",
            "chosen",
            "b",
            "rejected",
            List.of(Map.of("role", "user", "content", "x"))),
        "column 'chosen' is plain text and 'rejected' is a conversation");
    assertBad(
        Map.of("text", "half \uD83D of it"), "column 'text' has half a character (\\ud83d) at 5");
    assertBad(
        Map.of("prompt", "a", "chosen", "b", "rejected", "c", "margin", Double.NaN),
        "column 'margin' holds NaN; write finite numbers");
    assertBad(
        Map.of("prompt", "a", "completions", List.of("one"), "scores", List.of(1)),
        "column 'completions' is a list of 1; write a list of at least two");
  }

  private static void assertBad(Map<String, ?> cells, String message) {
    assertThatThrownBy(() -> Columns.read(ROW, cells))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("data.jsonl:12: ")
        .hasMessageContaining(message)
        .message()
        .doesNotContain("\n");
  }

  @Test
  void renamesSpeakersOfExportedConversations() {
    var cells =
        Map.of(
            "conversations",
            List.of(Map.of("from", "human", "value", "Hi"), Map.of("from", "gpt", "value", "Ho")));
    assertThat(Columns.read(ROW, cells).candidates())
        .containsExactly(
            new Text.Chat(
                List.of(
                    new Message("user", Map.of("role", "user", "content", "Hi")),
                    new Message("assistant", Map.of("role", "assistant", "content", "Ho")))));
  }

  @Test
  void readsWhatItWrites() {
    var turn = Map.of("role", "assistant", "content", "Ho");
    List<Map<String, ?>> all =
        List.of(
            Map.of("prompt", "a", "chosen", "b", "rejected", "c", "margin", 0.5),
            Map.of("prompt", "a", "completions", List.of("b", "c"), "scores", List.of(2.0, 1.0)),
            Map.of("prompt", "a", "completion", "b", "label", 1.0),
            Map.of("prompt", "a", "completion", "b"),
            Map.of("messages", List.of(turn), "tools", List.of(Map.of("name", "f"))),
            Map.of("text", "once"),
            Map.of("prompt", "why?"));
    for (var cells : all) {
      var example = Columns.read(ROW, cells);
      var written = Columns.write(example, Columns.form(ROW, cells));
      assertThat(written).isEqualTo(cells);
    }
  }

  private static Map<String, Object> cells(Map<String, String> message) {
    return new LinkedHashMap<>(message);
  }
}
