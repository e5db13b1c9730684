package io.alidade.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import io.alidade.world.TabularPolicy;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Momentum over rounds, where fits are exact and where they are not.
class ExtrapolatedTest {
  private static final Path LLAMA = Path.of("src/test/resources/golden/models/llama");
  private static final String WEIGHT = "model.layers.0.self_attn.q_proj.weight";

  @TempDir Path folder;

  private static Policy policy(Precision precision) {
    return Policy.open(LLAMA, PolicySpec.trainable(precision));
  }

  private Moving open(Reference reference, Policy policy) {
    return (Moving)
        reference.open(
            new Reference.Setting(
                () -> {
                  throw new IllegalStateException("a moving reference copies the policy");
                },
                Optional.empty(),
                folder,
                policy));
  }

  private static void add(Policy policy, double amount) {
    Grad.off(() -> {
      policy.trainable().values().forEach(weight -> weight.add_(new Scalar(amount)));
      return amount;
    });
  }

  private static double first(Map<String, Tensor> weights, String name) {
    try (var _ = new Step()) {
      return Ops.number(java.util.Objects.requireNonNull(weights.get(name)).flatten().select(0, 0));
    }
  }

  /// `(0.5, 0.3, 0.2)²·³ ...`: the ratio of two fits raised to the momentum, in a policy of three
  /// answers, whose logits are its weights.
  @Test
  void aLogLinearPolicyIsPushedAsTheEquationSays() {
    try (var fit = TabularPolicy.of(0.5, 0.3, 0.2);
        var before = TabularPolicy.of(0.2, 0.3, 0.5)) {
      Extrapolated.push(fit.trainable(), before.trainable(), 0.3);
      assertThat(fit.probabilities(0))
          .containsExactly(new double[] {0.59289944, 0.27024041, 0.13686015}, within(1e-8));
      assertThat(before.probabilities(0))
          .as("what the fit was is kept for the next push")
          .containsExactly(new double[] {0.5, 0.3, 0.2}, within(1e-15));
    }
  }

  /// Exact fits of a fixed reward, `fit ∝ pi exp(r / beta)` with `beta` 2: how far the best
  /// answer's reward is away after eight rounds, and by how many rewards each fit exceeds the
  /// start.
  @ParameterizedTest
  @CsvSource({
    "0, 0.08119428, '1, 2, 3, 4'",
    "0.3, 0.04507576, '1, 2.3, 3.69, 5.107'",
    "0.5, 0.02373193, '1, 2.5, 4.25, 6.125'"
  })
  void exactRoundsGoAsFarAsTheRecursionSays(double alpha, double gap, String lengths) {
    double[] reward = {1, 0.6, 0};
    var expected = Arrays.stream(lengths.split(", ")).mapToDouble(Double::parseDouble).toArray();
    try (var policy = new TabularPolicy(new double[1][3]);
        var before = new TabularPolicy(new double[1][3])) {
      for (int round = 0; round < 8; round++) {
        Extrapolated.push(policy.trainable(), before.trainable(), alpha); // at first from nowhere
        fit(policy, reward);
        var fit = policy.probabilities(0);
        if (round < expected.length) {
          assertThat(2 * Math.log(fit[0] / fit[2])) // beta (log p0 - log p2) is c (r0 - r2)
              .isCloseTo(expected[round], within(1e-12));
        }
      }
      double expectation = 0;
      for (int a = 0; a < 3; a++) {
        expectation += policy.probabilities(0)[a] * reward[a];
      }
      assertThat(1 - expectation).isCloseTo(gap, within(1e-8));
    }
  }

  private static void fit(TabularPolicy policy, double[] reward) {
    try (var _ = new Step()) {
      Grad.off(() -> {
        var logits = policy.trainable().firstEntry().getValue();
        return logits.add_(Ops.times(Ops.doubles(reward, 1, 3), 0.5));
      });
    }
  }

  @Test
  void aModelIsPushedWhenARoundBeginsAndAnchoredThere() {
    try (var policy = policy(Precision.FLOAT32);
        var reference = open(new Extrapolated(0.5), policy)) {
      double w = first(policy.trainable(), WEIGHT);
      reference.anchored(); // the first round: nothing was fitted yet
      assertThat(first(policy.trainable(), WEIGHT)).isEqualTo(w);
      add(policy, 1);
      reference.stepped(1);
      assertThat(first(reference.state(), WEIGHT)).isEqualTo(w);
      reference.anchored();
      assertThat(first(policy.trainable(), WEIGHT)).isCloseTo(w + 1.5, within(1e-6));
      assertThat(first(reference.state(), WEIGHT)).isEqualTo(first(policy.trainable(), WEIGHT));
      add(policy, 1); // the fit is at w + 2.5, the one before at w + 1
      reference.anchored();
      assertThat(first(policy.trainable(), WEIGHT)).isCloseTo(w + 3.25, within(1e-6));
    }
  }

  @Test
  void withoutMomentumNotABitMoves() {
    try (var policy = policy(Precision.FLOAT32);
        var reference = open(new Extrapolated(0), policy)) {
      add(policy, 0.1);
      var before = policy.fingerprint();
      reference.anchored();
      assertThat(policy.fingerprint()).isEqualTo(before);
    }
  }

  /// `1 + 0.5 (1 - 0.9921875)` is rounded once, from float32.
  @Test
  void lowPrecisionIsPushedInFloat32() {
    try (var _ = new Step()) {
      var weights = new LinkedHashMap<String, Tensor>();
      var before = new LinkedHashMap<String, Tensor>();
      weights.put("w", Ops.doubles(new double[] {1, 256}, 2).to(torch.ScalarType.BFloat16));
      before.put("w", Ops.doubles(new double[] {0.984375, 252}, 2).to(torch.ScalarType.BFloat16));
      Extrapolated.push(weights, before, 0.5);
      var pushed = Ops.toDoubles(java.util.Objects.requireNonNull(weights.get("w")));
      assertThat(pushed).containsExactly(1.0078125, 258); // both are numbers of bfloat16
      assertThat(Ops.toDoubles(java.util.Objects.requireNonNull(before.get("w"))))
          .containsExactly(1, 256);
    }
  }

  @Test
  void whatItKeepsIsReadBack() {
    try (var policy = policy(Precision.FLOAT32);
        var reference = open(new Extrapolated(0.5), policy);
        var other = policy(Precision.FLOAT32);
        var restored = open(new Extrapolated(0.5), other)) {
      add(policy, 1);
      reference.anchored();
      restored.restore(reference.state());
      add(policy, 1);
      other.put(policy.trainable());
      reference.anchored();
      restored.anchored();
      assertThat(other.fingerprint()).isEqualTo(policy.fingerprint());
      assertThatThrownBy(() -> restored.restore(policy.trainable()))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("lacks the fit of the round before");
    }
  }

  @Test
  void anAdapterIsRefusedInOneLine() {
    var lora = LoraSpec.of(2, 4, new Targets.Usual());
    try (var policy = Policy.open(LLAMA, PolicySpec.trainable(Precision.FLOAT32).with(lora))) {
      var setting =
          new Reference.Setting(() -> policy, Optional.of(policy.withoutAdapter()), folder, policy);
      assertThatThrownBy(() -> new Extrapolated(0.3).open(setting))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("train without adapter");
    }
    assertThatThrownBy(() -> new Extrapolated(1))
        .hasMessageContaining("alpha must be at least 0.0 and below 1.0, was 1.0");
  }

  @Test
  void aPushThatIsTakenBackLeavesTheFit() {
    try (var policy = policy(Precision.FLOAT32);
        var reference = open(new Extrapolated(0.5, Optional.of(0.0)), policy)) {
      add(policy, 0.1);
      var fit = policy.fingerprint();
      reference.anchored();
      assertThat(policy.fingerprint()).isNotEqualTo(fit);
      reference.withdraw();
      assertThat(policy.fingerprint()).isEqualTo(fit);
      assertThat(first(reference.state(), WEIGHT)).isEqualTo(first(policy.trainable(), WEIGHT));
      double w = first(policy.trainable(), WEIGHT);
      add(policy, 1); // and the next push begins with this fit
      reference.anchored();
      assertThat(first(policy.trainable(), WEIGHT)).isCloseTo(w + 1.5, within(1e-6));
    }
    assertThatThrownBy(() -> new Extrapolated(0.5, Optional.of(-1.0)))
        .hasMessageContaining("tolerance must be at least 0");
  }
}
