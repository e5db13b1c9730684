package io.alidade.model;

import static io.alidade.model.PolicyGoldenTest.assertClose;
import static io.alidade.model.PolicyGoldenTest.read;
import static io.alidade.model.ScoringGradientTest.batch;
import static io.alidade.model.ScoringGradientTest.gradients;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.batch.Readout;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.store.Json;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Adapters: read as PEFT wrote them, trained, merged, written back.
class AdapterTest {
  private static final PolicySpec PLAIN = PolicySpec.frozen(Precision.FLOAT32);
  private static final PolicySpec TRAINED = PolicySpec.trainable(Precision.FLOAT32);

  @Test
  void readsAnAdapterAsPeftWroteIt() {
    var spec = PLAIN.withAdapter(Golden.folder("llama_lora"));
    try (var policy = Policy.open(Golden.folder("llama"), spec)) {
      for (var side : List.of("right", "left")) {
        for (var row : Golden.rows("llama_lora", side)) {
          try (var _ = new Step()) {
            assertClose(Ops.toFloats(policy.logits(row.tokens())), row.logits(), 2e-4f);
          }
        }
      }
      policy.merge();
      for (var row : Golden.rows("llama_lora", "right")) {
        try (var _ = new Step()) {
          assertClose(Ops.toFloats(policy.logits(row.tokens())), row.logits(), 2e-4f);
        }
      }
    }
  }

  @Test
  void switchesTheAdapterOff() {
    var spec = PLAIN.withAdapter(Golden.folder("llama_lora"));
    try (var adapted = Policy.open(Golden.folder("llama"), spec);
        var plain = Policy.open(Golden.folder("llama"), PLAIN);
        var off = adapted.withoutAdapter();
        var _ = new Step()) {
      assertThat(likelihoods(off)).isEqualTo(likelihoods(plain));
      assertThat(likelihoods(adapted)).isNotEqualTo(likelihoods(plain));
      assertThat(((Fingerprinted) off).fingerprint()).isEqualTo(plain.fingerprint());
      assertThat(adapted.fingerprint()).isNotEqualTo(plain.fingerprint());
    }
  }

  private static float[] likelihoods(Scorer scorer) {
    return Ops.toFloats(
        read(scorer.score(batch(), Set.of(Readout.LOG_LIKELIHOOD), false), Readout.LOG_LIKELIHOOD));
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void aNewAdapterChangesNothingAndIsTheSameForTheSameSeed(String model) {
    var spec = TRAINED.with(LoraSpec.of(4, 8, new Targets.AllLinear()));
    try (var plain = Policy.open(Golden.folder(model), PLAIN);
        var one = Policy.open(Golden.folder(model), spec.seeded(5));
        var same = Policy.open(Golden.folder(model), spec.seeded(5));
        var other = Policy.open(Golden.folder(model), spec.seeded(6));
        var _ = new Step()) {
      assertThat(likelihoods(one)).isEqualTo(likelihoods(plain));
      assertThat(one.fingerprint()).isEqualTo(same.fingerprint());
      assertThat(one.fingerprint()).isNotEqualTo(other.fingerprint());
      assertThat(one.trainable().keySet())
          .allMatch(name -> name.matches("base_model\\.model\\..*\\.lora_[AB]\\.weight"));
      one.trainable()
          .forEach((name, weight) -> {
            double bound = name.contains("lora_A") ? 1 / Math.sqrt((double) weight.size(1)) : 0;
            assertThat(Ops.number(weight.abs().max())).isLessThanOrEqualTo(bound);
          });
    }
  }

  @Test
  void trainsOnlyTheAdapterAndSavesWhatItTrained(@TempDir Path folder) {
    var lora =
        new LoraSpec(
            3,
            5,
            0,
            Targets.of(List.of("q_proj", "down_proj")),
            true,
            List.of("lm_head"),
            new LinkedHashMap<>(Map.of("layers.1.self_attn.q_proj", 5)),
            new LinkedHashMap<>(Map.of("down_proj", 2.0)),
            List.of(),
            java.util.Optional.empty());
    try (var policy = Policy.open(Golden.folder("llama"), TRAINED.with(lora));
        var random = new Rng(1);
        var _ = new Step()) {
      assertThat(policy.trainable())
          .containsKey("base_model.model.lm_head.weight")
          .hasSize(2 * 2 * 3 + 1);
      policy
          .trainable()
          .values()
          .forEach(
              weight -> ScoringGradientTest.move(weight, random.normal(Ops.shape(weight)), 0.05));
      assertThat(
              Ops.shape(
                  policy
                      .trainable()
                      .getOrDefault(
                          "base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight",
                          Ops.zeros(Precision.FLOAT32.type(), 1))))
          .containsExactly(5, 64);
      var gradients = gradients(policy, batch(), Readout.LOG_LIKELIHOOD);
      assertThat(gradients.values()).allMatch(g -> Arrays.stream(g).anyMatch(value -> value != 0));
      policy.saveAdapter(folder.resolve("adapter"), "some/model");
      var expected = likelihoods(policy);
      try (var again =
          Policy.open(Golden.folder("llama"), PLAIN.withAdapter(folder.resolve("adapter")))) {
        assertThat(likelihoods(again)).isEqualTo(expected);
      }
      policy.merge();
      assertThat(policy.trainable()).isEmpty();
      assertClose(likelihoods(policy), expected, 2e-5f);
      policy.save(folder.resolve("merged"), SaveOptions.PLAIN);
      try (var merged = Policy.open(folder.resolve("merged"), PLAIN)) {
        assertThat(likelihoods(merged)).isEqualTo(likelihoods(policy));
      }
    }
  }

  @Test
  void writesTheConfigurationThatPeftWrites(@TempDir Path folder) throws IOException {
    var spec = PLAIN.withAdapter(Golden.folder("llama_lora"));
    try (var policy = Policy.open(Golden.folder("llama"), spec)) {
      policy.saveAdapter(folder.resolve("adapter"), "../llama");
    }
    assertThat(Json.read(folder.resolve("adapter/adapter_config.json")))
        .isEqualTo(Json.read(Golden.folder("llama_lora").resolve("adapter_config.json")));
    assertThat(Files.readAllBytes(folder.resolve("adapter/adapter_model.safetensors")))
        .isEqualTo(
            Files.readAllBytes(Golden.folder("llama_lora").resolve("adapter_model.safetensors")));
  }

  @Test
  void trainsAnAdapterUnderARewardHead(@TempDir Path folder) {
    var lora = LoraSpec.of(2, 4, new Targets.Usual());
    try (var policy =
            Policy.open(Golden.folder("llama_reward"), TRAINED.with(Head.REWARD).with(lora));
        var _ = new Step()) {
      assertThat(policy.trainable()).containsKey("base_model.model.score.weight");
      gradients(policy, batch(), Readout.REWARD)
          .forEach((name, g) ->
              // B is 0 at first, so nothing reaches A yet.
              assertThat(Arrays.stream(g).anyMatch(value -> value != 0))
                  .as(name)
                  .isEqualTo(!name.contains("lora_A")));
      policy.saveAdapter(folder.resolve("adapter"), "x");
      var json = Json.read(folder.resolve("adapter/adapter_config.json"));
      assertThat(json.path("task_type").asString()).isEqualTo("SEQ_CLS");
      assertThat(json.path("modules_to_save").toString()).isEqualTo("[\"classifier\",\"score\"]");
    }
  }

  @Test
  void dropsInputsInTrainingOnlyAndTheSameOnesForTheSameState() {
    var lora =
        new LoraSpec(
            4,
            8,
            0.5,
            new Targets.AllLinear(),
            false,
            List.of(),
            new LinkedHashMap<>(),
            new LinkedHashMap<>(),
            List.of(),
            java.util.Optional.empty());
    try (var policy = Policy.open(Golden.folder("llama"), TRAINED.with(lora));
        var saving = Policy.open(Golden.folder("llama"), TRAINED.with(lora).checkpointing(true));
        var random = new Rng(1);
        var _ = new Step()) {
      for (var weight : policy.trainable().entrySet()) {
        var more = random.normal(Ops.shape(weight.getValue()));
        ScoringGradientTest.move(weight.getValue(), more, 0.1);
        var twin = saving.trainable().get(weight.getKey());
        if (twin != null) {
          ScoringGradientTest.move(twin, more, 0.1);
        }
      }
      var calm = gradients(policy, batch(), Readout.LOG_LIKELIHOOD);
      policy.training(true);
      saving.training(true);
      var state = policy.randomState();
      var one = gradients(policy, batch(), Readout.LOG_LIKELIHOOD);
      var two = gradients(policy, batch(), Readout.LOG_LIKELIHOOD);
      policy.restoreRandomState(state);
      var again = gradients(policy, batch(), Readout.LOG_LIKELIHOOD);
      var recomputed = gradients(saving, batch(), Readout.LOG_LIKELIHOOD);
      for (var name : one.keySet()) {
        assertThat(again.get(name)).as(name).isEqualTo(one.get(name));
        assertThat(recomputed.get(name)).as(name).isEqualTo(one.get(name));
        assertThat(two.get(name)).as(name).isNotEqualTo(one.get(name));
        assertThat(calm.get(name)).as(name).isNotEqualTo(one.get(name));
      }
    }
  }

  @Test
  void saysWhatIsWrongWithTargets() {
    assertThatThrownBy(() ->
            Policy.open(
                Golden.folder("llama"),
                TRAINED.with(LoraSpec.of(2, 4, Targets.of(List.of("query"))))))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no linear module is named 'query'")
        .hasMessageContaining("q_proj");
    assertThatThrownBy(() ->
            Policy.open(
                Golden.folder("llama"),
                TRAINED.with(LoraSpec.of(2, 4, Targets.of("model\\.layers\\.9\\..*")))))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("matches no linear module");
    assertThatThrownBy(() ->
            Policy.open(Golden.folder("qwen2"), PLAIN.withAdapter(Golden.folder("llama_lora"))))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("has shape");
  }
}
