package io.alidade.model.causal;

import io.alidade.store.Json;
import java.util.List;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// The text tower of a model that also reads images: Gemma 3 from four billion parameters on is
/// published as one (`Gemma3ForConditionalGeneration`). The tower is a `gemma3_text` model whose
/// configuration is nested and whose tensors have longer names; here it is read, trained and
/// written as that model alone, and the towers for images are left out.
public final class TextTower {
  /// What `Gemma3TextConfig` takes where a nested configuration, which holds only what differs from
  /// it, says nothing.
  private static final String UNSAID =
      """
      {"model_type": "gemma3_text", "vocab_size": 262208, "hidden_size": 2304,
       "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8,
       "num_key_value_heads": 4, "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh",
       "max_position_embeddings": 131072, "rms_norm_eps": 1e-6, "query_pre_attn_scalar": 256,
       "sliding_window": 4096, "attention_bias": false}
      """;

  /// What the tower shares with the whole, where its own part does not say it.
  private static final List<String> SHARED =
      List.of(
          "bos_token_id",
          "eos_token_id",
          "pad_token_id",
          "initializer_range",
          "tie_word_embeddings",
          "id2label",
          "label2id",
          "dtype",
          "torch_dtype",
          "transformers_version");

  private static final Pattern IMAGES =
      Pattern.compile("(model\\.)?(vision_tower|multi_modal_projector)\\..*");

  private TextTower() {}

  /// Whether a configuration is that of a model with a text tower.
  static boolean holds(ObjectNode json) {
    return json.path("model_type").asString("").equals("gemma3")
        && json.path("text_config").isObject();
  }

  /// The tower's configuration as that of a model of its own.
  static ObjectNode config(ObjectNode json) {
    var text = (ObjectNode) Json.parse("defaults", UNSAID);
    for (var key : SHARED) {
      if (json.has(key)) {
        text.set(key, json.get(key));
      }
    }
    text.setAll((ObjectNode) json.get("text_config").deepCopy());
    // What the whole was saved for tells a classifier from a language model.
    var classes = text.putArray("architectures");
    json.path("architectures")
        .forEach(name ->
            classes.add(
                name.asString()
                    .replace("Gemma3ForConditionalGeneration", "Gemma3ForCausalLM")
                    .replace("Gemma3ForSeq", "Gemma3TextForSeq")));
    return text;
  }

  /// Names under which a tensor of the tower may lie, as releases before and after transformers
  /// 4.52 write it.
  public static List<String> names(String name) {
    return List.of(outerName(name), "language_model." + name);
  }

  /// `model.layers.0…` is `model.language_model.layers.0…` in the whole; the head is its own.
  static String outerName(String name) {
    return name.startsWith("model.")
        ? "model.language_model." + name.substring("model.".length())
        : name;
  }

  /// Whether a tensor is of the towers for images.
  public static boolean ofImages(String name) {
    return IMAGES.matcher(name).matches();
  }
}
