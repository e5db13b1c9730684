package io.alidade.model;

import static io.alidade.model.PolicyGoldenTest.read;
import static io.alidade.model.ScoringGradientTest.gradients;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.model.causal.Architectures;
import io.alidade.model.causal.ModelConfig;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every family in small random configurations, against [DenseReference]: logits, and scoring with
/// shared prompts against scoring each candidate by itself, values and gradients.
class FamiliesTest {
  @TempDir Path folder;

  @Test
  void everyKnownFamilyIsTested() {
    assertThat(
            FamilyCases.all().stream()
                .map(c -> c.config().get("model_type").asString())
                .collect(Collectors.toSet()))
        .containsExactlyInAnyOrderElementsOf(Architectures.known());
  }

  private Map<String, double[]> write(FamilyCases.Case which) {
    return write(folder, which);
  }

  /// Writes a checkpoint of a case with random weights in float64.
  static Map<String, double[]> write(Path folder, FamilyCases.Case which) {
    var architecture = Architectures.of(ModelConfig.of("test", which.config()));
    var shapes = architecture.shapes();
    if (!architecture.tied()) {
      shapes.put(
          architecture.names().head(), new long[] {40, which.config().get("hidden_size").asInt()});
    }
    var values = new LinkedHashMap<String, double[]>();
    try (var random = new Rng(which.name().hashCode());
        var _ = new Step()) {
      var tensors = new LinkedHashMap<String, Tensor>();
      shapes.forEach((name, shape) -> {
        var normal = random.normal(shape).to(Precision.FLOAT64.type());
        boolean norm = shape.length == 1 && name.endsWith("weight");
        boolean table = name.contains("embed") || name.contains("wte") || name.contains("wpe");
        var tensor =
            norm
                ? Ops.plus(Ops.times(normal, 0.3), 1)
                : Ops.times(normal, shape.length == 1 ? 0.3 : table ? 0.7 : 0.25);
        tensors.put(name, tensor);
        values.put(name, Ops.toDoubles(tensor));
      });
      TensorFiles.write(folder.resolve("model.safetensors"), tensors);
      Files.writeString(folder.resolve("config.json"), which.config().toString());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return values;
  }

  private static int[] tokens(Random random, int length) {
    return random.ints(length, 0, 40).toArray();
  }

  @ParameterizedTest
  @MethodSource("io.alidade.model.FamilyCases#all")
  void computesTheLogitsOfTheDefinition(FamilyCases.Case which) {
    var reference = new DenseReference(which.config(), write(which));
    var random = new Random(1);
    try (var policy = Policy.open(folder, PolicySpec.frozen(Precision.FLOAT64));
        var single = Policy.open(folder, PolicySpec.frozen(Precision.FLOAT32))) {
      for (int length : new int[] {1, 7, 13, 21}) {
        var tokens = tokens(random, length);
        var expected =
            Stream.of(reference.logits(tokens)).flatMapToDouble(java.util.Arrays::stream).toArray();
        try (var _ = new Step()) {
          assertClose(Ops.toDoubles(policy.logits(tokens)), expected, 1e-9);
          assertClose(Ops.toDoubles(single.logits(tokens)), expected, 2e-4);
        }
      }
    }
  }

  /// One group of each form: a pair, a list, a lone candidate, an empty prompt.
  static Batch groups(boolean apart) {
    var random = new Random(2);
    var groups = new ArrayList<Group>();
    add(groups, tokens(random, 9), List.of(tokens(random, 3), tokens(random, 6)), apart);
    add(
        groups,
        tokens(random, 2),
        List.of(tokens(random, 8), tokens(random, 1), tokens(random, 9), tokens(random, 7)),
        apart);
    add(groups, tokens(random, 12), List.of(tokens(random, 5), tokens(random, 5)), apart);
    add(groups, tokens(random, 4), List.of(tokens(random, 4)), apart);
    return new Batch(groups);
  }

  private static void add(List<Group> groups, int[] prompt, List<int[]> candidates, boolean apart) {
    var row = new Example.Row("test", groups.size() + 1);
    var all = candidates.stream().map(Completion::of).toList();
    if (apart) {
      all.forEach(c -> groups.add(new Group(row, prompt, List.of(c), Map.of())));
    } else {
      groups.add(new Group(row, prompt, all, Map.of()));
    }
  }

  @ParameterizedTest
  @MethodSource("io.alidade.model.FamilyCases#all")
  void sharingPromptsChangesNothing(FamilyCases.Case which) {
    var reference = new DenseReference(which.config(), write(which));
    try (var policy = Policy.open(folder, PolicySpec.trainable(Precision.FLOAT64));
        var saving =
            Policy.open(folder, PolicySpec.trainable(Precision.FLOAT64).checkpointing(true))) {
      var expected = likelihoods(reference, groups(false));
      for (boolean apart : new boolean[] {false, true}) {
        try (var _ = new Step()) {
          var got =
              read(
                  policy.score(groups(apart), Set.of(Readout.LOG_LIKELIHOOD), false),
                  Readout.LOG_LIKELIHOOD);
          assertClose(Ops.toDoubles(got), expected, 1e-9);
        }
      }
      var shared = gradients(policy, groups(false), Readout.LOG_LIKELIHOOD);
      var separate = gradients(policy, groups(true), Readout.LOG_LIKELIHOOD);
      var recomputed = gradients(saving, groups(false), Readout.LOG_LIKELIHOOD);
      var spread =
          SharedScoringTest.threads(
              3, () -> gradients(policy, groups(false), Readout.LOG_LIKELIHOOD));
      // One thread more than groups: tokens are cut instead, in the middle of a candidate.
      var cut =
          SharedScoringTest.threads(
              5, () -> gradients(policy, groups(false), Readout.LOG_LIKELIHOOD));
      assertThat(shared).isNotEmpty();
      for (var name : shared.keySet()) {
        var one = Objects.requireNonNull(shared.get(name));
        assertClose(one, Objects.requireNonNull(separate.get(name)), 1e-9);
        assertClose(one, Objects.requireNonNull(recomputed.get(name)), 1e-9);
        assertClose(one, Objects.requireNonNull(spread.get(name)), 1e-9);
        assertClose(one, Objects.requireNonNull(cut.get(name)), 1e-9);
      }
    }
  }

  /// The written backward passes against slopes of the definition, weight by weight.
  @ParameterizedTest
  @MethodSource("io.alidade.model.FamilyCases#all")
  void theGradientIsTheSlopeOfTheDefinition(FamilyCases.Case which) {
    var weights = write(which);
    var batch = groups(false);
    try (var policy = Policy.open(folder, PolicySpec.trainable(Precision.FLOAT64))) {
      var gradients = gradients(policy, batch, Readout.LOG_LIKELIHOOD);
      double[] factors;
      try (var _ = new Step()) {
        factors =
            Ops.toDoubles(
                ScoringGradientTest.weights(
                    read(
                        policy.score(batch, Set.of(Readout.LOG_LIKELIHOOD), false),
                        Readout.LOG_LIKELIHOOD)));
      }
      var random = new Random(5);
      var along = new LinkedHashMap<String, double[]>();
      weights.forEach(
          (name, plain) -> along.put(name, random.doubles(plain.length, -1, 1).toArray()));
      for (var kind : gradients.keySet().stream().map(FamiliesTest::kind).distinct().toList()) {
        double h = 1e-5;
        // The slope from four points, whose error is of the fourth order.
        double slope =
            (8 * moved(which, weights, kind, along, h, batch, factors)
                    - 8 * moved(which, weights, kind, along, -h, batch, factors)
                    - moved(which, weights, kind, along, 2 * h, batch, factors)
                    + moved(which, weights, kind, along, -2 * h, batch, factors))
                / (12 * h);
        double got = 0;
        for (var entry : gradients.entrySet()) {
          if (kind(entry.getKey()).equals(kind)) {
            var direction = Objects.requireNonNull(along.get(entry.getKey()));
            for (int i = 0; i < direction.length; i++) {
              got += direction[i] * entry.getValue()[i];
            }
          }
        }
        assertThat(got).as(kind).isCloseTo(slope, within(1e-6 * Math.max(1, Math.abs(slope))));
      }
    }
  }

  /// The name of a weight without the number of its layer.
  private static String kind(String name) {
    return name.replaceAll("\\.\\d+\\.", ".*.");
  }

  /// The weighted sum of likelihoods with all weights of a kind moved.
  private static double moved(
      FamilyCases.Case which,
      Map<String, double[]> weights,
      String kind,
      Map<String, double[]> along,
      double step,
      Batch batch,
      double[] factors) {
    var moved = new LinkedHashMap<>(weights);
    weights.forEach((name, plain) -> {
      if (kind(name).equals(kind)) {
        var one = plain.clone();
        var direction = Objects.requireNonNull(along.get(name));
        for (int i = 0; i < one.length; i++) {
          one[i] += step * direction[i];
        }
        moved.put(name, one);
      }
    });
    var values = likelihoods(new DenseReference(which.config(), moved), batch);
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += factors[i] * values[i];
    }
    return sum;
  }

  /// Log-likelihoods by the reference, `[N, U]`, each candidate with its own prompt.
  private static double[] likelihoods(DenseReference reference, Batch batch) {
    var out = new double[batch.candidates() * batch.units()];
    int candidate = 0;
    for (var group : batch.groups()) {
      for (var completion : group.candidates()) {
        var whole =
            java.util.stream.IntStream.concat(
                    java.util.Arrays.stream(group.prompt()),
                    java.util.Arrays.stream(completion.tokens()))
                .toArray();
        var logits = reference.logits(whole);
        for (int u = 0; u < completion.tokens().length; u++) {
          var row = logits[group.prompt().length + u - 1];
          double sum = 0;
          for (double z : row) {
            sum += Math.exp(z);
          }
          out[candidate * batch.units() + u] = row[completion.tokens()[u]] - Math.log(sum);
        }
        candidate++;
      }
    }
    return out;
  }

  private static void assertClose(double[] actual, double[] expected, double tolerance) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i])
          .as("element %d", i)
          .isCloseTo(expected[i], within(tolerance * Math.max(1, Math.abs(expected[i]))));
    }
  }
}
