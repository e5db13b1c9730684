package io.alidade.model;

import static io.alidade.model.PolicyGoldenTest.assertClose;
import static io.alidade.model.ScoringGradientTest.batch;
import static io.alidade.model.ScoringGradientTest.move;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// What an adapter can reach beyond the layers: embeddings, heads, modules that are trained whole,
/// single layers. Expected logits come from a checkpoint whose weights are changed by hand.
class AdapterReachTest {
  private static final PolicySpec PLAIN = PolicySpec.frozen(Precision.FLOAT32);
  private static final PolicySpec TRAINED = PolicySpec.trainable(Precision.FLOAT32);
  private static final int[] TOKENS = {7, 3, 99, 12, 7, 250, 31};
  private static final String PEFT = "base_model.model.";

  @TempDir Path folder;

  private static LoraSpec spec(Targets targets, List<String> whole, Integer... layers) {
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

  private static LoraSpec without(Targets targets, Targets.Chosen excluded) {
    return new LoraSpec(
        3,
        6,
        0,
        targets,
        false,
        List.of(),
        new LinkedHashMap<>(),
        new LinkedHashMap<>(),
        List.of(),
        Optional.of(excluded));
  }

  private static void scatter(Policy policy) {
    try (var random = new Rng(4);
        var _ = new Step()) {
      policy.trainable().values().forEach(w -> move(w, random.normal(Ops.shape(w)), 0.2));
    }
  }

  private static float[] logits(Policy policy) {
    try (var _ = new Step()) {
      return Ops.toFloats(policy.logits(TOKENS));
    }
  }

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
  void reachesTheLayersThatAreNamedAndNoOthers() {
    var lora = spec(Targets.of(List.of("q_proj", "v_proj")), List.of(), 1);
    try (var policy = Policy.open(Golden.folder("llama"), TRAINED.with(lora))) {
      assertThat(policy.trainable().keySet()).hasSize(4).allMatch(n -> n.contains("layers.1."));
      policy.saveAdapter(folder.resolve("adapter"));
      scatter(policy);
    }
    assertThat(
            Json.read(folder.resolve("adapter/adapter_config.json"))
                .path("layers_to_transform")
                .toString())
        .isEqualTo("[1]");
    try (var again =
        Policy.open(
            Golden.folder("llama"),
            PolicySpec.trainable(Precision.FLOAT32).withAdapter(folder.resolve("adapter")))) {
      assertThat(again.trainable()).hasSize(4);
    }
    assertThatThrownBy(() ->
            Policy.open(
                Golden.folder("llama"),
                TRAINED.with(spec(Targets.of(List.of("q_proj")), List.of(), 9))))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("layers_to_transform: [9], but the targets are in layers [0, 1");
  }

  @Test
  void leavesOutWhatIsExcludedAndWritesItAsPeftDoes() throws IOException {
    var names = new Targets.Names(List.of("k_proj", "layers.0.mlp.down_proj"));
    var regex = new Targets.Pattern("model\\.layers\\.0\\..*|.*\\.(q|v)_proj");
    for (var excluded : List.<Targets.Chosen>of(names, regex)) {
      var adapter = folder.resolve(excluded.getClass().getSimpleName());
      Set<String> reached;
      float[] expected;
      try (var policy =
          Policy.open(
              Golden.folder("llama"), TRAINED.with(without(new Targets.AllLinear(), excluded)))) {
        reached = policy.trainable().keySet();
        scatter(policy);
        expected = logits(policy);
        policy.saveAdapter(adapter);
      }
      assertThat(reached)
          .hasSize(
              2
                  * (excluded.equals(names)
                      ? 21 - 3 - 1
                      : 14 - 4)) // seven modules in each of three layers
          .noneMatch(name ->
              excluded.equals(names)
                  ? name.contains("k_proj") || name.contains("layers.0.mlp.down_proj")
                  : name.contains("layers.0")
                      || name.contains("q_proj")
                      || name.contains("v_proj"));
      assertThat(Json.read(adapter.resolve("adapter_config.json")).path("exclude_modules"))
          .hasToString(
              excluded.equals(names)
                  ? "[\"k_proj\",\"layers.0.mlp.down_proj\"]"
                  : "\"model\\\\.layers\\\\.0\\\\..*|.*\\\\.(q|v)_proj\"");
      try (var again = Policy.open(Golden.folder("llama"), PLAIN.withAdapter(adapter))) {
        assertThat(logits(again)).isEqualTo(expected);
      }
    }
  }

  @Test
  void anAdapterOfPeftMayExcludeWhatIsNotThere() throws IOException {
    var adapter = folder.resolve("adapter");
    try (var policy =
        Policy.open(
            Golden.folder("llama"), TRAINED.with(spec(Targets.of(List.of("q_proj")), List.of())))) {
      policy.saveAdapter(adapter);
    }
    for (var excluded : List.of("[\"vision_tower\"]", "[]", "\".*vision.*\"")) {
      change(adapter, "exclude_modules", excluded);
      try (var again = Policy.open(Golden.folder("llama"), PLAIN.withAdapter(adapter))) {
        assertThat(logits(again)).hasSize(TOKENS.length * 512);
      }
    }
    change(adapter, "exclude_modules", "[\"layers.0.self_attn.q_proj\"]");
    assertThatThrownBy(() -> Policy.open(Golden.folder("llama"), PLAIN.withAdapter(adapter)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("layers.0.self_attn.q_proj")
        .hasMessageContaining("belongs to no module that adapter_config.json targets");
  }

  @Test
  void anAdapterWithDirectionAndMagnitudeApartIsRefused() throws IOException {
    var adapter = folder.resolve("adapter");
    try (var policy =
        Policy.open(
            Golden.folder("llama"), TRAINED.with(spec(Targets.of(List.of("q_proj")), List.of())))) {
      policy.saveAdapter(adapter);
    }
    change(adapter, "use_dora", "true");
    assertThatThrownBy(() -> Policy.open(Golden.folder("llama"), PLAIN.withAdapter(adapter)))
        .isInstanceOf(UserException.class)
        .hasMessage(
            adapter.resolve("adapter_config.json")
                + ": 'use_dora' is true, which is not supported; merge the adapter with PEFT first");
  }

  private static void change(Path adapter, String key, String value) throws IOException {
    var file = adapter.resolve("adapter_config.json");
    var json = (ObjectNode) Json.read(file);
    Files.writeString(
        file, json.set(key, Json.parse("test", "{\"x\": " + value + "}").path("x")).toString());
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

  @Test
  void saysWhatCannotBeAdaptedOrSaved() {
    refused(
        spec(Targets.of(List.of("lm_head")), List.of("lm_head")),
        "modules_to_save: 'lm_head' is adapted already");
    refused(spec(new Targets.AllLinear(), List.of("head")), "no module is named 'head'");
    var queries = Targets.of(List.of("q_proj"));
    refused(
        without(queries, new Targets.Names(List.of("q_proj"))),
        "exclude_modules: leaves none of the target modules [q_proj]");
    refused(
        without(queries, new Targets.Names(List.of("k_proj", "k_pro"))),
        "exclude_modules: 'k_pro' is no linear module or embedding; there are [");
    refused(
        without(queries, new Targets.Pattern("layers")),
        "exclude_modules: what 'layers' matches is no linear module");
    assertThatThrownBy(() -> Targets.of("model.(layers"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("target_modules 'model.(layers' is no regular expression")
        .message()
        .doesNotContain("\n");
    assertThatThrownBy(() -> spec(Targets.of("q_proj"), List.of(), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("layers_to_transform goes with names");
  }

  private static void refused(LoraSpec lora, String message) {
    long before = Step.liveObjects();
    assertThatThrownBy(() -> Policy.open(Golden.folder("llama"), TRAINED.with(lora)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(message);
    assertThat(Step.liveObjects()).isLessThanOrEqualTo(before);
  }
}
