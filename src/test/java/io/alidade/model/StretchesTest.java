package io.alidade.model;

import static io.alidade.model.ScoringGradientTest.all;
import static io.alidade.model.ScoringGradientTest.gradients;
import static io.alidade.model.ScoringGradientTest.group;
import static io.alidade.model.SharedScoringTest.same;
import static io.alidade.model.SharedScoringTest.threads;
import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Single sequences spread over threads, against one thread.
class StretchesTest {
  private static final PolicySpec DOUBLE = PolicySpec.trainable(Precision.FLOAT64);
  private static final Set<Readout> LIKELIHOOD = Set.of(Readout.LOG_LIKELIHOOD);

  /// One group: a prompt of 100 tokens, candidates of 60, 3 and 20.
  private static Batch list() {
    var random = new Random(4);
    return new Batch(
        List.of(
            group(
                1,
                random.ints(100, 0, 90).toArray(),
                all(random.ints(60, 0, 90).toArray()),
                all(1, 2, 3),
                all(random.ints(20, 0, 90).toArray()))));
  }

  /// A long group and a short one: a part for each would keep one thread waiting.
  private static Batch uneven() {
    return new Batch(
        List.of(list().groups().getFirst(), group(2, new int[] {5, 6}, all(7, 8), all(9))));
  }

  private static int stretches(Policy policy, Batch batch) {
    var packed = policy.passes().packed(batch, LIKELIHOOD);
    assertThat(packed).hasSize(1);
    return packed.getFirst().stretches().size();
  }

  @ParameterizedTest
  @CsvSource({"llama,LOG_LIKELIHOOD", "llama,ENTROPY", "qwen2,LOG_LIKELIHOOD", "llama,HIDDEN"})
  void valuesAndGradientsAreThoseOfOneThread(String model, Readout readout) {
    try (var policy = Policy.open(Golden.folder(model), DOUBLE)) {
      for (var batch : List.of(list(), uneven())) {
        var values = SharedScoringTest.values(policy, batch, readout);
        for (int count : new int[] {2, 3, 5}) {
          int cut = threads(count, () -> stretches(policy, batch));
          assertThat(cut).isEqualTo(count);
          assertThat(threads(count, () -> SharedScoringTest.values(policy, batch, readout)))
              .usingComparatorWithPrecision(1e-12)
              .containsExactly(values);
          if (readout != Readout.HIDDEN) {
            same(
                threads(count, () -> gradients(policy, batch, readout)),
                gradients(policy, batch, readout));
          }
        }
      }
    }
  }

  @Test
  void soAreThoseOfAdaptersAndOfLayersComputedAgain() {
    var lora = LoraSpec.of(3, 5, new Targets.AllLinear());
    for (var spec : List.of(DOUBLE.with(lora), DOUBLE.checkpointing(true))) {
      try (var policy = Policy.open(Golden.folder("llama"), spec)) {
        policy.training(true);
        same(
            threads(2, () -> gradients(policy, list(), Readout.LOG_LIKELIHOOD)),
            gradients(policy, list(), Readout.LOG_LIKELIHOOD));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void theSameStretchesGiveTheSameBits(int count) {
    try (var policy =
        Policy.open(Golden.folder("qwen2"), PolicySpec.trainable(Precision.FLOAT32))) {
      var first = threads(count, () -> gradients(policy, list(), Readout.LOG_LIKELIHOOD));
      for (int again = 0; again < 6; again++) {
        threads(count, () -> gradients(policy, list(), Readout.LOG_LIKELIHOOD))
            .forEach((name, got) -> assertThat(got).as(name).isEqualTo(first.get(name)));
      }
    }
  }

  @Test
  void evenGroupsAreNotCut() {
    var one = list().groups().getFirst();
    try (var policy = Policy.open(Golden.folder("llama"), DOUBLE)) {
      var packed =
          threads(2, () -> policy.passes().packed(new Batch(List.of(one, one)), LIKELIHOOD));
      assertThat(packed).hasSize(2).allMatch(part -> part.stretches().isEmpty());
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
              gradients(policy, list(), Readout.LOG_LIKELIHOOD);
              SharedScoringTest.values(policy, list(), Readout.LOG_LIKELIHOOD);
              try (var _ = new Step()) { // forward alone, as where a loss is not finite
                policy.score(list(), LIKELIHOOD, true);
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
}
