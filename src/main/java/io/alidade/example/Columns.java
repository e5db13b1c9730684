package io.alidade.example;

import io.alidade.UserException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Between the columns of a data file and an [Example], in the formats that TRL reads.
///
/// Cells are strings, numbers, booleans, lists, maps and null, as JSON gives them. The form of a
/// row follows from the names of its columns:
///
/// - `[prompt,] chosen, rejected`: a pair; where there is no prompt, or a plain prompt beside
///   conversations that repeat it, what both have in common in front becomes the prompt
/// - `prompt, response_a, response_b` with `criteria_x` and `criteria_y`: a pair of which either
///   answer is preferred in a context (`microsoft/rpr`)
/// - `prompt, completions` (or `responses`) with `scores` (higher is better) or `ranks` (1 is
///   best): a ranking
/// - `prompt, completion, label`: a labelled answer
/// - `prompt, completion`, or `messages` (or `conversations`), or `text`: a demonstration
/// - `prompt`: a bare prompt
///
/// `tools` and `chat_template_kwargs` go to the chat template, `tree` to the strategy that flattens
/// it, contexts (`context`, `criteria_x`, `scenario_y`, …) to the strategy that puts them before
/// the prompt. `prompts` holds a prompt for each candidate where they differ ([Prompts]). Every
/// other column of numbers is a [Signal] of its name: a number belongs to the row, a list of as
/// many numbers as there are candidates to the candidates, a list of lists to their units. The rest
/// is ignored.
public final class Columns {
  private static final Set<String> EXTRAS =
      Set.of(
          "tools",
          "chat_template_kwargs",
          "tree",
          "prompts",
          "context",
          "criteria_x",
          "criteria_y",
          "scenario_x",
          "scenario_y");
  private static final Set<String> TEXTS =
      Set.of(
          "prompt",
          "chosen",
          "rejected",
          "response_a",
          "response_b",
          "completion",
          "completions",
          "responses",
          "messages",
          "conversations",
          "text");

  private Columns() {}

  /// The form that these columns have.
  ///
  /// @throws UserException that lists the columns found and those understood
  public static Form form(Example.Row row, Map<String, ?> cells) {
    if (has(cells, "chosen") || has(cells, "rejected")) {
      need(row, cells, "chosen");
      need(row, cells, "rejected");
      return Form.PAIR;
    }
    if (has(cells, "response_a") || has(cells, "response_b")) {
      need(row, cells, "prompt");
      need(row, cells, "response_a");
      need(row, cells, "response_b");
      return Form.PAIR;
    }
    if (has(cells, "completions") || has(cells, "responses")) {
      need(row, cells, "prompt");
      return Form.RANKING;
    }
    if (has(cells, "completion")) {
      need(row, cells, "prompt");
      return has(cells, "label") ? Form.LABELLED : Form.DEMONSTRATION;
    }
    if (has(cells, "messages") || has(cells, "conversations") || has(cells, "text")) {
      return Form.DEMONSTRATION;
    }
    if (has(cells, "prompt")) {
      return Form.PROMPT;
    }
    throw new UserException(
        "%s: columns %s are no format known here; name them as one of %s"
            .formatted(row, new TreeSet<>(cells.keySet()), formats()));
  }

  private static String formats() {
    return Arrays.stream(Form.values()).map(Form::words).collect(Collectors.joining("; "));
  }

  /// Reads a row.
  ///
  /// @throws UserException that names row, column, what is wrong and what to do
  public static Example read(Example.Row row, Map<String, ?> cells) {
    return switch (form(row, cells)) {
      case PAIR -> pair(row, cells);
      case RANKING -> ranking(row, cells);
      case LABELLED -> labelled(row, cells);
      case DEMONSTRATION -> demonstration(row, cells);
      case PROMPT -> example(row, cells, Texts.read(row, "prompt", cells), List.of());
    };
  }

  /// The columns of an example, such that reading them gives the example again: what a JSONL line
  /// holds. The form decides the names; a demonstration without a prompt becomes `messages` or
  /// `text`.
  public static Map<String, Object> write(Example example, Form form) {
    var cells = new LinkedHashMap<String, Object>();
    var texts = example.candidates().stream().map(Texts::write).toList();
    boolean bare = example.prompt() instanceof Text.Plain(var text) && text.isEmpty();
    if (form != Form.DEMONSTRATION || !bare) {
      cells.put("prompt", Texts.write(example.prompt()));
    }
    switch (form) {
      case PAIR -> {
        cells.put("chosen", texts.get(0));
        cells.put("rejected", texts.get(1));
      }
      case RANKING -> cells.put("completions", texts);
      case LABELLED -> cells.put("completion", texts.getFirst());
      case DEMONSTRATION -> {
        boolean chat = example.candidates().getFirst() instanceof Text.Chat;
        cells.put(bare ? chat ? "messages" : "text" : "completion", texts.getFirst());
      }
      case PROMPT -> {}
    }
    example
        .signals()
        .forEach((signal, values) -> cells.put(signal.name(), SignalColumns.cell(signal, values)));
    cells.putAll(example.extras());
    return cells;
  }

  /// Which of the columns play no part.
  public static Set<String> ignored(Example example, Collection<String> columns) {
    var ignored = new TreeSet<>(columns);
    ignored.removeAll(TEXTS);
    ignored.removeAll(EXTRAS);
    example.signals().keySet().forEach(signal -> ignored.remove(signal.name()));
    return ignored;
  }

  private static Example pair(Example.Row row, Map<String, ?> cells) {
    var first = has(cells, "chosen") ? "chosen" : "response_a";
    var second = has(cells, "chosen") ? "rejected" : "response_b";
    var chosen = Texts.read(row, first, cells);
    var rejected = Texts.read(row, second, cells);
    Texts.alike(row, first, chosen, second, rejected);
    if (has(cells, "prompt")) {
      var prompt = Texts.read(row, "prompt", cells);
      boolean repeats = prompt instanceof Text.Plain && chosen instanceof Text.Chat;
      if (!repeats) {
        Texts.alike(row, "prompt", prompt, first, chosen);
        return example(row, cells, prompt, List.of(chosen, rejected));
      }
    }
    int shared = Texts.shared(chosen, rejected);
    return example(
        row,
        cells,
        Texts.before(chosen, shared),
        List.of(Texts.after(chosen, shared), Texts.after(rejected, shared)));
  }

  private static Example labelled(Example.Row row, Map<String, ?> cells) {
    var label = cells.get("label");
    boolean verdict =
        label instanceof Boolean
            || (label instanceof Number n && (n.doubleValue() == 0 || n.doubleValue() == 1));
    if (!verdict) {
      throw new UserException(
          "%s: column 'label' is %s; write true for a good answer and false for a bad one"
              .formatted(row, Texts.shown(label)));
    }
    return answered(row, cells);
  }

  private static Example demonstration(Example.Row row, Map<String, ?> cells) {
    if (has(cells, "completion")) {
      return answered(row, cells);
    }
    var column =
        Stream.of("messages", "conversations", "text").filter(c -> has(cells, c)).findFirst();
    var text = Texts.read(row, column.orElseThrow(), cells);
    return example(row, cells, new Text.Plain(""), List.of(text));
  }

  private static Example answered(Example.Row row, Map<String, ?> cells) {
    var prompt = Texts.read(row, "prompt", cells);
    var completion = Texts.read(row, "completion", cells);
    Texts.alike(row, "prompt", prompt, "completion", completion);
    return example(row, cells, prompt, List.of(completion));
  }

  private static Example ranking(Example.Row row, Map<String, ?> cells) {
    var column = has(cells, "completions") ? "completions" : "responses";
    if (!(cells.get(column) instanceof List<?> list) || list.size() < 2) {
      throw new UserException(
          "%s: column '%s' is %s; write a list of at least two answers"
              .formatted(row, column, Texts.shown(cells.get(column))));
    }
    var prompt = Texts.read(row, "prompt", cells);
    var candidates = new ArrayList<Text>();
    for (int k = 0; k < list.size(); k++) {
      var name = "%s[%d]".formatted(column, k);
      var candidate = Texts.read(row, name, list.get(k));
      Texts.alike(row, "prompt", prompt, name, candidate);
      candidates.add(candidate);
    }
    var order = order(row, cells, candidates.size());
    var example = example(row, cells, prompt, candidates);
    var signals = new LinkedHashMap<Signal, double[]>();
    example
        .signals()
        .forEach((signal, values) ->
            signals.put(
                signal,
                switch (signal.scope()) {
                  case GROUP -> values;
                  case CANDIDATE -> order.stream().mapToDouble(k -> values[k]).toArray();
                  case UNIT ->
                      SignalColumns.numbers(
                          row, signal.name(), reordered(cells.get(signal.name()), order));
                }));
    return new Example(
        row, prompt, order.stream().map(candidates::get).toList(), signals, example.extras());
  }

  private static List<?> reordered(@Nullable Object lists, List<Integer> order) {
    var list = (List<?>) java.util.Objects.requireNonNull(lists);
    return order.stream().map(k -> (Object) list.get(k)).toList();
  }

  /// Candidates from best to worst; those that tie keep the order of the file.
  private static List<Integer> order(Example.Row row, Map<String, ?> cells, int candidates) {
    boolean scores = has(cells, "scores");
    var column = scores ? "scores" : "ranks";
    if (!(cells.get(column) instanceof List<?> list)) {
      throw new UserException(
          "%s: a ranking needs 'scores' (higher is better) or 'ranks' (1 is best), one a completion"
              .formatted(row));
    }
    double[] values = SignalColumns.numbers(row, column, list);
    if (values.length != candidates) {
      throw new UserException(
          "%s: column '%s' has %d numbers for %d completions; give one each"
              .formatted(row, column, values.length, candidates));
    }
    Comparator<Integer> byValue = Comparator.comparingDouble(k -> values[k]);
    return IntStream.range(0, candidates)
        .boxed()
        .sorted(scores ? byValue.reversed() : byValue)
        .toList();
  }

  private static Example example(
      Example.Row row, Map<String, ?> cells, Text prompt, List<Text> candidates) {
    var extras = new LinkedHashMap<String, Object>();
    var signals = new LinkedHashMap<Signal, double[]>();
    cells.forEach((name, cell) -> {
      if (cell == null || TEXTS.contains(name)) {
        return;
      }
      if (EXTRAS.contains(name)) {
        extras.put(name, cell);
        return;
      }
      var signal = SignalColumns.signal(name, cell, candidates.size());
      if (signal != null) {
        signals.put(signal, SignalColumns.numbers(row, name, cell));
      }
    });
    return new Example(row, prompt, List.copyOf(candidates), signals, extras);
  }

  private static boolean has(Map<String, ?> cells, String column) {
    return cells.get(column) != null;
  }

  private static void need(Example.Row row, Map<String, ?> cells, String column) {
    if (cells.containsKey(column) && !has(cells, column)) {
      throw new UserException(
          "%s: column '%s' is null; write what the model should say or remove the row"
              .formatted(row, column));
    }
    if (!has(cells, column)) {
      throw new UserException(
          "%s: no column '%s' beside %s; add it, or remove the row"
              .formatted(row, column, new TreeSet<>(cells.keySet())));
    }
  }
}
