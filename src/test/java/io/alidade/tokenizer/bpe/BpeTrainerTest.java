package io.alidade.tokenizer.bpe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.alidade.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class BpeTrainerTest {
  private static final String TEXT =
      """
      /**
       * Returns the number of elements.
       *
       * @return the number of elements, never negative
       */
      public int size() {
          int count = 0;
          for (Node node = first; node != null; node = node.next) {
              count++;
          }
          return count;
      }

      /**
       * Returns the first element.
       */
      public Element first() {
          if (first == null) {
              throw new NoSuchElementException("aaaaaaa" + 123456);
          }
          return first.element;
      }
      """;

  @TempDir static Path folder;
  static BpeTokenizer trained;

  @BeforeAll
  static void train() {
    trained = trained(TEXT, 320);
    TokenizerFolder.write(trained, folder);
  }

  @Test
  void encodesAsTheReferenceMergeLoopDoes() throws IOException {
    try (var tokenizer = load(folder)) {
      for (var text : texts()) {
        assertThat(tokenizer.encode(text, false, false).getTokens())
            .as(text)
            .containsExactlyElementsOf(reference(text));
        var ids = tokenizer.encode(text, false, false).getIds();
        assertThat(tokenizer.decode(ids, false)).as("round trip").isEqualTo(text);
      }
    }
  }

  @Test
  void specialTokensHaveTheFirstIdsAndAreOneToken() throws IOException {
    try (var tokenizer = load(folder)) {
      assertThat(
              tokenizer
                  .encode("<|im_start|>x<|im_end|><|endoftext|><|pad|>", false, false)
                  .getIds())
          .startsWith(2)
          .endsWith(3, 0, 1)
          .hasSize(5);
    }
  }

  @Test
  void promptAndCompletionMeetAtTokenBoundary() throws IOException {
    try (var tokenizer = load(folder)) {
      var prompt = "public int size() {";
      var completion = "\n    return count;\n}";
      var whole =
          new ArrayList<String>(List.of(tokenizer.encode(prompt, false, false).getTokens()));
      whole.addAll(List.of(tokenizer.encode(completion, false, false).getTokens()));
      assertThat(tokenizer.encode(prompt + completion, false, false).getTokens())
          .containsExactlyElementsOf(whole);
    }
  }

  @Test
  void vocabularyHasTheSizeAskedForAndItsTokensAreUnique() {
    assertThat(trained.size()).isEqualTo(320);
    assertThat(trained.tokens()).doesNotHaveDuplicates();
    assertThat(trained.tokens()).containsAll(List.of("Ġthe", "Ġreturn"));
  }

  @Test
  void firstMergesAreTheMostFrequentPairs() {
    // "ab" stands six times, then "ab" with "c" four times; ties go to the older tokens.
    var merges = trained("abc abc abc abc ab ab", 262).merges();
    assertThat(merges.subList(0, 2))
        .containsExactly(new BpeTokenizer.Merge("a", "b"), new BpeTokenizer.Merge("Ġ", "ab"));
  }

  @Test
  void incrementalCountsEqualCountingAnewEachTime() {
    assertThat(trained.merges()).isEqualTo(naive(TEXT, trained.merges().size()));
    var noise = new StringBuilder();
    var random = new Random(7);
    for (int i = 0; i < 3000; i++) {
      noise.append("aabb ".charAt(random.nextInt(5)));
    }
    var merges = trained(noise.toString(), 330).merges();
    assertThat(merges).isEqualTo(naive(noise.toString(), merges.size()));
  }

  @Test
  void sameTextInAnyOrderGivesTheSameBytes(@TempDir Path other) throws IOException {
    var trainer = new BpeTrainer(320);
    TEXT.lines().toList().reversed().forEach(line -> trainer.add(line));
    var forward = new BpeTrainer(320);
    TEXT.lines().forEach(forward::add);
    TokenizerFolder.write(trainer.train(), other.resolve("a"));
    TokenizerFolder.write(forward.train(), other.resolve("b"));
    assertThat(other.resolve("a/tokenizer.json"))
        .hasSameBinaryContentAs(other.resolve("b/tokenizer.json"));
  }

  @Test
  void configurationNamesItsTokensAndTemplate() throws IOException {
    var config =
        JsonMapper.shared().readTree(Files.readString(folder.resolve("tokenizer_config.json")));
    assertThat(config.path("tokenizer_class").asString()).isEqualTo("PreTrainedTokenizerFast");
    assertThat(config.path("eos_token").asString()).isEqualTo("<|endoftext|>");
    assertThat(config.path("pad_token").asString()).isEqualTo("<|pad|>");
    assertThat(config.path("chat_template").asString()).contains("<|im_start|>");
  }

  @Test
  void trainingTextReadsRowsAndLines(@TempDir Path files) throws IOException {
    var rows = Files.writeString(files.resolve("a.jsonl"), "{\"prompt\":\"a\",\"chosen\":\"b\"}\n");
    var text = Files.writeString(files.resolve("a.txt"), "one\ntwo");
    var heard = new ArrayList<String>();
    TrainingText.of(rows).forEach(heard::add);
    TrainingText.of(text).forEach(heard::add);
    assertThat(heard).containsExactly("ab", "one\n", "two\n");
    var broken = Files.writeString(files.resolve("b.jsonl"), "{\"prompt\":\"a\"}\n");
    assertThatThrownBy(() -> TrainingText.of(broken).forEach(heard::add))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("b.jsonl line 1: needs the texts prompt and completion");
    assertThatThrownBy(() -> TrainingText.of(files.resolve("c.txt")).forEach(heard::add))
        .isInstanceOf(UserException.class)
        .hasMessageEndingWith("c.txt: no such file");
  }

  @Test
  void valuesOutOfRangeAreOneLine() {
    assertThatThrownBy(() -> new BpeTrainer(100))
        .isInstanceOf(UserException.class)
        .hasMessage("--vocab must be between 260 (bytes and special tokens) and 1048576, was 100");
    assertThatThrownBy(() -> new BpeTrainer(300).train())
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no text to train a tokenizer on");
  }

  private static List<String> texts() {
    var texts = new ArrayList<String>();
    texts.add(TEXT);
    texts.add("aaaaaaaaaaaa aaa\taaa \n\n\t  \r\n x1234567 MAX_VALUE don't {}();\n    }");
    texts.add("naïve Ω≈ç 日本語 👩‍👩‍👧 \u0000\u007f\u00a0\u2003 é e\u0301 ﷽");
    texts.add(" ");
    var random = new Random(1);
    for (int i = 0; i < 50; i++) {
      var text = new StringBuilder();
      for (int j = 0; j < 80; j++) {
        int point = random.nextInt(4) == 0 ? random.nextInt(0x10000) : 9 + random.nextInt(118);
        if (Character.isDefined(point) && !Character.isSurrogate((char) point)) {
          text.appendCodePoint(point);
        }
      }
      texts.add(text.toString());
    }
    return texts;
  }

  private static BpeTokenizer trained(String text, int vocabulary) {
    var trainer = new BpeTrainer(vocabulary);
    trainer.add(text);
    return trainer.train();
  }

  private static HuggingFaceTokenizer load(Path folder) throws IOException {
    return HuggingFaceTokenizer.newInstance(
        folder.resolve("tokenizer.json"), Map.of("padding", "false", "truncation", "false"));
  }

  private static List<List<String>> words(String text) {
    var words = new ArrayList<List<String>>();
    var matcher =
        Pattern.compile(BpeTokenizer.SPLIT, Pattern.UNICODE_CHARACTER_CLASS).matcher(text);
    while (matcher.find()) {
      var word = new ArrayList<String>();
      for (byte b : matcher.group().getBytes(StandardCharsets.UTF_8)) {
        word.add(String.valueOf(ByteAlphabet.character(b & 0xff)));
      }
      words.add(word);
    }
    return words;
  }

  private static void apply(List<String> word, BpeTokenizer.Merge merge) {
    for (int i = 0; i + 1 < word.size(); i++) {
      if (word.get(i).equals(merge.left()) && word.get(i + 1).equals(merge.right())) {
        word.set(i, merge.left() + merge.right());
        word.remove(i + 1);
      }
    }
  }

  /// Byte-pair encoding as the paper has it: every merge in turn, over the whole word.
  private static List<String> reference(String text) {
    var tokens = new ArrayList<String>();
    for (var word : words(text)) {
      trained.merges().forEach(merge -> apply(word, merge));
      tokens.addAll(word);
    }
    return tokens;
  }

  /// Training as the paper has it: all pairs counted anew for every merge.
  private static List<BpeTokenizer.Merge> naive(String text, int count) {
    var words = words(text);
    var ids = new ArrayList<>(BpeTrainer.SPECIALS);
    for (int b = 0; b < 256; b++) {
      ids.add(String.valueOf(ByteAlphabet.character(b)));
    }
    var merges = new ArrayList<BpeTokenizer.Merge>();
    while (merges.size() < count) {
      var counts = new java.util.HashMap<BpeTokenizer.Merge, Integer>();
      for (var word : words) {
        for (int i = 0; i + 1 < word.size(); i++) {
          counts.merge(new BpeTokenizer.Merge(word.get(i), word.get(i + 1)), 1, Integer::sum);
        }
      }
      var best =
          counts.entrySet().stream()
              .filter(entry -> (entry.getKey().left() + entry.getKey().right()).length() <= 24)
              .min(
                  java.util.Comparator.<Map.Entry<BpeTokenizer.Merge, Integer>>comparingInt(
                          entry -> -entry.getValue())
                      .thenComparingInt(entry -> ids.indexOf(entry.getKey().left()))
                      .thenComparingInt(entry -> ids.indexOf(entry.getKey().right())))
              .orElseThrow()
              .getKey();
      merges.add(best);
      ids.add(best.left() + best.right());
      words.forEach(word -> apply(word, best));
    }
    return merges;
  }
}
