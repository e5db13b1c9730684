package io.alidade.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Text;
import io.alidade.model.Sampling;
import io.alidade.store.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class TextGeneratorTest {
  private static final Path MODELS = Path.of("src/test/resources/golden/models");

  @TempDir Path folder;

  private static LanguageModel open(String name) {
    return LanguageModel.open(MODELS.resolve(name).toString());
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  /// What the reference drew, up to the first token that ends an answer.
  private static int[] untilEnd(int[] ids, LanguageModel model) {
    int end =
        IntStream.range(0, ids.length)
            .filter(i -> model.ends().contains(ids[i]))
            .findFirst()
            .orElse(ids.length - 1);
    return Arrays.copyOf(ids, end + 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen3", "gpt2", "llama_lora"})
  void greedyTextIsThatOfTransformers(String name) {
    var golden = Json.readObject(MODELS.resolve(name).resolve("expected.json"));
    var located =
        name.equals("llama_lora")
            ? new Located(MODELS.resolve("llama"), java.util.Optional.of(MODELS.resolve(name)))
            : Located.find(MODELS.resolve(name).toString(), java.util.Optional.empty());
    try (var model = LanguageModel.open(located, io.alidade.model.Precision.FLOAT32)) {
      var generator = new TextGenerator(model, Sampling.greedy(20), List.of());
      for (var kind : List.of("single", "left_padded_batch")) {
        var batch = golden.path("generation").path(kind);
        var prompts = new ArrayList<Prompt>();
        for (int r = 0; r < batch.path("prompt_ids").size(); r++) {
          int[] ids = ints(batch.path("prompt_ids").get(r));
          int[] mask = ints(batch.path("attention_mask").get(r));
          prompts.add(
              new Prompt(
                  IntStream.range(0, ids.length)
                      .filter(i -> mask[i] == 1)
                      .map(i -> ids[i])
                      .toArray(),
                  true));
        }
        var streamed = new String[prompts.size()];
        Arrays.fill(streamed, "");
        var answers = generator.draw(prompts, 0, (row, piece) -> streamed[row] += piece);
        for (int r = 0; r < answers.size(); r++) {
          int[] expected = untilEnd(ints(batch.path("new_token_ids").get(r)), model);
          assertThat(answers.get(r).tokens()).as("%s, row %d", kind, r).isEqualTo(expected);
          assertThat(answers.get(r).text()).isEqualTo(model.tokenizer().decode(expected, true));
          assertThat(streamed[r]).isEqualTo(answers.get(r).text());
        }
      }
    }
  }

  @Test
  void stopsBeforeAStopString() {
    try (var model = open("llama")) {
      var prompt = new Text.Plain("What is 12");
      var free =
          new TextGenerator(model, Sampling.greedy(20), List.of()).generate(prompt, (_, _) -> {});
      var stop = free.text().substring(5, 8);
      var streamed = new StringBuilder();
      var cut =
          new TextGenerator(model, Sampling.greedy(20), List.of(stop))
              .generate(prompt, (_, piece) -> streamed.append(piece));
      assertThat(cut.text()).isEqualTo(free.text().substring(0, free.text().indexOf(stop)));
      assertThat(streamed.toString()).isEqualTo(cut.text());
      assertThat(cut.end()).isEqualTo(Answer.End.STOP);
      assertThat(cut.tokens().length).isLessThan(free.tokens().length);
    }
  }

  @Test
  void answersAreTheSameInPartsAndAtOnce() {
    try (var model = open("qwen2")) {
      var generator = new TextGenerator(model, Sampling.plain(8, 5), List.of());
      var prompt = generator.prompt(new Text.Plain("Once"));
      var all = generator.draw(List.of(prompt, prompt, prompt), 0, (_, _) -> {});
      var last = generator.draw(List.of(prompt), 2, (_, _) -> {});
      assertThat(last.getFirst().tokens()).isEqualTo(all.get(2).tokens());
      assertThat(all.get(0).tokens()).isNotEqualTo(all.get(1).tokens());
    }
  }

  @Test
  void rendersConversationsAndOpensTheAnswer() {
    try (var model = open("qwen2")) {
      var generator = new TextGenerator(model, Sampling.greedy(4), List.of());
      var asked = List.of(TextGenerator.message("user", "Hi"));
      var prompt = generator.prompt(new Text.Chat(asked));
      assertThat(model.tokenizer().decode(prompt.ids(), false))
          .endsWith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
      var whole = new ArrayList<>(asked);
      whole.add(TextGenerator.message("assistant", "Ho"));
      var row =
          new Example(
              new Example.Row("f", 1),
              new Text.Plain(""),
              List.of(new Text.Chat(whole)),
              Map.of(),
              Map.of());
      assertThat(generator.prompt(row).ids()).isEqualTo(prompt.ids());
    }
  }

  @Test
  void readsEndsAndDefaultsOfTheModel() throws IOException {
    copy("llama");
    Files.writeString(
        folder.resolve("generation_config.json"),
        """
        {"eos_token_id": [3, 4], "temperature": 0.7, "top_k": 20, "max_new_tokens": 9}
        """);
    try (var model = LanguageModel.open(folder.toString())) {
      assertThat(model.ends()).containsExactly(3, 4, 510);
      assertThat(model.sampling()).isEqualTo(new Sampling(9, 0.7, 20, 1, 0, 1, 0));
    }
    Files.writeString(folder.resolve("generation_config.json"), "{\"do_sample\": false}");
    try (var model = LanguageModel.open(folder.toString())) {
      assertThat(model.ends()).containsExactly(510);
      assertThat(model.sampling().temperature()).isZero();
    }
    Files.writeString(folder.resolve("generation_config.json"), "{\"top_p\": 7}");
    try (var model = LanguageModel.open(folder.toString())) {
      assertThatThrownBy(model::sampling)
          .isInstanceOf(UserException.class)
          .hasMessageContaining("generation_config.json: top_p must be between 0");
    }
  }

  @Test
  void refusesATokenizerOfAnotherModel() throws IOException {
    copy("llama");
    var config = Json.readObject(folder.resolve("config.json"));
    config.put("vocab_size", 500);
    Json.write(folder.resolve("config.json"), config);
    assertThatThrownBy(() -> LanguageModel.open(folder.toString()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("the tokenizer has ids up to 511")
        .hasMessageContaining("knows 0 to 499")
        .hasMessageNotContaining("\n");
  }

  @Test
  void refusesEmptyStopsAndRewardModels() {
    try (var model = open("llama")) {
      assertThatThrownBy(() -> new TextGenerator(model, Sampling.greedy(1), List.of("")))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("stop string is empty");
    }
    try (var model = open("llama_reward")) {
      assertThatThrownBy(() -> new TextGenerator(model, Sampling.greedy(1), List.of()))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("a reward model has no words");
    }
  }

  private void copy(String name) throws IOException {
    try (var files = Files.list(MODELS.resolve(name))) {
      for (var file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName().toString()));
      }
    }
  }

  /// More rows than are drawn at once, of which the first is the longest: others take the places of
  /// those that end, and are handed over in order, with the bits that they have alone.
  @Test
  void rowsThatEndMakeRoomForTheNextAndAreHandedOverInOrder() {
    try (var model = open("llama")) {
      var prompts = new ArrayList<Prompt>();
      for (int p = 0; p < 40; p++) {
        prompts.add(new Prompt(new int[] {5 + p % 7, 11 + p, 20}, false));
      }
      var sampling = new Sampling(24, 1.5, 0, 1, 0, 1, 3);
      var generator = new TextGenerator(model, sampling, List.of("e", "a", " "));
      var ended = new ArrayList<Answer>();
      var begun = new java.util.BitSet();
      var beforeTheFirstEnds = new int[1];
      generator.draw(
          prompts,
          7,
          (row, _) -> begun.set(row),
          answer -> {
            if (ended.isEmpty()) {
              beforeTheFirstEnds[0] = begun.length() - 7;
            }
            ended.add(answer);
          });
      assertThat(ended).hasSize(40);
      for (int p = 0; p < 40; p += 3) {
        var alone = generator.draw(List.of(prompts.get(p)), 7 + p, (_, _) -> {}).getFirst();
        assertThat(ended.get(p).tokens()).as("%d", p).isEqualTo(alone.tokens());
        assertThat(ended.get(p).logps()).isEqualTo(alone.logps());
        assertThat(ended.get(p).text()).isEqualTo(alone.text());
      }
      var lengths = ended.stream().mapToInt(answer -> answer.tokens().length).toArray();
      assertThat(lengths[0]).as("of %s", Arrays.toString(lengths)).isGreaterThan(1);
      assertThat(beforeTheFirstEnds[0]).isPositive();
    }
  }
}
