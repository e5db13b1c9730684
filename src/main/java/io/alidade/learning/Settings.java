package io.alidade.learning;

import io.alidade.Check;

/// How a run is cut into steps and what it writes on the way: what the machine affords, not what
/// the method asks for. Names are TRL's.
///
/// @param perDeviceTrainBatchSize groups in one pass through the model, at least 1
/// @param gradientAccumulationSteps passes in one step, at least 1
/// @param perDeviceEvalBatchSize groups in one pass of an evaluation, at least 1
/// @param maxSteps steps of the whole run; -1 leaves it to the loop
/// @param learningRateFactor multiplies the recipe's rate, in `(0, 1e6]`: small models need larger
///   rates
/// @param lossAveraging how the passes of a step are averaged
/// @param shuffle whether each epoch visits the groups in an order of its own
/// @param loggingSteps steps between two lines of metrics, at least 1
/// @param evalSteps steps between two evaluations; 0 evaluates at the end alone
/// @param saveSteps steps between two checkpoints; 0 saves at the end alone
/// @param saveTotalLimit checkpoints that are kept, at least 1
/// @param seed of everything random
public record Settings(
    int perDeviceTrainBatchSize,
    int gradientAccumulationSteps,
    int perDeviceEvalBatchSize,
    long maxSteps,
    double learningRateFactor,
    Averaging lossAveraging,
    boolean shuffle,
    int loggingSteps,
    int evalSteps,
    int saveSteps,
    int saveTotalLimit,
    long seed) {
  /// How the passes of a step with accumulation are averaged. They differ only where the last pass
  /// of an epoch is short.
  public enum Averaging {
    /// The mean over everything in the step, however it was cut into passes.
    STEP,
    /// The mean of the means of the passes, as TRL takes it for all losses but SFT.
    MICRO_BATCH
  }

  /// Checks the ranges.
  public Settings {
    Check.atLeast("per_device_train_batch_size", 1, perDeviceTrainBatchSize);
    Check.atLeast("gradient_accumulation_steps", 1, gradientAccumulationSteps);
    Check.between(
        "gradient_accumulation_steps times per_device_train_batch_size",
        1,
        Integer.MAX_VALUE,
        (double) perDeviceTrainBatchSize * gradientAccumulationSteps);
    Check.atLeast("per_device_eval_batch_size", 1, perDeviceEvalBatchSize);
    Check.atLeast("max_steps", -1, maxSteps);
    Check.aboveTo("learning_rate_factor", 0, 1e6, learningRateFactor);
    Check.atLeast("logging_steps", 1, loggingSteps);
    Check.atLeast("eval_steps", 0, evalSteps);
    Check.atLeast("save_steps", 0, saveSteps);
    Check.atLeast("save_total_limit", 1, saveTotalLimit);
  }
}
