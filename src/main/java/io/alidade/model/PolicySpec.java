package io.alidade.model;

import io.alidade.model.adapter.LoraSpec;
import java.nio.file.Path;
import java.util.Optional;

/// How to open a checkpoint.
///
/// @param precision of the weights in memory, whatever the files hold
/// @param head what stands on top
/// @param lora an adapter to train instead of the weights
/// @param adapter a folder with an adapter in PEFT's layout to put on top; trained further if
///   `trainable`
/// @param trainable whether gradients are gathered at all: in all weights, or in the adapter alone
/// @param gradientCheckpointing whether to keep only the inputs of layers and compute the rest
///   again in the backward pass: about a third more work for a fraction of the memory
/// @param memory that training should stay within, by computing as many layers again as it takes
/// @param seed of whatever is drawn: adapter weights, a new head, dropout
/// @param outputs of a reward head; 0 for as many as the checkpoint says
public record PolicySpec(
    Precision precision,
    Head head,
    Optional<LoraSpec> lora,
    Optional<Path> adapter,
    boolean trainable,
    boolean gradientCheckpointing,
    MemoryBudget memory,
    long seed,
    int outputs) {
  /// The same with as many outputs of a reward head as the checkpoint says.
  public PolicySpec(
      Precision precision,
      Head head,
      Optional<LoraSpec> lora,
      Optional<Path> adapter,
      boolean trainable,
      boolean gradientCheckpointing,
      MemoryBudget memory,
      long seed) {
    this(precision, head, lora, adapter, trainable, gradientCheckpointing, memory, seed, 0);
  }

  /// Checks that at most one adapter is named.
  public PolicySpec {
    if (lora.isPresent() && adapter.isPresent()) {
      throw new IllegalArgumentException("a new adapter and one from a folder exclude each other");
    }
    if (lora.isPresent() && !trainable) {
      throw new IllegalArgumentException("a new adapter that is not trained does nothing");
    }
  }

  /// A language model to score and draw with.
  public static PolicySpec frozen(Precision precision) {
    return new PolicySpec(
        precision,
        Head.LANGUAGE,
        Optional.empty(),
        Optional.empty(),
        false,
        false,
        MemoryBudget.NONE,
        0);
  }

  /// A language model all of whose weights are trained.
  public static PolicySpec trainable(Precision precision) {
    return new PolicySpec(
        precision,
        Head.LANGUAGE,
        Optional.empty(),
        Optional.empty(),
        true,
        false,
        MemoryBudget.NONE,
        0);
  }

  /// The same with another head.
  public PolicySpec with(Head other) {
    return new PolicySpec(
        precision, other, lora, adapter, trainable, gradientCheckpointing, memory, seed, outputs);
  }

  /// The same with an adapter to train.
  public PolicySpec with(LoraSpec spec) {
    return new PolicySpec(
        precision,
        head,
        Optional.of(spec),
        adapter,
        true,
        gradientCheckpointing,
        memory,
        seed,
        outputs);
  }

  /// The same with an adapter from a folder.
  public PolicySpec withAdapter(Path folder) {
    return new PolicySpec(
        precision,
        head,
        lora,
        Optional.of(folder),
        trainable,
        gradientCheckpointing,
        memory,
        seed,
        outputs);
  }

  /// The same with or without gradient checkpointing.
  public PolicySpec checkpointing(boolean on) {
    return new PolicySpec(precision, head, lora, adapter, trainable, on, memory, seed, outputs);
  }

  /// The same within a budget of memory.
  public PolicySpec within(MemoryBudget budget) {
    return new PolicySpec(
        precision, head, lora, adapter, trainable, gradientCheckpointing, budget, seed, outputs);
  }

  /// The same with another seed.
  public PolicySpec seeded(long other) {
    return new PolicySpec(
        precision, head, lora, adapter, trainable, gradientCheckpointing, memory, other, outputs);
  }

  /// The same with a reward head of so many outputs.
  public PolicySpec withOutputs(int count) {
    return new PolicySpec(
        precision, head, lora, adapter, trainable, gradientCheckpointing, memory, seed, count);
  }

  /// How a copy is opened that is not trained.
  PolicySpec copied() {
    return new PolicySpec(
        precision,
        head,
        Optional.empty(),
        Optional.empty(),
        false,
        false,
        MemoryBudget.NONE,
        seed,
        outputs);
  }
}
