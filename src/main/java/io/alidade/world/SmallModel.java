package io.alidade.world;

import io.alidade.model.FreshModel;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.store.Json;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;

/// A GPT-2 of a few ten or hundred thousand weights that learns a task of a few dozen tokens in
/// seconds. Heads are 16 wide.
///
/// @param vocabulary number of tokens
/// @param width of the hidden states, a multiple of 16
/// @param layers at least 1
/// @param positions longest sequence, prompt and answer together
/// @param range standard deviation of the first weights: about `1 / sqrt(width)` learns soonest
public record SmallModel(int vocabulary, int width, int layers, int positions, double range) {
  private static final int HEAD = 16;

  /// Writes the model with random weights.
  ///
  /// @param target a new folder
  public void write(Path target, long seed) {
    var json = new LinkedHashMap<String, Object>();
    json.put("model_type", "gpt2");
    json.put("architectures", List.of("GPT2LMHeadModel"));
    json.put("vocab_size", vocabulary);
    json.put("n_embd", width);
    json.put("n_head", width / HEAD);
    json.put("n_layer", layers);
    json.put("n_positions", positions);
    json.put("activation_function", "gelu_new");
    json.put("layer_norm_epsilon", 1e-5);
    json.put("initializer_range", range);
    json.put("tie_word_embeddings", true);
    var config = target.resolveSibling(target.getFileName() + ".json");
    Json.write(config, json);
    FreshModel.write(config, target, target, seed);
  }

  /// A model to be trained further.
  public static Policy trainable(Path folder) {
    return Policy.open(folder, PolicySpec.trainable(Precision.FLOAT32));
  }

  /// A model that stays as it is.
  public static Policy frozen(Path folder) {
    return Policy.open(folder, PolicySpec.frozen(Precision.FLOAT32));
  }
}
