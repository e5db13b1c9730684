package io.alidade.bench;

import io.alidade.Check;
import io.alidade.batch.Groups;
import io.alidade.model.Precision;
import io.alidade.tensor.Natives;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A step of preference training as a plain trainer lays it out, over the same library: something
/// to measure [StepBench] against that everyone can run. It is a stand-in for how such trainers
/// work, written after the source of TRL's `DPOTrainer` and the Llama of `transformers`; it is
/// **not** a measurement of either.
///
/// All candidates of a step are rows of one tensor, each with the prompt before it, padded to the
/// longest. Logits are computed at every position; the log-likelihoods are those of the
/// completions. The metrics that such a trainer reports by default are computed from the logits:
/// entropy, mean logits, the share of tokens that are likeliest. Autograd records all and goes back
/// through all. Gradients are cut to norm 1, and AdamW is the library's fused kernel. The
/// likelihoods of the reference are computed once, before the steps.
///
/// Where there was a choice the faster was taken: no gradient checkpointing, no mask beside the
/// causal one, no copies of logits without their last position.
///
/// @param shape of the model
/// @param layout of the groups
/// @param pairs groups a step, at least 1
/// @param steps measured steps, at least 1; one more is made before and not counted
/// @param threads of one operation, at least 1
/// @param lora rank of an adapter on all linear modules; 0 trains the weights
/// @param form how much of that is done
public record PlainStep(
    Shape shape, String layout, int pairs, int steps, int threads, int lora, Form form) {
  /// How much is done.
  public enum Form {
    /// Everything.
    PLAIN,
    /// Logits of completions alone, and no metrics: a loop that somebody wrote by hand.
    LEAN
  }

  /// Checks the ranges.
  public PlainStep {
    Check.atLeast("pairs", 1, pairs);
    Check.atLeast("steps", 1, steps);
    Check.atLeast("threads", 1, threads);
    Check.atLeast("lora", 0, lora);
  }

  /// Runs it.
  ///
  /// @param scratch an empty folder, for the model
  public Turn run(Path scratch) {
    Natives.threads(threads);
    var bench = StepBench.of(shape, layout, pairs, steps, threads, Precision.FLOAT32, lora);
    var model = shape.write(scratch);
    var groups = bench.workload().groups(shape.vocabulary, 1);
    try (var trainer =
        new PlainTrainer(
            PlainLlama.open(
                shape,
                model,
                bench.adapter(model, scratch),
                StepBench.SCALE,
                Precision.FLOAT32.type()),
            form,
            StepBench.LEARNING_RATE)) {
      trainer.reference(groups, pairs);
      var losses = new ArrayList<Double>();
      losses.add(trainer.step(part(groups, 0)).loss());
      var before = Machine.products(0.6);
      var wall = new ArrayList<Double>();
      var cpu = new ArrayList<Double>();
      for (int s = 1; s <= steps; s++) {
        long start = System.nanoTime();
        double spent = Machine.cpuSeconds();
        losses.add(trainer.step(part(groups, s)).loss());
        wall.add((System.nanoTime() - start) / 1e9);
        cpu.add(Machine.cpuSeconds() - spent);
      }
      return new Turn(
          wall,
          cpu,
          pairs,
          losses,
          Machine.peakResident(),
          List.of(before, Machine.products(0.6)),
          Machine.description());
    }
  }

  private List<Integer> part(Groups groups, int step) {
    var part = new ArrayList<Integer>();
    for (int i = step * pairs; i < Math.min((step + 1) * pairs, groups.count()); i++) {
      part.add(i);
    }
    return part;
  }
}
