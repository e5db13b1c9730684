package io.alidade.tokenizer;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What a model folder says about its tokenizer, put together as transformers 5 does.
///
/// Beside what tokenizer.json holds, tokens that the configuration names but the file does not mark
/// are added as special, and a configuration that says `add_bos_token` or `add_eos_token` replaces
/// the file's own way of framing a text.
///
/// @param folder where it was read
/// @param definition tokenizer.json as the library shall see it, UTF-8
/// @param vocabulary all tokens
/// @param special special tokens by name (`eos_token` …)
/// @param templates chat templates by name; the usual one is `default`
/// @param fingerprint SHA-256 of the files read
record TokenizerFiles(
    Path folder,
    byte[] definition,
    Vocabulary vocabulary,
    Map<String, String> special,
    Map<String, String> templates,
    String fingerprint) {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final List<String> NAMED =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  static TokenizerFiles read(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new UserException(folder + ": no such folder; give the folder of a model");
    }
    var hash = sha256();
    byte[] bytes = bytes(folder.resolve("tokenizer.json"), hash);
    if (bytes.length == 0) {
      throw new UserException(
          "%s: no tokenizer.json; save the tokenizer there with transformers (vocab.json or"
                  .formatted(folder)
              + " tokenizer.model alone are not read)");
    }
    var definition = object(folder.resolve("tokenizer.json"), bytes);
    var config = optional(folder.resolve("tokenizer_config.json"), hash);
    var map = optional(folder.resolve("special_tokens_map.json"), hash);

    var special = new LinkedHashMap<String, String>();
    for (var source : List.of(map, config)) { // the configuration wins
      for (var name : NAMED) {
        content(source.get(name)).ifPresent(text -> special.put(name, text));
      }
    }
    var vocabulary = vocabulary(folder.resolve("tokenizer.json"), definition);
    boolean changed = addTokens(definition, config, special, vocabulary);
    changed |= frame(definition, config, special, vocabulary);
    for (var section : List.of("truncation", "padding")) {
      if (definition.hasNonNull(section)) {
        definition.putNull(section);
        changed = true;
      }
    }
    return new TokenizerFiles(
        folder,
        changed ? MAPPER.writeValueAsBytes(definition) : bytes,
        vocabulary,
        Collections.unmodifiableMap(special),
        templates(folder, config, hash),
        HexFormat.of().formatHex(hash.digest()));
  }

  private static Vocabulary vocabulary(Path file, ObjectNode definition) {
    var vocabulary = new Vocabulary();
    var tokens = definition.path("model").path("vocab");
    if (tokens.isObject()) {
      tokens.properties().forEach(e -> vocabulary.base(e.getKey(), e.getValue().asInt()));
    } else if (tokens.isArray()) { // Unigram: [token, score] in the order of the ids
      for (int i = 0; i < tokens.size(); i++) {
        vocabulary.base(tokens.get(i).path(0).asString(), i);
      }
    } else {
      throw new UserException(file + ": model.vocab is missing; save the tokenizer again");
    }
    for (var token : definition.path("added_tokens")) {
      vocabulary.added(
          token.path("content").asString(),
          token.path("id").asInt(),
          token.path("special").asBoolean(false));
    }
    return vocabulary;
  }

  /// Marks the tokens that the configuration names as special, and adds those that are missing.
  private static boolean addTokens(
      ObjectNode definition, JsonNode config, Map<String, String> special, Vocabulary vocabulary) {
    boolean changed = false;
    var known = new LinkedHashMap<String, ObjectNode>();
    var list =
        definition.get("added_tokens") instanceof ArrayNode present
            ? present
            : definition.putArray("added_tokens");
    list.forEach(token -> known.put(token.path("content").asString(), (ObjectNode) token));
    for (var entry : config.path("added_tokens_decoder").properties()) {
      var token = entry.getValue();
      var text = token.path("content").asString("");
      if (!text.isEmpty() && !known.containsKey(text)) {
        known.put(text, add(list, text, token, Integer.parseInt(entry.getKey()), vocabulary));
        changed = true;
      }
    }
    Set<String> named = new LinkedHashSet<>(special.values());
    for (var key : List.of("additional_special_tokens", "extra_special_tokens")) {
      config.path(key).forEach(token -> content(token).ifPresent(named::add));
    }
    for (var text : named) {
      var token = known.get(text);
      if (token == null) {
        int id = vocabulary.id(text).orElse(vocabulary.size());
        known.put(text, add(list, text, MAPPER.createObjectNode(), id, vocabulary));
        changed = true;
      } else if (!token.path("special").asBoolean(false)) {
        token.put("special", true);
        vocabulary.added(text, token.path("id").asInt(), true);
        changed = true;
      }
    }
    return changed;
  }

  private static ObjectNode add(
      ArrayNode list, String text, JsonNode like, int id, Vocabulary vocabulary) {
    boolean isSpecial = like.path("special").asBoolean(true);
    vocabulary.added(text, id, isSpecial);
    var token = list.addObject();
    token.put("id", id).put("content", text);
    for (var flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
      token.put(flag, like.path(flag).asBoolean(false));
    }
    return token.put("special", isSpecial);
  }

  /// Replaces the post-processor where the configuration speaks of one.
  private static boolean frame(
      ObjectNode definition, JsonNode config, Map<String, String> special, Vocabulary vocabulary) {
    if (!config.has("add_bos_token") && !config.has("add_eos_token")) {
      return false;
    }
    var frame = MAPPER.createObjectNode().put("type", "TemplateProcessing");
    var single = frame.putArray("single");
    var pair = frame.putArray("pair");
    var tokens = frame.putObject("special_tokens");
    for (int half = 0; half < 2; half++) {
      for (var name : List.of("bos_token", "sequence", "eos_token")) {
        ObjectNode item = MAPPER.createObjectNode();
        if (name.equals("sequence")) {
          item.putObject("Sequence").put("id", half == 0 ? "A" : "B").put("type_id", half);
        } else {
          var text = special.get(name);
          if (!config.path("add_" + name).asBoolean(false) || text == null) {
            continue;
          }
          item.putObject("SpecialToken").put("id", text).put("type_id", half);
          var entry = tokens.putObject(text).put("id", text);
          entry.putArray("ids").add(vocabulary.id(text).orElseThrow());
          entry.putArray("tokens").add(text);
        }
        if (half == 0) {
          single.add(item);
        }
        pair.add(item.deepCopy());
      }
    }
    definition.set("post_processor", frame);
    return true;
  }

  private static Map<String, String> templates(Path folder, JsonNode config, MessageDigest hash) {
    var templates = new LinkedHashMap<String, String>();
    var inside = config.path("chat_template");
    if (inside.isString()) {
      templates.put("default", inside.asString());
    }
    for (var entry : inside.isArray() ? inside : MAPPER.createArrayNode()) {
      templates.put(entry.path("name").asString(), entry.path("template").asString());
    }
    var beside = bytes(folder.resolve("chat_template.jinja"), hash);
    if (beside.length > 0) {
      templates.put("default", new String(beside, StandardCharsets.UTF_8));
    }
    return Collections.unmodifiableMap(templates);
  }

  /// The text of a token given as a string or as an object with a `content`.
  private static java.util.Optional<String> content(@org.jspecify.annotations.Nullable JsonNode n) {
    if (n == null || n.isNull()) {
      return java.util.Optional.empty();
    }
    var text = n.isObject() ? n.path("content") : n;
    return text.isString() ? java.util.Optional.of(text.asString()) : java.util.Optional.empty();
  }

  private static ObjectNode optional(Path file, MessageDigest hash) {
    byte[] bytes = bytes(file, hash);
    return bytes.length == 0 ? MAPPER.createObjectNode() : object(file, bytes);
  }

  private static ObjectNode object(Path file, byte[] bytes) {
    try {
      if (MAPPER.readTree(bytes) instanceof ObjectNode object) {
        return object;
      }
      throw new UserException(file + ": not a JSON object; save the tokenizer again");
    } catch (JacksonException failure) {
      throw new UserException(
          "%s:%d: not JSON (%s); save the tokenizer again"
              .formatted(file, failure.getLocation().getLineNr(), failure.getOriginalMessage()),
          failure);
    }
  }

  /// The content of a file, hashed with its name; nothing where there is no such file.
  private static byte[] bytes(Path file, MessageDigest hash) {
    if (!Files.exists(file)) {
      return new byte[0];
    }
    try {
      byte[] bytes = Files.readAllBytes(file);
      hash.update(
          (file.getFileName() + "\n" + bytes.length + "\n").getBytes(StandardCharsets.UTF_8));
      hash.update(bytes);
      return bytes;
    } catch (IOException failure) {
      throw new UserException(
          "%s: cannot be read (%s)".formatted(file, failure.getMessage()), failure);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
