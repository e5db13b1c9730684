package io.alidade.recipe;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.data.Truncation;
import io.alidade.learning.Settings;
import io.alidade.model.Precision;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/// What the machine affords and the data asks for: model, files, sizes, budget. Names are TRL's.
/// Ranges that [Settings] and [LoraSpec] check are checked there.
///
/// @param model folder, or name on the hub (`org/name`, `org/name@revision`)
/// @param data file, folder, or name on the hub
/// @param evalData held-out data in the same form
/// @param evalFraction share of `data` that is held out where there is no `evalData`, in `[0, 1)`
/// @param maxLength most tokens of prompt and completion together
/// @param truncationMode which side survives the limit
/// @param assistantOnlyLoss whether, of conversations to imitate, only the assistant's turns count
/// @param perDeviceTrainBatchSize groups in one pass through the model
/// @param gradientAccumulationSteps passes in one step
/// @param perDeviceEvalBatchSize groups in one pass of an evaluation
/// @param maxSteps steps of the whole run; -1 leaves it to the recipe's epochs
/// @param learningRateFactor multiplies the recipe's rate: small models need larger rates
/// @param lossAveraging how the passes of a step are averaged
/// @param dtype of the weights: bfloat16 is trained with float32 master copies
/// @param gradientCheckpointing whether activations are computed again instead of kept
/// @param memory what the process should stay within, such as `4GiB`, by computing as many layers
///   again as it takes
/// @param adapter a low-rank adapter to train in place of the weights
/// @param loggingSteps steps between two lines of metrics
/// @param evalSteps steps between two evaluations; 0 evaluates at the end alone
/// @param saveSteps steps between two checkpoints; 0 saves at the end alone
/// @param saveTotalLimit checkpoints that are kept
/// @param seed of everything random
/// @param threads of a pass; 0 takes one a processor, and one alone for a small model
/// @param shuffle whether each epoch visits the groups in an order of its own
public record Scale(
    Optional<String> model,
    Optional<String> data,
    Optional<String> evalData,
    @Default("0.1") double evalFraction,
    int maxLength,
    @Default("keep_start") Truncation truncationMode,
    @Default("false") boolean assistantOnlyLoss,
    int perDeviceTrainBatchSize,
    int gradientAccumulationSteps,
    int perDeviceEvalBatchSize,
    @Default("-1") long maxSteps,
    @Default("1") double learningRateFactor,
    @Default("step") Settings.Averaging lossAveraging,
    @Default("float32") Precision dtype,
    @Default("false") boolean gradientCheckpointing,
    Optional<String> memory,
    Optional<Adapter> adapter,
    @Default("10") int loggingSteps,
    @Default("0") int evalSteps,
    @Default("0") int saveSteps,
    @Default("2") int saveTotalLimit,
    @Default("42") long seed,
    @Default("0") int threads,
    @Default("true") boolean shuffle) {
  /// A low-rank adapter in PEFT's words; see [LoraSpec].
  ///
  /// @param r rank
  /// @param loraAlpha the scale is `lora_alpha / r`
  /// @param loraDropout probability with which inputs are dropped in training
  /// @param targetModules names of modules, `all-linear`, or none for the family's usual ones
  /// @param targetModulesRegex an expression that matches whole names of modules, instead
  /// @param useRslora whether the scale is `lora_alpha / sqrt(r)`
  /// @param modulesToSave modules that are trained whole
  /// @param layersToTransform numbers of the layers that are adapted; none for all
  /// @param rankPattern ranks by an expression that ends a module's name
  /// @param alphaPattern alphas likewise
  /// @param excludeModules names of modules that are left out although they are targets
  /// @param excludeModulesRegex an expression that matches whole names of such modules, instead
  public record Adapter(
      int r,
      double loraAlpha,
      @Default("0.0") double loraDropout,
      @Default("[]") List<String> targetModules,
      Optional<String> targetModulesRegex,
      @Default("false") boolean useRslora,
      @Default("[]") List<String> modulesToSave,
      @Default("[]") List<Integer> layersToTransform,
      @Default("{}") SequencedMap<String, Integer> rankPattern,
      @Default("{}") SequencedMap<String, Double> alphaPattern,
      @Default("[]") List<String> excludeModules,
      Optional<String> excludeModulesRegex) {
    /// Checks ranges.
    public Adapter {
      Check.atLeast("r", 1, r);
      Check.positive("lora_alpha", loraAlpha);
      Check.belowFrom("lora_dropout", 0, 1, loraDropout);
      if (targetModulesRegex.isPresent() && !targetModules.isEmpty()) {
        throw new IllegalArgumentException(
            "target_modules and target_modules_regex exclude each other");
      }
      if (excludeModulesRegex.isPresent() && !excludeModules.isEmpty()) {
        throw new IllegalArgumentException(
            "exclude_modules and exclude_modules_regex exclude each other");
      }
      excludeModulesRegex.ifPresent(regex -> Targets.expression("exclude_modules_regex", regex));
      var _ =
          new LoraSpec(
              r,
              loraAlpha,
              loraDropout,
              targets(targetModules, targetModulesRegex),
              useRslora,
              modulesToSave,
              rankPattern,
              alphaPattern,
              layersToTransform,
              excluded(excludeModules, excludeModulesRegex));
    }

    /// What the model layer calls it.
    public LoraSpec spec() {
      return new LoraSpec(
          r,
          loraAlpha,
          loraDropout,
          targets(targetModules, targetModulesRegex),
          useRslora,
          modulesToSave,
          rankPattern,
          alphaPattern,
          layersToTransform,
          excluded(excludeModules, excludeModulesRegex));
    }

    private static Targets targets(List<String> names, Optional<String> regex) {
      return regex
          .<Targets>map(Targets.Pattern::new)
          .orElseGet(() -> names.isEmpty() ? new Targets.Usual() : Targets.of(names));
    }

    private static Optional<Targets.Chosen> excluded(List<String> names, Optional<String> regex) {
      return regex
          .<Targets.Chosen>map(Targets.Pattern::new)
          .or(() -> names.isEmpty() ? Optional.empty() : Optional.of(new Targets.Names(names)));
    }
  }

  /// Checks ranges, those of the parts included.
  public Scale {
    Check.belowFrom("eval_fraction", 0, 1, evalFraction);
    Check.atLeast("max_length", 2, maxLength);
    Check.atLeast("threads", 0, threads);
    var _ =
        new Settings(
            perDeviceTrainBatchSize,
            gradientAccumulationSteps,
            perDeviceEvalBatchSize,
            maxSteps,
            learningRateFactor,
            lossAveraging,
            shuffle,
            loggingSteps,
            evalSteps,
            saveSteps,
            saveTotalLimit,
            seed);
  }

  /// What a session must know of it.
  public Settings settings() {
    return new Settings(
        perDeviceTrainBatchSize,
        gradientAccumulationSteps,
        perDeviceEvalBatchSize,
        maxSteps,
        learningRateFactor,
        lossAveraging,
        shuffle,
        loggingSteps,
        evalSteps,
        saveSteps,
        saveTotalLimit,
        seed);
  }
}
