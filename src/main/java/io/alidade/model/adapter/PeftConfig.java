package io.alidade.model.adapter;

import io.alidade.UserException;
import io.alidade.store.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// `adapter_config.json`, as PEFT 0.21 writes and reads it.
public final class PeftConfig {
  /// The configuration's file.
  public static final String FILE = "adapter_config.json";

  /// The weights' file.
  public static final String WEIGHTS = "adapter_model.safetensors";

  /// What PEFT puts before a module's name.
  public static final String PREFIX = "base_model.model.";

  /// Variants of LoRA that compute something else; a true value is refused.
  private static final List<String> UNSUPPORTED =
      List.of("use_dora", "use_qalora", "lora_bias", "use_bdlora");

  /// Settings that change which weights there are; any value is refused.
  private static final List<String> ABSENT =
      List.of(
          "layers_pattern",
          "layer_replication",
          "alora_invocation_tokens",
          "target_parameters",
          "trainable_token_indices",
          "megatron_config",
          "arrow_config");

  /// Ways to begin that change the weights below, which the adapter's file does not hold.
  private static final Pattern MOVES_THE_BASE =
      Pattern.compile("pissa.*|olora|corda|loftq|lora_ga");

  private PeftConfig() {}

  /// Reads the configuration of an adapter's folder.
  ///
  /// @throws UserException if it is no LoRA adapter or one of an unsupported variant
  public static LoraSpec read(Path folder) {
    var file = folder.resolve(FILE);
    var json = Json.readObject(file);
    var type = json.path("peft_type").asString("");
    if (!type.equals("LORA")) {
      throw new UserException(
          "%s: 'peft_type' is '%s', only LORA adapters are supported".formatted(file, type));
    }
    for (var key : UNSUPPORTED) {
      if (json.path(key).asBoolean(false)) {
        throw unsupported(file, key, json.path(key));
      }
    }
    for (var key : ABSENT) {
      if (json.hasNonNull(key)) {
        throw unsupported(file, key, json.path(key));
      }
    }
    var start = json.path("init_lora_weights").asString("");
    if (MOVES_THE_BASE.matcher(start).matches()) {
      throw unsupported(file, "init_lora_weights", json.path("init_lora_weights"));
    }
    if (!json.path("bias").asString("none").equals("none")) {
      throw unsupported(file, "bias", json.path("bias"));
    }
    try {
      return new LoraSpec(
          json.path("r").asInt(8),
          json.path("lora_alpha").asDouble(8),
          json.path("lora_dropout").asDouble(0),
          targets(json.path("target_modules")),
          json.path("use_rslora").asBoolean(false),
          texts(json.path("modules_to_save")),
          map(json.path("rank_pattern"), JsonNode::asInt),
          map(json.path("alpha_pattern"), JsonNode::asDouble),
          layers(json.path("layers_to_transform")),
          excluded(json.path("exclude_modules")));
    } catch (IllegalArgumentException failure) {
      throw new UserException(file + ": " + failure.getMessage(), failure);
    }
  }

  private static UserException unsupported(Path file, String key, JsonNode value) {
    return new UserException(
        "%s: '%s' is %s, which is not supported; merge the adapter with PEFT first"
            .formatted(file, key, value));
  }

  private static Targets targets(JsonNode node) {
    if (node.isNull() || node.isMissingNode()) {
      return new Targets.Usual();
    }
    return node.isString() ? Targets.of(node.stringValue()) : Targets.of(texts(node));
  }

  /// An expression or a list; an empty one excludes nothing.
  private static Optional<Targets.Chosen> excluded(JsonNode node) {
    return node.isNull() || node.isMissingNode() || node.isEmpty() && !node.isString()
        ? Optional.empty()
        : Optional.of(
            node.isString()
                ? new Targets.Pattern(node.stringValue())
                : new Targets.Names(texts(node)));
  }

  private static List<Integer> layers(JsonNode node) {
    var layers = new ArrayList<Integer>();
    if (node.isIntegralNumber()) {
      layers.add(node.asInt());
    }
    node.forEach(layer -> layers.add(layer.asInt()));
    return layers;
  }

  private static List<String> texts(JsonNode node) {
    var texts = new ArrayList<String>();
    node.forEach(text -> texts.add(text.asString()));
    return texts;
  }

  private static <T> SequencedMap<String, T> map(JsonNode node, Function<JsonNode, T> value) {
    var map = new LinkedHashMap<String, T>();
    node.properties().forEach(entry -> map.put(entry.getKey(), value.apply(entry.getValue())));
    return map;
  }

  /// Everything that PEFT writes for an adapter.
  ///
  /// @param base name or folder of the model below
  /// @param modules the adapted modules
  /// @param classifier whether the model below is a sequence classifier
  /// @param transposed whether the model below stores linear weights `[in, out]`
  /// @param modulesToSave modules that are saved whole
  public static ObjectNode json(
      LoraSpec spec,
      String base,
      List<String> modules,
      boolean classifier,
      boolean transposed,
      List<String> modulesToSave) {
    var json = Json.mapper().createObjectNode();
    var absent =
        List.of(
            "alora_invocation_tokens",
            "alpha_pattern",
            "arrow_config",
            "auto_mapping",
            "base_model_name_or_path",
            "bias",
            "corda_config",
            "ensure_weight_tying",
            "eva_config",
            "exclude_modules",
            "fan_in_fan_out",
            "inference_mode",
            "init_lora_weights",
            "kasa_config",
            "layer_replication",
            "layers_pattern",
            "layers_to_transform",
            "loftq_config",
            "lora_alpha",
            "lora_bias",
            "lora_dropout",
            "lora_ga_config",
            "megatron_config",
            "megatron_core",
            "modules_to_save",
            "monteclora_config",
            "peft_type",
            "peft_version",
            "qalora_group_size",
            "r",
            "rank_pattern",
            "revision",
            "target_modules",
            "target_parameters",
            "task_type",
            "trainable_token_indices",
            "use_bdlora",
            "use_dora",
            "use_qalora",
            "use_rslora",
            "velora_config");
    absent.forEach(json::putNull); // in PEFT's order; what is known replaces null below
    var alphas = json.putObject("alpha_pattern");
    spec.alphaPattern().forEach(alphas::put);
    json.put("base_model_name_or_path", base);
    json.put("bias", "none");
    spec.excluded().ifPresent(out -> modules(json, "exclude_modules", out));
    json.put("ensure_weight_tying", false);
    json.put("fan_in_fan_out", transposed);
    json.put("inference_mode", true);
    json.put("init_lora_weights", true);
    json.putObject("loftq_config");
    if (!spec.layersToTransform().isEmpty()) {
      var layers = json.putArray("layers_to_transform");
      spec.layersToTransform().forEach(layers::add);
    }
    if (spec.alpha() == Math.rint(spec.alpha())) {
      json.put("lora_alpha", (long) spec.alpha());
    } else {
      json.put("lora_alpha", spec.alpha());
    }
    json.put("lora_bias", false);
    json.put("lora_dropout", spec.dropout());
    json.put("megatron_core", "megatron.core");
    if (!modulesToSave.isEmpty()) {
      var saved = json.putArray("modules_to_save");
      modulesToSave.forEach(saved::add);
    }
    json.put("peft_type", "LORA");
    json.put("peft_version", "0.21.0");
    json.put("qalora_group_size", 16);
    json.put("r", spec.r());
    var ranks = json.putObject("rank_pattern");
    spec.rankPattern().forEach(ranks::put);
    modules(
        json,
        "target_modules",
        spec.targets() instanceof Targets.Chosen said
            ? said
            : new Targets.Names(lastParts(modules)));
    json.put("task_type", classifier ? "SEQ_CLS" : "CAUSAL_LM");
    json.put("use_dora", false);
    json.put("use_qalora", false);
    json.put("use_rslora", spec.rslora());
    return json;
  }

  private static void modules(ObjectNode json, String key, Targets.Chosen which) {
    switch (which) {
      case Targets.Pattern(var regex) -> json.put(key, regex);
      case Targets.Names(var names) -> {
        var array = json.putArray(key);
        names.stream().sorted().forEach(array::add);
      }
    }
  }

  private static List<String> lastParts(List<String> modules) {
    return modules.stream()
        .map(name -> name.substring(name.lastIndexOf('.') + 1))
        .distinct()
        .toList();
  }
}
