package io.alidade.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.model.Fingerprinted;
import io.alidade.model.Scorer;
import io.alidade.model.Scoring;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LikelihoodCacheTest {
  @TempDir Path folder;
  private int opened;
  private int scored;

  /// A model whose likelihood of a token is minus the token times a weight.
  private record Counting(LikelihoodCacheTest test, double weight)
      implements Scorer, Fingerprinted {
    @Override
    public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
      test.scored += batch.groups().size();
      int units = batch.units();
      var values = new double[batch.candidates() * units];
      int at = 0;
      for (var group : batch.groups()) {
        for (var candidate : group.candidates()) {
          for (int u = 0; u < candidate.tokens().length; u++) {
            values[at + u] = -weight * candidate.tokens()[u];
          }
          at += units;
        }
      }
      var tensor = Ops.doubles(values, batch.candidates(), units);
      return new Scoring() {
        @Override
        public Map<Readout, Tensor> outputs() {
          return Map.of(Readout.LOG_LIKELIHOOD, tensor);
        }

        @Override
        public void backward(Map<Readout, Tensor> gradients) {
          throw new IllegalStateException("frozen");
        }
      };
    }

    @Override
    public String fingerprint() {
      return "weight" + weight;
    }

    @Override
    public void close() {}
  }

  private LikelihoodCache cache(double weight) {
    return new LikelihoodCache(
        folder,
        () -> {
          opened++;
          return new Counting(this, weight);
        });
  }

  private static Batch batch(int... tokens) {
    return new Batch(
        List.of(
            new Group(
                new Example.Row("rows", 1),
                new int[] {1, 2},
                List.of(Completion.of(tokens), Completion.of(9)),
                Map.of())));
  }

  private static double[] values(Scorer scorer, Batch batch) {
    try (var _ = new Step()) {
      return Ops.toDoubles(
          Objects.requireNonNull(
              scorer
                  .score(batch, Set.of(Readout.LOG_LIKELIHOOD), false)
                  .outputs()
                  .get(Readout.LOG_LIKELIHOOD)));
    }
  }

  @Test
  void asksTheModelOnce() {
    try (var cache = cache(1)) {
      assertThat(values(cache, batch(3, 4))).containsExactly(-3, -4, -9, 0);
      assertThat(values(cache, batch(3, 4))).containsExactly(-3, -4, -9, 0);
    }
    try (var later = cache(1)) {
      assertThat(values(later, batch(3, 4))).containsExactly(-3, -4, -9, 0);
    }
    assertThat(scored).isEqualTo(1);
  }

  @Test
  void otherWeightsOrTokensAreNotFound() {
    try (var cache = cache(1)) {
      values(cache, batch(3, 4));
      assertThat(values(cache, batch(3, 5))).containsExactly(-3, -5, -9, 0);
    }
    try (var other = cache(2)) {
      assertThat(values(other, batch(3, 4))).containsExactly(-6, -8, -18, 0);
    }
    assertThat(scored).isEqualTo(3);
  }

  @Test
  void letsGoOfTheModelOnceAllIsKnownAndOpensItAgainWhereNot() {
    try (var cache = cache(1)) {
      for (int i = 0; i < 20; i++) {
        values(cache, batch(3, 4));
      }
      assertThat(opened).isEqualTo(1);
      assertThat(values(cache, batch(5))).containsExactly(-5, -9);
      assertThat(opened).isEqualTo(2);
      cache.rest();
      assertThat(values(cache, batch(5))).containsExactly(-5, -9);
      assertThat(opened).isEqualTo(2);
    }
  }

  @Test
  void aTornLastRecordIsComputedAgain() throws Exception {
    try (var cache = cache(1)) {
      values(cache, batch(3, 4));
    }
    var file = folder.resolve("weight1.0.logps");
    try (var channel = java.nio.channels.FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(Files.size(file) - 3);
    }
    try (var cache = cache(1)) {
      assertThat(values(cache, batch(3, 4))).containsExactly(-3, -4, -9, 0);
    }
    assertThat(scored).isEqualTo(2);
  }

  /// Two runs with one reference at once: neither waits for the other to end, and what one has
  /// computed the other knows.
  @Test
  void twoRunsAtOnceShareWhatTheyCompute() {
    try (var one = cache(1);
        var other = cache(1)) {
      values(one, batch(3, 4));
      assertThat(values(other, batch(3, 4))).containsExactly(-3, -4, -9, 0);
      assertThat(values(other, batch(5))).containsExactly(-5, -9);
      assertThat(values(one, batch(5))).containsExactly(-5, -9);
    }
    assertThat(scored).isEqualTo(2);
  }

  /// The file is damaged while it is in use: the number is computed again.
  @Test
  void aDamagedRecordIsComputedAgain() throws Exception {
    try (var cache = cache(1)) {
      values(cache, batch(3, 4));
      try (var channel =
          java.nio.channels.FileChannel.open(
              folder.resolve("weight1.0.logps"), StandardOpenOption.WRITE)) {
        channel.write(java.nio.ByteBuffer.allocate(1).put(0, (byte) 0x77), 36);
      }
      assertThat(values(cache, batch(3, 4))).containsExactly(-3, -4, -9, 0);
    }
    assertThat(scored).isEqualTo(2);
  }
}
