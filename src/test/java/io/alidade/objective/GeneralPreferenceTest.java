package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/// General preference models and optimization against the published numbers and claims.
class GeneralPreferenceTest {
  private static Scored batch(Tensor vectors) {
    var sizes = Sample.sizes((int) vectors.size(0) / 2, 2);
    return new Scored(
        sizes,
        Ops.zeros(ScalarType.Double, vectors.size(0), 1),
        Map.of(Readout.REWARD, vectors),
        Optional.empty(),
        Map.of(),
        Map.of());
  }

  private static double loss(GeneralPreference objective, int width, double... flat) {
    try (var _ = new Step()) {
      return Ops.number(
          objective.loss(batch(Ops.doubles(flat, flat.length / width, width))).value());
    }
  }

  @Test
  void costsWhatThePaperSays() {
    double[] pair = {.6, .8, 0, 0, 0, .5, .5, Math.sqrt(.5)};
    assertThat(loss(new GeneralPreference(4, 0.1, true, false, false), 4, pair))
        .isCloseTo(0.04858735, within(1e-8));
    assertThat(loss(new GeneralPreference(4, 0.1, false, false, false), 4, pair))
        .isCloseTo(0.04858735, within(1e-8));
    double[] circle = new double[12];
    for (int g = 0; g < 3; g++) {
      for (int side = 0; side < 2; side++) {
        double angle = 2 * Math.PI * (g + side) / 3;
        circle[4 * g + 2 * side] = Math.cos(angle);
        circle[4 * g + 2 * side + 1] = Math.sin(angle);
      }
    }
    assertThat(loss(new GeneralPreference(2, 0.1, true, false, false), 2, circle))
        .isCloseTo(0.00017333, within(1e-8));
    assertThat(loss(new GeneralPreference(2, 1, true, false, false), 2, circle))
        .isCloseTo(0.35109341, within(1e-8));
    assertThat(loss(new GeneralPreference(2, 1, false, false, false), 2, 2, 1, .5, 1))
        .as("Bradley and Terry's, of rewards 2 and 0.5")
        .isCloseTo(Math.log1p(Math.exp(-1.5)), within(1e-12));
    assertThatThrownBy(() -> new GeneralPreference(3, 1, true, false, false))
        .hasMessage("dimension must be even, was 3");
    assertThatThrownBy(() -> loss(new GeneralPreference(4, 1, true, false, false), 2, 1, 2, 3, 4))
        .hasMessage("a reward head with 4 outputs is needed, this one has 2");
  }

  /// With gates 3/4 and 1/4, of logits ln 3 and 0, the published pair scores 0.225.
  @Test
  void thePromptWeighsTheBlocks() {
    var objective = new GeneralPreference(4, 0.1, true, false, true);
    assertThat(objective.needs().outputs()).isEqualTo(6);
    try (var _ = new Step()) {
      // the last third at the answers, and the first two at the prompt, are nothing to it
      var answers =
          Ops.doubles(new double[] {.6, .8, 0, 0, 9, -9, 0, .5, .5, Math.sqrt(.5), -5, 7}, 2, 6);
      var prompts =
          Ops.doubles(new double[] {1, 2, 3, 4, Math.log(3), 0, 1, 2, 3, 4, Math.log(3), 0}, 2, 6);
      var one =
          new Scored(
              Sample.sizes(1, 2),
              Ops.zeros(ScalarType.Double, 2, 1),
              Map.of(Readout.REWARD, answers, Readout.PROMPT, prompts),
              Optional.empty(),
              Map.of(),
              Map.of());
      assertThat(Ops.number(objective.loss(one).value()))
          .isCloseTo(Math.log1p(Math.exp(-2.25)), within(1e-12));
    }
  }

  /// Three answers that beat each other in a circle, learned from random starts by Adam.
  @Test
  void learnsACircleThatNoRewardCanOrder() {
    var objective = new GeneralPreference(4, 0.1, true, false, false);
    int solved = 0;
    for (int start = 0; start < 10; start++) {
      var random = new SplittableRandom(start);
      var vectors = new double[12];
      for (int i = 0; i < 12; i++) {
        vectors[i] = random.nextDouble(-1, 1);
      }
      var first = new double[12];
      var second = new double[12];
      double last = 0;
      for (int step = 1; step <= 200; step++) {
        try (var _ = new Step()) {
          var leaf = Grad.leaf(Ops.doubles(vectors, 3, 4));
          var pairs = leaf.index_select(0, Ops.indices(new int[] {0, 1, 1, 2, 2, 0}));
          var value = objective.loss(batch(pairs)).value();
          last = Ops.number(value);
          var slope = Ops.toDoubles(Grad.of(value, List.of(leaf)).getFirst());
          for (int i = 0; i < 12; i++) {
            first[i] = 0.9 * first[i] + 0.1 * slope[i];
            second[i] = 0.999 * second[i] + 0.001 * slope[i] * slope[i];
            double a = first[i] / (1 - Math.pow(0.9, step));
            double b = second[i] / (1 - Math.pow(0.999, step));
            vectors[i] -= 0.05 * a / (Math.sqrt(b) + 1e-8);
          }
        }
      }
      solved += last < 0.1 ? 1 : 0;
    }
    assertThat(solved).isGreaterThanOrEqualTo(9);
  }

  @Test
  void optimizationCostsWhatThePaperSays() {
    try (var _ = new Step()) {
      double[] means = {0.4 / 3, -0.2 / 3, -0.2 / 3};
      double[] ratios = {.5, -.3, .1};
      var sample =
          Sample.of(
                  new int[] {3},
                  ratios,
                  Optional.of(new double[3]),
                  new double[] {1, 1, 1},
                  Map.of(),
                  Map.of())
              .with(Gpo.SCORE, means);
      assertThat(sample.value(new Gpo(0.1))).isCloseTo(0.47222222, within(1e-8));
      var pair = Sample.pair(.5, -.3, 0, 0).with(Gpo.SCORE, means[0], means[1]);
      assertThat(pair.value(new Gpo(0.1))).isCloseTo(0.41444444, within(1e-8));
      var still = Sample.pair(.5, -.3, .5, -.3).with(Gpo.SCORE, 0, 0);
      assertThat(still.value(new Gpo(0.1))).as("scores of 0 at the reference").isZero();
      var sppo = Sample.pair(.7, -.2, 0, 0);
      assertThat(2 * sppo.with(Gpo.SCORE, 0.5, -0.5).value(new Gpo(0.3)))
          .as("half wins over one half")
          .isCloseTo(sppo.value(new SppoHard(0.3)), within(1e-12));
    }
  }

  /// Exact expectations for a policy over six answers: three that beat each other in a circle and
  /// beat the other three.
  @Test
  void dominatedAnswersLoseMassAndACircleStaysEven() {
    var scores = new double[6][6];
    for (int i = 0; i < 3; i++) {
      scores[i][(i + 1) % 3] = 1;
      scores[(i + 1) % 3][i] = -1;
      for (int j = 3; j < 6; j++) {
        scores[i][j] = 1;
        scores[j][i] = -1;
      }
    }
    double beta = 2;
    var policy = new double[] {1 / 6., 1 / 6., 1 / 6., 1 / 6., 1 / 6., 1 / 6.};
    double before = 0.5;
    for (int round = 0; round < 5; round++) {
      var means = new double[6];
      double norm = 0;
      for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
          means[i] += policy[j] * scores[i][j];
        }
      }
      // The minimum of the loss for each answer is a log-ratio of score / beta.
      var target = new double[6];
      try (var _ = new Step()) {
        for (int i = 0; i < 6; i++) {
          target[i] = means[i] / beta;
          var at =
              Sample.of(
                      new int[] {2},
                      new double[] {target[i], target[i]},
                      Optional.of(new double[2]),
                      new double[] {1, 1},
                      Map.of(),
                      Map.of())
                  .with(Gpo.SCORE, means[i], means[i]);
          assertThat(at.gradient(new Gpo(beta))).containsOnly(new double[] {0}, within(1e-12));
        }
      }
      for (int i = 0; i < 6; i++) {
        policy[i] *= Math.exp(target[i]);
        norm += policy[i];
      }
      for (int i = 0; i < 6; i++) {
        policy[i] /= norm;
      }
      double dominated = policy[3] + policy[4] + policy[5];
      assertThat(dominated).isLessThan(before);
      assertThat(policy[0]).isCloseTo(policy[1], within(1e-6)).isCloseTo(policy[2], within(1e-6));
      before = dominated;
    }
  }

  @Test
  void doesNotShareAHeadOfAnotherWidth() {
    var parts =
        List.of(
            new Mixture.Part(1, new GeneralPreference(4, 1, true, false, false)),
            new Mixture.Part(1, new GeneralPreference(2, 1, true, false, false)));
    assertThatThrownBy(() -> new Mixture(parts))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("4 outputs");
  }
}
