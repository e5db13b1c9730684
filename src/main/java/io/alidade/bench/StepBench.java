package io.alidade.bench;

import io.alidade.Check;
import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.constraint.ReverseKl;
import io.alidade.journal.Journal;
import io.alidade.learning.AdamW;
import io.alidade.learning.Constant;
import io.alidade.learning.Experience;
import io.alidade.learning.Session;
import io.alidade.learning.Settings;
import io.alidade.model.Head;
import io.alidade.model.MemoryBudget;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.objective.Dpo;
import io.alidade.objective.Objective;
import io.alidade.objective.PlackettLuce;
import io.alidade.reference.AdaptersOff;
import io.alidade.reference.Cached;
import io.alidade.reference.Frozen;
import io.alidade.reference.Reference;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Phase;
import io.alidade.tensor.Step;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/// Steps of preference training on random weights and tokens, measured: DPO for pairs,
/// Plackett-Luce for lists, AdamW, float32 by default. The likelihoods of the reference come from
/// its cache, which is filled before the steps and timed apart.
///
/// @param shape of the model
/// @param layout of the groups
/// @param pairs groups a step, at least 1
/// @param passes into how many passes a step is cut, at least 1
/// @param steps measured steps, at least 1; one more is made before and not counted
/// @param threads of one operation, at least 1
/// @param precision of the weights
/// @param lora rank of an adapter on all linear modules; 0 trains the weights
/// @param checkpointing whether layers are computed again in the backward pass
/// @param memory that the process should stay within
/// @param referenceInStep whether the reference is computed in each step instead
public record StepBench(
    Shape shape,
    String layout,
    int pairs,
    int passes,
    int steps,
    int threads,
    Precision precision,
    int lora,
    boolean checkpointing,
    MemoryBudget memory,
    boolean referenceInStep) {
  /// What an adapter's product is multiplied by.
  static final double SCALE = 2;

  /// So small that losses say whether two ways of computing agree, not whether anything is learned.
  static final double LEARNING_RATE = 1e-6;

  /// Checks the ranges.
  public StepBench {
    Check.atLeast("pairs", 1, pairs);
    Check.atLeast("passes", 1, passes);
    Check.atLeast("steps", 1, steps);
    Check.atLeast("threads", 1, threads);
    Check.atLeast("lora", 0, lora);
    layout(layout);
  }

  /// Trains in one pass a step, on a reference that is known, with all the memory there is.
  static StepBench of(
      Shape shape,
      String layout,
      int pairs,
      int steps,
      int threads,
      Precision precision,
      int lora) {
    return new StepBench(
        shape, layout, pairs, 1, steps, threads, precision, lora, false, MemoryBudget.NONE, false);
  }

  /// The groups of all steps, the one that is not counted included.
  Workload workload() {
    return Workload.of(layout(layout), pairs * (steps + 1));
  }

  private static Workload.Layout layout(String name) {
    for (var layout : Workload.Layout.values()) {
      if (layout.name().equalsIgnoreCase(name)) {
        return layout;
      }
    }
    throw new io.alidade.UserException(
        "unknown layout '%s'; known: base, long, fixed, list".formatted(name));
  }

  /// Runs it.
  ///
  /// @param scratch an empty folder, for the model and the cache
  public Report run(Path scratch) {
    return run(scratch, LEARNING_RATE);
  }

  Report run(Path scratch, double learningRate) {
    Natives.threads(threads);
    var work = workload();
    var groups = work.groups(shape.vocabulary, 1);
    var model = shape.write(scratch);
    var losses = new ArrayList<Double>();
    var spec = PolicySpec.frozen(precision);
    try (var policy = policy(model);
        var reference =
            reference(scratch)
                .open(
                    new Reference.Setting(
                        () -> Policy.open(model, spec),
                        lora > 0 ? Optional.of(policy.withoutAdapter()) : Optional.empty(),
                        scratch,
                        policy));
        var session =
            new Session(
                objective(),
                policy,
                Optional.of(reference),
                new AdamW(learningRate, 0.9, 0.999, 1e-8, 0, 1),
                new Constant(0),
                settings(),
                Experience.given(groups),
                scratch.resolve("checkpoints"),
                new Losses(losses))) {
      session.plan(1);
      double filling = System.nanoTime();
      if (!referenceInStep) {
        for (int i = 0; i < groups.count(); i++) {
          try (var _ = new Step();
              var _ = Phase.REFERENCE.begin()) {
            reference.score(
                new Batch(List.of(groups.group(i))), Set.of(Readout.LOG_LIKELIHOOD), false);
          }
        }
      }
      reference.rest();
      filling = (System.nanoTime() - filling) / 1e9;
      session.step();
      var before = Machine.products(0.6);
      var phases = Phase.seconds();
      long read = policy.tokensRead();
      var wall = new ArrayList<Double>();
      var cpu = new ArrayList<Double>();
      for (int s = 0; s < steps; s++) {
        long start = System.nanoTime();
        double spent = Machine.cpuSeconds();
        session.step();
        wall.add((System.nanoTime() - start) / 1e9);
        cpu.add(Machine.cpuSeconds() - spent);
      }
      var parts = new EnumMap<Phase, Double>(Phase.class);
      Phase.seconds()
          .forEach(
              (phase, sum) -> parts.put(phase, (sum - phases.getOrDefault(phase, 0.0)) / steps));
      var after = Machine.products(0.6);
      int end = pairs * (steps + 1);
      return new Report(
          this,
          List.copyOf(wall),
          List.copyOf(cpu),
          (double) work.realTokens(pairs, end) / steps,
          work.operations(shape, lora, pairs, end) / steps,
          work.promptShare(shape, lora, pairs, end),
          1 - (double) work.neededTokens(pairs, end) / (policy.tokensRead() - read),
          before,
          after,
          Machine.peakResident(),
          filling / groups.count(),
          Map.copyOf(parts),
          List.copyOf(losses));
    }
  }

  private Policy policy(Path model) {
    var spec =
        PolicySpec.trainable(precision)
            .with(Head.LANGUAGE)
            .checkpointing(checkpointing)
            .within(memory);
    return Policy.open(
        model,
        lora == 0 ? spec : spec.with(LoraSpec.of(lora, SCALE * lora, new Targets.AllLinear())));
  }

  /// Writes the adapter that is trained, as it is before the first step.
  ///
  /// @return its folder; absent if the weights are trained
  Optional<Path> adapter(Path model, Path scratch) {
    if (lora == 0) {
      return Optional.empty();
    }
    var folder = scratch.resolve("adapter");
    try (var policy = policy(model)) {
      policy.saveAdapter(folder);
    }
    return Optional.of(folder);
  }

  private Objective objective() {
    return layout(layout) == Workload.Layout.LIST
        ? new PlackettLuce(0.1, new ReverseKl())
        : new Dpo(0.1, new ReverseKl());
  }

  private Reference reference(Path scratch) {
    if (!Files.isDirectory(scratch)) {
      throw new IllegalStateException(scratch + " is no folder");
    }
    var plain = lora > 0 ? new AdaptersOff() : new Frozen();
    return referenceInStep ? plain : new Cached(plain);
  }

  private Settings settings() {
    int size = Math.ceilDiv(pairs, passes);
    // One step more than are made, so that the last is not followed by a checkpoint.
    return new Settings(
        size, passes, size, steps + 2L, 1, Settings.Averaging.STEP, false, 1, 0, 0, 1, 0);
  }

  /// Keeps the losses and tells nobody.
  private record Losses(List<Double> losses) implements Journal {
    @Override
    public void log(long step, double epoch, SequencedMap<String, Double> metrics) {
      losses.add(metrics.getOrDefault("loss", Double.NaN));
    }

    @Override
    public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void message(String line) {}

    @Override
    public void progress(
        String what, long done, long total, String unit, SequencedMap<String, Double> shown) {}

    @Override
    public void close() {}
  }
}
