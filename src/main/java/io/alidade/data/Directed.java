package io.alidade.data;

import io.alidade.Check;
import io.alidade.UserException;
import io.alidade.example.Direction;
import io.alidade.example.DirectionLine;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SplittableRandom;

/// Puts directions before prompts, so that a policy learns to answer along them (DPA, Wang et al.
/// 2024, arXiv:2402.18571).
///
/// A bare prompt becomes `per_prompt` prompts, each with a direction of two objectives drawn from a
/// range of angles in its text and, exact, in a column `direction`, which judge `Directional`
/// reads. A ranking whose answers carry a number for each objective becomes as many demonstrations:
/// the answer that is best along the direction (the warm start, from which a model learns to read
/// directions).
///
/// @param objectives names of both, as columns and in the prompt
/// @param template how a direction stands before the prompt, with `{weights}` in it
/// @param degrees angles from minus so many to plus so many, in `(0, 90]`
/// @param perPrompt directions a prompt, at least 1
/// @param straight share of them at 0 degrees, in `[0, 1]`, so that the usual behaviour stays
/// @param seed of the directions; the same row gets the same ones
public record Directed(
    List<String> objectives,
    String template,
    double degrees,
    int perPrompt,
    double straight,
    long seed)
    implements Strategy {
  /// The column that holds the exact direction.
  public static final String COLUMN = "direction";

  /// Checks the ranges.
  public Directed {
    Check.atLeast("per_prompt", 1, perPrompt);
    Check.between("degrees", 0, 90, degrees);
    Check.between("straight", 0, 1, straight);
    var _ = new DirectionLine(template, objectives);
    if (objectives.size() != 2) {
      throw new IllegalArgumentException(
          "objectives must name two, since directions are angles; was " + objectives);
    }
    objectives = List.copyOf(objectives);
  }

  @Override
  public Outline outline(Outline given) {
    var extras = new LinkedHashSet<>(given.extras());
    extras.add(COLUMN);
    return switch (given.form()) {
      case PROMPT -> new Outline(given.source(), Form.PROMPT, given.signals(), extras);
      case RANKING -> {
        for (var objective : objectives) {
          if (!given.signals().contains(Signal.perCandidate(objective))) {
            throw new UserException(
                "%s: strategy Directed finds no column '%s' with a number an answer; give both of %s"
                    .formatted(given.source(), objective, objectives));
          }
        }
        yield new Outline(given.source(), Form.DEMONSTRATION, given.signals(), extras)
            .without(Signal.Scope.UNIT);
      }
      case PAIR, LABELLED, DEMONSTRATION ->
          throw new UserException(
              "%s: strategy Directed takes bare prompts, or rankings with a number an answer and objective; these rows are %s"
                  .formatted(given.source(), given.form().words()));
    };
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    var form = rows.form() == Form.RANKING ? Form.DEMONSTRATION : Form.PROMPT;
    return rows.made(form, "Directed", this::of);
  }

  /// What a row becomes.
  ///
  /// @param index of the row, which decides its directions with the seed
  List<Example> of(int index, Example row) {
    var random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + index).split();
    var made = new ArrayList<Example>();
    for (int d = 0; d < perPrompt; d++) {
      boolean still = random.nextDouble() < straight;
      double angle = random.nextDouble(-1, 1) * degrees;
      var direction = Direction.degrees(still ? 0 : angle);
      var directed = row.candidates().isEmpty() ? row : best(row, direction);
      var extras = new LinkedHashMap<>(row.extras());
      extras.put(COLUMN, direction.components());
      made.add(
          new Example(
              new Example.Row(row.row() + " direction", d + 1),
              new DirectionLine(template, objectives).before(direction, directed.prompt()),
              directed.candidates(),
              new HashMap<>(directed.signals()),
              extras));
    }
    return made;
  }

  private Example best(Example row, Direction direction) {
    int best = -1;
    double most = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < row.candidates().size(); k++) {
      var rewards = new double[objectives.size()];
      for (int o = 0; o < rewards.length; o++) {
        var values = row.signals().get(Signal.perCandidate(objectives.get(o)));
        if (values == null) {
          throw new UserException(
              "%s: no column '%s' with a number an answer".formatted(row.row(), objectives.get(o)));
        }
        rewards[o] = values[k];
      }
      double worth = direction.project(rewards);
      if (worth > most) {
        most = worth;
        best = k;
      }
    }
    var kept = Reshape.keep(row, best);
    var signals = new LinkedHashMap<>(kept.signals());
    signals.keySet().removeIf(signal -> signal.scope() != Signal.Scope.GROUP);
    return new Example(kept.row(), kept.prompt(), kept.candidates(), signals, kept.extras());
  }
}
