package io.alidade.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.model.causal.Architectures;
import io.alidade.model.causal.ModelConfig;
import io.alidade.store.Json;
import io.alidade.store.WeightFiles;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Gemma 3 as it is published with a tower for images: the text tower alone is read, and written as
/// a model of text.
class TextTowerTest {
  private static final PolicySpec PLAIN = PolicySpec.frozen(Precision.FLOAT32);
  private static final int[] TOKENS = {3, 1, 4, 1, 5, 9, 2, 6};

  @TempDir Path temporary;

  /// The whole's configuration: nested, without what equals the class's defaults.
  private static ObjectNode whole() {
    return (ObjectNode)
        Json.parse(
            "test",
            """
            {"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
             "boi_token_index": 30, "eoi_token_index": 31, "image_token_index": 32,
             "eos_token_id": [1, 6], "mm_tokens_per_image": 4, "torch_dtype": "float32",
             "text_config": {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
               "head_dim": 4, "vocab_size": 40, "sliding_window": 3, "query_pre_attn_scalar": 8,
               "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "model_type": "gemma3_text",
               "layer_types": ["sliding_attention", "full_attention"]},
             "vision_config": {"hidden_size": 8, "model_type": "siglip_vision_model"}}
            """);
  }

  /// Writes the same weights as a model of text and as the tower of a whole.
  private void write(UnaryOperator<String> outer, String images) throws IOException {
    var config = ModelConfig.of("test", whole());
    var weights = new LinkedHashMap<String, Tensor>();
    try (var random = new Rng(7);
        var _ = new Step()) {
      Architectures.of(config)
          .shapes()
          .forEach((name, shape) -> weights.put(name, Ops.times(random.normal(shape), 0.3)));
      var text = Files.createDirectories(temporary.resolve("text"));
      Files.writeString(text.resolve("config.json"), config.json().toString());
      TensorFiles.write(text.resolve("model.safetensors"), weights);
      var renamed = new LinkedHashMap<String, Tensor>();
      weights.forEach((name, tensor) -> renamed.put(outer.apply(name), tensor));
      renamed.put(images, random.normal(2, 3));
      var both = Files.createDirectories(temporary.resolve("whole"));
      Files.writeString(both.resolve("config.json"), whole().toString());
      TensorFiles.write(both.resolve("model.safetensors"), renamed);
    }
  }

  private static float[] logits(Policy policy) {
    try (var _ = new Step()) {
      return Ops.toFloats(policy.logits(TOKENS));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"since 4.52", "before"})
  void readsTheTowerUnderBothNamesAndWritesAModelOfText(String release) throws IOException {
    if (release.equals("before")) {
      write(name -> "language_model." + name, "vision_tower.vision_model.post_layernorm.weight");
    } else {
      write(
          name -> name.replaceFirst("^model\\.", "model.language_model."),
          "model.multi_modal_projector.mm_input_projection_weight");
    }
    try (var tower = Policy.open(temporary.resolve("whole"), PLAIN);
        var text = Policy.open(temporary.resolve("text"), PLAIN)) {
      assertThat(logits(tower)).isEqualTo(logits(text));
      assertThat(tower.config().note()).get().asString().contains("images are not read");
      tower.save(temporary.resolve("out"), SaveOptions.PLAIN);
      var json = Json.read(temporary.resolve("out/config.json"));
      assertThat(json.path("model_type").asString()).isEqualTo("gemma3_text");
      assertThat(json.path("architectures").toString()).isEqualTo("[\"Gemma3ForCausalLM\"]");
      assertThat(json.path("eos_token_id").toString()).isEqualTo("[1,6]");
      assertThat(json.path("num_attention_heads").asInt()).isEqualTo(8); // the class's default
      assertThat(json.has("vision_config")).isFalse();
      try (var again = Policy.open(temporary.resolve("out"), PLAIN)) {
        assertThat(logits(again)).isEqualTo(logits(text));
        assertThat(again.config().note()).isEmpty();
      }
    }
  }

  @Test
  void namesAnAdaptersTensorsAsTheWholeNamesThem() throws IOException {
    write(name -> "language_model." + name, "vision_tower.x.weight");
    var adapter = temporary.resolve("adapter");
    float[] expected;
    try (var policy =
            Policy.open(
                temporary.resolve("whole"),
                PolicySpec.trainable(Precision.FLOAT32)
                    .with(LoraSpec.of(2, 4, Targets.of(List.of("q_proj")))));
        var random = new Rng(1);
        var _ = new Step()) {
      policy
          .trainable()
          .values()
          .forEach(w -> ScoringGradientTest.move(w, random.normal(Ops.shape(w)), 0.3));
      expected = logits(policy);
      policy.saveAdapter(adapter);
    }
    try (var files = WeightFiles.file(adapter.resolve("adapter_model.safetensors"))) {
      assertThat(files.names())
          .contains(
              "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight");
    }
    try (var again = Policy.open(temporary.resolve("whole"), PLAIN.withAdapter(adapter))) {
      assertThat(logits(again)).isEqualTo(expected);
    }
  }

  @Test
  void refusesAnEncoder() throws IOException {
    write(name -> name, "vision_tower.x.weight");
    var config = ModelConfig.of("test", whole()).json().put("use_bidirectional_attention", true);
    assertThatThrownBy(() -> Architectures.of(ModelConfig.of("config.json", config)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("'use_bidirectional_attention' is true");
  }
}
