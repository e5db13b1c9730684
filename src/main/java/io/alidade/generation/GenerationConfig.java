package io.alidade.generation;

import io.alidade.UserException;
import io.alidade.model.Sampling;
import io.alidade.model.causal.ModelConfig;
import io.alidade.store.Json;
import io.alidade.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The `generation_config.json` of a checkpoint: how its makers draw from it.
final class GenerationConfig {
  private static final int NEW_TOKENS = 256;

  private final Path file;
  private final ObjectNode json;

  private GenerationConfig(Path file, ObjectNode json) {
    this.file = file;
    this.json = json;
  }

  /// Reads the file of a checkpoint folder; a folder without one says nothing.
  static GenerationConfig read(Path folder) {
    var file = folder.resolve("generation_config.json");
    return new GenerationConfig(
        file, Files.exists(file) ? Json.readObject(file) : JsonNodeFactory.instance.objectNode());
  }

  /// What the file says; the model's own distribution where it says nothing. `do_sample: false`
  /// takes the most likely token.
  Sampling sampling() {
    var sample = json.path("do_sample");
    boolean greedy = sample.isBoolean() && !sample.booleanValue();
    try {
      return new Sampling(
          (int) number("max_new_tokens", NEW_TOKENS),
          greedy ? 0 : number("temperature", 1),
          (int) number("top_k", 0),
          number("top_p", 1),
          number("min_p", 0),
          number("repetition_penalty", 1),
          0);
    } catch (IllegalArgumentException failure) {
      throw new UserException("%s: %s".formatted(file, failure.getMessage()), failure);
    }
  }

  /// Ids that end an answer.
  Set<Integer> ends(ModelConfig config, Tokenizer tokenizer) {
    var ends = new TreeSet<Integer>();
    var node = json.path("eos_token_id");
    if (node.isArray()) {
      node.forEach(id -> ends.add(id(id)));
    } else if (json.hasNonNull("eos_token_id")) {
      ends.add(id(node));
    } else {
      ends.addAll(config.endTokens());
    }
    tokenizer.eos().ifPresent(ends::add);
    return ends;
  }

  private int id(JsonNode node) {
    if (!node.isIntegralNumber()) {
      throw new UserException(
          "%s: 'eos_token_id' must be an id or a list of ids, holds %s".formatted(file, node));
    }
    return node.intValue();
  }

  private double number(String key, double otherwise) {
    if (!json.hasNonNull(key)) {
      return otherwise;
    }
    var node = json.path(key);
    if (!node.isNumber()) {
      throw new UserException("%s: '%s' must be a number, was %s".formatted(file, key, node));
    }
    return node.doubleValue();
  }
}
