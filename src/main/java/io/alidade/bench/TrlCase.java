package io.alidade.bench;

import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/// What another trainer needs to do the same work: a checkpoint with a tokenizer, and comparisons.
///
/// A token is written as its number, so that texts are read back as the very tokens that they were
/// made of.
///
/// @param folder that holds `model`, `data.jsonl` and `settings.json`
record TrlCase(Path folder) {
  /// The id and the text that end each completion.
  private static final int END = Workload.END;

  private static final String END_TEXT = "</s>";

  /// Adds the tokenizer to a model's folder.
  void tokenizer(Path model, int vocabulary) {
    var json = Json.mapper().createObjectNode().put("version", "1.0");
    var special = json.putArray("added_tokens");
    var words = Json.mapper().createObjectNode();
    for (int id = 0; id < vocabulary; id++) {
      var word = text(id);
      words.put(word, id);
      if (id <= END) {
        special
            .addObject()
            .put("id", id)
            .put("content", word)
            .put("single_word", false)
            .put("lstrip", false)
            .put("rstrip", false)
            .put("normalized", false)
            .put("special", true);
      }
    }
    json.putNull("normalizer");
    json.putObject("pre_tokenizer").put("type", "WhitespaceSplit");
    json.putNull("post_processor").putNull("decoder");
    json.putObject("model").put("type", "WordLevel").put("unk_token", text(0)).set("vocab", words);
    Json.write(model.resolve("tokenizer.json"), json);
    Json.write(
        model.resolve("tokenizer_config.json"),
        Json.mapper()
            .createObjectNode()
            .put("tokenizer_class", "PreTrainedTokenizerFast")
            .put("pad_token", text(0))
            .put("bos_token", text(1))
            .put("eos_token", END_TEXT));
  }

  /// Writes the groups as comparisons: of more than two candidates, the first beside the second,
  /// the third beside the fourth and so on.
  ///
  /// @return comparisons of a group
  int data(Groups groups) {
    var lines = new StringBuilder();
    int candidates = groups.group(0).candidates().size();
    for (int g = 0; g < groups.count(); g++) {
      var group = groups.group(g);
      for (int c = 0; c + 1 < candidates; c += 2) {
        lines
            .append(
                Json.mapper()
                    .createObjectNode()
                    .put("prompt", text(group.prompt()))
                    .put("chosen", completion(group, c))
                    .put("rejected", completion(group, c + 1)))
            .append('\n');
      }
    }
    AtomicFiles.text(folder.resolve("data.jsonl"), lines.toString());
    return candidates / 2;
  }

  void settings(ObjectNode settings) {
    Json.write(folder.resolve("settings.json"), settings);
  }

  private static String completion(Group group, int candidate) {
    return " " + text(group.candidates().get(candidate).tokens());
  }

  private static String text(int[] tokens) {
    return Arrays.stream(tokens).mapToObj(TrlCase::text).collect(Collectors.joining(" "));
  }

  private static String text(int id) {
    return switch (id) {
      case 0 -> "<pad>";
      case 1 -> "<s>";
      case END -> END_TEXT;
      default -> Integer.toString(id);
    };
  }
}
