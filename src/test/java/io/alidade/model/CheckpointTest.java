package io.alidade.model;

import static io.alidade.model.PolicyGoldenTest.read;
import static io.alidade.model.ScoringGradientTest.batch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.store.Json;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Checkpoint folders: written as they were read, and refused with one line when they are broken.
class CheckpointTest {
  private static final PolicySpec PLAIN = PolicySpec.frozen(Precision.FLOAT32);

  @TempDir Path temporary;

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama_sharded", "gpt2", "qwen2"})
  void writesWhatItRead(String model) throws IOException {
    var origin = Golden.folder(model);
    var target = temporary.resolve("out");
    try (var policy = Policy.open(origin, PLAIN)) {
      policy.save(target, SaveOptions.PLAIN);
    }
    assertThat(Json.read(target.resolve("config.json")))
        .isEqualTo(Json.read(origin.resolve("config.json")));
    for (var name : List.of("tokenizer.json", "tokenizer_config.json", "generation_config.json")) {
      assertThat(target.resolve(name)).hasSameBinaryContentAs(origin.resolve(name));
    }
    if (!model.equals("llama_sharded")) {
      assertThat(target.resolve("model.safetensors"))
          .hasSameBinaryContentAs(origin.resolve("model.safetensors"));
    }
    try (var one = Policy.open(origin, PLAIN);
        var two = Policy.open(target, PLAIN)) {
      assertThat(two.fingerprint()).isEqualTo(one.fingerprint());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BFLOAT16", "FLOAT16", "FLOAT32"})
  void keepsEveryBitInTheSamePrecision(Precision precision) {
    var one = temporary.resolve("one");
    var two = temporary.resolve("two");
    try (var policy = Policy.open(Golden.folder("llama"), PolicySpec.frozen(precision))) {
      policy.save(one, new SaveOptions(Optional.empty(), 100_000));
    }
    assertThat(one.resolve("model.safetensors.index.json")).exists();
    assertThat(Json.read(one.resolve("config.json")).path("dtype").asString())
        .isEqualTo(precision.toString());
    try (var policy = Policy.open(one, PolicySpec.frozen(precision))) {
      policy.save(two, new SaveOptions(Optional.empty(), 100_000));
      try (var other = Policy.open(two, PolicySpec.frozen(precision))) {
        assertThat(other.fingerprint()).isEqualTo(policy.fingerprint());
      }
    }
    // Opening a narrow file widely, and saving narrowly again, changes nothing either.
    var three = temporary.resolve("three");
    try (var policy = Policy.open(one, PLAIN)) {
      policy.save(three, SaveOptions.PLAIN.in(precision));
    }
    try (var policy = Policy.open(one, PolicySpec.frozen(precision));
        var other = Policy.open(three, PolicySpec.frozen(precision))) {
      assertThat(other.fingerprint()).isEqualTo(policy.fingerprint());
    }
  }

  @Test
  void readsTheOlderLayoutOfRotarySettings() {
    for (var model : List.of("llama", "mistral", "qwen2", "qwen3")) {
      var folder = copy(model, _ -> {});
      try {
        Files.copy(
            Golden.folder(model).resolve("config.pre5.json"),
            folder.resolve("config.json"),
            StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      try (var old = Policy.open(folder, PLAIN);
          var now = Policy.open(Golden.folder(model), PLAIN);
          var _ = new Step()) {
        assertThat(likelihoods(old, batch())).isEqualTo(likelihoods(now, batch()));
      }
    }
  }

  private static float[] likelihoods(Policy policy, Batch batch) {
    return Ops.toFloats(
        read(policy.score(batch, Set.of(Readout.LOG_LIKELIHOOD), false), Readout.LOG_LIKELIHOOD));
  }

  @Test
  void readsABaseModelsNamesAndIgnoresOldBuffers() {
    var folder =
        copyWeights(
            "gpt2",
            weights -> {
              var bare = new LinkedHashMap<String, Tensor>();
              weights.forEach((name, t) -> bare.put(name.replaceFirst("^transformer\\.", ""), t));
              bare.put("h.0.attn.bias", Ops.zeros(Precision.FLOAT32.type(), 1, 1, 4, 4));
              weights.clear();
              weights.putAll(bare);
            });
    try (var bare = Policy.open(folder, PLAIN);
        var full = Policy.open(Golden.folder("gpt2"), PLAIN);
        var _ = new Step()) {
      assertThat(likelihoods(bare, batch())).isEqualTo(likelihoods(full, batch()));
    }
  }

  @Test
  void readsAndWritesARewardModel() {
    try (var policy = Policy.open(Golden.folder("llama_reward"), PLAIN.with(Head.REWARD));
        var _ = new Step()) {
      var rewards = read(policy.score(batch(), Set.of(Readout.REWARD), false), Readout.REWARD);
      assertThat(Ops.shape(rewards)).containsExactly(batch().candidates(), 1);
      policy.save(temporary.resolve("out"), SaveOptions.PLAIN);
      assertThat(Json.read(temporary.resolve("out/config.json")))
          .isEqualTo(Json.read(Golden.folder("llama_reward").resolve("config.json")));
    }
    // A language model becomes a reward model with one new weight, the same for the same seed.
    try (var one = Policy.open(Golden.folder("llama"), PLAIN.with(Head.REWARD).seeded(1));
        var same = Policy.open(Golden.folder("llama"), PLAIN.with(Head.REWARD).seeded(1));
        var other = Policy.open(Golden.folder("llama"), PLAIN.with(Head.REWARD).seeded(2))) {
      assertThat(same.fingerprint()).isEqualTo(one.fingerprint());
      assertThat(other.fingerprint()).isNotEqualTo(one.fingerprint());
      one.save(temporary.resolve("new"), SaveOptions.PLAIN);
      var json = Json.read(temporary.resolve("new/config.json"));
      assertThat(json.path("architectures").toString())
          .isEqualTo("[\"LlamaForSequenceClassification\"]");
      assertThat(json.path("id2label").toString()).isEqualTo("{\"0\":\"LABEL_0\"}");
    }
  }

  @Test
  void convertsTensorsOfSeveralPieces() throws IOException {
    int rows = 40_000; // 2.56 million numbers, read a million at a time
    var values = new float[rows * 64];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(i);
    }
    var folder =
        copyWeights(
            "llama",
            weights -> {
              weights.put("lm_head.weight", Ops.floats(values, rows, 64));
              weights.put("model.embed_tokens.weight", Ops.floats(values, rows, 64));
            });
    var json = (ObjectNode) Json.read(folder.resolve("config.json"));
    Files.writeString(folder.resolve("config.json"), json.put("vocab_size", rows).toString());
    try (var policy = Policy.open(folder, PolicySpec.trainable(Precision.BFLOAT16));
        var _ = new Step()) {
      var narrow = Ops.floats(values, rows, 64).to(Precision.BFLOAT16.type());
      var head = Objects.requireNonNull(policy.trainable().get("lm_head.weight"));
      assertThat(head.equal(narrow)).isTrue();
    }
  }

  private static Tensor ones() {
    return Ops.floats(new float[] {1}, 1);
  }

  @Test
  void saysWhichTensorIsMissingMisshapenOrUnknown() {
    refused(
        copyWeights("llama", w -> w.remove("model.layers.1.mlp.up_proj.weight")),
        PLAIN,
        "tensor 'model.layers.1.mlp.up_proj.weight' missing from the weights");
    refused(
        copyWeights(
            "llama", w -> w.put("model.norm.weight", Ops.zeros(Precision.FLOAT32.type(), 63))),
        PLAIN,
        "tensor 'model.norm.weight' has shape [63], config.json implies [64]");
    refused(
        copyWeights("llama", w -> w.put("extra.weight", ones())),
        PLAIN,
        "the weights hold tensor 'extra.weight', which this architecture does not know");
    refused(Golden.folder("llama_reward"), PLAIN, "it is a reward model, not a language model");
    refused(
        copyWeights("llama", w -> w.put("model.norm.weight", Ops.longs(new long[64], 64))),
        PLAIN,
        "tensor 'model.norm.weight' is of type I64");
  }

  @Test
  void saysWhatIsWrongWithAConfiguration() {
    refused(
        copy("llama", json -> json.put("model_type", "mamba")),
        PLAIN,
        "'model_type' is 'mamba', which is not supported; known: [gemma2, gemma3_text, gpt2, gpt_neox, llama, mistral, phi3, qwen2, qwen3]");
    refused(
        copy("llama", json -> json.put("model_type", "../../Heads")), PLAIN, "is not supported");
    refused(copy("llama", json -> json.put("model_type", "heads")), PLAIN, "is not supported");
    refused(copy("llama", json -> json.remove("hidden_size")), PLAIN, "'hidden_size' is missing");
    refused(
        copy("llama", json -> json.put("hidden_size", 0)),
        PLAIN,
        "'hidden_size' must be at least 1, was 0");
    refused(
        copy("llama", json -> json.put("num_key_value_heads", 3)),
        PLAIN,
        "'num_key_value_heads' is 3, which does not divide 4 heads");
    refused(
        copy("llama", json -> json.put("hidden_act", "relu6")),
        PLAIN,
        "'hidden_act' is 'relu6', which is unknown");
    refused(
        copy("llama", json -> json.putObject("rope_parameters").put("rope_type", "magic")),
        PLAIN,
        "'rope_type' is 'magic', which is unknown");
  }

  @Test
  void saysThatAFileIsTruncatedOrAbsent() throws IOException {
    var folder = copy("llama", _ -> {});
    var file = folder.resolve("model.safetensors");
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 300_000));
    refused(folder, PLAIN, "truncated");
    Files.delete(file);
    refused(folder, PLAIN, "no model.safetensors");
    Files.delete(folder.resolve("config.json"));
    refused(folder, PLAIN, "config.json");
  }

  @Test
  void refusesWeightsThatTheMachineCannotHold() {
    var shapes = List.of(new long[] {1 << 20, 1 << 11}, new long[] {1 << 11});
    Checkpoint.fits(Path.of("m"), shapes, Precision.FLOAT32, (8L << 30) + (1 << 13));
    assertThatThrownBy(() -> Checkpoint.fits(Path.of("m"), shapes, Precision.FLOAT32, 8L << 30))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "m: its weights take 8.0 GiB in float32, this machine has 8.0 GiB; take a narrower"
                + " type (bfloat16) or a smaller model");
    Checkpoint.fits(Path.of("m"), shapes, Precision.BFLOAT16, 8L << 30);
  }

  @Test
  void readsAHeadThatAloneWasKeptOfATiedPair() {
    var folder =
        copyWeights(
            "qwen2",
            w ->
                w.put(
                    "lm_head.weight",
                    Objects.requireNonNull(w.remove("model.embed_tokens.weight"))));
    try (var one = Policy.open(folder, PLAIN);
        var other = Policy.open(Golden.folder("qwen2"), PLAIN);
        var _ = new Step()) {
      assertThat(likelihoods(one, batch())).isEqualTo(likelihoods(other, batch()));
    }
  }

  private static void refused(Path folder, PolicySpec spec, String message) {
    long before = Step.liveObjects();
    assertThatThrownBy(() -> Policy.open(folder, spec))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(message)
        .hasMessageContaining(folder.toString())
        .message()
        .doesNotContain("\n");
    assertThat(Step.liveObjects()).isLessThanOrEqualTo(before);
  }

  /// A copy of a golden checkpoint with another configuration.
  private Path copy(String model, Consumer<ObjectNode> change) {
    try {
      var folder = Files.createTempDirectory(temporary, model);
      try (var files = Files.list(Golden.folder(model))) {
        for (var file : files.toList()) {
          Files.copy(file, folder.resolve(file.getFileName()));
        }
      }
      var config = folder.resolve("config.json");
      var json = (ObjectNode) Json.read(config);
      change.accept(json);
      Files.writeString(config, json.toString());
      return folder;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /// A copy of a golden checkpoint with other weights.
  private Path copyWeights(String model, Consumer<Map<String, Tensor>> change) {
    var folder = copy(model, _ -> {});
    try (var _ = new Step()) {
      var weights = new LinkedHashMap<>(TensorFiles.read(folder.resolve("model.safetensors")));
      change.accept(weights);
      TensorFiles.write(folder.resolve("model.safetensors"), weights);
    }
    return folder;
  }
}
