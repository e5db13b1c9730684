package io.alidade.model;

import static io.alidade.model.PolicyGoldenTest.assertClose;
import static io.alidade.model.ScoringGradientTest.batch;
import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.batch.Readout;
import io.alidade.model.adapter.Targets;
import io.alidade.store.Json;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Adapters of embedding tables and heads, tied and not, and of reward models.
class AdaptedHeadsTest extends Adapted {
  private static Tensor at(Map<String, Tensor> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name), name);
  }

  /// The checkpoint with `W + 2 B A` written into its tensors, head and table apart.
  private float[] byHand(String model, Map<String, Tensor> adapter, String table, String head)
      throws IOException {
    var target = Files.createDirectories(folder.resolve("by-hand"));
    var json = (ObjectNode) Json.read(Golden.folder(model).resolve("config.json"));
    Files.writeString(
        target.resolve("config.json"), json.put("tie_word_embeddings", false).toString());
    var weights =
        new LinkedHashMap<>(TensorFiles.read(Golden.folder(model).resolve("model.safetensors")));
    weights.putIfAbsent(head + ".weight", at(weights, table + ".weight"));
    var rows =
        at(adapter, PEFT + table + ".lora_embedding_B")
            .detach()
            .matmul(at(adapter, PEFT + table + ".lora_embedding_A").detach());
    var changedTable = at(weights, table + ".weight").add(Ops.times(rows.t(), 2));
    var out =
        at(adapter, PEFT + head + ".lora_B.weight")
            .detach()
            .matmul(at(adapter, PEFT + head + ".lora_A.weight").detach());
    weights.put(head + ".weight", at(weights, head + ".weight").add(Ops.times(out, 2)));
    weights.put(table + ".weight", changedTable.contiguous());
    TensorFiles.write(target.resolve("model.safetensors"), weights);
    try (var policy = Policy.open(target, PLAIN)) {
      return logits(policy);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen2", "llama", "gpt2"}) // tied, apart, tied and transposed
  void adaptsTheEmbeddingAndTheHeadApart(String model) throws IOException {
    var table = model.equals("gpt2") ? "transformer.wte" : "model.embed_tokens";
    var names = List.of(model.equals("gpt2") ? "wte" : "embed_tokens", "lm_head");
    try (var policy =
        Policy.open(Golden.folder(model), TRAINED.with(spec(Targets.of(names), List.of())))) {
      assertThat(policy.trainable().keySet())
          .containsExactlyInAnyOrder(
              PEFT + table + ".lora_embedding_A",
              PEFT + table + ".lora_embedding_B",
              PEFT + "lm_head.lora_A.weight",
              PEFT + "lm_head.lora_B.weight");
      try (var plain = Policy.open(Golden.folder(model), PLAIN)) {
        assertThat(logits(policy)).isEqualTo(logits(plain)); // it changes nothing yet
      }
      scatter(policy);
      float[] expected;
      try (var _ = new Step()) {
        expected = byHand(model, policy.trainable(), table, "lm_head");
      }
      assertClose(logits(policy), expected, 2e-4f);
      policy.saveAdapter(folder.resolve("adapter"));
      try (var again =
          Policy.open(Golden.folder(model), PLAIN.withAdapter(folder.resolve("adapter")))) {
        assertThat(logits(again)).isEqualTo(logits(policy));
      }
      policy.merge();
      policy.save(folder.resolve("merged"), SaveOptions.PLAIN);
    }
    try (var merged = Policy.open(folder.resolve("merged"), PLAIN)) {
      try (var by = Policy.open(folder.resolve("by-hand"), PLAIN)) {
        assertClose(logits(merged), logits(by), 2e-4f);
      }
    }
  }

  @Test
  void theHeadsAndTheTablesFactorsHaveTheGradientOfTheValue() {
    var lora = spec(Targets.of(List.of("embed_tokens", "lm_head", "q_proj")), List.of());
    for (var model : List.of("qwen2", "llama")) {
      try (var policy =
          Policy.open(Golden.folder(model), PolicySpec.trainable(Precision.FLOAT64).with(lora))) {
        scatter(policy);
        ScoringGradientTest.differences(policy, batch(), Readout.LOG_LIKELIHOOD);
      }
    }
  }

  @Test
  void aTiedHeadThatIsTrainedWholeIsAHeadOfItsOwn() throws IOException {
    var lora = spec(Targets.of(List.of("q_proj")), List.of("embed_tokens", "lm_head"));
    try (var policy = Policy.open(Golden.folder("qwen2"), TRAINED.with(lora))) {
      assertThat(policy.trainable())
          .containsKeys(PEFT + "model.embed_tokens.weight", PEFT + "lm_head.weight");
      scatter(policy);
      try (var _ = new Step()) {
        var head = at(policy.trainable(), PEFT + "lm_head.weight");
        assertThat(head.equal(at(policy.trainable(), PEFT + "model.embed_tokens.weight")))
            .isFalse();
      }
      var expected = logits(policy);
      policy.saveAdapter(folder.resolve("adapter"));
      try (var again =
          Policy.open(Golden.folder("qwen2"), PLAIN.withAdapter(folder.resolve("adapter")))) {
        assertThat(logits(again)).isEqualTo(expected);
      }
      policy.merge();
      assertClose(logits(policy), expected, 2e-4f);
      policy.save(folder.resolve("merged"), SaveOptions.PLAIN);
    }
    var json = Json.read(folder.resolve("merged/config.json"));
    assertThat(json.path("tie_word_embeddings").asBoolean(true)).isFalse();
    try (var merged = Policy.open(folder.resolve("merged"), PLAIN)) {
      assertThat(merged.config().endTokens()).isNotNull();
      assertThat(logits(merged)).hasSize(TOKENS.length * 512);
    }
  }

  @Test
  void aTableThatIsTrainedWholeLeavesATiedHeadAlone() throws IOException {
    var lora = spec(Targets.of(List.of("q_proj")), List.of("embed_tokens"));
    try (var policy = Policy.open(Golden.folder("qwen2"), TRAINED.with(lora))) {
      scatter(policy);
      var trained = logits(policy);
      policy.saveAdapter(folder.resolve("adapter"));
      policy.merge();
      assertClose(logits(policy), trained, 2e-4f);
      policy.save(folder.resolve("merged"), SaveOptions.PLAIN);
    }
    try (var _ = new Step()) {
      var weights = TensorFiles.read(folder.resolve("merged/model.safetensors"));
      var before = TensorFiles.read(Golden.folder("qwen2").resolve("model.safetensors"));
      assertThat(at(weights, "lm_head.weight").equal(at(before, "model.embed_tokens.weight")))
          .isTrue();
    }
  }

  @Test
  void readsTheTableThatPeftWritesBesideAnAdapterOfIt() {
    var lora = spec(Targets.of(List.of("embed_tokens")), List.of());
    var adapter = folder.resolve("adapter");
    float[] plain;
    try (var policy = Policy.open(Golden.folder("llama"), TRAINED.with(lora))) {
      scatter(policy);
      plain = logits(policy);
      policy.saveAdapter(adapter);
    }
    try (var _ = new Step()) {
      var file = adapter.resolve("adapter_model.safetensors");
      var tensors = new LinkedHashMap<>(TensorFiles.read(file));
      var below = TensorFiles.read(Golden.folder("llama").resolve("model.safetensors"));
      tensors.put(
          PEFT + "model.embed_tokens.base_layer.weight", at(below, "model.embed_tokens.weight"));
      TensorFiles.write(file, tensors);
    }
    try (var again = Policy.open(Golden.folder("llama"), PLAIN.withAdapter(adapter))) {
      assertThat(logits(again)).isEqualTo(plain);
    }
  }

  @Test
  void anAdapterOnARewardModelIsReadBackAndMerged() {
    var lora = spec(new Targets.AllLinear(), List.of());
    var base = Golden.folder("llama_reward");
    float[] expected;
    try (var policy = Policy.open(base, TRAINED.with(Head.REWARD).with(lora))) {
      assertThat(policy.trainable()).containsKey(PEFT + "score.weight");
      scatter(policy);
      expected = rewards(policy);
      policy.saveAdapter(folder.resolve("adapter"));
      policy.merge();
      assertClose(rewards(policy), expected, 1e-4f);
      policy.save(folder.resolve("merged"), SaveOptions.PLAIN);
    }
    try (var again =
            Policy.open(base, PLAIN.with(Head.REWARD).withAdapter(folder.resolve("adapter")));
        var merged = Policy.open(folder.resolve("merged"), PLAIN.with(Head.REWARD))) {
      assertThat(rewards(again)).isEqualTo(expected);
      assertClose(rewards(merged), expected, 1e-4f);
    }
  }

  private static float[] rewards(Policy policy) {
    try (var _ = new Step()) {
      return Ops.toFloats(
          PolicyGoldenTest.read(
              policy.score(batch(), Set.of(Readout.REWARD), false), Readout.REWARD));
    }
  }
}
