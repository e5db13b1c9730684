package io.alidade.model;

import static io.alidade.model.ScoringGradientTest.all;
import static io.alidade.model.ScoringGradientTest.batch;
import static io.alidade.model.ScoringGradientTest.gradients;
import static io.alidade.model.ScoringGradientTest.group;
import static io.alidade.model.ScoringGradientTest.ints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Groups of a batch spread over threads, against the same batch on one.
class SharedScoringTest {
  private static final PolicySpec DOUBLE = PolicySpec.trainable(Precision.FLOAT64);

  static <T> T threads(int count, Supplier<T> work) {
    int before = Natives.threads();
    Natives.threads(count);
    try {
      return work.get();
    } finally {
      Natives.threads(before);
    }
  }

  static double[] values(Policy policy, Batch batch, Readout readout) {
    try (var _ = new Step()) {
      return Ops.toDoubles(
          PolicyGoldenTest.read(policy.score(batch, Set.of(readout), false), readout));
    }
  }

  static void same(Map<String, double[]> got, Map<String, double[]> expected) {
    assertThat(got.keySet()).isEqualTo(expected.keySet());
    for (var name : expected.keySet()) {
      var one = Objects.requireNonNull(expected.get(name));
      var other = Objects.requireNonNull(got.get(name));
      for (int i = 0; i < one.length; i++) {
        assertThat(other[i])
            .as("%s[%d]", name, i)
            .isCloseTo(one[i], within(1e-12 * Math.max(1, Math.abs(one[i]))));
      }
    }
  }

  private static void sameOnThreads(String model, PolicySpec spec, Readout readout) {
    try (var policy = Policy.open(Golden.folder(model), spec)) {
      policy.training(true);
      var values = values(policy, batch(), readout);
      var gradients = gradients(policy, batch(), readout);
      for (int count : new int[] {2, 3, 4, 9}) {
        assertThat(threads(count, () -> values(policy, batch(), readout)))
            .usingComparatorWithPrecision(1e-12)
            .containsExactly(values);
        same(threads(count, () -> gradients(policy, batch(), readout)), gradients);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "llama,LOG_LIKELIHOOD",
    "llama,ENTROPY",
    "qwen2,LOG_LIKELIHOOD",
    "qwen2,MEAN_LOGIT",
    "gpt2,LOG_LIKELIHOOD" // whose graph is recorded
  })
  void valuesAndGradientsAreThoseOfOneThread(String model, Readout readout) {
    sameOnThreads(model, DOUBLE, readout);
  }

  @Test
  void soAreThoseOfHeadsAndAdapters() {
    sameOnThreads("llama_reward", DOUBLE.with(Head.REWARD), Readout.REWARD);
    sameOnThreads("qwen2", DOUBLE.with(Head.VALUE), Readout.VALUE);
    sameOnThreads(
        "gpt2", DOUBLE.with(LoraSpec.of(3, 5, new Targets.AllLinear())), Readout.LOG_LIKELIHOOD);
    sameOnThreads("gpt2", DOUBLE.checkpointing(true), Readout.ENTROPY);
    sameOnThreads(
        "llama", DOUBLE.with(LoraSpec.of(3, 5, new Targets.AllLinear())), Readout.LOG_LIKELIHOOD);
  }

  /// A vocabulary that goes through the head in several chunks, in shares of unlike length.
  @Test
  void soAreThoseOfManyChunks() {
    var random = new Random(3);
    var groups = new ArrayList<Group>();
    for (int i = 0; i < 6; i++) {
      var tokens = random.ints(i == 0 ? 4000 : 900, 0, 40).toArray();
      groups.add(group(i + 1, ints(5, 6), all(tokens)));
    }
    var batch = new Batch(groups);
    var spec = PolicySpec.trainable(Precision.FLOAT32);
    try (var policy = Policy.open(Golden.folder("llama"), spec)) {
      var gradients = gradients(policy, batch, Readout.ENTROPY);
      var shared = threads(3, () -> gradients(policy, batch, Readout.ENTROPY));
      gradients.forEach((name, one) -> {
        var other = Objects.requireNonNull(shared.get(name));
        double scale = java.util.Arrays.stream(one).map(Math::abs).max().orElse(0);
        assertThat(other).as(name).usingComparatorWithPrecision(1e-4 * scale).containsExactly(one);
      });
    }
  }

  /// Shares run at their own pace, and add up in the same order all the same.
  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void theSameSharesGiveTheSameBits(int count) {
    var lora =
        new LoraSpec(
            2,
            4,
            0.5,
            new Targets.AllLinear(),
            false,
            List.of(),
            new LinkedHashMap<>(),
            new LinkedHashMap<>(),
            List.of(),
            Optional.empty());
    var spec = PolicySpec.trainable(Precision.FLOAT32);
    for (var each : List.of(spec, spec.with(lora))) {
      theSameBits("qwen2", each, count);
      theSameBits("gpt2", each, count);
    }
  }

  private static void theSameBits(String model, PolicySpec spec, int count) {
    try (var policy = Policy.open(Golden.folder(model), spec)) {
      policy.training(true);
      policy.seed(7);
      var first = threads(count, () -> gradients(policy, batch(), Readout.LOG_LIKELIHOOD));
      for (int again = 0; again < 8; again++) {
        policy.seed(7);
        threads(count, () -> gradients(policy, batch(), Readout.LOG_LIKELIHOOD))
            .forEach((name, got) -> assertThat(got).as(name).isEqualTo(first.get(name)));
      }
    }
  }

  @Test
  void aGroupWithNothingToScoreIsNotWaitedFor() {
    var nothing = new Completion(ints(1, 2), new boolean[] {false, false});
    var batch =
        new Batch(
            List.of(
                group(1, ints(5), nothing, nothing),
                group(2, ints(5, 6), all(7, 8), all(9)),
                group(3, ints(5), nothing)));
    try (var policy = Policy.open(Golden.folder("llama"), DOUBLE)) {
      var one = gradients(policy, batch, Readout.LOG_LIKELIHOOD);
      same(threads(3, () -> gradients(policy, batch, Readout.LOG_LIKELIHOOD)), one);
      assertThat(threads(3, () -> values(policy, batch, Readout.LOG_LIKELIHOOD)))
          .usingComparatorWithPrecision(1e-12)
          .containsExactly(values(policy, batch, Readout.LOG_LIKELIHOOD));
    }
  }

  @Test
  void nothingIsLeftBehind() {
    try (var policy = Policy.open(Golden.folder("llama"), DOUBLE)) {
      var objects = new ArrayList<Long>();
      for (int i = 0; i < 6; i++) {
        threads(
            2,
            () -> {
              gradients(policy, batch(), Readout.LOG_LIKELIHOOD);
              values(policy, batch(), Readout.LOG_LIKELIHOOD);
              try (var _ = new Step()) { // forward alone, as where a loss is not finite
                policy.score(batch(), Set.of(Readout.LOG_LIKELIHOOD), true);
              }
              return policy;
            });
        objects.add(Step.liveObjects());
      }
      assertThat(objects.getLast()).as("%s", objects).isLessThanOrEqualTo(objects.get(2));
      assertThat(Thread.getAllStackTraces().keySet())
          .noneMatch(thread -> thread.isAlive() && thread.getName().startsWith("alidade-share"));
    }
  }

  @Test
  void anErrorIsThatOfTheBatch() {
    var batch = new Batch(List.of(group(1, ints(5), all(7)), group(2, ints(5), all(99_999))));
    try (var policy = Policy.open(Golden.folder("llama"), DOUBLE)) {
      assertThatThrownBy(() -> threads(2, () -> values(policy, batch, Readout.LOG_LIKELIHOOD)))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("token id 99999");
    }
  }

  @Test
  void gradientsGoBackOnce() {
    try (var policy = Policy.open(Golden.folder("llama"), DOUBLE);
        var _ = new Step()) {
      threads(
          2,
          () -> {
            var frozen = policy.score(batch(), Set.of(Readout.LOG_LIKELIHOOD), false);
            assertThatThrownBy(() -> frozen.backward(Map.of()))
                .isInstanceOf(IllegalStateException.class);
            var scoring = policy.score(batch(), Set.of(Readout.LOG_LIKELIHOOD), true);
            scoring.backward(Map.of());
            assertThatThrownBy(() -> scoring.backward(Map.of()))
                .isInstanceOf(IllegalStateException.class);
            return policy;
          });
    }
  }
}
