package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.generation.Located;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.store.Json;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import io.alidade.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// What the commands write, loaded by `transformers` and `peft`, and adapters of `peft`, loaded
/// here: the same numbers on both sides, and nothing missing, left over or warned of. Runs where
/// `ALIDADE_PYTHON` names a Python that has both (`golden/make/README.md` has the versions).
class TransformersTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path MODELS = GOLDEN.resolve("models");
  private static final int[] IDS = {506, 374, 273, 11, 99, 41, 9, 77, 300, 12, 400, 33};
  private static final String TEXT = "What is 12 plus 30? caf\u00e9";
  private static final List<Map<String, Object>> CHAT =
      List.of(Map.of("role", "user", "content", "What is 7 times 8?"));

  /// What transformers says of any configuration of Phi-3 with LongRoPE, its own included.
  private static final String ADVICE =
      "This model config has set a `rope_parameters['original_max_position_embeddings']` field";

  /// Adapters of PEFT that compute what is not computed here, by the setting that says so.
  private static final Map<String, String> REFUSED =
      Map.of(
          "biases", "'bias' is \"all\"",
          "biases of adapted modules", "'bias' is \"lora_only\"",
          "a bias of B", "'lora_bias' is true",
          "dora", "'use_dora' is true",
          "tokens", "'trainable_token_indices' is [5,9]",
          "pissa", "'init_lora_weights' is \"pissa\"",
          "more tokens", "has shape [520, 64]",
          "ia3", "'peft_type' is 'IA3'");

  @TempDir static Path work;

  private static final SequencedMap<String, String> KINDS = new LinkedHashMap<>();
  private static final Map<String, Path> BASES = new LinkedHashMap<>();

  @BeforeAll
  static void writeAndLoad() throws IOException, InterruptedException {
    var python = System.getenv("ALIDADE_PYTHON");
    assumeTrue(python != null, "ALIDADE_PYTHON names no Python with transformers and peft");
    for (var model : List.of("gpt2", "qwen2", "llama_sharded", "mistral", "qwen3")) {
      train("dpo", MODELS.resolve(model), model, "causal");
    }
    for (var model : List.of("gemma2", "gemma3_text", "phi3", "phi3_longrope", "gpt_neox")) {
      train("dpo", fresh(model), model, "causal");
    }
    var llama = MODELS.resolve("llama");
    adapter("dpo", llama, "adapter of the usual modules", "{r: 4, lora_alpha: 8}");
    adapter(
        "dpo",
        MODELS.resolve("qwen3"),
        "rank-stabilised adapter with patterns",
        "{r: 4, lora_alpha: 8, use_rslora: true, target_modules: [all-linear],"
            + " rank_pattern: {v_proj: 2}, alpha_pattern: {down_proj: 5.5}}");
    adapter("dpo", MODELS.resolve("gpt2"), "adapter of gpt2", "{r: 2, lora_alpha: 4}");
    adapter(
        "dpo",
        llama,
        "adapter with a saved head",
        "{r: 4, lora_alpha: 8, modules_to_save: [lm_head, input_layernorm]}");
    adapter(
        "dpo",
        llama,
        "adapter of embeddings",
        "{r: 4, lora_alpha: 8, target_modules: [q_proj, embed_tokens]}");
    adapter(
        "dpo",
        llama,
        "adapter of one layer with exclusions",
        "{r: 4, lora_alpha: 8, target_modules: [all-linear], exclude_modules: [down_proj]}");
    adapter("dpo", fresh("phi3"), "adapter of phi3", "{r: 2, lora_alpha: 4}");
    adapter("dpo", fresh("gpt_neox"), "adapter of gpt_neox", "{r: 2, lora_alpha: 4}");
    train("reward", llama, "reward model", "classifier");
    adapter("reward", llama, "reward adapter", "{r: 4, lora_alpha: 8}");
    export("merged", "rank-stabilised adapter with patterns", "--merge");
    export("in shards", "llama_sharded", "--dtype", "bfloat16", "--max-shard-size", "100KB");
    assertThat(work.resolve("in shards/model.safetensors.index.json")).exists();

    var requests = Json.mapper().createArrayNode();
    KINDS.forEach((name, kind) -> {
      var request = requests.addObject().put("name", name).put("kind", kind).put("text", TEXT);
      request.put("folder", folder(name).toString());
      request.put("base", String.valueOf(BASES.get(name)));
      request.set("chat", Json.mapper().valueToTree(CHAT));
    });
    Files.writeString(work.resolve("requests.json"), requests.toString());
    var process =
        new ProcessBuilder(
                python,
                GOLDEN.resolve("make/exchange.py").toString(),
                work.toString(),
                MODELS.toString())
            .redirectErrorStream(true)
            .redirectOutput(work.resolve("python.log").toFile())
            .start();
    assertThat(process.waitFor())
        .as(() -> {
          try {
            return Files.readString(work.resolve("python.log"));
          } catch (IOException unread) {
            return unread.toString();
          }
        })
        .isZero();
  }

  private static Path folder(String name) {
    var run = work.resolve(name).resolve("model");
    return Files.isDirectory(run) ? run : work.resolve(name);
  }

  private static void run(String... words) {
    var out = new StringWriter();
    assertThat(Main.run(new PrintWriter(out, true), new PrintWriter(out, true), words))
        .as(out::toString)
        .isZero();
  }

  /// A new model of a family, with a configuration of its golden and the tokenizer of another.
  private static Path fresh(String family) throws IOException {
    var folder = work.resolve("new-" + family);
    if (!Files.exists(folder)) {
      var config = Json.readObject(MODELS.resolve(family).resolve("config.json"));
      config.put("vocab_size", 512).put("max_position_embeddings", 256);
      var file = work.resolve(family + ".json");
      Files.writeString(file, config.toString());
      run(
          "init",
          "--config",
          file.toString(),
          "--tokenizer",
          MODELS.resolve("llama").toString(),
          "--out",
          folder.toString());
    }
    return folder;
  }

  private static void train(
      String recipe, Path model, String name, String kind, String... settings) {
    var words =
        new ArrayList<>(List.of("train", recipe, "--model", model.toAbsolutePath().toString()));
    words.addAll(
        List.of(
            "--data",
            GOLDEN.resolve("training/data/preference_plain.jsonl").toString(),
            "--out",
            work.resolve(name).toString()));
    Stream.concat(
            Stream.of(
                "max_steps=2",
                "eval_fraction=0",
                "per_device_train_batch_size=2",
                "gradient_accumulation_steps=1",
                "optimizer.AdamW.learning_rate=0.01",
                "learning_rate_factor=1"),
            Stream.of(settings))
        .forEach(setting -> words.addAll(List.of("--set", setting)));
    run(words.toArray(String[]::new));
    KINDS.put(name, kind);
    BASES.put(name, model.toAbsolutePath());
  }

  private static void adapter(String recipe, Path model, String name, String settings) {
    train(
        recipe,
        model,
        name,
        recipe.equals("reward") ? "reward adapter" : "adapter",
        "adapter=" + settings);
  }

  private static void export(String name, String of, String... options) {
    var words =
        new ArrayList<>(
            List.of(
                "export",
                "--model",
                work.resolve(of).toString(),
                "--out",
                work.resolve(name).toString()));
    words.addAll(List.of(options));
    run(words.toArray(String[]::new));
    KINDS.put(name, "causal");
  }

  @TestFactory
  Stream<DynamicTest> whatIsWrittenHereIsTheSameThere() {
    var answers = Json.readObject(work.resolve("answers.json"));
    return KINDS.keySet().stream()
        .map(name -> DynamicTest.dynamicTest(name, () -> same(name, answers.path(name))));
  }

  private static void same(String name, JsonNode answer) {
    assertThat(answer.path("failed").asString("")).isEmpty();
    assertThat(
            answer
                .path("complaints")
                .valueStream()
                .map(JsonNode::asString)
                .filter(line -> !line.startsWith(ADVICE)))
        .isEmpty();
    var located = Located.find(folder(name).toString(), Optional.empty());
    close(ours(located), answer.path("logits"));
    if (answer.has("ids")) {
      try (var tokenizer = Tokenizer.load(located.tokenizer())) {
        assertThat(tokenizer.encode(TEXT, true)).isEqualTo(ints(answer.path("ids")));
        tokenizer
            .template()
            .ifPresent(template ->
                assertThat(
                        template
                            .conversation(
                                CHAT, null, true, new LinkedHashMap<>(tokenizer.specialTokens()))
                            .text())
                    .isEqualTo(answer.path("chat").asString()));
      }
    }
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private static void close(float[] ours, JsonNode theirs) {
    assertThat(theirs.size()).isEqualTo(ours.length);
    for (int i = 0; i < ours.length; i++) {
      assertThat(ours[i])
          .as("logit %d", i)
          .isCloseTo((float) theirs.get(i).asDouble(), within(1e-4f));
    }
  }

  /// Logits of every token, or the reward of the last.
  private static float[] ours(Located located) {
    var spec = PolicySpec.frozen(Precision.FLOAT32).with(located.head());
    var adapted = located.adapter().map(spec::withAdapter).orElse(spec);
    try (var policy = Policy.open(located.folder(), adapted);
        var _ = new Step()) {
      if (located.head() == Head.LANGUAGE) {
        return Ops.toFloats(policy.logits(IDS));
      }
      var answer = Completion.of(Arrays.copyOfRange(IDS, 1, IDS.length));
      var group =
          new Group(new Example.Row("ids", 1), Arrays.copyOf(IDS, 1), List.of(answer), Map.of());
      var scoring = policy.score(new Batch(List.of(group)), Set.of(Readout.REWARD), false);
      return Ops.toFloats(scoring.outputs().values().iterator().next());
    }
  }

  @TestFactory
  Stream<DynamicTest> whatIsWrittenThereIsTheSameHereOrRefused() {
    var theirs = Json.readObject(work.resolve("theirs.json"));
    assertThat(theirs.propertyNames()).containsAll(REFUSED.keySet());
    return theirs.propertyNames().stream()
        .map(name -> DynamicTest.dynamicTest(name, () -> loads(name, theirs.path(name))));
  }

  private static void loads(String name, JsonNode theirs) {
    var folder = work.resolve("theirs").resolve(name).toString();
    var reason = REFUSED.get(name);
    if (reason == null) {
      close(
          ours(Located.find(theirs.path("base").asString(), Optional.of(folder))),
          theirs.path("logits"));
      return;
    }
    assertThat(
            org.assertj.core.api.Assertions.catchThrowable(
                () -> ours(Located.find(theirs.path("base").asString(), Optional.of(folder)))))
        .isInstanceOf(UserException.class)
        .message()
        .contains(reason)
        .doesNotContain("\n");
  }
}
