package io.alidade.model;

import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import tools.jackson.databind.JsonNode;

/// Every family once more, as slowly and plainly as its definition reads: one sequence, loops over
/// tokens, float64, no tensor library, no code of the implementation under test. Configurations are
/// those of the tests, so every key that matters is there.
final class DenseReference {
  private final JsonNode config;
  private final Map<String, double[]> weights;
  private final String family;
  private final int hidden;
  private final int layers;
  private final int heads;
  private final int kvHeads;
  private final int headDim;

  DenseReference(JsonNode config, Map<String, double[]> weights) {
    this.config = config;
    this.weights = weights;
    family = config.get("model_type").asString();
    boolean gpt2 = family.equals("gpt2");
    hidden = config.get(gpt2 ? "n_embd" : "hidden_size").asInt();
    layers = config.get(gpt2 ? "n_layer" : "num_hidden_layers").asInt();
    heads = config.get(gpt2 ? "n_head" : "num_attention_heads").asInt();
    kvHeads = config.path("num_key_value_heads").asInt(heads);
    headDim = config.path("head_dim").asInt(hidden / heads);
  }

  private boolean gemma() {
    return family.startsWith("gemma");
  }

  /// Logits of each position, `[T][V]`.
  double[][] logits(int[] tokens) {
    int length = tokens.length;
    var x = new double[length][hidden];
    String table =
        switch (family) {
          case "gpt2" -> "transformer.wte.weight";
          case "gpt_neox" -> "gpt_neox.embed_in.weight";
          default -> "model.embed_tokens.weight";
        };
    for (int t = 0; t < length; t++) {
      for (int i = 0; i < hidden; i++) {
        x[t][i] = w(table)[tokens[t] * hidden + i];
        if (family.equals("gpt2")) {
          x[t][i] += w("transformer.wpe.weight")[t * hidden + i];
        }
        if (gemma()) {
          x[t][i] *= Math.sqrt(hidden);
        }
      }
    }
    for (int layer = 0; layer < layers; layer++) {
      x = layer(x, layer);
    }
    x =
        switch (family) {
          case "gpt2" -> layerNorm(x, "transformer.ln_f");
          case "gpt_neox" -> layerNorm(x, "gpt_neox.final_layer_norm");
          default -> rmsNorm(x, "model.norm");
        };
    String head =
        weights.containsKey("lm_head.weight")
            ? "lm_head"
            : weights.containsKey("embed_out.weight") ? "embed_out" : table.replace(".weight", "");
    var logits = linear(x, head, w(table).length / hidden, false);
    double cap = config.path("final_logit_softcapping").asDouble(0);
    if (cap > 0) {
      for (var row : logits) {
        for (int v = 0; v < row.length; v++) {
          row[v] = Math.tanh(row[v] / cap) * cap;
        }
      }
    }
    return logits;
  }

  private double[][] layer(double[][] x, int layer) {
    return switch (family) {
      case "gpt2" -> gpt2Layer(x, layer);
      case "gpt_neox" -> neoxLayer(x, layer);
      default -> gatedLayer(x, layer);
    };
  }

  private double[][] gpt2Layer(double[][] x, int layer) {
    String at = "transformer.h." + layer;
    var joint = linear(layerNorm(x, at + ".ln_1"), at + ".attn.c_attn", 3 * hidden, true);
    double scale = 1 / Math.sqrt(headDim);
    if (config.path("scale_attn_by_inverse_layer_idx").asBoolean(false)) {
      scale /= layer + 1;
    }
    var mixed =
        attention(
            columns(joint, 0, hidden),
            columns(joint, hidden, hidden),
            columns(joint, 2 * hidden, hidden),
            scale,
            Integer.MAX_VALUE,
            0);
    var h = plus(x, linear(mixed, at + ".attn.c_proj", hidden, true));
    int inner = config.path("n_inner").asInt(4 * hidden);
    var up = linear(layerNorm(h, at + ".ln_2"), at + ".mlp.c_fc", inner, true);
    return plus(h, linear(each(up, DenseReference::geluTanh), at + ".mlp.c_proj", hidden, true));
  }

  private double[][] neoxLayer(double[][] x, int layer) {
    String at = "gpt_neox.layers." + layer;
    var joint =
        linear(
            layerNorm(x, at + ".input_layernorm"),
            at + ".attention.query_key_value",
            3 * hidden,
            true);
    // Rows of the joint matrix: head 0's query, key, value, then head 1's …
    var parts = new double[3][x.length][hidden];
    for (int t = 0; t < x.length; t++) {
      for (int h = 0; h < heads; h++) {
        for (int part = 0; part < 3; part++) {
          for (int i = 0; i < headDim; i++) {
            parts[part][t][h * headDim + i] = joint[t][(h * 3 + part) * headDim + i];
          }
        }
      }
    }
    new DenseRope(config, headDim).rotate(parts[0], slides(layer));
    new DenseRope(config, headDim).rotate(parts[1], slides(layer));
    var mixed =
        attention(parts[0], parts[1], parts[2], 1 / Math.sqrt(headDim), Integer.MAX_VALUE, 0);
    var attended = linear(mixed, at + ".attention.dense", hidden, true);
    boolean parallel = config.get("use_parallel_residual").asBoolean();
    var base = parallel ? x : plus(x, attended);
    var up =
        linear(
            layerNorm(base, at + ".post_attention_layernorm"),
            at + ".mlp.dense_h_to_4h",
            config.get("intermediate_size").asInt(),
            true);
    var fed = linear(each(up, DenseReference::geluErf), at + ".mlp.dense_4h_to_h", hidden, true);
    return parallel ? plus(plus(x, attended), fed) : plus(base, fed);
  }

  private double[][] gatedLayer(double[][] x, int layer) {
    String at = "model.layers." + layer;
    var attended = attend(rmsNorm(x, at + ".input_layernorm"), layer);
    if (gemma()) {
      attended = rmsNorm(attended, at + ".post_attention_layernorm");
    }
    var h = plus(x, attended);
    var normed =
        rmsNorm(h, at + (gemma() ? ".pre_feedforward_layernorm" : ".post_attention_layernorm"));
    var fed = feedForward(normed, at + ".mlp");
    return plus(h, gemma() ? rmsNorm(fed, at + ".post_feedforward_layernorm") : fed);
  }

  private double[][] attend(double[][] x, int layer) {
    String at = "model.layers." + layer + ".self_attn";
    int wide = heads * headDim;
    int narrow = kvHeads * headDim;
    double[][] q;
    double[][] k;
    double[][] v;
    if (family.equals("phi3")) {
      var joint = linear(x, at + ".qkv_proj", wide + 2 * narrow, false);
      q = columns(joint, 0, wide);
      k = columns(joint, wide, narrow);
      v = columns(joint, wide + narrow, narrow);
    } else {
      boolean bias = weights.containsKey(at + ".q_proj.bias");
      q = linear(x, at + ".q_proj", wide, bias);
      k = linear(x, at + ".k_proj", narrow, bias);
      v = linear(x, at + ".v_proj", narrow, bias);
    }
    if (weights.containsKey(at + ".q_norm.weight")) {
      q = headNorm(q, at + ".q_norm");
      k = headNorm(k, at + ".k_norm");
    }
    new DenseRope(config, headDim).rotate(q, slides(layer));
    new DenseRope(config, headDim).rotate(k, slides(layer));
    double scale =
        gemma()
            ? Math.pow(config.get("query_pre_attn_scalar").asDouble(), -0.5)
            : Math.pow(headDim, -0.5);
    double cap = family.equals("gemma2") ? config.path("attn_logit_softcapping").asDouble(0) : 0;
    var mixed = attention(q, k, v, scale, window(layer), cap);
    return linear(mixed, at + ".o_proj", hidden, weights.containsKey(at + ".o_proj.bias"));
  }

  private boolean slides(int layer) {
    if (config.hasNonNull("layer_types")) {
      return config.get("layer_types").get(layer).asString().equals("sliding_attention");
    }
    return switch (family) {
      case "mistral", "phi3" -> config.hasNonNull("sliding_window");
      case "gemma2" -> layer % 2 == 0;
      case "gemma3_text" -> (layer + 1) % config.get("sliding_window_pattern").asInt() != 0;
      case "qwen2", "qwen3" ->
          config.path("use_sliding_window").asBoolean(false)
              && layer >= config.get("max_window_layers").asInt();
      default -> false;
    };
  }

  private int window(int layer) {
    return slides(layer) ? config.get("sliding_window").asInt() : Integer.MAX_VALUE;
  }

  private double[][] feedForward(double[][] x, String at) {
    int inner = config.get("intermediate_size").asInt();
    double[][] gate;
    double[][] up;
    if (family.equals("phi3")) {
      var joint = linear(x, at + ".gate_up_proj", 2 * inner, false);
      gate = columns(joint, 0, inner);
      up = columns(joint, inner, inner);
    } else {
      boolean bias = weights.containsKey(at + ".up_proj.bias");
      gate = linear(x, at + ".gate_proj", inner, bias);
      up = linear(x, at + ".up_proj", inner, bias);
    }
    var act = each(gate, gemma() ? DenseReference::geluTanh : z -> z / (1 + Math.exp(-z)));
    for (int t = 0; t < x.length; t++) {
      for (int i = 0; i < inner; i++) {
        act[t][i] *= up[t][i];
      }
    }
    return linear(act, at + ".down_proj", hidden, weights.containsKey(at + ".down_proj.bias"));
  }

  private double[][] attention(
      double[][] q, double[][] k, double[][] v, double scale, int window, double cap) {
    var out = new double[q.length][heads * headDim];
    for (int t = 0; t < q.length; t++) {
      for (int h = 0; h < heads; h++) {
        int kv = h / (heads / kvHeads);
        var score = new double[q.length];
        double sum = 0;
        for (int s = 0; s <= t; s++) {
          if (t - s >= window) {
            continue; // weight 0
          }
          double dot = 0;
          for (int i = 0; i < headDim; i++) {
            dot += q[t][h * headDim + i] * k[s][kv * headDim + i];
          }
          dot *= scale;
          score[s] = Math.exp(cap > 0 ? cap * Math.tanh(dot / cap) : dot);
          sum += score[s];
        }
        for (int s = 0; s <= t; s++) {
          for (int i = 0; i < headDim; i++) {
            out[t][h * headDim + i] += score[s] / sum * v[s][kv * headDim + i];
          }
        }
      }
    }
    return out;
  }

  private double[][] rmsNorm(double[][] x, String module) {
    return rms(x, w(module + ".weight"), config.get("rms_norm_eps").asDouble());
  }

  private double[][] headNorm(double[][] x, String module) {
    var out = new double[x.length][x[0].length];
    for (int from = 0; from < x[0].length; from += headDim) {
      var part =
          rms(
              columns(x, from, headDim),
              w(module + ".weight"),
              config.get("rms_norm_eps").asDouble());
      for (int t = 0; t < x.length; t++) {
        System.arraycopy(part[t], 0, out[t], from, headDim);
      }
    }
    return out;
  }

  private double[][] rms(double[][] x, double[] weight, double epsilon) {
    var out = new double[x.length][x[0].length];
    for (int t = 0; t < x.length; t++) {
      double square = 0;
      for (double value : x[t]) {
        square += value * value;
      }
      double norm = Math.sqrt(square / x[t].length + epsilon);
      for (int i = 0; i < x[t].length; i++) {
        out[t][i] = x[t][i] / norm * (gemma() ? 1 + weight[i] : weight[i]);
      }
    }
    return out;
  }

  private double[][] layerNorm(double[][] x, String module) {
    double epsilon =
        config.get(family.equals("gpt2") ? "layer_norm_epsilon" : "layer_norm_eps").asDouble();
    var out = new double[x.length][hidden];
    for (int t = 0; t < x.length; t++) {
      double mean = 0;
      for (double value : x[t]) {
        mean += value / hidden;
      }
      double variance = 0;
      for (double value : x[t]) {
        variance += (value - mean) * (value - mean) / hidden;
      }
      for (int i = 0; i < hidden; i++) {
        out[t][i] =
            (x[t][i] - mean) / Math.sqrt(variance + epsilon) * w(module + ".weight")[i]
                + w(module + ".bias")[i];
      }
    }
    return out;
  }

  private double[][] linear(double[][] x, String module, int out, boolean biased) {
    var weight = w(module + ".weight");
    int in = x[0].length;
    boolean transposed = family.equals("gpt2") && module.contains(".h.");
    var y = new double[x.length][out];
    for (int t = 0; t < x.length; t++) {
      for (int o = 0; o < out; o++) {
        double sum = biased ? w(module + ".bias")[o] : 0;
        for (int i = 0; i < in; i++) {
          sum += x[t][i] * (transposed ? weight[i * out + o] : weight[o * in + i]);
        }
        y[t][o] = sum;
      }
    }
    return y;
  }

  private double[] w(String name) {
    var weight = weights.get(name);
    if (weight == null) {
      throw new IllegalStateException(name);
    }
    return weight;
  }

  private static double[][] columns(double[][] x, int from, int count) {
    var out = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      out[t] = java.util.Arrays.copyOfRange(x[t], from, from + count);
    }
    return out;
  }

  private static double[][] plus(double[][] a, double[][] b) {
    var out = new double[a.length][a[0].length];
    for (int t = 0; t < a.length; t++) {
      for (int i = 0; i < a[t].length; i++) {
        out[t][i] = a[t][i] + b[t][i];
      }
    }
    return out;
  }

  private static double[][] each(double[][] x, DoubleUnaryOperator function) {
    var out = new double[x.length][x[0].length];
    for (int t = 0; t < x.length; t++) {
      for (int i = 0; i < x[t].length; i++) {
        out[t][i] = function.applyAsDouble(x[t][i]);
      }
    }
    return out;
  }

  private static double geluTanh(double x) {
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
  }

  /// `x Phi(x)`, the normal distribution by its series: exact to double for |x| below 8.
  private static double geluErf(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; n < 400; n++) {
      term *= x * x / (2 * n + 1);
      sum += term;
    }
    return x * (0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI));
  }
}
