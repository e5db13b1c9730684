package io.alidade.model.causal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/// Which layers see only a window of the tokens before them.
///
/// @param size of a window, the token itself included; 0 for no window at all
/// @param sliding which layers have one
record Windows(int size, List<Boolean> sliding) {
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
    var slides = new ArrayList<Boolean>();
    for (int layer = 0; layer < layers; layer++) {
      slides.add(types.isEmpty() ? sliding.test(layer) : slides(config, types.get(layer)));
    }
    return new Windows(size, List.copyOf(slides));
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

  /// The attention of each layer, with the usual scale.
  List<Attention.Settings> settings(Heads heads) {
    return settings(1 / Math.sqrt(heads.size()), 0);
  }

  /// The attention of each layer.
  ///
  /// @param scale what dot products are multiplied by
  /// @param cap bound of the scores; 0 for none
  List<Attention.Settings> settings(double scale, double cap) {
    return java.util.stream.IntStream.range(0, sliding.size())
        .mapToObj(layer -> new Attention.Settings(scale, of(layer), cap))
        .toList();
  }

  /// The window of a layer, 0 for none.
  int of(int layer) {
    return sliding.get(layer) ? size : 0;
  }
}
