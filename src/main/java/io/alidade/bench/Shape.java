package io.alidade.bench;

import io.alidade.model.FreshModel;
import io.alidade.store.Json;
import java.nio.file.Path;
import tools.jackson.databind.node.ObjectNode;

/// Sizes of the models that are measured, in Llama's form with a tied embedding.
public enum Shape {
  /// So small that a test can run it; says nothing about speed.
  XS(512, 32, 64, 2, 4, 2),
  /// 15 million parameters.
  S(32_000, 288, 768, 6, 6, 6),
  /// 135 million parameters, the sizes of SmolLM2.
  M(49_152, 576, 1536, 30, 9, 3);

  final int vocabulary;
  final int hidden;
  final int inner;
  final int layers;
  final int heads;
  final int keyValueHeads;

  Shape(int vocabulary, int hidden, int inner, int layers, int heads, int keyValueHeads) {
    this.vocabulary = vocabulary;
    this.hidden = hidden;
    this.inner = inner;
    this.layers = layers;
    this.heads = heads;
    this.keyValueHeads = keyValueHeads;
  }

  /// As a `config.json`.
  ObjectNode config() {
    return Json.mapper()
        .createObjectNode()
        .put("model_type", "llama")
        .put("vocab_size", vocabulary)
        .put("hidden_size", hidden)
        .put("intermediate_size", inner)
        .put("num_hidden_layers", layers)
        .put("num_attention_heads", heads)
        .put("num_key_value_heads", keyValueHeads)
        .put("max_position_embeddings", 2048)
        .put("rms_norm_eps", 1e-5)
        .put("tie_word_embeddings", true)
        .put("bos_token_id", 1)
        .put("eos_token_id", 2)
        .put("initializer_range", 0.02);
  }

  /// Writes a model of this shape with random weights, the same each time.
  ///
  /// @param scratch a folder that holds none yet
  Path write(Path scratch) {
    var config = scratch.resolve("config.json");
    Json.write(config, config());
    var model = scratch.resolve("model");
    FreshModel.write(config, scratch, model, 0);
    return model;
  }

  /// Inputs and outputs of all linear maps of the layers: the weights of an adapter of rank 1.
  long adapted() {
    long keys = (long) keyValueHeads * (hidden / heads);
    return layers * (2L * (hidden + hidden) + 2L * (hidden + keys) + 3L * (hidden + inner));
  }

  /// Weights of all linear maps of the layers.
  long linear() {
    long size = hidden / heads;
    return layers
        * (2L * hidden * hidden + 2L * hidden * keyValueHeads * size + 3L * hidden * inner);
  }
}
