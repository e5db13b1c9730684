package io.alidade.model;

import io.alidade.store.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/// Small configurations of every family that is known, by the names of what is special in them.
final class FamilyCases {
  private FamilyCases() {}

  /// A configuration by name.
  record Case(String name, ObjectNode config) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Case of(String name, String family, String changes) {
    var config =
        (ObjectNode)
            Json.parse(
                "test",
                """
                {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4,
                 "num_key_value_heads": 2, "intermediate_size": 48, "vocab_size": 40, "rms_norm_eps": 1e-5,
                 "max_position_embeddings": 64, "tie_word_embeddings": false, "use_parallel_residual": true,
                 "layer_norm_eps": 1e-5, "rotary_pct": 0.5, "model_type": "%s"}
                """
                    .formatted(family));
    config.setAll((ObjectNode) Json.parse("test", changes.isEmpty() ? "{}" : changes));
    if (!family.equals("gpt_neox")) {
      config.remove("rotary_pct");
    }
    return new Case(name, config);
  }

  /// Every family, with each of what its configuration may say.
  static List<Case> all() {
    var cases = new ArrayList<Case>();
    cases.add(of("llama", "llama", ""));
    cases.add(
        of(
            "llama with biases and wide heads",
            "llama",
            "{'attention_bias': true, 'mlp_bias': true, 'head_dim': 12, 'num_key_value_heads': 4}"
                .replace('\'', '"')));
    for (var scaling :
        Map.of(
                "linear", "'rope_type': 'linear', 'factor': 2.5",
                "dynamic", "'rope_type': 'dynamic', 'factor': 3.0",
                "llama3",
                    "'rope_type': 'llama3', 'factor': 8.0, 'low_freq_factor': 1.0,"
                        + " 'high_freq_factor': 4.0, 'original_max_position_embeddings': 32",
                "yarn",
                    "'rope_type': 'yarn', 'factor': 4.0, 'original_max_position_embeddings': 16",
                "yarn untruncated",
                    "'rope_type': 'yarn', 'factor': 4.0, 'truncate': false, 'beta_fast': 4,"
                        + " 'original_max_position_embeddings': 64",
                "yarn with mscale",
                    "'rope_type': 'yarn', 'factor': 4.0, 'mscale': 1.0, 'mscale_all_dim': 0.7",
                "yarn with a factor",
                    "'rope_type': 'yarn', 'factor': 4.0, 'attention_factor': 1.3, 'beta_slow': 2")
            .entrySet()) {
      // 12 positions were trained, so that the tests' sequences go beyond for the dynamic scaling.
      for (var layout : List.of("rope_parameters", "rope_scaling")) {
        cases.add(
            of(
                "llama " + scaling.getKey() + " in " + layout,
                "llama",
                "{'max_position_embeddings': %s, 'rope_theta': 500.0, '%s': {'rope_theta': 500.0, %s}}"
                    .formatted(
                        scaling.getKey().equals("dynamic") ? 12 : 64, layout, scaling.getValue())
                    .replace('\'', '"')));
      }
    }
    cases.add(of("mistral", "mistral", "{\"sliding_window\": 5}"));
    cases.add(of("mistral without a window", "mistral", "{\"sliding_window\": null}"));
    cases.add(of("qwen2", "qwen2", "{\"tie_word_embeddings\": true}"));
    cases.add(
        of(
            "qwen2 with windows",
            "qwen2",
            "{\"use_sliding_window\": true, \"max_window_layers\": 1, \"sliding_window\": 4}"));
    cases.add(
        of(
            "qwen3 with windows",
            "qwen3",
            """
            {"head_dim": 16, "use_sliding_window": true, "sliding_window": 4,
             "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}
            """));
    cases.add(
        of(
            "gemma2",
            "gemma2",
            """
            {"head_dim": 12, "query_pre_attn_scalar": 20, "sliding_window": 4,
             "attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0,
             "hidden_activation": "gelu_pytorch_tanh", "tie_word_embeddings": true}
            """));
    cases.add(
        of(
            "gemma2 without caps",
            "gemma2",
            """
            {"head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 4, "attention_bias": true,
             "attn_logit_softcapping": null, "final_logit_softcapping": null}
            """));
    cases.add(
        of(
            "gemma3_text",
            "gemma3_text",
            """
            {"head_dim": 12, "query_pre_attn_scalar": 20, "sliding_window": 4,
             "tie_word_embeddings": true,
             "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
             "rope_parameters": {
               "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
               "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 10000.0}}}
            """));
    cases.add(
        of(
            "gemma3_text in the older layout",
            "gemma3_text",
            """
            {"head_dim": 12, "query_pre_attn_scalar": 20, "sliding_window": 4,
             "sliding_window_pattern": 2, "rope_theta": 10000.0, "rope_local_base_freq": 100.0,
             "rope_scaling": {"rope_type": "linear", "factor": 8.0}}
            """));
    cases.add(of("phi3", "phi3", "{\"sliding_window\": 6, \"partial_rotary_factor\": 0.5}"));
    cases.add(
        of(
            "phi3 with longrope",
            "phi3",
            """
            {"original_max_position_embeddings": 14, "max_position_embeddings": 64,
             "rope_scaling": {"type": "longrope", "rope_type": "longrope",
               "short_factor": [1.0, 1.1, 1.2, 1.4], "long_factor": [1.0, 2.0, 4.0, 9.0]}}
            """));
    var factors = "'short_factor': [1.0, 1.1, 1.2, 1.4], 'long_factor': [1.0, 2.0, 4.0, 9.0]";
    for (var older : List.of("yarn", "su")) {
      cases.add(
          of(
              "phi3 with longrope called " + older,
              "phi3",
              "{'original_max_position_embeddings': 14, 'rope_scaling': {'type': '%s', %s}}"
                  .formatted(older, factors)
                  .replace('\'', '"')));
    }
    cases.add(
        of(
            "phi3 with yarn for longrope in rope_parameters, trained on 4096 positions",
            "phi3",
            "{'max_position_embeddings': 8192, 'rope_parameters': {'rope_type': 'yarn', %s}}"
                .formatted(factors)
                .replace('\'', '"')));
    cases.add(
        of(
            "llama with both layouts, of which the older counts alone",
            "llama",
            """
            {"rope_theta": 300.0, "rope_scaling": {"type": "linear", "factor": 2.5},
             "rope_parameters": {"rope_type": "dynamic", "factor": 7.0, "rope_theta": 50.0}}
            """));
    cases.add(
        of(
            "llama with an empty older layout, which does not count",
            "llama",
            """
            {"rope_theta": 300.0, "rope_scaling": {},
             "rope_parameters": {"rope_type": "linear", "factor": 7.0, "rope_theta": 50.0}}
            """));
    cases.add(
        of(
            "gemma3_text with both layouts, of which the older counts key by key",
            "gemma3_text",
            """
            {"head_dim": 12, "query_pre_attn_scalar": 20, "sliding_window": 4,
             "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
             "rope_scaling": {"rope_type": "linear", "factor": 8.0},
             "rope_parameters": {
               "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
               "full_attention": {"rope_type": "default", "rope_theta": 700.0}}}
            """));
    var gpt2 =
        "{'n_embd': 32, 'n_layer': 2, 'num_hidden_layers': 2, 'n_head': 4, 'n_positions': 64, 'n_inner': %s,"
            + " 'layer_norm_epsilon': 1e-5, 'tie_word_embeddings': %s,"
            + " 'scale_attn_by_inverse_layer_idx': %s, 'num_key_value_heads': 4}";
    cases.add(of("gpt2", "gpt2", gpt2.formatted("null", true, false).replace('\'', '"')));
    cases.add(of("gpt2 variant", "gpt2", gpt2.formatted(40, false, true).replace('\'', '"')));
    cases.add(of("gpt_neox", "gpt_neox", "{\"num_key_value_heads\": 4}"));
    cases.add(
        of(
            "gpt_neox in sequence",
            "gpt_neox",
            "{\"num_key_value_heads\": 4, \"use_parallel_residual\": false, \"rotary_pct\": 0.25}"));
    cases.add(
        of(
            "gpt_neox with an odd rotated part",
            "gpt_neox",
            "{\"num_key_value_heads\": 4, \"rotary_pct\": 0.4}"));
    return cases;
  }
}
