package io.alidade.model;

import static io.alidade.model.ScoringGradientTest.all;
import static io.alidade.model.ScoringGradientTest.group;
import static io.alidade.model.SharedScoringTest.threads;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.model.causal.Architectures;
import io.alidade.reference.Cached;
import io.alidade.reference.Frozen;
import io.alidade.reference.Reference;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every way in which a batch can be computed, on every family, against the naive one: a candidate
/// at a time, each with a prompt of its own, on one thread. Values are held to [DenseReference],
/// gradients to those of the naive way, which [FamiliesTest] holds to slopes of that reference.
///
/// Groups are as unlike as they come: a list of eight, four rollouts of a prompt of one token, an
/// empty prompt, completions of one token, a prompt beyond every window, lengths from 1 to 40; and
/// many short ones, which are padded.
class EveryWayTest {
  private static final PolicySpec DOUBLE = PolicySpec.trainable(Precision.FLOAT64);
  private static final Set<Readout> LIKELIHOOD = Set.of(Readout.LOG_LIKELIHOOD);
  private static final LoraSpec LORA = LoraSpec.of(3, 5, new Targets.AllLinear());

  /// Relative to the number, or to the largest of a weight's gradient: what the order of sums may
  /// change.
  private static final double EXACT = 1e-9;

  /// The same in float32, against float64.
  private static final double SINGLE = 2e-4;

  /// The same in bfloat16, whose numbers have eight bits, through three layers of random weights:
  /// of a log-likelihood, and of the length of a weight's gradient.
  private static final double SHORT = 0.15;

  @TempDir Path folder;

  /// What is special in each is named in [FamilyCases]; kinds of rotation beside these are in
  /// [FamiliesTest].
  static Stream<FamilyCases.Case> cases() {
    var names =
        Set.of(
            "llama",
            "llama with biases and wide heads",
            "mistral",
            "qwen2",
            "qwen2 with windows",
            "qwen3 with windows",
            "gemma2",
            "gemma3_text",
            "phi3",
            "phi3 with longrope",
            "gpt2",
            "gpt2 variant",
            "gpt_neox",
            "gpt_neox in sequence");
    return FamilyCases.all().stream().filter(one -> names.contains(one.name()));
  }

  @Test
  void everyKnownFamilyIsAmongThem() {
    assertThat(
            cases().map(c -> c.config().get("model_type").asString()).collect(Collectors.toSet()))
        .containsExactlyInAnyOrderElementsOf(Architectures.known());
  }

  private static int[] tokens(Random random, int length) {
    return random.ints(length, 0, 40).toArray();
  }

  private static Group of(Random random, int prompt, int... lengths) {
    return group(
        prompt + 1,
        tokens(random, prompt),
        IntStream.of(lengths)
            .mapToObj(length -> {
              var scored = new boolean[length];
              for (int u = 0; u < length; u++) {
                scored[u] = prompt + u > 0 && (length < 5 || u != 2); // one is left out
              }
              return new Completion(tokens(random, length), scored);
            })
            .toArray(Completion[]::new));
  }

  private static Batch unlike() {
    var random = new Random(8);
    return new Batch(
        List.of(
            of(random, 11, 1, 3, 2, 5, 1, 4, 2, 9),
            of(random, 1, 6, 1, 2, 9),
            of(random, 0, 5, 2),
            of(random, 1, 1, 1),
            of(random, 20, 1, 20)));
  }

  private static Batch manyShort() {
    var random = new Random(9);
    return new Batch(
        List.of(
            of(random, 2, 3, 1),
            of(random, 7, 1, 1),
            of(random, 0, 3),
            of(random, 1, 2, 5, 1),
            of(random, 5, 2, 4)));
  }

  /// What was found: log-likelihoods of each candidate and gradients of each weight.
  private record Found(List<double[]> values, Map<String, double[]> gradients) {}

  /// What multiplies the likelihood of a unit in the sum whose gradient is taken.
  private static double factor(int candidate, int unit) {
    return Math.sin(1 + 31.0 * candidate + 7.0 * unit);
  }

  private static Found find(Policy policy, List<Batch> passes) {
    var values = new ArrayList<double[]>();
    var gradients = new LinkedHashMap<String, double[]>();
    try (var _ = new Step()) {
      for (var batch : passes) {
        try (var _ = new Step()) {
          var scoring = policy.score(batch, LIKELIHOOD, true);
          var output = PolicyGoldenTest.read(scoring, Readout.LOG_LIKELIHOOD);
          int units = batch.units();
          var flat = Ops.toDoubles(output);
          var factors = new double[flat.length];
          int n = 0;
          for (var group : batch.groups()) {
            for (var one : group.candidates()) {
              for (int u = 0; u < one.tokens().length; u++) {
                factors[n * units + u] = factor(values.size(), u);
              }
              values.add(Arrays.copyOfRange(flat, n * units, n * units + one.tokens().length));
              n++;
            }
          }
          scoring.backward(
              Map.of(
                  Readout.LOG_LIKELIHOOD, Ops.doubles(factors, n, units).to(output.scalar_type())));
        }
      }
      policy
          .trainable()
          .forEach((name, leaf) -> {
            gradients.put(
                name,
                Grad.has(leaf)
                    ? Ops.toDoubles(Grad.gathered(leaf))
                    : new double[(int) leaf.numel()]);
            Grad.clear(leaf);
          });
    }
    return new Found(values, gradients);
  }

  /// Each candidate in a pass of its own.
  private static List<Batch> apart(Batch batch) {
    return batch.groups().stream()
        .flatMap(group ->
            group.candidates().stream()
                .map(one ->
                    new Batch(
                        List.of(new Group(group.row(), group.prompt(), List.of(one), Map.of())))))
        .toList();
  }

  private static List<Batch> groupByGroup(Batch batch) {
    return batch.groups().stream().map(group -> new Batch(List.of(group))).toList();
  }

  private static List<double[]> dense(DenseReference reference, Batch batch) {
    var values = new ArrayList<double[]>();
    for (var group : batch.groups()) {
      for (var one : group.candidates()) {
        int prompt = group.prompt().length;
        var logits =
            reference.logits(
                IntStream.concat(IntStream.of(group.prompt()), IntStream.of(one.tokens()))
                    .toArray());
        var own = new double[one.tokens().length];
        for (int u = 0; u < own.length; u++) {
          if (one.scored()[u]) {
            var row = logits[prompt + u - 1];
            double sum = Arrays.stream(row).map(Math::exp).sum();
            own[u] = row[one.tokens()[u]] - Math.log(sum);
          }
        }
        values.add(own);
      }
    }
    return values;
  }

  private static void close(String way, Found got, Found expected, double tolerance) {
    values(way, got.values, expected.values, tolerance);
    assertThat(got.gradients.keySet()).isEqualTo(expected.gradients.keySet());
    expected.gradients.forEach((name, wanted) -> {
      var found = Objects.requireNonNull(got.gradients.get(name));
      double largest = Arrays.stream(wanted).map(Math::abs).max().orElse(0);
      for (int i = 0; i < wanted.length; i++) {
        assertThat(found[i])
            .as("%s: gradient of %s[%d]", way, name, i)
            .isCloseTo(wanted[i], within(tolerance * Math.max(largest, 1e-3)));
      }
    });
  }

  private static void values(
      String way, List<double[]> got, List<double[]> expected, double tolerance) {
    assertThat(got).hasSameSizeAs(expected);
    for (int n = 0; n < got.size(); n++) {
      for (int u = 0; u < got.get(n).length; u++) {
        double wanted = expected.get(n)[u];
        assertThat(got.get(n)[u])
            .as("%s: candidate %d, unit %d", way, n, u)
            .isCloseTo(wanted, within(tolerance * Math.max(1, Math.abs(wanted))));
      }
    }
  }

  private static void sameBits(String way, Supplier<Found> work) {
    var first = work.get();
    var second = work.get();
    for (int n = 0; n < first.values.size(); n++) {
      assertThat(second.values.get(n)).as(way).isEqualTo(first.values.get(n));
    }
    first.gradients.forEach((name, gradient) ->
        assertThat(second.gradients.get(name)).as("%s: %s", way, name).isEqualTo(gradient));
  }

  /// All ways of one policy against what is expected.
  private static void everyWay(Policy policy, Batch batch, Found expected) {
    var together = List.of(batch);
    close("together", find(policy, together), expected, EXACT);
    close("group by group", find(policy, groupByGroup(batch)), expected, EXACT);
    for (int count : new int[] {2, 3, 9}) {
      close(count + " threads", threads(count, () -> find(policy, together)), expected, EXACT);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void valuesAndGradientsAreThoseOfTheNaiveWay(FamilyCases.Case which) {
    var reference = new DenseReference(which.config(), FamiliesTest.write(folder, which));
    for (var batch : List.of(unlike(), manyShort())) {
      try (var policy = Policy.open(folder, DOUBLE);
          var again = Policy.open(folder, DOUBLE.checkpointing(true));
          var bound = Policy.open(folder, DOUBLE.within(MemoryBudget.of("1MiB")))) {
        var naive = find(policy, apart(batch));
        values("naive", naive.values, dense(reference, batch), EXACT);
        everyWay(policy, batch, naive);
        close("layers computed again", find(again, List.of(batch)), naive, EXACT);
        close("in little memory", find(bound, List.of(batch)), naive, EXACT);
        cached(batch, naive);
        single(batch, naive);
      }
    }
  }

  /// Short weights against the same weights in float64: the distance of gradients against their
  /// length.
  @ParameterizedTest
  @MethodSource("cases")
  void shortWeightsAreNearTheSameWeightsInFloat64(FamilyCases.Case which) throws IOException {
    FamiliesTest.write(folder, which);
    var batch = unlike();
    var rounded = Files.createDirectories(folder.resolve("rounded"));
    Files.copy(folder.resolve("config.json"), rounded.resolve("config.json"));
    try (var _ = new Step()) {
      var tensors = TensorFiles.read(folder.resolve("model.safetensors"));
      tensors.replaceAll(
          (_, tensor) -> tensor.to(Precision.BFLOAT16.type()).to(Precision.FLOAT64.type()));
      TensorFiles.write(rounded.resolve("model.safetensors"), tensors);
    }
    try (var wide = Policy.open(rounded, DOUBLE);
        var policy = Policy.open(rounded, PolicySpec.trainable(Precision.BFLOAT16))) {
      var naive = find(wide, apart(batch));
      for (int count : new int[] {1, 2}) {
        var got = threads(count, () -> find(policy, List.of(batch)));
        values(count + " threads", got.values, naive.values, SHORT);
        naive.gradients.forEach((name, wanted) -> {
          var found = Objects.requireNonNull(got.gradients.get(name));
          assertThat(distance(found, wanted))
              .as(name)
              .isLessThan(SHORT * distance(wanted, new double[wanted.length]));
        });
        sameBits(count + " threads", () -> threads(count, () -> find(policy, List.of(batch))));
      }
    }
  }

  private static double distance(double[] one, double[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += (one[i] - other[i]) * (one[i] - other[i]);
    }
    return Math.sqrt(sum);
  }

  /// float32 against float64, and its bits from run to run, on one thread and on two.
  private void single(Batch batch, Found naive) {
    try (var policy = Policy.open(folder, PolicySpec.trainable(Precision.FLOAT32))) {
      close("one thread", find(policy, List.of(batch)), naive, SINGLE);
      sameBits("one thread", () -> find(policy, List.of(batch)));
      sameBits("two threads", () -> threads(2, () -> find(policy, List.of(batch))));
      close("two threads", threads(2, () -> find(policy, List.of(batch))), naive, SINGLE);
    }
  }

  /// What a cache says, the first time and the second, a group at a time and all together.
  private void cached(Batch batch, Found naive) {
    try (var policy = Policy.open(folder, PolicySpec.frozen(Precision.FLOAT64));
        var cache =
            new Cached(new Frozen())
                .open(
                    new Reference.Setting(
                        () -> Policy.open(folder, PolicySpec.frozen(Precision.FLOAT64)),
                        Optional.empty(),
                        folder.resolve("cache"),
                        policy))) {
      for (var passes : List.of(groupByGroup(batch), List.of(batch), apart(batch))) {
        var values = new ArrayList<double[]>();
        for (var pass : passes) {
          try (var _ = new Step()) {
            var scoring = cache.score(pass, LIKELIHOOD, false);
            var flat = Ops.toDoubles(PolicyGoldenTest.read(scoring, Readout.LOG_LIKELIHOOD));
            int n = 0;
            for (var group : pass.groups()) {
              for (var one : group.candidates()) {
                int from = n++ * pass.units();
                values.add(Arrays.copyOfRange(flat, from, from + one.tokens().length));
              }
            }
          }
        }
        values("cached", values, naive.values, 1e-6);
      }
    }
  }

  /// An adapter against a model whose weights are changed by its product: values by the definition,
  /// gradients by the chain rule, `dA = s Bᵀ dW` and `dB = s dW Aᵀ`.
  @ParameterizedTest
  @MethodSource("cases")
  void anAdapterIsAChangeOfTheWeights(FamilyCases.Case which) {
    var weights = FamiliesTest.write(folder, which);
    var batch = unlike();
    try (var policy = Policy.open(folder, DOUBLE.with(LORA))) {
      try (var _ = new Step();
          var random = new io.alidade.tensor.Rng(6)) {
        policy
            .trainable()
            .values()
            .forEach(leaf ->
                ScoringGradientTest.move(
                    leaf, random.normal(Ops.shape(leaf)).to(leaf.scalar_type()), 0.2));
      }
      boolean transposed = policy.architecture().transposed();
      var changed = new LinkedHashMap<>(weights);
      var other = folder.resolve("changed");
      changed(policy, transposed, changed, other);
      var naive = find(policy, apart(batch));
      values(
          "naive", naive.values, dense(new DenseReference(which.config(), changed), batch), EXACT);
      everyWay(policy, batch, naive);
      try (var whole = Policy.open(other, DOUBLE)) {
        byTheChainRule(policy, transposed, naive, find(whole, apart(batch)));
      }
    }
  }

  private static String module(String factor) {
    return factor.replace("base_model.model.", "").replaceAll("\\.lora_[AB]\\.weight$", ".weight");
  }

  /// Adds the adapter's products to weights, and writes them as a model.
  private void changed(
      Policy policy, boolean transposed, Map<String, double[]> weights, Path into) {
    try (var _ = new Step()) {
      var tensors = TensorFiles.read(folder.resolve("model.safetensors"));
      var written = new LinkedHashMap<>(tensors);
      var factors = policy.trainable();
      factors.forEach((name, a) -> {
        if (name.contains(".lora_A.")) {
          var b = Objects.requireNonNull(factors.get(name.replace(".lora_A.", ".lora_B.")));
          var product = Ops.times(b.detach().mm(a.detach()), LORA.alpha() / LORA.r());
          var module = module(name);
          var before = Objects.requireNonNull(tensors.get(module), module);
          var after = before.add(transposed ? product.t() : product);
          written.put(module, after);
          weights.put(module, Ops.toDoubles(after));
        }
      });
      Files.createDirectories(into);
      TensorFiles.write(into.resolve("model.safetensors"), written);
      Files.copy(folder.resolve("config.json"), into.resolve("config.json"));
    } catch (IOException failure) {
      throw new IllegalStateException(failure);
    }
  }

  private static void byTheChainRule(
      Policy policy, boolean transposed, Found adapter, Found whole) {
    int compared = 0;
    try (var _ = new Step()) {
      var factors = policy.trainable();
      for (var entry : factors.entrySet()) {
        var name = entry.getKey();
        if (!name.contains(".lora_A.")) {
          continue;
        }
        var a = entry.getValue().detach(); // [r, in]
        var nameOfB = name.replace(".lora_A.", ".lora_B.");
        var b = Objects.requireNonNull(factors.get(nameOfB)).detach(); // [out, r]
        var flat = Objects.requireNonNull(whole.gradients.get(module(name)));
        var gradient =
            transposed
                ? Ops.doubles(flat, a.size(1), b.size(0)).t()
                : Ops.doubles(flat, b.size(0), a.size(1)); // [out, in]
        double scale = LORA.alpha() / LORA.r();
        near(name, adapter, Ops.toDoubles(Ops.times(b.t().mm(gradient), scale)));
        near(nameOfB, adapter, Ops.toDoubles(Ops.times(gradient.mm(a.t()), scale)));
        compared++;
      }
    }
    assertThat(compared).isGreaterThan(4);
  }

  private static void near(String name, Found adapter, double[] expected) {
    var got = Objects.requireNonNull(adapter.gradients.get(name));
    double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
    for (int i = 0; i < expected.length; i++) {
      assertThat(got[i])
          .as("%s[%d]", name, i)
          .isCloseTo(expected[i], within(EXACT * Math.max(largest, 1e-3)));
    }
  }

  /// One long completion beside one token, which no window, chunk or thread may tell apart.
  @Test
  void aLongCompletionAndAShortOneShareAPrompt() {
    var which = cases().filter(one -> one.name().equals("gemma2")).findFirst().orElseThrow();
    FamiliesTest.write(folder, which);
    var random = new Random(12);
    var batch = new Batch(List.of(group(1, tokens(random, 3), all(tokens(random, 300)), all(7))));
    try (var policy = Policy.open(folder, DOUBLE)) {
      everyWay(policy, batch, find(policy, apart(batch)));
    }
  }
}
