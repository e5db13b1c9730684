package io.alidade.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import io.alidade.UserException;
import io.alidade.template.ChatTemplate;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// The tokenizer of a model folder: `tokenizer.json` with the names, flags and templates of
/// `tokenizer_config.json` and `special_tokens_map.json`.
///
/// Ids are those that transformers 5 computes for the same folder. Truncation and padding that the
/// file may ask for are switched off: limits belong to whoever builds a batch. Safe for use by
/// several threads.
public final class Tokenizer implements AutoCloseable {
  private final TokenizerFiles files;
  private final HuggingFaceTokenizer library;
  private final Map<String, ChatTemplate> templates;

  private Tokenizer(
      TokenizerFiles files, HuggingFaceTokenizer library, Map<String, ChatTemplate> templates) {
    this.files = files;
    this.library = library;
    this.templates = templates;
  }

  /// Loads the tokenizer of a model folder.
  ///
  /// @throws UserException if the folder has no tokenizer.json or a file of it cannot be read
  public static Tokenizer load(Path folder) {
    Offline.enforce();
    var files = TokenizerFiles.read(folder);
    var templates = new LinkedHashMap<String, ChatTemplate>();
    files.templates().forEach((name, source) -> templates.put(name, parse(folder, name, source)));
    try {
      return new Tokenizer(
          files,
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(files.definition()),
              Map.of("truncation", "false", "padding", "false")),
          templates);
    } catch (IOException | RuntimeException failure) {
      throw new UserException(
          "%s: not a tokenizer this version understands (%s); save it again with transformers"
              .formatted(folder.resolve("tokenizer.json"), firstLine(failure)),
          failure);
    }
  }

  private static ChatTemplate parse(Path folder, String name, String source) {
    try {
      return ChatTemplate.parse(source);
    } catch (UserException failure) {
      throw new UserException(
          "%s: chat template '%s': %s".formatted(folder, name, failure.getMessage()), failure);
    }
  }

  /// Ids of a text. Special tokens written out in the text become their ids.
  ///
  /// @param addSpecialTokens whether to add what the tokenizer puts around a text (a
  ///   beginning-of-sequence token, for most that have one); no for rendered conversations
  /// @throws IllegalArgumentException if the text holds half a surrogate pair
  public int[] encode(String text, boolean addSpecialTokens) {
    return ints(library.encode(whole(text), addSpecialTokens, false).getIds());
  }

  /// Ids of a text together with the part of the text that each came from.
  ///
  /// @throws IllegalArgumentException if the text holds half a surrogate pair
  public Tokens tokens(String text, boolean addSpecialTokens) {
    var encoding = library.encode(whole(text), addSpecialTokens, false);
    CharSpan[] spans = encoding.getCharTokenSpans();
    int[] starts = new int[spans.length];
    int[] ends = new int[spans.length];
    var units = Utf16.of(text);
    for (int t = 0; t < spans.length; t++) {
      starts[t] = spans[t] == null ? 0 : units.at(spans[t].getStart());
      ends[t] = spans[t] == null ? 0 : units.at(spans[t].getEnd());
    }
    return new Tokens(ints(encoding.getIds()), starts, ends);
  }

  /// The text of ids; bytes that are not UTF-8 become U+FFFD.
  ///
  /// @param skipSpecial whether to leave out special tokens
  public String decode(int[] ids, boolean skipSpecial) {
    if (ids.length == 0) {
      return "";
    }
    long[] wide = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0) {
        throw new IllegalArgumentException("id %d at %d is negative".formatted(ids[i], i));
      }
      wide[i] = ids[i];
    }
    return library.decode(wide, skipSpecial);
  }

  /// A decoder that takes ids one at a time.
  public TextStream stream(boolean skipSpecial) {
    return new TextStream(this, skipSpecial);
  }

  /// The token of an id as the vocabulary spells it, or empty where no token has the id. For
  /// display; bytes and spaces are spelled in the tokenizer's own way.
  public Optional<String> piece(int id) {
    return files.vocabulary().piece(id);
  }

  /// The id of a token as the vocabulary spells it.
  public OptionalInt id(String piece) {
    return files.vocabulary().id(piece);
  }

  /// Whether an id belongs to a special token.
  public boolean isSpecial(int id) {
    return files.vocabulary().isSpecial(id);
  }

  /// The beginning-of-sequence id, if the tokenizer has one.
  OptionalInt bos() {
    return special("bos_token");
  }

  /// The end-of-sequence id, if the tokenizer has one.
  public OptionalInt eos() {
    return special("eos_token");
  }

  /// The padding id, if the tokenizer has one.
  public OptionalInt pad() {
    return special("pad_token");
  }

  /// The id for what the vocabulary cannot express, if the tokenizer has one.
  OptionalInt unk() {
    return special("unk_token");
  }

  /// The text of the end-of-sequence token, if the tokenizer has one.
  public Optional<String> eosText() {
    return Optional.ofNullable(files.special().get("eos_token"));
  }

  /// Special tokens by the names that configuration files and chat templates use: `bos_token`,
  /// `eos_token`, `pad_token`, `unk_token` and whatever else the folder names.
  public Map<String, String> specialTokens() {
    return files.special();
  }

  /// The chat template, if the folder has one.
  public Optional<ChatTemplate> template() {
    return template(false);
  }

  /// The chat template for conversations with or without tools; most folders have one for both.
  public Optional<ChatTemplate> template(boolean tools) {
    var special = tools ? templates.get("tool_use") : null;
    return Optional.ofNullable(special == null ? templates.get("default") : special);
  }

  /// Number of tokens of the model's own vocabulary, without added ones.
  public int vocabSize() {
    return files.vocabulary().baseSize();
  }

  /// One more than the largest id, added tokens included: what an embedding table must have at
  /// least.
  public int size() {
    return files.vocabulary().size();
  }

  /// SHA-256 of everything that decides ids and rendered text, in hexadecimal.
  public String fingerprint() {
    return files.fingerprint();
  }

  /// Whether a chat template asks for the date, so that rendered text depends on when it is
  /// rendered.
  public boolean dated() {
    return files.templates().values().stream().anyMatch(text -> text.contains("strftime_now"));
  }

  /// The folder it was loaded from.
  public Path folder() {
    return files.folder();
  }

  @Override
  public void close() {
    library.close();
  }

  private OptionalInt special(String name) {
    var text = files.special().get(name);
    return text == null ? OptionalInt.empty() : id(text);
  }

  /// The library passes strings as UTF-8, in which half a pair has no spelling.
  private static String whole(String text) {
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      if (Character.isHighSurrogate(unit)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(unit)) {
        throw new IllegalArgumentException(
            "half a surrogate pair (U+%04X) at character %d".formatted((int) unit, i));
      }
    }
    return text;
  }

  private static int[] ints(long[] wide) {
    int[] ids = new int[wide.length];
    for (int i = 0; i < wide.length; i++) {
      ids[i] = Math.toIntExact(wide[i]);
    }
    return ids;
  }

  private static String firstLine(Throwable failure) {
    var message = String.valueOf(failure.getMessage());
    return message.lines().findFirst().orElse(failure.getClass().getSimpleName());
  }
}
