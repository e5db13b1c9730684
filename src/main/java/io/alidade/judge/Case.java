package io.alidade.judge;

import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Message;
import io.alidade.example.Text;
import java.util.List;
import java.util.Map;

/// What comes before a judge: a prompt, answers to it, and what the data say of it.
///
/// @param row where the prompt came from, for messages
/// @param prompt what was asked
/// @param answers any number, the same one twice if it was drawn twice
/// @param columns further columns of the row by name, such as `answer` or `tests`: strings,
///   numbers, lists, as the file gave them
public record Case(Example.Row row, Text prompt, List<Text> answers, Map<String, Object> columns) {
  /// Copies the lists.
  public Case {
    answers = List.copyOf(answers);
    columns = Map.copyOf(columns);
  }

  /// A plain question with plain answers.
  public static Case of(String prompt, String... answers) {
    return new Case(
        new Example.Row("case", 1),
        new Text.Plain(prompt),
        java.util.Arrays.stream(answers).<Text>map(Text.Plain::new).toList(),
        Map.of());
  }

  /// The same with a column.
  public Case with(String name, Object value) {
    var more = new java.util.HashMap<>(columns);
    more.put(name, value);
    return new Case(row, prompt, answers, more);
  }

  /// The words of an answer: plain text, or what the messages say, one after the other.
  public String answer(int index) {
    return words(answers.get(index));
  }

  /// The words of a text.
  public static String words(Text text) {
    return switch (text) {
      case Text.Plain(var words) -> words;
      case Text.Chat(var messages) ->
          String.join("\n", messages.stream().map(Case::content).toList());
    };
  }

  private static String content(Message message) {
    return message.fields().get("content") instanceof String content ? content : "";
  }

  /// A column that holds text or a number, as text.
  ///
  /// @throws UserException if there is none
  public String text(String column) {
    return switch (columns.get(column)) {
      case String text -> text;
      case Number number -> number.toString();
      case null, default -> throw missing(column, "text");
    };
  }

  /// A column that holds text, or a list of texts.
  ///
  /// @throws UserException if there is none
  public List<String> texts(String column) {
    return switch (columns.get(column)) {
      case String text -> List.of(text);
      case Number number -> List.of(number.toString());
      case List<?> list -> list.stream().map(String::valueOf).toList();
      case null, default -> throw missing(column, "text, or a list of texts");
    };
  }

  private UserException missing(String column, String kind) {
    return new UserException(
        "%s: no column '%s' with %s, which the judge reads; there are %s"
            .formatted(row, column, kind, new java.util.TreeSet<>(columns.keySet())));
  }

  /// This case as a row of a data set, for models that read rows.
  Example example(Text asked) {
    return new Example(row, asked, answers, Map.of(), Map.of());
  }
}
