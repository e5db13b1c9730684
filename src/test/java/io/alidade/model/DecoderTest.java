package io.alidade.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.store.Json;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecoderTest {
  private static final Path MODELS = Path.of("src/test/resources/golden/models");
  private static final Sampling SAMPLING = new Sampling(14, 0.9, 40, 0.95, 0.01, 1.1, 7);

  private static Policy open(String name) {
    return Policy.open(MODELS.resolve(name), PolicySpec.frozen(Precision.FLOAT32));
  }

  /// Keeps what a row was told.
  private static final class Kept implements Decoder.Listener {
    final List<Decoder.Token> tokens = new ArrayList<>();
    final List<Drawn> ends = new ArrayList<>();
    int most = Integer.MAX_VALUE;

    @Override
    public boolean token(Decoder.Token token) {
      tokens.add(token);
      return tokens.size() < most;
    }

    @Override
    public void ended(Drawn drawn) {
      ends.add(drawn);
    }
  }

  private static Kept join(Decoder decoder, int[] prompt, Decoder.Request request) {
    var kept = new Kept();
    try (var prefix = decoder.read(prompt)) {
      decoder.join(prefix, request, kept);
    }
    return kept;
  }

  private static int[] prompt(RandomGenerator random, int length) {
    return random.ints(length, 0, 500).toArray();
  }

  private static void finish(Decoder decoder) {
    while (decoder.active() > 0) {
      decoder.step();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "mistral", "qwen3", "gpt2"})
  void aRowHasTheSameBitsAloneAndAmongOthersWhereverItStandsAndWheneverItJoins(String name) {
    try (var policy = open(name)) {
      checkSameBitsInAnyCompany(policy, 1, 6, 11);
    }
  }

  /// Draws a row alone and beside others, of which some end early and some come late.
  ///
  /// @param others how many are there before it
  static void checkSameBitsInAnyCompany(Policy policy, int... others) {
    int[] asked = {506, 374, 273, 11, 99};
    var request = new Decoder.Request(SAMPLING, 3, Set.of(), List.of(), 4);
    List<Decoder.Token> alone;
    try (var decoder = new Decoder(policy)) {
      var kept = join(decoder, asked, request);
      finish(decoder);
      alone = kept.tokens;
    }
    assertThat(alone).hasSize(14);
    for (int before : others) {
      for (int late : new int[] {0, 5}) {
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(before);
        try (var decoder = new Decoder(policy)) {
          for (int i = 0; i < before; i++) {
            var other = Decoder.Request.of(SAMPLING.seeded(i), i, Set.of());
            join(decoder, prompt(random, 1 + 9 * (i % 11)), other).most = i % 3 == 0 ? 6 : 99;
          }
          for (int i = 0; i < late; i++) {
            decoder.step();
          }
          var kept = join(decoder, asked, request);
          decoder.step();
          for (int i = 0; i < 3; i++) { // and others come after it
            join(decoder, prompt(random, 30), Decoder.Request.of(SAMPLING, 50 + i, Set.of()));
          }
          finish(decoder);
          assertThat(kept.tokens).as("%d before, %d late", before, late).isEqualTo(alone);
        }
      }
    }
  }

  @Test
  void rowsOfOnePromptShareItsReadingAndDiffer() {
    try (var policy = open("qwen2");
        var decoder = new Decoder(policy);
        var prefix = decoder.read(new int[] {4, 5, 6})) {
      var kept = IntStream.range(0, 3).mapToObj(_ -> new Kept()).toList();
      for (int i = 0; i < 3; i++) {
        var request = Decoder.Request.of(Sampling.plain(9, 1), i, Set.of());
        decoder.join(prefix, request, kept.get(i));
      }
      finish(decoder);
      assertThat(kept).allMatch(k -> k.ends.size() == 1 && k.tokens.size() == 9);
      assertThat(kept.get(0).tokens).isNotEqualTo(kept.get(1).tokens);
      assertThat(kept.get(1).tokens).isNotEqualTo(kept.get(2).tokens);
      var again =
          join(decoder, new int[] {4, 5, 6}, Decoder.Request.of(Sampling.plain(9, 1), 1, Set.of()));
      finish(decoder);
      assertThat(again.tokens).isEqualTo(kept.get(1).tokens);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void likelihoodsAndEntropiesAreThoseOfScoringWhateverTheTemperature(String name) {
    try (var policy = open(name);
        var decoder = new Decoder(policy)) {
      int[] prompt = {506, 12, 400, 33};
      var request =
          new Decoder.Request(
              new Sampling(15, 1.7, 60, 0.9, 0, 1.3, 1),
              0,
              Set.of(),
              List.of(new LogitsProcessor.Bias(Map.of(7, 2.0))),
              3);
      var kept = join(decoder, prompt, request);
      finish(decoder);
      var drawn = kept.ends.getFirst();
      var group =
          new Group(
              new Example.Row("drawn", 1),
              prompt,
              List.of(Completion.of(drawn.tokens())),
              Map.of());
      try (var _ = new Step()) {
        var readouts = Set.of(Readout.LOG_LIKELIHOOD, Readout.ENTROPY);
        var outputs = policy.score(new Batch(List.of(group)), readouts, false).outputs();
        assertThat(drawn.logps())
            .containsExactly(
                Ops.toFloats(java.util.Objects.requireNonNull(outputs.get(Readout.LOG_LIKELIHOOD))),
                within(1e-4f));
        assertThat(drawn.entropies())
            .containsExactly(
                Ops.toFloats(java.util.Objects.requireNonNull(outputs.get(Readout.ENTROPY))),
                within(1e-4f));
      }
      for (var token : kept.tokens) {
        assertThat(token.alternatives()).hasSize(3);
        assertThat(token.alternatives().getFirst().logp()).isGreaterThanOrEqualTo(token.logp());
        assertThat(token.alternatives())
            .isSortedAccordingTo((a, b) -> Float.compare(b.logp(), a.logp()));
      }
      int[] whole = IntStream.concat(IntStream.of(prompt), IntStream.of(drawn.tokens())).toArray();
      var read = decoder.read(whole, 0);
      for (int i = 0; i < drawn.tokens().length; i++) {
        var place = read.get(prompt.length - 1 + i);
        assertThat(place.id()).isEqualTo(drawn.tokens()[i]);
        assertThat(place.logp()).isCloseTo(drawn.logps()[i], within(1e-4f));
      }
    }
  }

  @Test
  void processorsForbidPostponeAndPenalise() {
    try (var policy = open("llama");
        var decoder = new Decoder(policy)) {
      int[] prompt = {506, 374, 273};
      var free = join(decoder, prompt, Decoder.Request.of(Sampling.greedy(12), 0, Set.of()));
      finish(decoder);
      int first = free.tokens.getFirst().id();
      var forbidden =
          processed(
              decoder, prompt, new LogitsProcessor.Bias(Map.of(first, Double.NEGATIVE_INFINITY)));
      assertThat(forbidden).doesNotContain(first);
      var later = processed(decoder, prompt, new LogitsProcessor.AtLeast(5, Set.of(first)));
      assertThat(Arrays.copyOf(later, 5)).doesNotContain(first);
      var penalised = processed(decoder, prompt, new LogitsProcessor.DrawnPenalty(0, 1000));
      assertThat(penalised).doesNotHaveDuplicates();
    }
  }

  private static int[] processed(Decoder decoder, int[] prompt, LogitsProcessor processor) {
    var request = new Decoder.Request(Sampling.greedy(12), 0, Set.of(), List.of(processor), 0);
    var kept = join(decoder, prompt, request);
    finish(decoder);
    return kept.ends.getFirst().tokens();
  }

  @Test
  void theHeaviestAreThoseOfASort() {
    var random = RandomGeneratorFactory.of("L64X128MixRandom").create(5);
    for (int round = 0; round < 300; round++) {
      int size = 1 + random.nextInt(300);
      var weights = random.doubles(size).map(w -> Math.round(w * 40) / 40.0).toArray();
      weights[random.nextInt(size)] = 1;
      var sorted =
          IntStream.range(0, size)
              .boxed()
              .sorted((a, b) ->
                  weights[a] == weights[b] ? a - b : Double.compare(weights[b], weights[a]))
              .filter(i -> weights[i] > 0)
              .toList();
      int k = 1 + random.nextInt(size);
      var top = sorted.subList(0, Math.min(k, sorted.size()));
      double mass = random.nextDouble() * top.stream().mapToDouble(i -> weights[i]).sum();
      var reaching = new ArrayList<Integer>();
      double sum = 0;
      for (int i : top) {
        if (!reaching.isEmpty() && sum >= mass - 1e-9) {
          break;
        }
        reaching.add(i);
        sum += weights[i];
      }
      var heaviest = new Heaviest();
      heaviest.all(weights);
      heaviest.most(k);
      assertThat(held(heaviest, weights)).containsExactlyInAnyOrderElementsOf(top);
      double reached = heaviest.reaching(mass - 1e-9);
      assertThat(held(heaviest, weights)).containsExactlyInAnyOrderElementsOf(reaching);
      assertThat(reached).isCloseTo(sum, within(1e-9));
    }
  }

  private static List<Integer> held(Heaviest heaviest, double[] weights) {
    return IntStream.range(0, weights.length)
        .filter(i -> weights[i] > 0 && heaviest.holds(i))
        .boxed()
        .toList();
  }

  @Test
  void samplesAreToldAsTheyEndAndAreThoseOfTheirNumbers() {
    var prompts = List.of(new int[] {3, 4}, new int[] {9, 8, 7, 6}, new int[] {3, 4});
    try (var policy = open("llama")) {
      var generator = new Generator(policy, Sampling.plain(6, 2), Set.of(1, 2, 3, 4, 5, 6, 7));
      var all = new ArrayList<Generator.Sample>();
      generator.sample(prompts, 9, 0, all::add);
      assertThat(all).hasSize(27);
      var part = new ArrayList<Generator.Sample>();
      generator.sample(prompts.subList(1, 2), 9, 1, part::add);
      for (var sample : part) {
        var same =
            all.stream()
                .filter(s -> s.prompt() == 1 && s.number() == sample.number())
                .findFirst()
                .orElseThrow();
        assertThat(same.drawn().tokens()).isEqualTo(sample.drawn().tokens());
        assertThat(same.drawn().logps()).isEqualTo(sample.drawn().logps());
        assertThat(same.drawn().entropies()).isEqualTo(sample.drawn().entropies());
      }
    }
  }

  @Test
  void anAdapterBesideSharesWeightsAndSaysWhatItSaysAlone() {
    var adapter = MODELS.resolve("llama_lora");
    int[] prompt = {506, 12, 400};
    try (var alone =
            Policy.open(
                MODELS.resolve("llama"),
                PolicySpec.frozen(Precision.FLOAT32).withAdapter(adapter));
        var base = open("llama")) {
      var plain = new Generator(base, Sampling.greedy(12), Set.of()).generate(List.of(prompt));
      try (var beside = base.beside(adapter)) {
        var one = new Generator(alone, Sampling.greedy(12), Set.of()).generate(List.of(prompt));
        var other = new Generator(beside, Sampling.greedy(12), Set.of()).generate(List.of(prompt));
        assertThat(other.getFirst().logps()).isEqualTo(one.getFirst().logps());
        assertThat(other.getFirst().logps()).isNotEqualTo(plain.getFirst().logps());
      }
      var after = new Generator(base, Sampling.greedy(12), Set.of()).generate(List.of(prompt));
      assertThat(after.getFirst().logps()).isEqualTo(plain.getFirst().logps());
    }
  }

  @Test
  void dropoutOfAnAdapterHasNoPartInDrawing(@TempDir Path folder) throws IOException {
    var adapter = MODELS.resolve("llama_lora");
    for (var file : List.of("adapter_config.json", "adapter_model.safetensors")) {
      Files.copy(adapter.resolve(file), folder.resolve(file));
    }
    var config = Json.readObject(folder.resolve("adapter_config.json"));
    config.put("lora_dropout", 0.5);
    Json.write(folder.resolve("adapter_config.json"), config);
    var plain = PolicySpec.frozen(Precision.FLOAT32);
    try (var still = Policy.open(MODELS.resolve("llama"), plain.withAdapter(adapter));
        var dropping = Policy.open(MODELS.resolve("llama"), plain.withAdapter(folder))) {
      var prompts = List.of(new int[] {506, 12, 400});
      var one = new Generator(still, Sampling.greedy(12), Set.of()).generate(prompts);
      var other = new Generator(dropping, Sampling.greedy(12), Set.of()).generate(prompts);
      assertThat(other.getFirst().logps()).isEqualTo(one.getFirst().logps());
    }
  }
}
