package io.alidade.evaluation;

import io.alidade.Check;
import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.SaveOptions;
import io.alidade.store.AtomicFiles;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/// Writes a checkpoint in another form (an adapter merged, another precision, other shards), reads
/// it back and compares what both say of the same token sequences.
///
/// @param save precision and shards of the files
/// @param tolerance largest mean difference, nats a token (units of reward for a reward model),
///   positive; see [#tolerance(Precision)]
public record Export(SaveOptions save, double tolerance) {
  private static final int SEQUENCES = 8;
  private static final int LENGTH = 32;

  /// Checks the range.
  public Export {
    Check.positive("tolerance", tolerance);
  }

  /// What rounding to a precision may cost, mean over tokens: 0.001 nats for float32, 0.02 for
  /// float16 (11 bits of significand) and 0.1 for bfloat16 (8 bits).
  public static double tolerance(Precision precision) {
    return switch (precision) {
      case FLOAT32, FLOAT64 -> 1e-3;
      case FLOAT16 -> 2e-2;
      case BFLOAT16 -> 1e-1;
    };
  }

  /// How far the written checkpoint is from its origin.
  ///
  /// @param values compared
  /// @param mean of the absolute differences
  /// @param worst of them
  public record Drift(int values, double mean, double worst) {}

  /// Writes a folder whole, or leaves nothing.
  ///
  /// @param adapter to merge
  /// @throws UserException if the folder exists, or the written checkpoint drifts from its origin
  ///   beyond the tolerance
  public Drift write(Path model, Optional<Path> adapter, Head head, Path target) {
    if (Files.exists(target)) {
      throw new UserException(target + ": exists already; choose another --out or remove it");
    }
    var spec = PolicySpec.frozen(Precision.FLOAT32).with(head);
    var drift = new ArrayList<Drift>();
    AtomicFiles.folder(
        target,
        into -> {
          double[] before;
          try (var policy = Policy.open(model, adapter.map(spec::withAdapter).orElse(spec))) {
            before = probe(policy);
            if (adapter.isPresent()) {
              policy.merge();
            }
            policy.save(into, save);
          }
          try (var written = Policy.open(into, spec)) {
            drift.add(compare(model, before, probe(written)));
          }
        });
    return drift.getFirst();
  }

  private Drift compare(Path model, double[] before, double[] after) {
    double sum = 0;
    double worst = 0;
    for (int i = 0; i < before.length; i++) {
      double difference = Math.abs(after[i] - before[i]);
      sum += difference;
      worst = Math.max(worst, difference); // NaN stays NaN
    }
    double mean = sum / before.length;
    if (!(mean <= tolerance)) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "%s: written, its likelihoods drift by %.3g nats a token, more than the %.3g allowed; nothing was kept, choose another --dtype or a larger --tolerance",
              model,
              mean,
              tolerance));
    }
    return new Drift(before.length, mean, worst);
  }

  /// What a model says of fixed sequences: likelihoods of tokens, or rewards.
  private static double[] probe(Policy policy) {
    var readout = policy.spec().head() == Head.REWARD ? Readout.REWARD : Readout.LOG_LIKELIHOOD;
    return Natives.call(() -> {
      try (var _ = new Step()) {
        var batch = new Batch(sequences(policy.config().vocabSize()));
        var output = policy.score(batch, Set.of(readout), false).outputs().get(readout);
        if (output == null) {
          throw new IllegalStateException("the model did not report " + readout);
        }
        return Ops.toDoubles(output);
      }
    });
  }

  /// Sequences that depend on the size of the vocabulary alone.
  private static List<Group> sequences(int vocabulary) {
    var random = new SplittableRandom(20260101);
    var groups = new ArrayList<Group>();
    for (int s = 0; s < SEQUENCES; s++) {
      int[] first = {random.nextInt(vocabulary)};
      int[] rest = random.ints(LENGTH, 0, vocabulary).toArray();
      groups.add(
          new Group(
              new Example.Row("probe", s + 1), first, List.of(Completion.of(rest)), Map.of()));
    }
    return groups;
  }
}
