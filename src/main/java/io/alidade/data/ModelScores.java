package io.alidade.data;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Scorer;
import io.alidade.store.WeightFiles;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import io.alidade.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/// What a model says of every candidate of every row, one number each, in the order of the rows.
/// The model is open only as long as it takes.
final class ModelScores {
  /// Rows in one pass through a model.
  private static final int ROWS = 16;

  private ModelScores() {}

  /// Rewards of a reward model, in its own tokens and without a limit of length.
  ///
  /// @param name folder or hub name of a checkpoint with a reward head
  static double[][] rewards(String strategy, String name, Rows rows, Strategy.Setting setting) {
    var folder = setting.models().apply(name);
    try (var weights = WeightFiles.open(folder)) {
      if (!weights.has("score.weight")) {
        throw new UserException(
            "strategy %s: %s has no reward head ('score.weight'); train one with recipe `reward`"
                .formatted(strategy, folder));
      }
    }
    try (var tokenizer = Tokenizer.load(folder);
        var model = Policy.open(folder, PolicySpec.frozen(setting.precision()).with(Head.REWARD))) {
      if (model.config().labels() != 1) {
        throw new UserException(
            "strategy %s: %s is a classifier with %d labels; a reward model has one"
                .formatted(strategy, folder, model.config().labels()));
      }
      var encoder = new RowEncoder(tokenizer, Encoding.unlimited(Layout.WHOLE));
      return each(
          strategy,
          rows,
          encoder,
          setting,
          batch -> Ops.toDoubles(output(model, batch, Readout.REWARD)));
    }
  }

  /// Log-likelihoods of a policy, summed over the tokens that are scored, nats.
  ///
  /// @param folder a checkpoint, or an adapter on the model that training starts from
  static double[][] likelihoods(
      String strategy, Path folder, Rows rows, RowEncoder encoder, Strategy.Setting setting) {
    try (var model = open(folder, setting)) {
      return each(
          strategy,
          rows,
          encoder,
          setting,
          batch -> Ops.toDoubles(output(model, batch, Readout.LOG_LIKELIHOOD).sum(1))); // [N]
    }
  }

  private static Policy open(Path folder, Strategy.Setting setting) {
    var spec = PolicySpec.frozen(setting.precision());
    return Files.exists(folder.resolve("adapter_config.json"))
        ? Policy.open(setting.start(), spec.withAdapter(folder))
        : Policy.open(folder, spec);
  }

  private static Tensor output(Scorer model, Batch batch, Readout readout) {
    var output = model.score(batch, Set.of(readout), false).outputs().get(readout);
    if (output == null) {
      throw new IllegalStateException("the model did not report " + readout);
    }
    return output;
  }

  private interface Numbers {
    /// One number a candidate of a batch, `[N]`.
    double[] of(Batch batch);
  }

  private static double[][] each(
      String strategy, Rows rows, RowEncoder encoder, Strategy.Setting setting, Numbers numbers) {
    var scores = new double[rows.count()][];
    for (int from = 0; from < rows.count(); from += ROWS) {
      var groups = new ArrayList<Group>();
      var places = new ArrayList<Integer>();
      for (int i = from; i < Math.min(rows.count(), from + ROWS); i++) {
        var row = rows.row(i);
        if (encoder.group(row) instanceof Fitted.Kept(var group, _, _)) {
          groups.add(group);
          places.add(i);
        } else {
          scores[i] = new double[row.candidates().size()]; // the run drops this row, too
        }
      }
      if (!groups.isEmpty()) {
        var batch = new Batch(groups);
        double[] values;
        try (var _ = new Step()) {
          values = Natives.call(() -> numbers.of(batch));
        }
        int at = 0;
        for (int g = 0; g < groups.size(); g++) {
          int end = at + groups.get(g).candidates().size();
          scores[places.get(g)] = finite(strategy, groups.get(g), values, at, end);
          at = end;
        }
      }
      setting
          .journal()
          .progress(
              strategy,
              Math.min(rows.count(), from + ROWS),
              rows.count(),
              "rows",
              new LinkedHashMap<>());
    }
    return scores;
  }

  private static double[] finite(String strategy, Group group, double[] values, int from, int to) {
    var own = Arrays.copyOfRange(values, from, to);
    for (double value : own) {
      if (!Double.isFinite(value)) {
        throw new UserException(
            "%s: strategy %s: the model gives %s; use another model or remove the row"
                .formatted(group.row(), strategy, value));
      }
    }
    return own;
  }

  /// A row with one more signal.
  static Example with(Example row, Signal signal, double... values) {
    var signals = new LinkedHashMap<>(row.signals());
    signals.put(signal, values);
    return new Example(row.row(), row.prompt(), row.candidates(), signals, row.extras());
  }

  /// Rows with one more signal, whose numbers are known.
  static Rows with(Rows rows, String strategy, Signal signal, double[][] values) {
    return rows.made(
        rows.form(), strategy, (index, row) -> List.of(with(row, signal, values[index])));
  }

  /// What rows are after a strategy that gives them a signal from a model, or leaves the column
  /// that they carry already.
  ///
  /// @param model whether a model is named
  static Strategy.Outline outline(
      Strategy.Outline given, String strategy, boolean model, Signal signal) {
    boolean carried = given.signals().contains(signal);
    if (model == carried) {
      throw new UserException(
          carried
              ? "%s has a column '%s' already, and strategy %s would compute it; rename the column, or name no model"
                  .formatted(given.source(), signal.name(), strategy)
              : "strategy %s: no model, and %s has no column '%s' (one number %s); name one: --set strategies.N.%s.model=FOLDER (N its place in the list, from 0)"
                  .formatted(
                      strategy,
                      given.source(),
                      signal.name(),
                      signal.scope() == Signal.Scope.GROUP ? "a row" : "an answer",
                      strategy));
    }
    return given.with(signal);
  }
}
