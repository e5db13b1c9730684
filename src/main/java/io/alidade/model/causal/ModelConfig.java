package io.alidade.model.causal;

import io.alidade.UserException;
import io.alidade.store.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The `config.json` of a checkpoint: every key as it was written, read with checks. A missing,
/// misspelt or impossible value is a [UserException] that names file and key.
public final class ModelConfig {
  private final String where;
  private final ObjectNode json;
  private final boolean inner;

  private ModelConfig(String where, ObjectNode json, boolean inner) {
    this.where = where;
    this.json = json;
    this.inner = inner;
  }

  /// Reads `config.json` of a checkpoint folder.
  public static ModelConfig read(Path folder) {
    var file = folder.resolve("config.json");
    return of(file.toString(), Json.readObject(file));
  }

  /// A configuration that is at hand as JSON.
  ///
  /// @param where opens every message
  public static ModelConfig of(String where, ObjectNode json) {
    return TextTower.holds(json)
        ? new ModelConfig(where, TextTower.config(json), true)
        : new ModelConfig(where, json, false);
  }

  /// Whether it is the text tower's part of the configuration of a model that also reads images.
  public boolean inner() {
    return inner;
  }

  /// What a user should know before this model is used, in one line; usually nothing.
  public Optional<String> note() {
    return inner
        ? Optional.of(
            where + ": only the text tower is read, trained and written; images are not read")
        : Optional.empty();
  }

  /// The name of a tensor in the model of `transformers` that the file describes, which for a text
  /// tower is not the name in a model of text alone.
  public String outerName(String name) {
    return inner ? TextTower.outerName(name) : name;
  }

  /// The whole object, a copy.
  public ObjectNode json() {
    return json.deepCopy();
  }

  /// Which family this is: `llama`, `gemma3_text`, ….
  public String modelType() {
    return text("model_type");
  }

  /// Number of rows of the embedding table: token ids are `0` to one less.
  public int vocabSize() {
    return integer("vocab_size");
  }

  /// The class names that the checkpoint was saved for, such as `LlamaForCausalLM`.
  public List<String> architectures() {
    var names = new ArrayList<String>();
    if (present("architectures")) {
      json.get("architectures").forEach(node -> names.add(node.asString()));
    }
    return names;
  }

  /// Outputs of a reward head: as many as there are labels; 1 unless the checkpoint is a
  /// classifier.
  public int labels() {
    if (present("id2label")) {
      return json.get("id2label").size();
    }
    // transformers leaves the two labels of its default out of the file.
    boolean classifier =
        architectures().stream().anyMatch(name -> name.endsWith("ForSequenceClassification"));
    return integer("num_labels", classifier ? 2 : 1);
  }

  /// Standard deviation that new weights are drawn with.
  public double initializerRange() {
    return number("initializer_range", 0.02);
  }

  /// Ids of the end-of-sequence tokens, none if the file names none.
  public List<Integer> endTokens() {
    var ids = new ArrayList<Integer>();
    if (present("eos_token_id")) {
      var node = json.get("eos_token_id");
      if (node.isArray()) {
        node.forEach(id -> ids.add(id.asInt()));
      } else {
        ids.add(node.asInt());
      }
    }
    return ids;
  }

  /// Whether a key is there and not null.
  boolean present(String key) {
    return json.hasNonNull(key);
  }

  /// A required integer, at least 1.
  int integer(String key) {
    int value = node(key, "an integer", JsonNode::isIntegralNumber).intValue();
    if (value < 1) {
      throw bad(key, "must be at least 1, was " + value);
    }
    return value;
  }

  int integer(String key, int otherwise) {
    return present(key) ? integer(key) : otherwise;
  }

  /// An integer of at least 1; 0 where the key is null, `otherwise` where it is absent.
  int integerOrNone(String key, int otherwise) {
    return present(key) ? integer(key) : json.has(key) ? 0 : otherwise;
  }

  /// A number; 0 where the key is null, `otherwise` where it is absent.
  double numberOrNone(String key, double otherwise) {
    return present(key) ? number(key) : json.has(key) ? 0 : otherwise;
  }

  double number(String key) {
    return node(key, "a number", JsonNode::isNumber).doubleValue();
  }

  double number(String key, double otherwise) {
    return present(key) ? number(key) : otherwise;
  }

  Optional<Double> optionalNumber(String key) {
    return present(key) ? Optional.of(number(key)) : Optional.empty();
  }

  boolean flag(String key, boolean otherwise) {
    return present(key) ? node(key, "true or false", JsonNode::isBoolean).asBoolean() : otherwise;
  }

  String text(String key) {
    return node(key, "a string", JsonNode::isString).stringValue();
  }

  String text(String key, String otherwise) {
    return present(key) ? text(key) : otherwise;
  }

  double[] numbers(String key) {
    var list = node(key, "a list of numbers", JsonNode::isArray);
    var values = new double[list.size()];
    for (int i = 0; i < values.length; i++) {
      if (!list.get(i).isNumber()) {
        throw bad(key, "must be a list of numbers");
      }
      values[i] = list.get(i).doubleValue();
    }
    return values;
  }

  List<String> texts(String key) {
    var texts = new ArrayList<String>();
    node(key, "a list of strings", JsonNode::isArray).forEach(n -> texts.add(n.asString()));
    return texts;
  }

  /// A nested object.
  ModelConfig section(String key) {
    var node = node(key, "an object", JsonNode::isObject);
    return new ModelConfig(where + " " + key, (ObjectNode) node, inner);
  }

  /// A nested object that says something; none where it is absent, null or empty.
  Optional<ModelConfig> filledSection(String key) {
    return Optional.of(key)
        .filter(this::present)
        .map(this::section)
        .filter(section -> !section.json.isEmpty());
  }

  /// This object with the keys of another one in place of its own.
  ModelConfig overlaid(ModelConfig above) {
    var both = json.deepCopy();
    both.setAll(above.json);
    return new ModelConfig(above.where, both, inner);
  }

  /// This object with one key changed.
  ModelConfig with(String key, JsonNode value) {
    var changed = json.deepCopy();
    changed.set(key, value);
    return new ModelConfig(where, changed, inner);
  }

  /// An error about one key.
  UserException bad(String key, String problem) {
    return new UserException("%s: '%s' %s".formatted(where, key, problem));
  }

  /// What opens messages about this file.
  String where() {
    return where;
  }

  private JsonNode node(String key, String kind, java.util.function.Predicate<JsonNode> fits) {
    var node = json.get(key);
    if (node == null || node.isNull()) {
      throw bad(key, "is missing; it must be " + kind);
    }
    if (!fits.test(node)) {
      throw bad(key, "must be " + kind + ", was " + node);
    }
    return node;
  }
}
