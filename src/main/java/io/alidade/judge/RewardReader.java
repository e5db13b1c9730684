package io.alidade.judge;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.data.Encoding;
import io.alidade.data.Fitted;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.data.Truncation;
import io.alidade.example.Example;
import io.alidade.example.Text;
import io.alidade.generation.LanguageModel;
import io.alidade.generation.Located;
import io.alidade.model.Precision;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;

/// A model with a reward head, read answer by answer. Not for use by several threads at once.
final class RewardReader implements AutoCloseable {
  private static final int BATCH = 8;

  private final LanguageModel model;
  private final RowEncoder encoder;
  private final Consumer<String> log;
  private final boolean gates;

  /// Opens a model.
  ///
  /// @param location a checkpoint, a run, an adapter's folder, or `org/name` on the hub
  /// @param maxLength tokens of prompt and answer together that it reads; longer ones are not
  ///   judged
  RewardReader(String location, OptionalInt maxLength, Consumer<String> log) {
    this(location, maxLength, false, log);
  }

  /// @param gates whether the last third of the outputs is read at the end of the prompt
  RewardReader(String location, OptionalInt maxLength, boolean gates, Consumer<String> log) {
    this.gates = gates;
    var located = Located.find(location, Optional.empty());
    this.model = LanguageModel.open(located, Precision.FLOAT32);
    this.log = log;
    boolean complete = false;
    try {
      if (!model.rewards()) {
        throw new UserException(
            located.folder() + ": has no reward head; name a reward model as judge");
      }
      encoder =
          new RowEncoder(
              model.tokenizer(),
              new Encoding(Layout.WHOLE, maxLength, Truncation.KEEP_START, false));
      complete = true;
    } finally {
      if (!complete) {
        model.close();
      }
    }
  }

  /// The outputs of the head for each answer of each case, `[K][D]`; NaN for an answer that could
  /// not be read.
  List<double[][]> outputs(List<Case> cases) {
    var distinct = cases.stream().map(RewardReader::distinct).toList();
    var all = new ArrayList<double[][]>();
    for (int from = 0; from < cases.size(); from += BATCH) {
      all.addAll(some(distinct.subList(from, Math.min(cases.size(), from + BATCH))));
    }
    for (int c = 0; c < all.size(); c++) {
      var read = all.get(c);
      var known = distinct.get(c).answers();
      all.set(
          c,
          cases.get(c).answers().stream()
              .map(answer -> read[known.indexOf(answer)].clone())
              .toArray(double[][]::new));
    }
    return all;
  }

  /// Equal answers are read once, so that they tie to the last bit.
  private static Case distinct(Case one) {
    return new Case(
        one.row(), one.prompt(), one.answers().stream().distinct().toList(), one.columns());
  }

  private List<double[][]> some(List<Case> cases) {
    var groups = new ArrayList<Group>();
    var places = new ArrayList<int[]>(); // of the candidates of each group: case and answer
    for (int c = 0; c < cases.size(); c++) {
      var one = cases.get(c);
      if (one.answers().isEmpty()) {
        continue;
      }
      int at = c;
      switch (encoder.group(one.example(one.prompt()))) {
        case Fitted.Kept(var group, _, _) -> {
          groups.add(group);
          for (int i = 0; i < one.answers().size(); i++) {
            places.add(new int[] {at, i});
          }
        }
        case Fitted.Dropped _ -> alone(one, at, groups, places);
      }
    }
    double[] flat = groups.isEmpty() ? new double[0] : Natives.call(() -> read(groups));
    int width = places.isEmpty() ? 1 : flat.length / places.size();
    var outputs = new ArrayList<double[][]>();
    for (var one : cases) {
      var rows = new double[one.answers().size()][width];
      for (var row : rows) {
        Arrays.fill(row, Double.NaN);
      }
      outputs.add(rows);
    }
    for (int p = 0; p < places.size(); p++) {
      outputs.get(places.get(p)[0])[places.get(p)[1]] =
          Arrays.copyOfRange(flat, p * width, (p + 1) * width);
    }
    return outputs;
  }

  /// One answer that cannot be read must not take the others with it.
  private void alone(Case one, int at, List<Group> groups, List<int[]> places) {
    int lost = 0;
    var why = "";
    for (int i = 0; i < one.answers().size(); i++) {
      var example =
          new Example(
              one.row(), one.prompt(), List.<Text>of(one.answers().get(i)), Map.of(), Map.of());
      switch (encoder.group(example)) {
        case Fitted.Kept(var group, _, _) -> {
          groups.add(group);
          places.add(new int[] {at, i});
        }
        case Fitted.Dropped(_, var reason) -> {
          lost++;
          why = reason.toString();
        }
      }
    }
    log.accept(
        "%s: %d of %d answers have no reward and are left out (%s)"
            .formatted(one.row(), lost, one.answers().size(), why));
  }

  private double[] read(List<Group> groups) {
    try (var _ = new Step()) {
      var readouts = gates ? Set.of(Readout.REWARD, Readout.PROMPT) : Set.of(Readout.REWARD);
      var outputs = model.policy().score(new Batch(groups), readouts, false).outputs();
      var output = Objects.requireNonNull(outputs.get(Readout.REWARD)); // [N, D]
      if (gates) {
        long third = output.size(1) / 3;
        var prompt = Objects.requireNonNull(outputs.get(Readout.PROMPT)); // [N, D]
        output =
            Ops.concatenate(
                List.of(
                    output.narrow(1, 0, output.size(1) - third),
                    prompt.narrow(1, prompt.size(1) - third, third)),
                1);
      }
      return Ops.toDoubles(output);
    }
  }

  /// For messages.
  String name() {
    return model.located().folder().toString();
  }

  @Override
  public void close() {
    model.close();
  }
}
