package io.alidade.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.model.MemoryBudget;
import io.alidade.model.Precision;
import io.alidade.tensor.Phase;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepBenchTest {
  @TempDir Path scratch;

  private static StepBench bench(String layout, int pairs, int passes, int lora, boolean inStep) {
    return new StepBench(
        Shape.XS,
        layout,
        pairs,
        passes,
        2,
        1,
        Precision.FLOAT32,
        lora,
        false,
        MemoryBudget.NONE,
        inStep);
  }

  @Test
  void reportsWhatItMeasured() {
    var report = bench("fixed", 2, 1, 0, false).run(scratch);
    assertThat(report.wall()).hasSize(2).allMatch(seconds -> seconds > 0);
    assertThat(report.realTokens()).isEqualTo(2 * 2 * 256);
    assertThat(report.padding()).isEqualTo(0);
    assertThat(report.losses()).hasSize(3);
    assertThat(report.losses().getFirst()).isCloseTo(Math.log(2), within(1e-6));
    assertThat(report.phases()).containsKeys(Phase.REFERENCE, Phase.FORWARD);
    assertThat(report.phases().get(Phase.BACKWARD)).isPositive();
    assertThat(report.utilisation()).isPositive();
    assertThat(report.json().get("phases").get("optimizer").asDouble()).isPositive();
    // 192 tokens of 192 + 2 · 63, which attend to fewer than the others do:
    // 192 · 110,592 + 768 · 192 · 193 / 2 of twice as many.
    assertThat(report.promptShare()).isCloseTo(0.49896, within(1e-5));
    assertThat(report.text())
        .contains("utilisation", "padding", "waiting for data")
        .containsPattern("backward +\\d.\\d+ s a step; prompts have 50 % of its operations");
  }

  @Test
  void theLossesDoNotDependOnHowAStepIsCutOrWhereTheReferenceComesFrom() {
    var whole = bench("base", 4, 1, 0, false).run(scratch.resolve("a"));
    var cut = bench("base", 4, 4, 0, true).run(scratch.resolve("b"));
    for (int i = 0; i < 3; i++) {
      assertThat(cut.losses().get(i)).isCloseTo(whole.losses().get(i), within(1e-5));
    }
  }

  @Test
  void measuresAdaptersAndLists() {
    var report = bench("list", 1, 1, 4, false).run(scratch);
    assertThat(report.realTokens()).isEqualTo(8 * (512 + 32));
    assertThat(report.losses().getFirst()).isFinite();
  }

  @Test
  void theOperationsOfAFixedPairAreThoseOfPencilAndPaper() {
    var shape = Shape.M;
    // 30 layers of 576x(576 + 192 + 192 + 576) and three of 576x1536.
    assertThat(shape.linear()).isEqualTo(30L * (576 * (576 + 192 + 192 + 576) + 3 * 576 * 1536));
    double tokens = 192 + 63 + 63;
    double visible = 192 * 193 / 2.0 + 2 * (63 * 192 + 63 * 64 / 2.0);
    double expected =
        6 * tokens * shape.linear() + 12 * visible * 576 * 30 + 6 * 128 * 576 * 49152.0;
    assertThat(Workload.of(Workload.Layout.FIXED, 1).operations(shape, 0, 0, 1))
        .isCloseTo(expected, within(1.0));
    // Below an adapter of rank 16 one of the three products with a weight falls away; its own come.
    assertThat(shape.adapted()).isEqualTo(30L * (2 * 1152 + 2 * 768 + 3 * 2112));
    double adapted =
        4 * tokens * shape.linear()
            + 6 * tokens * 16 * shape.adapted()
            + 12 * visible * 576 * 30
            + 4 * 128 * 576 * 49152.0;
    assertThat(Workload.of(Workload.Layout.FIXED, 1).operations(shape, 16, 0, 1))
        .isCloseTo(adapted, within(1.0));
  }
}
