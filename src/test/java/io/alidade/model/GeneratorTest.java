package io.alidade.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.store.Json;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class GeneratorTest {
  private static final Path MODELS = Path.of("src/test/resources/golden/models");

  private static Policy open(String name) {
    var folder = MODELS.resolve(name);
    var adapter = Files.exists(folder.resolve("adapter_config.json"));
    return Policy.open(
        adapter ? MODELS.resolve("llama") : folder,
        adapter
            ? PolicySpec.frozen(Precision.FLOAT32).withAdapter(folder)
            : PolicySpec.frozen(Precision.FLOAT32));
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"llama", "llama_sharded", "mistral", "qwen2", "qwen3", "gpt2", "llama_lora"})
  void decodesGreedilyTokenForToken(String name) {
    var golden = Json.readObject(MODELS.resolve(name).resolve("expected.json")).path("generation");
    try (var policy = open(name)) {
      var generator = new Generator(policy, Sampling.greedy(20), Set.of());
      for (var kind : List.of("single", "left_padded_batch")) {
        var batch = golden.path(kind);
        var prompts = new ArrayList<int[]>();
        for (int r = 0; r < batch.path("prompt_ids").size(); r++) {
          int[] ids = ints(batch.path("prompt_ids").get(r));
          int[] mask = ints(batch.path("attention_mask").get(r));
          prompts.add(
              IntStream.range(0, ids.length).filter(i -> mask[i] == 1).map(i -> ids[i]).toArray());
        }
        var drawn = generator.generate(prompts);
        for (int r = 0; r < drawn.size(); r++) {
          assertThat(drawn.get(r).tokens())
              .as("%s, row %d", kind, r)
              .isEqualTo(ints(batch.path("new_token_ids").get(r)));
        }
      }
    }
  }

  @Test
  void drawsTheSameTextAloneAndInCompany() {
    var prompts =
        List.of(
            new int[] {506, 374, 273}, new int[] {506, 41, 9, 77, 300}, new int[] {506, 374, 273});
    try (var policy = open("llama")) {
      var generator = new Generator(policy, Sampling.plain(12, 3), Set.of());
      var together = generator.generate(prompts);
      var alone = generator.generate(prompts.subList(0, 1));
      assertThat(alone.getFirst().tokens()).isEqualTo(together.getFirst().tokens());
      assertThat(together.get(2).tokens())
          .as("equal prompts have draws of their own")
          .isNotEqualTo(together.getFirst().tokens());
      assertThat(
              new Generator(policy, Sampling.plain(12, 4), Set.of())
                  .generate(prompts)
                  .getFirst()
                  .tokens())
          .isNotEqualTo(together.getFirst().tokens());
    }
  }

  @Test
  void likelihoodsOfWhatWasDrawnAreThoseOfScoring() {
    try (var policy = open("qwen3")) {
      int[] prompt = {506, 12, 400, 33};
      var drawn = new Generator(policy, Sampling.plain(15, 1), Set.of()).generate(List.of(prompt));
      var group =
          new Group(
              new Example.Row("drawn", 1),
              prompt,
              List.of(Completion.of(drawn.getFirst().tokens())),
              Map.of());
      try (var _ = new Step()) {
        var scored = policy.score(new Batch(List.of(group)), Set.of(Readout.LOG_LIKELIHOOD), false);
        var logps = Ops.toFloats(scored.outputs().values().iterator().next());
        assertThat(drawn.getFirst().logps()).containsExactly(logps, within(1e-4f));
      }
    }
  }

  @Test
  void stopsAtEndTokensAndWhenTheListenerHasEnough() {
    var prompts = List.of(new int[] {506, 374, 273}, new int[] {506, 41, 9});
    try (var policy = open("llama")) {
      var free = new Generator(policy, Sampling.greedy(10), Set.of()).generate(prompts);
      int end = free.getFirst().tokens()[3];
      var ended = new Generator(policy, Sampling.greedy(10), Set.of(end)).generate(prompts);
      assertThat(ended.getFirst().stop()).isEqualTo(Drawn.Stop.END);
      assertThat(ended.getFirst().tokens()).endsWith(end).hasSizeLessThanOrEqualTo(4);
      var heard = new int[2];
      var cut =
          new Generator(policy, Sampling.greedy(10), Set.of(), (row, _) -> ++heard[row] < 2)
              .generate(prompts);
      assertThat(cut).allMatch(d -> d.tokens().length == 2 && d.stop() == Drawn.Stop.LISTENER);
    }
  }

  @Test
  void filtersLeaveOnlyWhatTheyShould() {
    float[] logits = {0f, 1f, 2f, 3f};
    assertThat(draws(new Sampling(1, 1, 2, 1, 0, 1, 0), logits)).containsOnly(2, 3);
    assertThat(draws(new Sampling(1, 1, 0, 0.6, 0, 1, 0), logits)).containsOnly(3);
    assertThat(draws(new Sampling(1, 1, 0, 0.7, 0, 1, 0), logits)).containsOnly(2, 3);
    assertThat(draws(new Sampling(1, 1, 0, 1, 0.1, 1, 0), logits)).containsOnly(1, 2, 3);
    assertThat(draws(new Sampling(1, 0, 0, 1, 0, 1, 0), logits)).containsOnly(3);
    assertThat(draws(new Sampling(1, 1, 0, 1, 0, 1, 0), logits)).contains(0, 1, 2, 3);
    // The prompt holds token 3: a large penalty takes the lead from it.
    assertThat(
            new Chooser(new Sampling(1, 0, 0, 1, 0, 4, 0), List.of(), new int[] {3}, 0)
                .next(logits, 0, 4))
        .isEqualTo(2);
  }

  private static Set<Integer> draws(Sampling sampling, float[] logits) {
    var seen = new java.util.TreeSet<Integer>();
    for (int row = 0; row < 400; row++) {
      seen.add(new Chooser(sampling, List.of(), new int[0], row).next(logits, 0, logits.length));
    }
    return seen;
  }

  @Test
  void refusesPromptsThatTheModelCannotRead() {
    try (var policy = open("gpt2")) {
      var generator = new Generator(policy, Sampling.greedy(10), Set.of());
      assertThatThrownBy(() -> generator.generate(List.of(new int[0])))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("prompt 1 is empty");
      assertThatThrownBy(() -> generator.generate(List.of(new int[] {512})))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("token 512");
      assertThatThrownBy(() -> generator.generate(List.of(new int[250])))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("256 positions");
    }
  }

  @Test
  void leavesNoNativeObjectBehind() {
    try (var policy = open("mistral")) {
      var generator = new Generator(policy, Sampling.plain(12, 0), Set.of(5, 6, 7));
      var prompts = List.of(new int[] {506, 3}, new int[] {506, 4, 4, 4});
      generator.generate(prompts);
      long before = Step.liveObjects();
      for (int i = 0; i < 5; i++) {
        generator.generate(prompts);
      }
      assertThat(Step.liveObjects()).isLessThanOrEqualTo(before);
    }
  }
}
