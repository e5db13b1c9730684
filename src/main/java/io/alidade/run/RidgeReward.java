package io.alidade.run;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.data.Encoding;
import io.alidade.data.Fitted;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.data.Rows;
import io.alidade.evaluation.Ridge;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.SaveOptions;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import io.alidade.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.DoubleConsumer;
import java.util.stream.IntStream;

/// A reward model of several objectives without training the model: ridge regression of ratings on
/// the hidden state of each answer's last token, attribute by attribute over the rows that are
/// rated (as the successor of DPA does it, Wang et al. 2024, arXiv:2406.12845). The penalty is
/// chosen on rows set aside. The head has no bias, so ratings are best on a scale whose 0 means
/// something.
///
/// @param attributes columns of ratings, one an output
/// @param aside share of the rows on which penalties are compared, in `(0, 1)`
/// @param seed of which rows these are
public record RidgeReward(List<String> attributes, double aside, long seed) {
  private static final int BATCH = 16;
  private static final double[] PENALTIES = {1e-4, 1e-3, 1e-2, 1e-1, 1, 1e1, 1e2, 1e3, 1e4};

  /// What was found for an attribute.
  ///
  /// @param ridge its output
  /// @param correlation of this output with the first attribute's, over the rows that are set aside
  /// @param slope of the first attribute's output on this one, units of the first for each of this:
  ///   what `Directional.residual` takes, so that the first is judged without what this explains
  public record Found(Ridge ridge, double correlation, double slope) {}

  /// Fits a head and writes the model with it.
  ///
  /// @param model folder of a checkpoint
  /// @param rows answers with a number a rating
  /// @param maxLength tokens of prompt and answer at most; longer ones are left out
  /// @param target a new folder
  /// @param told the share that is done
  /// @return what was found for each attribute
  /// @throws UserException if a rating is never there, or hardly
  public SequencedMap<String, Found> write(
      Path model, Rows rows, OptionalInt maxLength, Path target, DoubleConsumer told) {
    if (rows.form() != Form.DEMONSTRATION) {
      throw new UserException(
          "%s: ratings are of answers one by one, these rows are %s; give 'prompt', 'completion' and a number a rating"
              .formatted(rows.place(0).file(), rows.form().words()));
    }
    var features = new ArrayList<double[]>();
    var ratings = new ArrayList<double[]>();
    try (var tokenizer = Tokenizer.load(model);
        var policy = Policy.open(model, PolicySpec.frozen(Precision.FLOAT32))) {
      var encoder =
          new RowEncoder(
              tokenizer,
              new Encoding(Layout.WHOLE, maxLength, io.alidade.data.Truncation.KEEP_START, false));
      for (int from = 0; from < rows.count(); from += BATCH) {
        int to = Math.min(rows.count(), from + BATCH);
        var groups = new ArrayList<Group>();
        for (int i = from; i < to; i++) {
          var row = rows.row(i);
          if (encoder.group(row) instanceof Fitted.Kept(var group, _, _)) {
            groups.add(group);
            ratings.add(
                attributes.stream()
                    .mapToDouble(name -> {
                      var given = row.signals().get(Signal.perGroup(name));
                      return given == null ? Double.NaN : given[0];
                    })
                    .toArray());
          }
        }
        if (!groups.isEmpty()) {
          features.addAll(states(policy, groups));
        }
        told.accept((double) to / rows.count());
      }
    }
    var found = new LinkedHashMap<String, Ridge>();
    for (int a = 0; a < attributes.size(); a++) {
      found.put(attributes.get(a), fitted(attributes.get(a), a, features, ratings));
    }
    save(model, found, target);
    return related(found, features);
  }

  /// One more token, so that what predicts it is the state of the answer's last one.
  private static Group ended(Group group) {
    var tokens = group.candidates().getFirst().tokens();
    return new Group(
        group.row(),
        concat(group.prompt(), tokens),
        List.of(Completion.of(tokens[tokens.length - 1])),
        Map.of());
  }

  private static int[] concat(int[] one, int[] two) {
    var both = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, both, one.length, two.length);
    return both;
  }

  /// The hidden state of the last token of each group's first candidate, `[groups][H]`: what a head
  /// of rewards reads.
  public static List<double[]> states(Policy policy, List<Group> groups) {
    var batch = new Batch(groups.stream().map(RidgeReward::ended).toList());
    try (var _ = new Step()) {
      var outputs = policy.score(batch, Set.of(Readout.HIDDEN), false).outputs();
      var hidden = java.util.Objects.requireNonNull(outputs.get(Readout.HIDDEN)); // [N, 1, H]
      var flat = Ops.toDoubles(hidden);
      int width = flat.length / batch.candidates();
      var rows = new ArrayList<double[]>();
      for (int n = 0; n < batch.candidates(); n++) {
        rows.add(Arrays.copyOfRange(flat, n * width, (n + 1) * width));
      }
      return rows;
    }
  }

  /// Which rows are set aside: drawn for each row, so that attributes agree.
  private boolean[] out(int rows) {
    var random = new SplittableRandom(seed);
    var out = new boolean[rows];
    for (int i = 0; i < rows; i++) {
      out[i] = random.nextDouble() < aside;
    }
    return out;
  }

  /// How each output goes with the first one.
  private SequencedMap<String, Found> related(
      SequencedMap<String, Ridge> fitted, List<double[]> features) {
    var out = out(features.size());
    var rows = IntStream.range(0, out.length).filter(i -> out[i]).mapToObj(features::get).toList();
    var first = outputs(fitted.firstEntry().getValue(), rows);
    var found = new LinkedHashMap<String, Found>();
    fitted.forEach((name, ridge) -> {
      var own = outputs(ridge, rows);
      double both = covariance(own, first);
      double spread = covariance(own, own);
      found.put(
          name,
          new Found(ridge, both / Math.sqrt(spread * covariance(first, first)), both / spread));
    });
    return found;
  }

  private static double[] outputs(Ridge ridge, List<double[]> rows) {
    return rows.stream()
        .mapToDouble(row ->
            IntStream.range(0, row.length).mapToDouble(i -> ridge.weights()[i] * row[i]).sum())
        .toArray();
  }

  static double covariance(double[] one, double[] other) {
    double mean = Arrays.stream(one).average().orElse(0);
    double others = Arrays.stream(other).average().orElse(0);
    return IntStream.range(0, one.length)
        .mapToDouble(i -> (one[i] - mean) * (other[i] - others))
        .average()
        .orElse(Double.NaN);
  }

  private Ridge fitted(
      String attribute, int place, List<double[]> features, List<double[]> ratings) {
    var out = out(ratings.size());
    var train = new ArrayList<Integer>();
    var held = new ArrayList<Integer>();
    for (int i = 0; i < ratings.size(); i++) {
      if (!Double.isNaN(ratings.get(i)[place])) {
        (out[i] ? held : train).add(i);
      }
    }
    if (train.isEmpty() || held.size() < 2) {
      throw new UserException(
          "rating '%s': %d rows to learn from and %d to choose the penalty on; rate more answers"
              .formatted(attribute, train.size(), held.size()));
    }
    return Ridge.chosen(
        rows(features, train),
        labels(ratings, train, place),
        rows(features, held),
        labels(ratings, held, place),
        PENALTIES);
  }

  private static double[][] rows(List<double[]> features, List<Integer> which) {
    return which.stream().map(features::get).toArray(double[][]::new);
  }

  private static double[] labels(List<double[]> ratings, List<Integer> which, int place) {
    return which.stream().mapToDouble(i -> ratings.get(i)[place]).toArray();
  }

  private static void save(Path model, SequencedMap<String, Ridge> found, Path target) {
    var flat =
        found.values().stream().flatMapToDouble(ridge -> Arrays.stream(ridge.weights())).toArray();
    var spec = PolicySpec.trainable(Precision.FLOAT32).with(Head.REWARD).withOutputs(found.size());
    try (var policy = Policy.open(model, spec)) {
      var head = java.util.Objects.requireNonNull(policy.trainable().get("score.weight"));
      try (var _ = new Step()) {
        var weights =
            Ops.doubles(flat, found.size(), flat.length / found.size()).to(head.scalar_type());
        var _ = Grad.off(() -> head.detach().copy_(weights));
      }
      policy.save(target, SaveOptions.PLAIN);
    }
  }
}
