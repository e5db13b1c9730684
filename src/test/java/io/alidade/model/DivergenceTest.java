package io.alidade.model;

import static io.alidade.model.PolicyGoldenTest.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.batch.Readout;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/// Whole predictions against those of a reference.
class DivergenceTest {
  private static final Path MODEL = Path.of("src/test/resources/golden/models/llama");

  private static Policy moved() {
    var policy = Policy.open(MODEL, PolicySpec.trainable(Precision.FLOAT64));
    policy.trainable().values().stream()
        .limit(4)
        .forEach(weight -> weight.detach().mul_(Ops.scalar(1.3)));
    return policy;
  }

  @Test
  void itsGradientsAreThoseOfDifferences() {
    try (var policy = moved();
        var reference = Policy.open(MODEL, PolicySpec.frozen(Precision.FLOAT64))) {
      policy.compareWith(reference);
      ScoringGradientTest.differences(policy, ScoringGradientTest.batch(), Readout.DIVERGENCE);
    }
  }

  @Test
  void itIsTheSumOverTheVocabularyAndZeroAtTheReference() {
    try (var policy = moved();
        var reference = Policy.open(MODEL, PolicySpec.frozen(Precision.FLOAT64));
        var _ = new Step()) {
      policy.compareWith(reference);
      var batch = ScoringGradientTest.batch();
      var values =
          Ops.toDoubles(
              read(policy.score(batch, Set.of(Readout.DIVERGENCE), false), Readout.DIVERGENCE));
      var prompt = batch.groups().getFirst().prompt();
      var own = torch.log_softmax(policy.logits(prompt), 1);
      var other = torch.log_softmax(reference.logits(prompt), 1);
      var sums = Ops.toDoubles(own.exp().mul(own.sub(other)).sum(1));
      assertThat(values[0]).isCloseTo(sums[prompt.length - 1], within(1e-10)).isPositive();
      reference.compareWith(reference);
      for (double value :
          Ops.toDoubles(
              read(
                  reference.score(batch, Set.of(Readout.DIVERGENCE), false), Readout.DIVERGENCE))) {
        assertThat(value).isCloseTo(0, within(1e-12));
      }
    }
  }

  @Test
  void withoutAReferenceAtHandItIsRefused() {
    try (var policy = moved();
        var _ = new Step()) {
      assertThatThrownBy(
              () -> policy.score(ScoringGradientTest.batch(), Set.of(Readout.DIVERGENCE), false))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("does not report divergence");
      assertThatThrownBy(
              () -> policy.compareWith(new ActorCritic(policy, policy, Optional.empty())))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("use reference: Frozen");
    }
  }
}
