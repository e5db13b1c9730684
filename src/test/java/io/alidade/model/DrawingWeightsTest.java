package io.alidade.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.model.causal.KeyValueCache;
import io.alidade.model.causal.Layout;
import io.alidade.model.causal.PackedAttention;
import io.alidade.store.Json;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Reordered;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.pytorch.Scalar;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Drawing with weights in another order, by models large enough for it.
class DrawingWeightsTest {
  private static final Path MODELS = Path.of("src/test/resources/golden/models");
  private static final List<int[]> PROMPTS = List.of(new int[] {5, 9, 401}, new int[] {77});

  private static final LoraSpec LORA =
      new LoraSpec(
          4,
          8,
          0,
          new Targets.AllLinear(),
          false,
          List.of(),
          new LinkedHashMap<>(),
          new LinkedHashMap<>(),
          List.of(),
          Optional.empty());

  @TempDir private Path folder;

  /// A fresh model of two layers and 12 MiB.
  private Path model(String family) throws IOException {
    var config = Json.readObject(MODELS.resolve(family).resolve("config.json"));
    config.put("vocab_size", 8192);
    if (family.equals("gpt2")) {
      config.put("n_embd", 256);
    } else {
      config.put("hidden_size", 256);
      config.put("intermediate_size", 512);
      config.put("head_dim", 64);
    }
    Json.write(folder.resolve(family + ".json"), config);
    var target = folder.resolve(family);
    FreshModel.write(folder.resolve(family + ".json"), MODELS.resolve(family), target, 3);
    return target;
  }

  private Policy open(String family) throws IOException {
    return Policy.open(model(family), PolicySpec.frozen(Precision.FLOAT32));
  }

  private static List<Drawn> drawn(Policy policy) {
    return new Generator(policy, Sampling.greedy(8), Set.of()).generate(PROMPTS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void logitsAreThoseOfTheWeightsAsTheyAre(String family) throws IOException {
    int[] prompt = {5, 9, 401, 12};
    try (var policy = open(family);
        var ordered = policy.drawingWeights().orElseThrow();
        var cache = new KeyValueCache(policy.architecture().layers(), 8);
        var _ = new Step()) {
      var layout = Layout.of(prompt);
      var packed = PackedAttention.of(policy.architecture(), layout, Precision.FLOAT32.type());
      policy.logits(
          policy.weights(),
          layout,
          KeyValueCache.reading(List.of(cache), List.of(prompt), packed),
          new int[] {3});
      var step = Layout.steps(new int[] {33}, new int[] {4});
      var logits = policy.logits(ordered, step, KeyValueCache.next(List.of(cache)), new int[] {0});
      var whole = policy.logits(5, 9, 401, 12, 33);
      double apart = Ops.number(logits.sub(whole.narrow(0, 4, 1)).abs().max());
      assertThat(apart).isCloseTo(0, within(2e-6)).isNotZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void aRowHasTheSameBitsInAnyCompany(String family) throws IOException {
    try (var policy = open(family)) {
      assertThat(policy.drawingWeights()).isPresent();
      DecoderTest.checkSameBitsInAnyCompany(policy, 1, 6, 19, 40);
    }
  }

  /// Prompts of 1 to 300 tokens, of which the shorter ones share passes.
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void aPromptIsReadAlikeInAnyCompany(String family) throws IOException {
    boolean llama = family.equals("llama"); // reads more positions
    var random = new java.util.Random(5);
    var prompts =
        java.util.stream.IntStream.of(3, 1, 100, 40, 90, llama ? 300 : 240, 20, llama ? 256 : 200)
            .mapToObj(length -> random.ints(length, 0, 500).toArray())
            .toList();
    var spec = PolicySpec.trainable(Precision.FLOAT32);
    var lora = LoraSpec.of(16, 16, new Targets.AllLinear());
    var sampling = Sampling.plain(3, 9);
    var model = model(family);
    for (var each : llama ? List.of(spec, spec.with(lora)) : List.of(spec)) {
      try (var policy = Policy.open(model, each)) {
        var all = new Generator(policy, sampling, Set.of()).generate(prompts);
        for (int i = 0; i < prompts.size(); i++) {
          var alone =
              new Generator(policy, sampling, Set.of()).generate(prompts.subList(i, i + 1), i);
          assertThat(alone.getFirst())
              .as("prompt %d", i)
              .usingRecursiveComparison()
              .isEqualTo(all.get(i));
        }
      }
    }
  }

  @Test
  void soItHasUnderAnAdapter() throws IOException {
    // Eight columns and more: with fewer the general product, too, treats all rows alike.
    var lora = LoraSpec.of(16, 16, new Targets.AllLinear());
    try (var policy =
            Policy.open(model("llama"), PolicySpec.trainable(Precision.FLOAT32).with(lora));
        var random = new Rng(3)) {
      for (var factor : policy.trainable().values()) {
        try (var _ = new Step()) {
          var values = Ops.times(random.normal(Ops.shape(factor)), 0.2);
          Grad.off(() -> factor.copy_(values));
        }
      }
      assertThat(policy.drawingWeights()).isPresent();
      DecoderTest.checkSameBitsInAnyCompany(policy, 1, 6, 19, 40);
    }
  }

  @Test
  void smallModelsOtherPrecisionsAndOddWidthsKeepTheirOrder() throws IOException {
    assertThat(Reordered.alike()).isTrue();
    var golden = PolicySpec.frozen(Precision.FLOAT32);
    try (var small = Policy.open(MODELS.resolve("llama"), golden);
        var brief = Policy.open(model("llama"), PolicySpec.frozen(Precision.BFLOAT16))) {
      assertThat(small.drawingWeights()).isEmpty();
      assertThat(brief.drawingWeights()).isEmpty();
    }
    var config = Json.readObject(folder.resolve("llama").resolve("config.json"));
    config.put("vocab_size", 9001);
    Json.write(folder.resolve("odd.json"), config);
    var target = folder.resolve("odd");
    FreshModel.write(folder.resolve("odd.json"), MODELS.resolve("llama"), target, 3);
    try (var odd = Policy.open(target, golden)) {
      assertThat(odd.drawingWeights()).isEmpty();
    }
  }

  @Test
  void drawsFollowWeightsInTraining() throws IOException {
    var spec = PolicySpec.trainable(Precision.FLOAT32);
    try (var policy = Policy.open(model("llama"), spec);
        var reference = policy.frozenCopy()) {
      var before = drawn(policy);
      try (var _ = new Step()) {
        Grad.off(() ->
            policy.trainable().values().stream()
                .map(weight -> weight.mul_(new Scalar(1.5)))
                .toList());
      }
      var after = drawn(policy);
      try (var changed = policy.frozenCopy()) {
        assertThat(logps(after)).isEqualTo(logps(drawn(changed))).isNotEqualTo(logps(before));
      }
      assertThat(logps(drawn(reference))).isEqualTo(logps(before));
      try (var follower = policy.follower()) {
        assertThat(logps(drawn(follower))).isEqualTo(logps(after));
        follower.put(reference.changeable());
        assertThat(logps(drawn(follower))).isEqualTo(logps(before));
        follower.approach(policy, 1);
        assertThat(logps(drawn(follower))).isEqualTo(logps(after));
      }
    }
  }

  /// An adapter that moves leaves the copies of the weights below as they are.
  @Test
  void drawsFollowAnAdapterThatMoves() throws IOException {
    var spec = PolicySpec.trainable(Precision.FLOAT32).with(LORA);
    try (var policy = Policy.open(model("llama"), spec);
        var follower = policy.follower()) {
      var before = logps(drawn(follower));
      try (var _ = new Step()) {
        Grad.off(() ->
            policy.trainable().values().stream()
                .map(weight -> weight.add_(new Scalar(0.05)))
                .toList());
      }
      assertThat(logps(drawn(follower))).isEqualTo(before);
      follower.approach(policy, 1);
      assertThat(logps(drawn(follower))).isEqualTo(logps(drawn(policy))).isNotEqualTo(before);
    }
  }

  private static List<String> logps(List<Drawn> drawn) {
    return drawn.stream().map(d -> Arrays.toString(d.logps())).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void whatOnlyDrawsSaysTheSameAndRefusesTheRest(String family) throws IOException {
    try (var policy = open(family)) {
      var before = logps(drawn(policy));
      policy.drawOnly();
      assertThat(logps(drawn(policy))).isEqualTo(before);
      policy.drawOnly();
      assertThat(logps(drawn(policy))).isEqualTo(before);
      for (var other :
          List.<ThrowingCallable>of(
              policy::fingerprint, policy::frozenCopy, () -> policy.logits(1, 2))) {
        assertThatThrownBy(other).hasMessageContaining("opened for drawing alone");
      }
    }
  }

  @Test
  void adaptersShareTheCopiesOfTheModelBelow() throws IOException {
    var spec = PolicySpec.frozen(Precision.FLOAT32);
    var adapter = folder.resolve("adapter");
    try (var trained = Policy.open(model("llama"), spec.with(LORA))) {
      trained.saveAdapter(adapter);
    }
    List<String> before;
    Policy beside;
    try (var base = Policy.open(folder.resolve("llama"), spec)) {
      beside = base.beside(adapter);
      before = logps(drawn(base));
      base.drawOnly();
      long alone = Step.liveObjects();
      beside.drawOnly();
      assertThat(Step.liveObjects()).isLessThan(alone); // handles freed, no copies made
    }
    try (beside) {
      assertThat(logps(drawn(beside))).isEqualTo(before); // a fresh adapter adds nothing
    }
  }

  @Test
  void copiesAreSharedAndFreedWithTheLastPolicy() throws IOException {
    var path = model("llama");
    var spec = PolicySpec.frozen(Precision.FLOAT32);
    drawOnce(path, spec); // whatever is made once a process
    long before = Step.liveObjects();
    drawOnce(path, spec);
    assertThat(Step.liveObjects()).isEqualTo(before);
  }

  private static void drawOnce(Path path, PolicySpec spec) {
    try (var policy = Policy.open(path, spec)) {
      drawn(policy);
      long kept = Step.liveObjects();
      drawn(policy);
      assertThat(Step.liveObjects()).isEqualTo(kept);
    }
  }
}
