package io.alidade.model.causal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/// Which layers see only a window of the tokens before them.
///
/// @param sizes window of each layer, itself included; 0 for all
record Windows(List<Integer> sizes) {
  /// The `layer_types` of a configuration, or, where it has none, an older rule.
  ///
  /// @param size of a window
  /// @param sliding the older rule: whether a layer has a window
  static Windows of(ModelConfig config, int size, IntPredicate sliding) {
    int layers = config.integer("num_hidden_layers");
    var types = config.present("layer_types") ? config.texts("layer_types") : List.<String>of();
    if (!types.isEmpty() && types.size() != layers) {
      throw config.bad(
          "layer_types", "has %d entries for %d layers".formatted(types.size(), layers));
    }
    var sizes = new ArrayList<Integer>();
    for (int layer = 0; layer < layers; layer++) {
      boolean slides = types.isEmpty() ? sliding.test(layer) : slides(config, types.get(layer));
      sizes.add(slides ? size : 0);
    }
    return new Windows(List.copyOf(sizes));
  }

  private static boolean slides(ModelConfig config, String type) {
    return switch (type) {
      case "sliding_attention" -> true;
      case "full_attention" -> false;
      default ->
          throw config.bad(
              "layer_types",
              "holds '%s', which is unknown; known: full_attention, sliding_attention"
                  .formatted(type));
    };
  }

  /// Qwen's rule: a window only if `use_sliding_window`, and then from layer `max_window_layers`
  /// on.
  static Windows ofQwen(ModelConfig config) {
    boolean used = config.flag("use_sliding_window", false);
    int size = used ? config.integer("sliding_window", 4096) : 0;
    int first = (int) config.number("max_window_layers", 28);
    return of(config, size, layer -> layer >= first);
  }

  /// The window of a layer, 0 for none.
  int of(int layer) {
    return sizes.get(layer);
  }
}
