package io.alidade.explain;

import io.alidade.UserException;
import io.alidade.batch.Readout;
import io.alidade.example.Signal;
import io.alidade.objective.Needs;
import io.alidade.objective.Objective;
import io.alidade.recipe.Nearest;
import io.alidade.store.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/// Evaluates an objective on the numbers of a JSON file, in float64.
///
/// Pairs: `{"policy": {"chosen": [-12, …], "rejected": […]}, "reference": {…}, "tokens": {…},
/// "signals": {…}}`, one entry a row. An entry is the sum over an answer's tokens, in nats, which
/// is then spread evenly over them, or a list with one number a token. `tokens` counts the tokens
/// of answers given as sums; without it each has one. Labelled answers have the side `completion`
/// (and `kl`, a mismatched one, where the objective needs it), demonstrations `completion` alone,
/// rankings and rollouts `candidates` with a list a row. Objectives over rewards read `rewards` in
/// place of `policy`. A signal is a list with one number a row, or has sides like `policy` where it
/// belongs to answers or tokens. What else an objective reads of the models stands in `readouts`
/// and `reference_readouts`, each by its name; what it remembers in `memory`.
public final class CaseFile {
  private static final Set<String> KEYS =
      Set.of(
          "policy",
          "reference",
          "tokens",
          "signals",
          "rewards",
          "readouts",
          "reference_readouts",
          "memory");

  /// One entry with the place it stands at.
  private record Cell(String where, JsonNode value) {}

  private final String file;
  private final JsonNode root;
  private final String name;
  private final Needs needs;
  private final List<String> sides;
  private final int[] sizes;
  private final int[] tokens;
  private final List<Cell> main;

  private CaseFile(String file, JsonNode root, Subject subject) {
    this.file = file;
    this.root = root;
    this.name = subject.name();
    this.needs = subject.objective().needs();
    known("", root, KEYS);
    var key = needs.readouts().contains(Readout.LOG_LIKELIHOOD) ? "policy" : "rewards";
    var node = present(key, root.path(key), "the %s of each answer".formatted(words(key)));
    sides = sides(key, node);
    sizes = sizes(key, node);
    main = cells(key, node);
    tokens = tokens();
  }

  /// Evaluates an objective on a file.
  ///
  /// @return `loss`, `losses`, `grad` (in the form of the input) and `metrics`, for JSON
  /// @throws UserException naming file, key, row and what was expected
  public static SequencedMap<String, Object> evaluate(Subject subject, Path file) {
    return evaluate(subject, file.toString(), Json.read(file));
  }

  static SequencedMap<String, Object> evaluate(Subject subject, String where, JsonNode root) {
    var read = new CaseFile(where, Json.object(where, root), subject);
    return read.written(read.evaluated(subject.objective()));
  }

  private Case.Outcome evaluated(Objective objective) {
    var numbers = numbers();
    try {
      return numbers.evaluate(objective);
    } catch (UserException e) {
      throw new UserException(file + ": " + e.getMessage(), e);
    }
  }

  private Case numbers() {
    var readouts = new EnumMap<Readout, double[][]>(Readout.class);
    var frozen = new EnumMap<Readout, double[][]>(Readout.class);
    for (var readout : needs.readouts()) {
      readouts.put(
          readout,
          switch (readout) {
            case LOG_LIKELIHOOD -> perToken(main);
            case REWARD -> rewards();
            default -> readout("readouts", readout);
          });
    }
    for (var readout : needs.referenceReadouts()) {
      if (readout == Readout.LOG_LIKELIHOOD) {
        var what = "%s compares with a frozen model".formatted(name);
        frozen.put(
            readout,
            perToken(cells("reference", present("reference", root.path("reference"), what))));
      } else {
        frozen.put(readout, readout("reference_readouts", readout));
      }
    }
    if (!needs.reference()) {
      refuse("reference", "%s does not compare with a frozen model".formatted(name));
    }
    refuseOthers("readouts", needs.readouts());
    refuseOthers("reference_readouts", needs.referenceReadouts());
    return new Case(sizes, tokens, readouts, frozen, signals(), memory());
  }

  // --- shape ---

  private List<String> sides(String key, JsonNode node) {
    Json.object(file + ": " + key, node);
    var named =
        switch (needs.feedback()) {
          case PAIRS -> List.of("chosen", "rejected");
          case DEMONSTRATIONS -> List.of("completion");
          case LABELLED ->
              needs.candidates() > 1 ? List.of("completion", "kl") : List.of("completion");
          case RANKINGS, ROLLOUTS ->
              node.has("chosen") ? List.of("chosen", "rejected") : List.of("candidates");
        };
    return named;
  }

  private boolean ranked() {
    return sides.equals(List.of("candidates"));
  }

  private int[] sizes(String key, JsonNode node) {
    var first = list(key + "." + sides.getFirst(), side(key, node, sides.getFirst()));
    if (first.isEmpty()) {
      throw bad(key + "." + sides.getFirst(), "at least one row, found none");
    }
    if (!ranked()) {
      var all = new int[first.size()];
      Arrays.fill(all, sides.size());
      return all;
    }
    return IntStream.range(0, first.size())
        .map(g -> {
          var where = row(key + ".candidates", g);
          int size = list(where, first.get(g)).size();
          if (size < needs.candidates()) {
            throw bad(
                where,
                "a list of at least %d answers, found %d".formatted(needs.candidates(), size));
          }
          return size;
        })
        .toArray();
  }

  /// The entries under a key, candidate by candidate.
  private List<Cell> cells(String key, JsonNode node) {
    known(key + ".", node, sides);
    var columns = new ArrayList<List<JsonNode>>();
    for (var side : sides) {
      var column = list(key + "." + side, side(key, node, side));
      if (column.size() != sizes.length) {
        throw bad(key + "." + side, "%d rows, found %d".formatted(sizes.length, column.size()));
      }
      columns.add(column);
    }
    var cells = new ArrayList<Cell>();
    for (int g = 0; g < sizes.length; g++) {
      for (int s = 0; s < sides.size(); s++) {
        var where = row(key + "." + sides.get(s), g);
        var value = columns.get(s).get(g);
        if (!ranked()) {
          cells.add(new Cell(where, value));
          continue;
        }
        var answers = list(where, value);
        if (answers.size() != sizes[g]) {
          throw bad(where, "%d answers, found %d".formatted(sizes[g], answers.size()));
        }
        for (int k = 0; k < sizes[g]; k++) {
          cells.add(new Cell(where + ", answer " + (k + 1), answers.get(k)));
        }
      }
    }
    return cells;
  }

  private int[] tokens() {
    var counts = new int[main.size()];
    var given = root.has("tokens") ? cells("tokens", root.path("tokens")) : List.<Cell>of();
    var reference =
        needs.reference() && root.path("reference").isObject()
            ? cells("reference", root.path("reference"))
            : List.<Cell>of();
    for (int n = 0; n < counts.length; n++) {
      if (!given.isEmpty()) {
        var cell = given.get(n);
        if (!cell.value.isInt() || cell.value.intValue() < 0) {
          throw bad(cell.where, "a whole number of tokens, found " + cell.value);
        }
        counts[n] = cell.value.intValue();
      } else if (main.get(n).value.isArray()) {
        counts[n] = main.get(n).value.size();
      } else if (!reference.isEmpty() && reference.get(n).value.isArray()) {
        counts[n] = reference.get(n).value.size();
      } else {
        counts[n] = 1;
      }
    }
    return counts;
  }

  // --- numbers ---

  private double[][] perToken(List<Cell> cells) {
    var rows = new double[cells.size()][];
    for (int n = 0; n < rows.length; n++) {
      rows[n] = perToken(cells.get(n), tokens[n]);
    }
    return rows;
  }

  /// One number a token: those of a list, or the even parts of a sum.
  private double[] perToken(Cell cell, int count) {
    if (cell.value.isArray()) {
      return counted(cell, count);
    }
    double sum = number(cell.where, cell.value);
    if (count == 0 && sum != 0) {
      throw bad(cell.where, "0, the sum over no tokens, found " + sum);
    }
    var parts = new double[count];
    Arrays.fill(parts, sum / count);
    return parts;
  }

  private double[] counted(Cell cell, int count) {
    var values = list(cell.where, cell.value);
    if (values.size() != count) {
      throw bad(cell.where, "%d numbers, one a token, found %d".formatted(count, values.size()));
    }
    return values.stream().mapToDouble(v -> number(cell.where, v)).toArray();
  }

  private double[][] rewards() {
    return main.stream().map(this::outputs).toArray(double[][]::new);
  }

  /// One number, or of a head of several outputs a list of them.
  private double[] outputs(Cell cell) {
    if (needs.outputs() == 1) {
      return new double[] {number(cell.where, cell.value)};
    }
    if (!cell.value.isArray() || cell.value.size() != needs.outputs()) {
      throw new UserException(
          "%s: %s holds %s; give a list of %d numbers, as many as the head has outputs"
              .formatted(name, cell.where, cell.value, needs.outputs()));
    }
    var outputs = new double[needs.outputs()];
    for (int d = 0; d < outputs.length; d++) {
      outputs[d] = number(cell.where + "[" + d + "]", cell.value.get(d));
    }
    return outputs;
  }

  private double[][] readout(String key, Readout readout) {
    var name = readout.name().toLowerCase(Locale.ROOT);
    var where = key + "." + name;
    var cells =
        cells(where, present(where, root.path(key).path(name), "%s reads it".formatted(this.name)));
    return readout == Readout.HIDDEN ? states(cells) : perToken(cells);
  }

  private double[][] states(List<Cell> cells) {
    var rows = new double[cells.size()][];
    int size = -1; // of a state
    for (int n = 0; n < rows.length; n++) {
      var cell = cells.get(n);
      var flat = new ArrayList<Double>();
      var states = list(cell.where, cell.value);
      if (states.size() != tokens[n]) {
        throw bad(
            cell.where, "%d states, one a token, found %d".formatted(tokens[n], states.size()));
      }
      for (var state : states) {
        var values = list(cell.where, state);
        size = size < 0 ? values.size() : size;
        if (values.size() != size || size == 0) {
          throw bad(
              cell.where, "states of one size, found %d and %d".formatted(size, values.size()));
        }
        values.forEach(v -> flat.add(number(cell.where, v)));
      }
      rows[n] = flat.stream().mapToDouble(Double::doubleValue).toArray();
    }
    return rows;
  }

  private Map<Signal, double[]> signals() {
    var node = root.path("signals");
    if (!node.isMissingNode()) {
      Json.object(file + ": signals", node);
    }
    var names = new TreeSet<String>();
    needs.signals().forEach(signal -> names.add(signal.name()));
    for (var given : node.propertyNames()) {
      if (!names.contains(given)) {
        throw new UserException(
            "%s: signals.%s: %s reads no such signal; it reads %s%s"
                .formatted(file, given, name, names, Nearest.hint(given, names)));
      }
    }
    var values = new HashMap<Signal, double[]>();
    for (var signal : needs.signals()) {
      var where = "signals." + signal.name();
      var per =
          switch (signal.scope()) {
            case GROUP -> "row";
            case CANDIDATE -> "answer";
            case UNIT -> "token";
          };
      var what = "%s reads it, one number a %s".formatted(name, per);
      values.put(signal, signal(where, present(where, node.path(signal.name()), what), signal));
    }
    return values;
  }

  private double[] signal(String where, JsonNode node, Signal signal) {
    if (signal.scope() == Signal.Scope.GROUP) {
      var column = list(where, node);
      if (column.size() != sizes.length) {
        throw bad(where, "%d numbers, one a row, found %d".formatted(sizes.length, column.size()));
      }
      return IntStream.range(0, column.size())
          .mapToDouble(g -> number(row(where, g), column.get(g)))
          .toArray();
    }
    var cells = cells(where, node);
    if (signal.scope() == Signal.Scope.CANDIDATE) {
      return cells.stream().mapToDouble(cell -> number(cell.where, cell.value)).toArray();
    }
    return IntStream.range(0, cells.size())
        .boxed()
        .flatMapToDouble(n -> Arrays.stream(counted(cells.get(n), tokens[n])))
        .toArray();
  }

  private Map<String, Double> memory() {
    var memory = new TreeMap<String, Double>();
    root.path("memory")
        .properties()
        .forEach(e -> memory.put(e.getKey(), number("memory." + e.getKey(), e.getValue())));
    return memory;
  }

  private double number(String where, JsonNode node) {
    if (node.isBoolean()) {
      return node.booleanValue() ? 1 : 0;
    }
    if (!node.isNumber()) {
      throw bad(where, "a number, found " + node);
    }
    return node.doubleValue();
  }

  // --- what comes out ---

  private SequencedMap<String, Object> written(Case.Outcome outcome) {
    var json = new LinkedHashMap<String, Object>();
    json.put("loss", outcome.loss());
    json.put("losses", outcome.each().orElse(null));
    var gradient = new LinkedHashMap<String, Object>();
    for (int s = 0; s < sides.size(); s++) {
      var rows = new ArrayList<>();
      int n = 0;
      for (int size : sizes) {
        if (ranked()) {
          rows.add(IntStream.range(n, n + size).mapToObj(k -> entry(outcome, k)).toList());
        } else {
          rows.add(entry(outcome, n + s));
        }
        n += size;
      }
      gradient.put(sides.get(s), rows);
    }
    json.put("grad", gradient);
    json.put("metrics", outcome.metrics());
    return json;
  }

  /// The gradient of an entry in the entry's form.
  private Object entry(Case.Outcome outcome, int n) {
    return main.get(n).value.isArray() ? outcome.gradient()[n] : (Object) outcome.slope(n);
  }

  // --- messages ---

  private static String words(String key) {
    return key.equals("policy") ? "log-likelihood under the policy" : "reward";
  }

  private static String row(String where, int group) {
    return where + ", row " + (group + 1);
  }

  private List<JsonNode> list(String where, JsonNode node) {
    if (!node.isArray()) {
      throw bad(where, "a list, found " + node);
    }
    return node.values().stream().toList();
  }

  private JsonNode side(String key, JsonNode node, String side) {
    Json.object(file + ": " + key, node);
    if (!node.has(side)) {
      throw new UserException(
          "%s: %s: expected the sides %s, '%s' is missing".formatted(file, key, sides, side));
    }
    return node.path(side);
  }

  private JsonNode present(String key, JsonNode node, String what) {
    if (node.isMissingNode() || node.isNull()) {
      throw new UserException("%s: %s is missing: %s".formatted(file, key, what));
    }
    return node;
  }

  private void refuse(String key, String why) {
    if (root.has(key)) {
      throw new UserException("%s: %s: %s; remove it".formatted(file, key, why));
    }
  }

  private void refuseOthers(String key, Set<Readout> read) {
    var names = new TreeSet<String>();
    read.forEach(readout -> names.add(readout.name().toLowerCase(Locale.ROOT)));
    known(key + ".", root.path(key), names);
  }

  private void known(String prefix, JsonNode node, Collection<String> names) {
    for (var given : node.propertyNames()) {
      if (!names.contains(given)) {
        throw new UserException(
            "%s: unknown key '%s%s'; known here: %s%s"
                .formatted(file, prefix, given, new TreeSet<>(names), Nearest.hint(given, names)));
      }
    }
  }

  private UserException bad(String where, String expected) {
    return new UserException("%s: %s: expected %s".formatted(file, where, expected));
  }
}
