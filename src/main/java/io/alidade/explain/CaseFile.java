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
/// belongs to answers or tokens. The value of a single row may stand without its list. What else an
/// objective reads of the models stands in `readouts` and `reference_readouts`, each by its name;
/// what it remembers in `memory`.
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

  private final CaseJson json;
  private final String name;
  private final Needs needs;
  private final CaseShape shape;

  private CaseFile(CaseJson json, Subject subject) {
    this.json = json;
    this.name = subject.name();
    this.needs = subject.objective().needs();
    json.known("", json.root(), KEYS);
    var key = needs.readouts().contains(Readout.LOG_LIKELIHOOD) ? "policy" : "rewards";
    var what = "the %s of each answer".formatted(words(key));
    shape = new CaseShape(json, needs, key, json.present(key, json.root().path(key), what));
  }

  /// Evaluates an objective on a file.
  ///
  /// @return `loss`, `losses`, `grad` (in the form of the input) and `metrics`, for JSON
  /// @throws UserException naming file, key, row and what was expected
  public static SequencedMap<String, Object> evaluate(Subject subject, Path file) {
    return evaluate(subject, file.toString(), Json.read(file));
  }

  static SequencedMap<String, Object> evaluate(Subject subject, String where, JsonNode root) {
    var read = new CaseFile(new CaseJson(where, Json.object(where, root)), subject);
    return read.written(read.evaluated(subject.objective()));
  }

  private Case.Outcome evaluated(Objective objective) {
    var numbers = numbers();
    try {
      return numbers.evaluate(objective);
    } catch (UserException e) {
      throw new UserException(json.file() + ": " + e.getMessage(), e);
    }
  }

  private Case numbers() {
    var readouts = new EnumMap<Readout, double[][]>(Readout.class);
    var frozen = new EnumMap<Readout, double[][]>(Readout.class);
    for (var readout : needs.readouts()) {
      readouts.put(
          readout,
          switch (readout) {
            case LOG_LIKELIHOOD -> perToken(shape.main());
            case REWARD -> rewards();
            default -> readout("readouts", readout);
          });
    }
    for (var readout : needs.referenceReadouts()) {
      if (readout == Readout.LOG_LIKELIHOOD) {
        var what = "%s compares with a frozen model".formatted(name);
        frozen.put(
            readout,
            perToken(
                shape.cells(
                    "reference", json.present("reference", json.root().path("reference"), what))));
      } else {
        frozen.put(readout, readout("reference_readouts", readout));
      }
    }
    if (!needs.reference()) {
      json.refuse("reference", "%s does not compare with a frozen model".formatted(name));
    }
    refuseOthers("readouts", needs.readouts());
    refuseOthers("reference_readouts", needs.referenceReadouts());
    return new Case(shape.sizes(), shape.tokens(), readouts, frozen, signals(), memory());
  }

  private double[][] perToken(List<CaseShape.Cell> cells) {
    var rows = new double[cells.size()][];
    for (int n = 0; n < rows.length; n++) {
      rows[n] = perToken(cells.get(n), shape.tokens()[n]);
    }
    return rows;
  }

  /// One number a token: those of a list, or the even parts of a sum.
  private double[] perToken(CaseShape.Cell cell, int count) {
    if (cell.value().isArray()) {
      return counted(cell, count);
    }
    double sum = json.number(cell.where(), cell.value());
    if (count == 0 && sum != 0) {
      throw json.bad(cell.where(), "0, the sum over no tokens, found " + sum);
    }
    var parts = new double[count];
    Arrays.fill(parts, sum / count);
    return parts;
  }

  private double[] counted(CaseShape.Cell cell, int count) {
    var values = json.list(cell.where(), cell.value());
    if (values.size() != count) {
      throw json.bad(
          cell.where(), "%d numbers, one a token, found %d".formatted(count, values.size()));
    }
    return values.stream().mapToDouble(v -> json.number(cell.where(), v)).toArray();
  }

  private double[][] rewards() {
    return shape.main().stream().map(this::outputs).toArray(double[][]::new);
  }

  /// One number, or of a head of several outputs a list of them.
  private double[] outputs(CaseShape.Cell cell) {
    if (needs.outputs() == 1) {
      return new double[] {json.number(cell.where(), cell.value())};
    }
    if (!cell.value().isArray() || cell.value().size() != needs.outputs()) {
      throw new UserException(
          "%s: %s holds %s; give a list of %d numbers, as many as the head has outputs"
              .formatted(name, cell.where(), cell.value(), needs.outputs()));
    }
    var outputs = new double[needs.outputs()];
    for (int d = 0; d < outputs.length; d++) {
      outputs[d] = json.number(cell.where() + "[" + d + "]", cell.value().get(d));
    }
    return outputs;
  }

  private double[][] readout(String key, Readout readout) {
    var name = readout.name().toLowerCase(Locale.ROOT);
    var where = key + "." + name;
    var cells =
        shape.cells(
            where,
            json.present(
                where, json.root().path(key).path(name), "%s reads it".formatted(this.name)));
    return readout.wide() ? states(cells) : perToken(cells);
  }

  private double[][] states(List<CaseShape.Cell> cells) {
    var rows = new double[cells.size()][];
    int size = -1; // of a state
    for (int n = 0; n < rows.length; n++) {
      var cell = cells.get(n);
      var flat = new ArrayList<Double>();
      var states = json.list(cell.where(), cell.value());
      if (states.size() != shape.tokens()[n]) {
        throw json.bad(
            cell.where(),
            "%d states, one a token, found %d".formatted(shape.tokens()[n], states.size()));
      }
      for (var state : states) {
        var values = json.list(cell.where(), state);
        size = size < 0 ? values.size() : size;
        if (values.size() != size || size == 0) {
          throw json.bad(
              cell.where(), "states of one size, found %d and %d".formatted(size, values.size()));
        }
        values.forEach(v -> flat.add(json.number(cell.where(), v)));
      }
      rows[n] = flat.stream().mapToDouble(Double::doubleValue).toArray();
    }
    return rows;
  }

  private Map<Signal, double[]> signals() {
    var node = json.root().path("signals");
    if (!node.isMissingNode()) {
      Json.object(json.file() + ": signals", node);
    }
    var names = new TreeSet<String>();
    needs.signals().forEach(signal -> names.add(signal.name()));
    for (var given : node.propertyNames()) {
      if (!names.contains(given)) {
        throw new UserException(
            "%s: signals.%s: %s reads no such signal; it reads %s%s"
                .formatted(json.file(), given, name, names, Nearest.hint(given, names)));
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
      values.put(
          signal, signal(where, json.present(where, node.path(signal.name()), what), signal));
    }
    return values;
  }

  private double[] signal(String where, JsonNode node, Signal signal) {
    if (signal.scope() == Signal.Scope.GROUP) {
      var column = json.column(where, node);
      if (column.size() != shape.sizes().length) {
        throw json.bad(
            where,
            "%d numbers, one a row, found %d".formatted(shape.sizes().length, column.size()));
      }
      return IntStream.range(0, column.size())
          .mapToDouble(g -> json.number(CaseJson.row(where, g), column.get(g)))
          .toArray();
    }
    var cells = shape.cells(where, node);
    if (signal.scope() == Signal.Scope.CANDIDATE) {
      return cells.stream().mapToDouble(cell -> json.number(cell.where(), cell.value())).toArray();
    }
    return IntStream.range(0, cells.size())
        .boxed()
        .flatMapToDouble(n -> Arrays.stream(counted(cells.get(n), shape.tokens()[n])))
        .toArray();
  }

  private Map<String, Double> memory() {
    var memory = new TreeMap<String, Double>();
    json.root()
        .path("memory")
        .properties()
        .forEach(e -> memory.put(e.getKey(), json.number("memory." + e.getKey(), e.getValue())));
    return memory;
  }

  private SequencedMap<String, Object> written(Case.Outcome outcome) {
    var json = new LinkedHashMap<String, Object>();
    json.put("loss", outcome.loss());
    json.put("losses", outcome.each().orElse(null));
    var gradient = new LinkedHashMap<String, Object>();
    for (int s = 0; s < shape.sides().size(); s++) {
      var rows = new ArrayList<>();
      int n = 0;
      for (int size : shape.sizes()) {
        if (shape.ranked()) {
          rows.add(IntStream.range(n, n + size).mapToObj(k -> entry(outcome, k)).toList());
        } else {
          rows.add(entry(outcome, n + s));
        }
        n += size;
      }
      gradient.put(shape.sides().get(s), rows);
    }
    json.put("grad", gradient);
    json.put("metrics", outcome.metrics());
    return json;
  }

  /// The gradient of an entry in the entry's form.
  private Object entry(Case.Outcome outcome, int n) {
    return shape.main().get(n).value().isArray()
        ? outcome.gradient()[n]
        : (Object) outcome.slope(n);
  }

  private static String words(String key) {
    return key.equals("policy") ? "log-likelihood under the policy" : "reward";
  }

  private void refuseOthers(String key, Set<Readout> read) {
    var names = new TreeSet<String>();
    read.forEach(readout -> names.add(readout.name().toLowerCase(Locale.ROOT)));
    json.known(key + ".", json.root().path(key), names);
  }
}
