package io.alidade.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlainDrawTest {
  private static final int ROWS = 2;
  private static final int PROMPT = 5;
  private static final int NEW = 6;

  @TempDir private Path scratch;

  @Test
  void drawsTheLikeliestTokenOfWhatWasReadSoFar() {
    var model = Shape.XS.write(scratch);
    var prompts = new Random(3).ints((long) ROWS * PROMPT, 3, Shape.XS.vocabulary).toArray();
    try (var llama = PlainLlama.open(Shape.XS, model, Optional.empty(), 1, ScalarType.Double);
        var policy = Policy.open(model, PolicySpec.frozen(Precision.FLOAT64))) {
      var drawn = new PlainDraw(Shape.XS, ROWS, PROMPT, NEW, 1).draw(llama, prompts).tokens();
      for (int row = 0; row < ROWS; row++) {
        var ids =
            Arrays.copyOf(
                Arrays.copyOfRange(prompts, row * PROMPT, (row + 1) * PROMPT), PROMPT + NEW);
        for (int t = 0; t < NEW; t++) {
          try (var _ = new Step()) {
            var next = policy.logits(Arrays.copyOf(ids, PROMPT + t)).select(0, PROMPT + t - 1);
            ids[PROMPT + t] = (int) Ops.number(next.argmax(new LongOptional(0), false));
          }
          assertThat(drawn[row][t]).isEqualTo(ids[PROMPT + t]);
        }
      }
    }
  }

  @Test
  void reportsAsOursDoes() {
    var bench = DrawBench.of(Shape.XS, "3x8x4", 2, 1, Precision.FLOAT32);
    var ours = bench.run(scratch.resolve("a")).json();
    var plain = bench.runPlain(scratch.resolve("b")).json();
    assertThat(plain.propertyNames()).containsExactlyElementsOf(ours.propertyNames());
    assertThat(plain.get("tokens_per_second").asDouble()).isPositive();
    // The clock of processor time may not have moved in so short a time.
    assertThat(plain.get("cpu_ms_per_step").asDouble()).isNotNegative();
  }
}
