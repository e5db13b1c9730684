package io.alidade.model;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Rotary positions and their scalings once more, as their definitions read; see [DenseReference].
record DenseRope(JsonNode config, int headDim) {
  /// Turns the pairs (i, i + n/2) of the first n dimensions of each head in place.
  ///
  /// @param x `[T][heads headDim]`
  /// @param slides whether the layer looks back through a window
  void rotate(double[][] x, boolean slides) {
    double part = config.path("partial_rotary_factor").asDouble(1);
    if (family().equals("gpt_neox")) {
      part = config.get("rotary_pct").asDouble();
    }
    int n = (int) (headDim * part);
    var rope = rope(slides);
    double base = rope.path("rope_theta").asDouble(config.path("rope_theta").asDouble(10_000));
    String type = rope.path("rope_type").asString(rope.path("type").asString("default"));
    if (family().equals("phi3") && !type.equals("default")) {
      type = "longrope"; // whatever the file calls it
    }
    int longest = config.get("max_position_embeddings").asInt();
    for (int t = 0; t < x.length; t++) {
      for (int i = 0; i < (n + 1) / 2; i++) {
        double frequency = 1 / Math.pow(base, 2.0 * i / n);
        double magnitude = 1;
        switch (type) {
          case "default" -> {}
          case "linear" -> frequency /= rope.get("factor").asDouble();
          case "dynamic" -> {
            double factor = rope.get("factor").asDouble();
            int reach = Math.max(x.length, longest);
            double grown =
                base * Math.pow(factor * reach / longest - (factor - 1), (double) n / (n - 2));
            frequency = 1 / Math.pow(grown, 2.0 * i / n);
          }
          case "llama3" -> {
            double factor = rope.get("factor").asDouble();
            double low = rope.get("low_freq_factor").asDouble();
            double high = rope.get("high_freq_factor").asDouble();
            double old = rope.get("original_max_position_embeddings").asDouble();
            double wavelength = 2 * Math.PI / frequency;
            if (wavelength > old / low) {
              frequency /= factor;
            } else if (wavelength >= old / high) {
              double smooth = (old / wavelength - low) / (high - low);
              frequency = (1 - smooth) * frequency / factor + smooth * frequency;
            }
          }
          case "yarn" -> {
            double factor = rope.get("factor").asDouble();
            double old = rope.path("original_max_position_embeddings").asDouble(longest);
            double fast = rope.path("beta_fast").asDouble(32);
            double slow = rope.path("beta_slow").asDouble(1);
            double low = n * Math.log(old / (fast * 2 * Math.PI)) / (2 * Math.log(base));
            double high = n * Math.log(old / (slow * 2 * Math.PI)) / (2 * Math.log(base));
            if (rope.path("truncate").asBoolean(true)) {
              low = Math.floor(low);
              high = Math.ceil(high);
            }
            low = Math.max(low, 0);
            high = Math.min(high, n - 1);
            double ramp = (i - low) / (low == high ? 0.001 : high - low);
            double interpolated = Math.min(1, Math.max(0, ramp));
            frequency = interpolated * frequency / factor + (1 - interpolated) * frequency;
            magnitude =
                rope.hasNonNull("mscale")
                    ? (0.1 * rope.get("mscale").asDouble() * Math.log(factor) + 1)
                        / (0.1 * rope.get("mscale_all_dim").asDouble() * Math.log(factor) + 1)
                    : rope.path("attention_factor").asDouble(0.1 * Math.log(factor) + 1);
          }
          case "longrope" -> {
            double old = config.path("original_max_position_embeddings").asDouble(4096);
            var list = rope.get(x.length > old ? "long_factor" : "short_factor");
            frequency /= list.get(i).asDouble();
            double factor = rope.path("factor").asDouble(longest / old);
            magnitude = Math.sqrt(1 + Math.log(factor) / Math.log(old));
          }
          default -> throw new IllegalStateException(type);
        }
        double cos = Math.cos(t * frequency) * magnitude;
        double sin = Math.sin(t * frequency) * magnitude;
        for (int h = 0; h < x[t].length / headDim; h++) {
          int one = h * headDim + i;
          int two = one + (n + 1) / 2;
          double a = x[t][one];
          double b = x[t][two];
          x[t][one] = a * cos - b * sin;
          x[t][two] = b * cos + a * sin;
        }
      }
    }
  }

  /// The rotary settings of a layer, whatever the layout of the configuration.
  private JsonNode rope(boolean slides) {
    var older = config.path("rope_scaling");
    boolean gemma3 = family().equals("gemma3_text");
    if (config.has("rope_parameters") && (gemma3 || older.isEmpty())) {
      var all = config.get("rope_parameters");
      if (!gemma3) {
        return all;
      }
      var own = (ObjectNode) all.get(slides ? "sliding_attention" : "full_attention");
      return older.isEmpty() || slides ? own : own.deepCopy().setAll((ObjectNode) older);
    }
    if (family().equals("gemma3_text") && slides) {
      var local = ((ObjectNode) config).objectNode();
      return local.put("rope_theta", config.get("rope_local_base_freq").asDouble());
    }
    return config.path("rope_scaling");
  }

  private String family() {
    return config.get("model_type").asString();
  }
}
