package io.alidade.example;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Rows whose candidates answer different prompts: one answer under two prompts, for instance. The
/// prompts stand in a column `prompts`, one a candidate, as text or as conversations.
public final class Prompts {
  private static final String COLUMN = "prompts";

  private Prompts() {}

  /// Whether the candidates of a row have prompts of their own.
  public static boolean differ(Example example) {
    return example.extras().containsKey(COLUMN);
  }

  /// The prompt of each candidate.
  ///
  /// @throws io.alidade.UserException if there are not as many as candidates, or one cannot be read
  public static List<Text> of(Example example) {
    int count = example.candidates().size();
    if (!(example.extras().get(COLUMN) instanceof List<?> list) || list.size() != count) {
      throw new io.alidade.UserException(
          "%s: column '%s' must be a list of one prompt a candidate, %d in all"
              .formatted(example.row(), COLUMN, count));
    }
    var prompts = new ArrayList<Text>();
    for (int k = 0; k < count; k++) {
      prompts.add(Texts.read(example.row(), "%s[%d]".formatted(COLUMN, k), list.get(k)));
    }
    return prompts;
  }

  /// One candidate of a row with its own prompt, as a row.
  public static Example alone(Example example, int candidate) {
    var extras = new java.util.LinkedHashMap<>(example.extras());
    extras.remove(COLUMN);
    return new Example(
        example.row(),
        of(example).get(candidate),
        List.of(example.candidates().get(candidate)),
        Map.of(),
        extras);
  }

  /// Extras with prompts, one a candidate.
  public static Map<String, Object> with(Map<String, Object> extras, List<Text> prompts) {
    var all = new java.util.LinkedHashMap<>(extras);
    all.put(COLUMN, prompts.stream().map(Texts::write).toList());
    return all;
  }
}
