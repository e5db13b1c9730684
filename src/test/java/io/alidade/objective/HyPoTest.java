package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/// Hybrid preference optimization, against numbers worked out by hand.
class HyPoTest {
  private static final double[] PAIR = {-20, -30};
  private static final double[] PAIR_REFERENCE = {-21, -28.5};
  private static final double[] DRAWN = {-12, -10.5, -15};
  private static final double[] DRAWN_REFERENCE = {-13, -10, -14.2};

  private static HyPo hypo(double lambda) {
    return new HyPo(0.1, lambda, new ReverseKl());
  }

  private static double[] joined(double[] one, double[] two) {
    var both = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, both, one.length, two.length);
    return both;
  }

  /// Groups of answers of one token each.
  private static Scored batch(int[] sizes, double[] policy, double[] reference) {
    return batch(sizes, Grad.leaf(Ops.doubles(policy, policy.length, 1)), reference);
  }

  private static Scored batch(int[] sizes, Tensor policy, double[] reference) {
    int n = reference.length;
    var ones = new double[n];
    Arrays.fill(ones, 1);
    return new Scored(
        sizes,
        Ops.doubles(ones, n, 1),
        Map.of(Readout.LOG_LIKELIHOOD, policy),
        Optional.of(Ops.doubles(reference, n, 1)),
        Map.of(),
        Map.of());
  }

  private static double[] gradient(Objective objective, Scored batch) {
    return Ops.toDoubles(
        Grad.of(objective.loss(batch).value(), List.of(batch.policy().units()))
            .getFirst()
            .flatten());
  }

  @Test
  void thePairIsDposAndTheValueIsThatOfTheObjective() {
    try (var _ = new Step()) {
      var batch =
          batch(new int[] {5}, joined(PAIR, DRAWN), joined(PAIR_REFERENCE, DRAWN_REFERENCE));
      var loss = hypo(1e-4).loss(batch);
      assertThat(Ops.number(loss.value())).isCloseTo(0.57592942, within(1e-8));
      assertThat(Objects.requireNonNull(loss.metrics().get("kl")).mean())
          .isCloseTo(-0.1, within(1e-12));
      assertThat(Objects.requireNonNull(loss.metrics().get("hypo/pair_loss")).mean())
          .isCloseTo(0.57593942, within(1e-8));
    }
  }

  /// `R = (1, -0.5, -0.8)`, less the mean of the others `(1.65, -0.6, -1.05)`.
  @Test
  void drawnAnswersAreWeighedAgainstTheMeanOfTheOthers() {
    try (var _ = new Step()) {
      var batch =
          batch(new int[] {5}, joined(PAIR, DRAWN), joined(PAIR_REFERENCE, DRAWN_REFERENCE));
      var dpo = gradient(new Dpo(0.1, new ReverseKl()), batch(new int[] {2}, PAIR, PAIR_REFERENCE));
      double lambda = 0.3;
      assertThat(gradient(hypo(lambda), batch))
          .containsExactly(
              new double[] {
                dpo[0], dpo[1], lambda * 1.65 / 3, -lambda * 0.6 / 3, -lambda * 1.05 / 3
              },
              within(1e-12));
    }
  }

  @Test
  void atTheReferenceFreshAnswersAskForNothing() {
    try (var _ = new Step()) {
      var same = joined(PAIR, DRAWN);
      var slope = gradient(hypo(5), batch(new int[] {5}, same, same));
      assertThat(Arrays.copyOfRange(slope, 2, 5)).containsOnly(0);
    }
  }

  @Test
  void withoutWeightOrAnswersItIsDpo() {
    try (var _ = new Step()) {
      var dpo = new Dpo(0.1, new ReverseKl());
      var pair = batch(new int[] {2}, PAIR, PAIR_REFERENCE);
      assertThat(Ops.number(hypo(7).loss(pair).value()))
          .isEqualTo(Ops.number(dpo.loss(pair).value()));
      var whole =
          batch(new int[] {5}, joined(PAIR, DRAWN), joined(PAIR_REFERENCE, DRAWN_REFERENCE));
      assertThat(Ops.number(hypo(0).loss(whole).value()))
          .isCloseTo(Ops.number(dpo.loss(pair).value()), within(1e-15));
    }
  }

  /// A group with three answers, one with one, and one with none: each is a mean of its own.
  @Test
  void groupsMayHoldDifferentNumbersOfAnswers() {
    try (var _ = new Step()) {
      var policy = joined(joined(joined(PAIR, DRAWN), joined(PAIR, new double[] {-4})), PAIR);
      var reference =
          joined(
              joined(joined(PAIR_REFERENCE, DRAWN_REFERENCE), joined(PAIR, new double[] {-6})),
              PAIR);
      var slope = gradient(hypo(0.3), batch(new int[] {5, 3, 2}, policy, reference));
      assertThat(slope[2]).isCloseTo(0.3 * 1.65 / 3 / 3, within(1e-12));
      assertThat(slope[7]).as("alone it has no baseline").isCloseTo(0.3 * 2 / 3, within(1e-12));
    }
  }

  /// Base logits (0, 1, -1, 0.5), the policy's shifted by (0.3, -0.2, 0.5, 0): over all pairs of
  /// answers, each as likely as the policy draws it, the gradient is that of the exact divergence.
  @Test
  void itsGradientIsThatOfTheDivergence() {
    double[] base = {0, 1, -1, 0.5};
    double[] shift = {0.3, -0.2, 0.5, 0};
    var reference = logSoftmax(base, new double[4]);
    var policy = logSoftmax(base, shift);
    double divergence = 0;
    var expected = new double[4];
    for (int a = 0; a < 4; a++) {
      divergence += Math.exp(policy[a]) * (policy[a] - reference[a]);
    }
    assertThat(divergence).isCloseTo(0.02856463, within(1e-8));
    for (int one = 0; one < 4; one++) {
      for (int two = 0; two < 4; two++) {
        double chance = Math.exp(policy[one] + policy[two]);
        try (var _ = new Step()) {
          var logits = Grad.leaf(Ops.doubles(shift, 4));
          var log = Ops.doubles(base, 4).add(logits).log_softmax(0);
          var units = log.index_select(0, Ops.indices(new int[] {0, 0, one, two})).unsqueeze(1);
          double[] frozen = {reference[0], reference[0], reference[one], reference[two]};
          var loss = hypo(1).loss(batch(new int[] {4}, units, frozen));
          var slope = Ops.toDoubles(Grad.of(loss.value(), List.of(logits)).getFirst());
          for (int a = 0; a < 4; a++) {
            expected[a] += chance * slope[a];
          }
        }
      }
    }
    assertThat(expected)
        .containsExactly(
            new double[] {0.05900605, -0.09356386, 0.04731803, -0.01276022}, within(1e-8));
  }

  private static double[] logSoftmax(double[] base, double[] shift) {
    var logits = new double[base.length];
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      logits[i] = base[i] + shift[i];
      sum += Math.exp(logits[i]);
    }
    double normaliser = Math.log(sum);
    return Arrays.stream(logits).map(l -> l - normaliser).toArray();
  }

  @Test
  void rangesAreChecked() {
    assertThatThrownBy(() -> hypo(-1)).hasMessageContaining("lambda must be");
  }

  @Test
  void cannotBeReadAsPairsAlone() {
    var hypo = hypo(1);
    var dpo = new Dpo(0.1, new ReverseKl());
    assertThatThrownBy(() -> new NoiseCorrected(0.1, hypo)).hasMessageContaining("pairs alone");
    assertThatThrownBy(() -> new LengthDesensitised(0.5, hypo)).hasMessageContaining("pairs alone");
    assertThatThrownBy(() -> new PrecomputedReference(hypo)).hasMessageContaining("pairs alone");
    var parts = List.of(new Mixture.Part(1, hypo), new Mixture.Part(1, dpo));
    assertThatThrownBy(() -> new Mixture(parts))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("drawn answers");
  }

  /// Drawn in every third step only, answers count three times.
  @Test
  void rarerAnswersCountAsManyTimes() {
    try (var _ = new Step()) {
      var policy = joined(PAIR, DRAWN);
      var reference = joined(PAIR_REFERENCE, DRAWN_REFERENCE);
      var rare = new HyPo(0.1, 0.01, new ReverseKl(), 3);
      assertThat(gradient(rare, batch(new int[] {5}, policy, reference)))
          .containsExactly(
              gradient(hypo(0.03), batch(new int[] {5}, policy, reference)), within(1e-15));
      assertThat(gradient(rare, batch(new int[] {2}, PAIR, PAIR_REFERENCE)))
          .as("a step without answers is DPO")
          .containsExactly(gradient(hypo(0), batch(new int[] {2}, PAIR, PAIR_REFERENCE)));
      assertThat(rare.needs().every()).isEqualTo(3);
      assertThatThrownBy(() -> rare.needs().and(hypo(1).needs()))
          .hasMessageContaining("every 3 and every 1 steps");
    }
  }

  /// Pair and three answers of one token; the divergences of the answers alone count, as they are.
  @Test
  void wholePredictionsMayBeComparedInPlaceOfDrawnTokens() {
    var exact = new HyPo(0.1, 0.3, new ReverseKl(), 1, HyPo.Estimate.TOKEN_EXACT);
    try (var _ = new Step()) {
      var policy = Grad.leaf(Ops.doubles(joined(PAIR, DRAWN), 5, 1));
      var divergence = Grad.leaf(Ops.doubles(new double[] {9, 9, 0.2, 0.5, 0.8}, 5, 1));
      var batch =
          new Scored(
              new int[] {5},
              Ops.doubles(new double[] {1, 1, 1, 1, 1}, 5, 1),
              Map.of(Readout.LOG_LIKELIHOOD, policy, Readout.DIVERGENCE, divergence),
              Optional.of(Ops.doubles(joined(PAIR_REFERENCE, DRAWN_REFERENCE), 5, 1)),
              Map.of(),
              Map.of());
      var loss = exact.loss(batch);
      assertThat(Ops.number(loss.value())).isCloseTo(0.57593942 + 0.3 * 0.5, within(1e-8));
      var slopes = Grad.of(loss.value(), List.of(policy, divergence));
      assertThat(Arrays.copyOfRange(Ops.toDoubles(slopes.getFirst()), 2, 5)).containsOnly(0);
      assertThat(Ops.toDoubles(slopes.getLast()))
          .containsExactly(new double[] {0, 0, 0.1, 0.1, 0.1}, within(1e-12));
      assertThat(exact.needs().readouts()).contains(Readout.DIVERGENCE);
      assertThat(hypo(1).needs().readouts()).doesNotContain(Readout.DIVERGENCE);
    }
  }
}
