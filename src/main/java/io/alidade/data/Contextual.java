package io.alidade.data;

import io.alidade.Check;
import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Form;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/// Puts contexts before the prompts of pairs, so that a preference is learned in the light of a
/// context (Pitis et al. 2024, arXiv:2407.14916).
///
/// A row with two opposed contexts (`criteria_x` and `criteria_y`, as the set `microsoft/rpr` has
/// them) becomes two pairs, the first answer preferred under x and the second under y. The mean of
/// any loss of pairs over both is the paper's: `L = 1/2 l(r(x, z_x, a) - r(x, z_x, b)) + 1/2 l(r(x,
/// z_y, b) - r(x, z_y, a))`, which whoever ignores the context cannot bring below `ln 2`. A row
/// with one `context` becomes the pair in that context. Rows without any are general preferences:
/// every other one gets the template with nothing in it, so that an empty context is understood,
/// and the others stay as they are.
///
/// @param kinds of opposed contexts, such as `criteria` for columns `criteria_x` and `criteria_y`;
///   each makes two pairs of its own
/// @param template how a context stands before the prompt, with `{context}` in it; the judge must
///   use the same
/// @param maxOverlap share of a context's runs of four words that may stand in an answer, in `[0,
///   1]`; where it is more, the pairs of that kind are left out, since they could be told by the
///   words alone
public record Contextual(List<String> kinds, String template, double maxOverlap)
    implements Strategy {
  /// Column that tells what kind of context a pair stands in.
  private static final String KIND = "subset";

  private static final String ONE = "context";
  private static final int RUN = 4; // words

  /// Checks the ranges.
  public Contextual {
    Check.between("max_overlap", 0, 1, maxOverlap);
    var _ = new ContextTemplate(template);
    kinds = List.copyOf(kinds);
  }

  @Override
  public Outline outline(Outline given) {
    if (given.form() != Form.PAIR) {
      throw new UserException(
          "%s: strategy Contextual puts contexts before pairs, these rows are %s; give pairs"
              .formatted(given.source(), given.form().words()));
    }
    var rest = new HashSet<>(given.extras());
    rest.removeIf(Contextual::context);
    return new Outline(given.source(), Form.PAIR, given.signals(), rest);
  }

  /// Whether a column holds one of two opposed contexts.
  static boolean opposed(String column) {
    return column.endsWith("_x") || column.endsWith("_y");
  }

  /// Whether either answer of a row is preferred, as the context is.
  static boolean undecided(Example row) {
    return row.extras().keySet().stream().anyMatch(Contextual::opposed);
  }

  static UserException refused(String where) {
    return new UserException(
        "%s prefers one answer in one context and the other in another: choose recipe carm or context-dpo, or add strategy Contextual"
            .formatted(where));
  }

  /// Whether a column holds a context.
  static boolean context(String column) {
    return column.equals(ONE) || opposed(column);
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    int with = (int) IntStream.range(0, rows.count()).filter(i -> contexts(rows.row(i))).count();
    if (with == 0) {
      throw new UserException(
          "%s: strategy Contextual finds no context in %d rows; give columns 'context', or %s"
              .formatted(
                  rows.place(0).file(),
                  rows.count(),
                  kinds.isEmpty()
                      ? "name kinds of opposed ones (criteria for 'criteria_x' and 'criteria_y')"
                      : "'%1$s_x' and '%1$s_y'".formatted(kinds.getFirst())));
    }
    var made = rows.made(Form.PAIR, "Contextual", this::of);
    setting
        .journal()
        .message(
            "%,d of %,d rows stand in a context; they and the others make %,d pairs"
                .formatted(with, rows.count(), made.count()));
    return made;
  }

  private boolean contexts(Example row) {
    return row.extras().get(ONE) instanceof String
        || kinds.stream().anyMatch(kind -> row.extras().get(kind + "_x") instanceof String);
  }

  /// What a row becomes.
  ///
  /// @param index of the row
  List<Example> of(int index, Example row) {
    var made = new ArrayList<Example>();
    if (row.extras().get(ONE) instanceof String context) {
      made.add(in(row, context, ONE, 1, 0, 1));
      return made;
    }
    boolean any = false;
    for (var kind : kinds) {
      var x = text(row, kind + "_x");
      var y = text(row, kind + "_y");
      if (x.isPresent() != y.isPresent()) {
        throw new UserException(
            "%s: column '%s' has no '%s' opposite it; give both or none"
                .formatted(
                    row.row(),
                    kind + (x.isPresent() ? "_x" : "_y"),
                    kind + (x.isPresent() ? "_y" : "_x")));
      }
      if (x.isPresent()) {
        any = true;
        if (!told(x.get(), row, 0) && !told(y.orElseThrow(), row, 1)) {
          made.add(in(row, x.get(), kind, 1, 0, 1));
          made.add(in(row, y.orElseThrow(), kind, 2, 1, 0));
        }
      }
    }
    if (!any) {
      made.add(index % 2 == 0 ? in(row, "", "general", 1, 0, 1) : plain(row));
    }
    return made;
  }

  private static Optional<String> text(Example row, String column) {
    var cell = row.extras().get(column);
    if (cell == null || (cell instanceof String text && text.isBlank())) {
      return Optional.empty();
    }
    if (cell instanceof String text) {
      return Optional.of(text);
    }
    throw new UserException(
        "%s: column '%s' is %s where text belongs".formatted(row.row(), column, cell));
  }

  /// Whether an answer holds more of a context's words than may be.
  private boolean told(String context, Example row, int answer) {
    var runs = runs(context);
    if (runs.isEmpty()) {
      return false;
    }
    var own = runs(RowEncoder.answer(row.candidates().get(answer)));
    long shared = runs.stream().filter(own::contains).count();
    return shared > maxOverlap * runs.size();
  }

  private static Set<List<String>> runs(String text) {
    var words =
        text.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}]+", " ").strip().split(" ");
    var runs = new HashSet<List<String>>();
    for (int i = 0; i + RUN <= words.length; i++) {
      runs.add(List.of(words).subList(i, i + RUN));
    }
    return runs;
  }

  private Example in(Example row, String context, String kind, int number, int better, int worse) {
    var pair = Reshape.keep(row, better, worse);
    return new Example(
        new Example.Row(row.row() + " " + kind, number),
        new ContextTemplate(template).before(context, pair.prompt()),
        pair.candidates(),
        new HashMap<>(pair.signals()),
        extras(row, kind));
  }

  private static Example plain(Example row) {
    return new Example(
        row.row(), row.prompt(), row.candidates(), row.signals(), extras(row, "general"));
  }

  private static LinkedHashMap<String, Object> extras(Example row, String kind) {
    var extras = new LinkedHashMap<>(row.extras());
    extras.keySet().removeIf(Contextual::context);
    extras.put(KIND, kind);
    return extras;
  }
}
