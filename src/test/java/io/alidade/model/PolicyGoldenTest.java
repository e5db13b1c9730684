package io.alidade.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Logits, hidden states and likelihoods of the golden checkpoints, computed by the reference
/// implementation.
class PolicyGoldenTest {
  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama_sharded", "mistral", "qwen2", "qwen3", "gpt2"})
  void computesTheReferenceLogits(String model) {
    try (var policy = Policy.open(Golden.folder(model), PolicySpec.frozen(Precision.FLOAT32))) {
      for (var side : List.of("right", "left")) {
        for (var row : Golden.rows(model, side)) {
          try (var _ = new Step()) {
            assertClose(Ops.toFloats(policy.logits(row.tokens())), row.logits(), 2e-4f);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama_sharded", "mistral", "qwen2", "qwen3", "gpt2"})
  void computesTheReferenceHiddenStates(String model) {
    try (var policy = Policy.open(Golden.folder(model), PolicySpec.frozen(Precision.FLOAT32));
        var _ = new Step()) {
      var states = policy.hiddenStates(Golden.rows(model, "right")[0].tokens());
      for (int i = 0; i < states.size(); i++) {
        assertClose(
            Ops.toFloats(states.get(i)), Golden.floats(model, "right.row0.hidden." + i), 2e-4f);
      }
      assertThat(Golden.has(model, "right.row0.hidden." + states.size())).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama_sharded", "mistral", "qwen2", "qwen3", "gpt2"})
  void scoresAsTheReference(String model) {
    try (var policy = Policy.open(Golden.folder(model), PolicySpec.frozen(Precision.FLOAT32))) {
      for (var side : List.of("right", "left")) {
        var rows = Golden.rows(model, side);
        for (int cut : new int[] {1, 4}) {
          var groups =
              Arrays.stream(rows)
                  .map(row ->
                      new Group(
                          new Example.Row("golden", 1),
                          Arrays.copyOf(row.tokens(), cut),
                          List.of(
                              Completion.of(
                                  Arrays.copyOfRange(row.tokens(), cut, row.tokens().length))),
                          Map.of()))
                  .toList();
          var batch = new Batch(groups);
          try (var _ = new Step()) {
            var scoring = policy.score(batch, Set.of(Readout.LOG_LIKELIHOOD), false);
            var got = Ops.toFloats(read(scoring, Readout.LOG_LIKELIHOOD));
            for (int r = 0; r < rows.length; r++) {
              var expected = Arrays.copyOfRange(rows[r].logps(), cut - 1, rows[r].logps().length);
              assertClose(
                  Arrays.copyOfRange(got, r * batch.units(), r * batch.units() + expected.length),
                  expected,
                  1e-4f);
            }
          }
        }
      }
    }
  }

  @Test
  void bfloat16StaysNearAndReportsInFloat32() {
    try (var wide = Policy.open(Golden.folder("llama"), PolicySpec.frozen(Precision.FLOAT32));
        var narrow = Policy.open(Golden.folder("llama"), PolicySpec.trainable(Precision.BFLOAT16));
        var _ = new Step()) {
      var batch = ScoringGradientTest.batch();
      var one =
          read(wide.score(batch, Set.of(Readout.LOG_LIKELIHOOD), false), Readout.LOG_LIKELIHOOD);
      var two =
          read(narrow.score(batch, Set.of(Readout.LOG_LIKELIHOOD), false), Readout.LOG_LIKELIHOOD);
      assertThat(Ops.type(two)).isEqualTo(ScalarType.Float);
      assertThat(Ops.number(one.sub(two).abs().max())).isBetween(1e-4, 0.2);
      ScoringGradientTest.gradients(narrow, batch, Readout.LOG_LIKELIHOOD)
          .forEach((name, g) ->
              assertThat(Arrays.stream(g).allMatch(Double::isFinite)).as(name).isTrue());
    }
  }

  static Tensor read(Scoring scoring, Readout readout) {
    return Objects.requireNonNull(scoring.outputs().get(readout));
  }

  static void assertClose(float[] actual, float[] expected, float tolerance) {
    assertThat(actual).hasSameSizeAs(expected);
    float worst = 0;
    for (int i = 0; i < actual.length; i++) {
      worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
      assertThat(actual[i]).as("element %d", i).isCloseTo(expected[i], within(tolerance));
    }
  }
}
