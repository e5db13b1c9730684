package io.alidade.data;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Message;
import io.alidade.example.Signal;
import io.alidade.example.Text;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Flattens preference trees to graded lists: each path from the root to a leaf is an answer, each
/// node on it a step (TPO, Liao et al. 2024, arXiv:2410.12854).
///
/// A row is `{"prompt": …, "tree": NODE}`, and a node `{"text": …, "children": [NODE, …]}` or, for
/// a leaf, `{"text": …, "score": …}`. Texts of a path are joined as they are. The root's text may
/// be absent. The answers come out from best to worst with `scores`, with `value = (score - low) /
/// (high - low)`, and with the step of each token, from 1; a token that reaches over a boundary
/// belongs to the step that it begins in. A tree with a single leaf compares nothing and is left
/// out.
///
/// @param low score that is worth 0
/// @param high score that is worth 1, above `low`
public record PreferenceTree(@Default("-100.0") double low, @Default("100.0") double high)
    implements Strategy {
  static final Signal VALUE = Signal.perCandidate("value");
  static final Signal STEP = Signal.perUnit("step");

  /// Checks the range.
  public PreferenceTree {
    Check.positive("high - low", high - low);
  }

  /// An answer with the texts of its steps.
  private record Path(List<String> steps, double score) {}

  @Override
  public Outline outline(Outline given) {
    if (given.form() != Form.PROMPT || !given.extras().contains("tree")) {
      throw new UserException(
          "%s: strategy PreferenceTree reads rows of 'prompt' and 'tree', these are %s"
              .formatted(given.source(), given.form().words()));
    }
    return given.as(Form.RANKING).with(ScoredBy.SCORES).with(VALUE).with(STEP);
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    return rows.made(Form.RANKING, "PreferenceTree", (_, row) -> of(row, setting.encoder()));
  }

  /// The list of one tree; none if there is nothing to compare.
  List<Example> of(Example row, RowEncoder encoder) {
    var paths = paths(row);
    if (paths.size() < 2) {
      return List.of();
    }
    paths.sort((a, b) -> Double.compare(b.score, a.score)); // stable: ties as in the file
    var candidates = new ArrayList<Text>();
    for (var path : paths) {
      candidates.add(text(row.prompt(), String.join("", path.steps)));
    }
    var signals = new LinkedHashMap<>(row.signals());
    signals.put(ScoredBy.SCORES, paths.stream().mapToDouble(p -> p.score).toArray());
    signals.put(VALUE, paths.stream().mapToDouble(p -> value(row.row(), p.score)).toArray());
    var list = new Example(row.row(), row.prompt(), candidates, signals, row.extras());
    signals.put(STEP, steps(paths, encoder.spans(list)));
    return List.of(new Example(row.row(), row.prompt(), candidates, signals, row.extras()));
  }

  private double value(Example.Row row, double score) {
    if (score < low || score > high) {
      throw new UserException(
          "%s: score %s is outside of %s to %s; correct it, or set low and high of PreferenceTree"
              .formatted(row, score, low, high));
    }
    return (score - low) / (high - low);
  }

  private static Text text(Text prompt, String answer) {
    return switch (prompt) {
      case Text.Plain _ -> new Text.Plain(answer);
      case Text.Chat _ ->
          new Text.Chat(
              List.of(new Message("assistant", Map.of("role", "assistant", "content", answer))));
    };
  }

  private static double[] steps(List<Path> paths, List<RowEncoder.Span[]> spans) {
    var numbers = new ArrayList<Double>();
    for (int p = 0; p < paths.size(); p++) {
      var steps = paths.get(p).steps;
      for (var span : spans.get(p)) {
        int step = 1;
        int end = steps.getFirst().length();
        while (step < steps.size() && span.start() >= end) {
          end += steps.get(step++).length();
        }
        // What the template or the end-of-sequence adds belongs to the last step.
        numbers.add((double) (span.end() > span.start() ? step : steps.size()));
      }
    }
    return numbers.stream().mapToDouble(n -> n).toArray();
  }

  private static List<Path> paths(Example row) {
    var paths = new ArrayList<Path>();
    descend(row.row(), "tree", row.extras().get("tree"), List.of(), paths);
    return paths;
  }

  private static void descend(
      Example.Row row, String at, Object node, List<String> before, List<Path> paths) {
    if (!(node instanceof Map<?, ?> map)) {
      throw wrong(
          row, at, "is no node; write {\"text\": …, \"children\": […]} or a leaf with a score");
    }
    var steps = new ArrayList<>(before);
    switch (map.get("text")) {
      case String text when !text.isEmpty() -> steps.add(text);
      case String _ -> {}
      case null -> {}
      default -> throw wrong(row, at, "has a 'text' that is no text");
    }
    var children = map.get("children");
    if (children instanceof List<?> list && !list.isEmpty()) {
      for (int c = 0; c < list.size(); c++) {
        descend(row, "%s.children[%d]".formatted(at, c), list.get(c), steps, paths);
      }
      return;
    }
    if (children != null && !(children instanceof List<?>)) {
      throw wrong(row, at, "has 'children' that are no list");
    }
    if (!(map.get("score") instanceof Number score) || !Double.isFinite(score.doubleValue())) {
      throw wrong(row, at, "is a leaf without a 'score'; give it a number");
    }
    if (steps.isEmpty()) {
      throw wrong(row, at, "ends a path without any text");
    }
    paths.add(new Path(List.copyOf(steps), score.doubleValue()));
  }

  private static UserException wrong(Example.Row row, String at, String what) {
    return new UserException("%s: %s %s".formatted(row, at, what));
  }
}
