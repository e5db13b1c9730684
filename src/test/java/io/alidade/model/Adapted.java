package io.alidade.model;

import static io.alidade.model.ScoringGradientTest.move;

import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;

/// Small models under adapters, and what they compute, by hand.
abstract class Adapted {
  static final PolicySpec PLAIN = PolicySpec.frozen(Precision.FLOAT32);
  static final PolicySpec TRAINED = PolicySpec.trainable(Precision.FLOAT32);
  static final int[] TOKENS = {7, 3, 99, 12, 7, 250, 31};
  static final String PEFT = "base_model.model.";

  @TempDir Path folder;

  static LoraSpec spec(Targets targets, List<String> whole, Integer... layers) {
    return new LoraSpec(
        3,
        6,
        0,
        targets,
        false,
        whole,
        new LinkedHashMap<>(),
        new LinkedHashMap<>(),
        List.of(layers),
        Optional.empty());
  }

  static void scatter(Policy policy) {
    try (var random = new Rng(4);
        var _ = new Step()) {
      policy.trainable().values().forEach(w -> move(w, random.normal(Ops.shape(w)), 0.2));
    }
  }

  static float[] logits(Policy policy) {
    try (var _ = new Step()) {
      return Ops.toFloats(policy.logits(TOKENS));
    }
  }
}
