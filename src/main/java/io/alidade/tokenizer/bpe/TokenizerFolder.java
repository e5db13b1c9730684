package io.alidade.tokenizer.bpe;

import io.alidade.store.AtomicFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// Writes a tokenizer in the Hugging Face layout: `tokenizer.json`, `tokenizer_config.json` and
/// `special_tokens_map.json`.
public final class TokenizerFolder {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  /// ChatML: a turn is `<|im_start|>role`, a line end, the text, `<|im_end|>` and a line end.
  private static final String CHAT_TEMPLATE =
      "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' +"
          + " message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
          + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

  private TokenizerFolder() {}

  /// Writes the files, each whole or not at all.
  ///
  /// @throws UserException where the folder cannot be written
  public static void write(BpeTokenizer tokenizer, Path folder) {
    write(folder.resolve("tokenizer_config.json"), config());
    write(folder.resolve("special_tokens_map.json"), specials());
    write(folder.resolve("tokenizer.json"), tokenizer(tokenizer));
  }

  private static void write(Path file, Map<String, @Nullable Object> content) {
    AtomicFiles.text(file, JSON.writeValueAsString(content) + "\n");
  }

  private static Map<String, @Nullable Object> tokenizer(BpeTokenizer tokenizer) {
    var added = new ArrayList<Object>();
    for (int id = 0; id < tokenizer.specials().size(); id++) {
      added.add(
          object(
              "id", id,
              "content", tokenizer.specials().get(id),
              "single_word", false,
              "lstrip", false,
              "rstrip", false,
              "normalized", false,
              "special", true));
    }
    var vocabulary = new LinkedHashMap<String, @Nullable Object>();
    for (int id = 0; id < tokenizer.size(); id++) {
      vocabulary.put(tokenizer.tokens().get(id), id);
    }
    var merges = tokenizer.merges().stream().map(m -> List.of(m.left(), m.right())).toList();
    var model =
        object(
            "type",
            "BPE",
            "dropout",
            null,
            "unk_token",
            null,
            "continuing_subword_prefix",
            null,
            "end_of_word_suffix",
            null,
            "fuse_unk",
            false,
            "byte_fallback",
            false,
            "ignore_merges",
            false,
            "vocab",
            vocabulary,
            "merges",
            merges);
    var split =
        object(
            "type",
            "Split",
            "pattern",
            object("Regex", BpeTokenizer.SPLIT),
            "behavior",
            "Isolated",
            "invert",
            false);
    return object(
        "version",
        "1.0",
        "truncation",
        null,
        "padding",
        null,
        "added_tokens",
        added,
        "normalizer",
        null,
        "pre_tokenizer",
        object("type", "Sequence", "pretokenizers", List.of(split, byteLevel())),
        "post_processor",
        null,
        "decoder",
        byteLevel(),
        "model",
        model);
  }

  private static Map<String, @Nullable Object> byteLevel() {
    return object(
        "type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", false);
  }

  private static Map<String, @Nullable Object> config() {
    return object(
        "tokenizer_class",
        "PreTrainedTokenizerFast",
        "bos_token",
        null,
        "eos_token",
        "<|endoftext|>",
        "pad_token",
        "<|pad|>",
        "unk_token",
        null,
        "add_bos_token",
        false,
        "clean_up_tokenization_spaces",
        false,
        "model_max_length",
        2048,
        "chat_template",
        CHAT_TEMPLATE);
  }

  private static Map<String, @Nullable Object> specials() {
    return object("eos_token", "<|endoftext|>", "pad_token", "<|pad|>");
  }

  /// An object with its keys in order; values may be null, as JSON's are.
  private static Map<String, @Nullable Object> object(@Nullable Object... pairs) {
    var object = new LinkedHashMap<String, @Nullable Object>();
    for (int i = 0; i < pairs.length; i += 2) {
      object.put(String.valueOf(pairs[i]), pairs[i + 1]);
    }
    return object;
  }
}
