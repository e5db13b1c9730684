package io.alidade.learning.rounds;

import io.alidade.UserException;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Text;
import io.alidade.judge.ExactAnswer;
import io.alidade.judge.Verdict;
import io.alidade.store.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// The answers that were drawn to one prompt, with what the judge said of them: a line of a round's
/// file, in the format of rankings, with the exact ids beside the texts.
///
/// @param example prompt and answers as text, in the order in which they were drawn
/// @param prompt ids of the prompt
/// @param answers ids of each answer, a final end token included
/// @param logps log-likelihood of each id under the policy that drew it, nats
/// @param ended whether each answer came to its end, rather than to the largest number of tokens
/// @param standing what each is worth, NaN where the judge could not tell
/// @param preference P(i beats j), NaN where the judge could not tell
/// @param classes which answers say the same: those with the same number; as the judge tells, or
///   else those of the same text
record Rollout(
    Example example,
    int[] prompt,
    List<int[]> answers,
    List<double[]> logps,
    boolean[] ended,
    double[] standing,
    double[][] preference,
    int[] classes) {
  /// What a judge tells of the classes of answers is kept under this name.
  private static final String CLASSES = ExactAnswer.CLASSES;

  /// Which answers say the same.
  static int[] classes(Verdict verdict, List<Text> answers) {
    var told = verdict.parts().get(CLASSES);
    return told == null
        ? answers.stream().mapToInt(answers::indexOf).toArray()
        : Arrays.stream(told).mapToInt(number -> (int) number).toArray();
  }

  /// As a line of JSON.
  ///
  /// @param verdict whose further numbers are kept too
  String line(Verdict verdict) {
    var cells = new LinkedHashMap<String, Object>();
    cells.put("row", example.row().toString());
    cells.putAll(Columns.write(example, Form.RANKING));
    cells.put("scores", Arrays.stream(standing).boxed().toList());
    verdict.parts().forEach(cells::put);
    cells.put(CLASSES, classes);
    cells.put("preference", preference);
    cells.put("ended", ended);
    cells.put("prompt_ids", prompt);
    cells.put("completion_ids", answers);
    cells.put("old_logps", logps);
    return Json.line(cells);
  }

  /// Reads a line back.
  ///
  /// @param file for messages
  static Rollout of(Path file, int number, String line) {
    var where = "%s:%d".formatted(file, number);
    var json = Json.object(where, Json.parse(where, line));
    var row = row(text(where, json, "row"));
    Map<String, Object> cells =
        new LinkedHashMap<>(
            Json.mapper()
                .convertValue(
                    json, new tools.jackson.core.type.TypeReference<Map<String, Object>>() {}));
    var asked = new LinkedHashMap<String, Object>();
    asked.put("prompt", java.util.Objects.requireNonNull(cells.get("prompt")));
    var prompt = Columns.read(row, asked).prompt();
    var texts = new ArrayList<Text>();
    for (var completion : list(where, json, "completions")) {
      asked.put(
          "prompt",
          java.util.Objects.requireNonNull(Json.mapper().convertValue(completion, Object.class)));
      texts.add(Columns.read(row, asked).prompt());
    }
    var answers = new ArrayList<int[]>();
    list(where, json, "completion_ids").forEach(ids -> answers.add(ints(where, ids)));
    var logps = new ArrayList<double[]>();
    list(where, json, "old_logps").forEach(values -> logps.add(numbers(where, values)));
    var ended = new boolean[answers.size()];
    var preference = new double[answers.size()][];
    for (int i = 0; i < ended.length; i++) {
      ended[i] = list(where, json, "ended").path(i).asBoolean();
      preference[i] = numbers(where, list(where, json, "preference").path(i));
    }
    return new Rollout(
        new Example(row, prompt, texts, Map.of(), Map.of()),
        ints(where, list(where, json, "prompt_ids")),
        answers,
        logps,
        ended,
        numbers(where, list(where, json, "scores")),
        preference,
        ints(where, list(where, json, CLASSES)));
  }

  private static Example.Row row(String text) {
    int colon = text.lastIndexOf(':');
    return new Example.Row(text.substring(0, colon), Long.parseLong(text.substring(colon + 1)));
  }

  private static String text(String where, JsonNode json, String name) {
    var node = json.path(name);
    if (!node.isString()) {
      throw damaged(where, name);
    }
    return node.stringValue();
  }

  private static JsonNode list(String where, JsonNode json, String name) {
    var node = json.path(name);
    if (!node.isArray()) {
      throw damaged(where, name);
    }
    return node;
  }

  private static UserException damaged(String where, String name) {
    return new UserException(
        "%s: no '%s' as a round's file has it; the file was changed: remove it, and --resume draws it anew"
            .formatted(where, name));
  }

  private static int[] ints(String where, JsonNode node) {
    return Arrays.stream(numbers(where, node)).mapToInt(v -> (int) v).toArray();
  }

  private static double[] numbers(String where, JsonNode node) {
    var values = new double[node.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Json.number(where, node.path(i));
    }
    return values;
  }

  /// Places of the answers that were judged, the best first; equals in the order of drawing.
  List<Integer> ranked() {
    var places = new ArrayList<Integer>();
    for (int i = 0; i < standing.length; i++) {
      if (!Double.isNaN(standing[i])) {
        places.add(i);
      }
    }
    places.sort(java.util.Comparator.comparingDouble((Integer i) -> standing[i]).reversed());
    return places;
  }

  /// The share of the other answers that an answer beats; those that it was not compared with do
  /// not count. 1/2 where there is none.
  double winRate(int answer) {
    double wins = 0;
    int games = 0;
    for (int other = 0; other < preference.length; other++) {
      double chance = preference[answer][other];
      if (other != answer && !Double.isNaN(chance)) {
        wins += chance;
        games++;
      }
    }
    return games == 0 ? 0.5 : wins / games;
  }

  /// Whether all answers are the same text.
  boolean identical() {
    return example.candidates().stream().distinct().count() < 2;
  }

  /// Whether nothing tells its answers apart.
  boolean indifferent() {
    var ranked = ranked();
    return ranked.size() < 2 || standing[ranked.getFirst()] == standing[ranked.getLast()];
  }
}
