package io.alidade.example;

import io.alidade.UserException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Between cells and [Text].
final class Texts {
  /// What conversations exported from chat services call their speakers.
  private static final Map<String, String> ROLES = Map.of("human", "user", "gpt", "assistant");

  private Texts() {}

  static Text read(Example.Row row, String column, Map<String, ?> cells) {
    return read(row, column, cells.get(column));
  }

  static Text read(Example.Row row, String column, @Nullable Object cell) {
    return switch (cell) {
      case String text -> {
        if (text.isEmpty() && !column.equals("prompt")) {
          throw empty(row, column);
        }
        whole(row, column, text);
        yield new Text.Plain(text);
      }
      case List<?> list -> chat(row, column, list);
      case null, default ->
          throw new UserException(
              "%s: column '%s' is %s; write text, or a list of messages with role and content"
                  .formatted(row, column, shown(cell)));
    };
  }

  private static Text chat(Example.Row row, String column, List<?> list) {
    if (list.isEmpty()) {
      throw empty(row, column);
    }
    var messages = new ArrayList<Message>();
    for (int m = 0; m < list.size(); m++) {
      if (!(list.get(m) instanceof Map<?, ?> map)) {
        throw new UserException(
            "%s: column '%s' has %s as message %d; write an object with role and content"
                .formatted(row, column, shown(list.get(m)), m + 1));
      }
      var fields = new LinkedHashMap<String, Object>();
      map.forEach((key, value) -> {
        boolean foreign = map.get("role") == null && map.get("from") != null;
        var name = Objects.toString(key);
        fields.put(
            foreign && name.equals("from")
                ? "role"
                : foreign && name.equals("value") ? "content" : name,
            foreign && name.equals("from")
                ? ROLES.getOrDefault(Objects.toString(value), Objects.toString(value))
                : nullable(value));
      });
      if (!(fields.get("role") instanceof String role)) {
        throw new UserException(
            "%s: column '%s' has a message (%d) without a role; write user, assistant, system or"
                    .formatted(row, column, m + 1)
                + " whatever the chat template knows");
      }
      if (fields.get("content") instanceof String content) {
        whole(row, column, content);
      }
      messages.add(new Message(role, Collections.unmodifiableMap(fields)));
    }
    boolean says =
        messages.stream()
            .anyMatch(m ->
                m.fields().entrySet().stream()
                    .anyMatch(e -> !e.getKey().equals("role") && says(e.getValue())));
    if (!says) {
      throw empty(row, column);
    }
    return new Text.Chat(List.copyOf(messages));
  }

  /// A message's fields may be null, which the map type here does not say.
  @SuppressWarnings("NullAway")
  private static Object nullable(@Nullable Object value) {
    return value;
  }

  private static boolean says(@Nullable Object value) {
    return switch (value) {
      case null -> false;
      case String text -> !text.isEmpty();
      case List<?> list -> !list.isEmpty();
      case Map<?, ?> map -> !map.isEmpty();
      default -> true;
    };
  }

  static Object write(Text text) {
    return switch (text) {
      case Text.Plain(var plain) -> plain;
      case Text.Chat(var messages) -> messages.stream().map(Message::fields).toList();
    };
  }

  static void alike(Example.Row row, String column, Text text, String other, Text otherText) {
    if (text.getClass() != otherText.getClass()) {
      throw new UserException(
          "%s: column '%s' is %s and '%s' is %s; make both the same"
              .formatted(row, column, kind(text), other, kind(otherText)));
    }
  }

  static String kind(Text text) {
    return text instanceof Text.Plain ? "plain text" : "a conversation";
  }

  /// How many characters or messages two texts have in common in front, as far as both keep
  /// something of their own. A space before the difference belongs to what differs.
  static int shared(Text a, Text b) {
    if (a instanceof Text.Plain(var x) && b instanceof Text.Plain(var y)) {
      int most = Math.min(x.length(), y.length()) - 1;
      int shared = 0;
      while (shared < most && x.charAt(shared) == y.charAt(shared)) {
        shared++;
      }
      if (shared > 0 && Character.isLowSurrogate(x.charAt(shared))) {
        shared--; // two characters that begin alike in UTF-16 are still two characters
      }
      boolean differ = x.codePointAt(shared) != y.codePointAt(shared);
      return differ && shared > 0 && x.charAt(shared - 1) == ' ' ? shared - 1 : shared;
    }
    var x = ((Text.Chat) a).messages();
    var y = ((Text.Chat) b).messages();
    int most = Math.min(x.size(), y.size()) - 1;
    int shared = 0;
    while (shared < most && x.get(shared).equals(y.get(shared))) {
      shared++;
    }
    return shared;
  }

  static Text before(Text text, int end) {
    return switch (text) {
      case Text.Plain(var plain) -> new Text.Plain(plain.substring(0, end));
      case Text.Chat(var messages) ->
          end == 0 ? new Text.Plain("") : new Text.Chat(messages.subList(0, end));
    };
  }

  static Text after(Text text, int start) {
    return switch (text) {
      case Text.Plain(var plain) -> new Text.Plain(plain.substring(start));
      case Text.Chat(var messages) -> new Text.Chat(messages.subList(start, messages.size()));
    };
  }

  static String shown(@Nullable Object cell) {
    var text =
        switch (cell) {
          case null -> "missing";
          case String s -> '"' + s + '"';
          case List<?> list -> "a list of " + list.size();
          case Map<?, ?> _ -> "an object";
          default -> cell.toString();
        };
    return text.length() <= 60 ? text : text.substring(0, 57) + "...";
  }

  private static UserException empty(Example.Row row, String column) {
    return new UserException(
        "%s: column '%s' is empty; write what the model should say or remove the row"
            .formatted(row, column));
  }

  private static void whole(Example.Row row, String column, String text) {
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      if (Character.isHighSurrogate(unit)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(unit)) {
        throw new UserException(
            "%s: column '%s' has half a character (\\u%04x) at %d; a cut emoji, most likely"
                .formatted(row, column, (int) unit, i));
      }
    }
  }
}
