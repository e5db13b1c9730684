package io.alidade.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.Scorer;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// References that follow the policy, with the policy moved by hand.
class TrustRegionTest {
  private static final Path LLAMA = Path.of("src/test/resources/golden/models/llama");
  private static final String WEIGHT = "model.layers.0.self_attn.q_proj.weight";

  @TempDir Path folder;

  private static Policy policy() {
    return Policy.open(LLAMA, PolicySpec.trainable(Precision.FLOAT32));
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

  private static double first(Moving reference, String name) {
    try (var _ = new Step()) {
      return Ops.toDoubles(java.util.Objects.requireNonNull(reference.state().get(name)).flatten())[
          0];
    }
  }

  private static double total(Scorer scorer) {
    var group =
        new Group(
            new Example.Row("row", 1), new int[] {1, 5}, List.of(Completion.of(7, 9)), Map.of());
    try (var _ = new Step()) {
      var outputs =
          scorer.score(new Batch(List.of(group)), Set.of(Readout.LOG_LIKELIHOOD), false).outputs();
      return Ops.number(
          java.util.Objects.requireNonNull(outputs.get(Readout.LOG_LIKELIHOOD)).sum());
    }
  }

  @Test
  void aSoftUpdateMixesEveryFewSteps() {
    try (var policy = policy();
        var reference = open(new TrustRegion(0.25, 2), policy)) {
      double w = first(reference, WEIGHT);
      add(policy, 1);
      reference.stepped(1);
      assertThat(first(reference, WEIGHT)).isEqualTo(w);
      reference.stepped(2);
      assertThat(first(reference, WEIGHT)).isCloseTo(w + 0.25, within(1e-6)); // 0.75 w + 0.25 (w+1)
      add(policy, 1);
      reference.stepped(3);
      reference.anchored(); // says nothing to a reference that counts steps
      reference.stepped(4);
      // 0.75 (w + 0.25) + 0.25 (w + 2)
      assertThat(first(reference, WEIGHT)).isCloseTo(w + 0.6875, within(1e-6));
    }
  }

  @Test
  void aHardUpdateCopies() {
    try (var policy = policy();
        var start = policy();
        var reference = open(new TrustRegion(1, 3), policy)) {
      assertThat(total(reference)).isEqualTo(total(start));
      add(policy, 0.01);
      reference.stepped(2);
      assertThat(total(reference)).isEqualTo(total(start)).isNotEqualTo(total(policy));
      reference.stepped(3);
      assertThat(total(reference)).isEqualTo(total(policy)).isNotEqualTo(total(start));
    }
  }

  @Test
  void theStageBeforeIsCopiedWhenANewOneBegins() {
    try (var policy = policy();
        var start = policy();
        var reference = open(new PreviousStage(), policy)) {
      add(policy, 0.01);
      reference.stepped(1);
      assertThat(total(reference)).isEqualTo(total(start));
      reference.anchored();
      assertThat(total(reference)).isEqualTo(total(policy));
    }
  }

  @Test
  void anAdapterIsFollowedAloneAboveTheSameBase() {
    var lora = LoraSpec.of(2, 4, new Targets.Usual());
    try (var policy = Policy.open(LLAMA, PolicySpec.trainable(Precision.FLOAT32).with(lora));
        var reference = open(new TrustRegion(0.5, 1), policy)) {
      assertThat(reference.state().keySet()).isEqualTo(policy.trainable().keySet());
      double before = total(policy);
      assertThat(total(reference)).isEqualTo(before);
      var name =
          policy.trainable().keySet().stream()
              .filter(n -> n.contains("lora_B"))
              .findFirst()
              .orElseThrow();
      add(policy, 0.25);
      assertThat(total(reference)).isEqualTo(before).isNotEqualTo(total(policy));
      reference.stepped(1);
      assertThat(first(reference, name)).isEqualTo(0.125); // B begins at 0
    }
  }

  @Test
  void whatAMovingReferenceSaidIsNotKept() {
    assertThatThrownBy(() -> new Cached(new TrustRegion(0.6, 512)))
        .hasMessage(
            "of must be a reference that stays as it is, was TrustRegion, which follows the policy");
    assertThatThrownBy(() -> new TrustRegion(1.1, 1))
        .hasMessageContaining("ref_model_mixup_alpha must be between 0.0 and 1.0, was 1.1");
    assertThatThrownBy(() -> new TrustRegion(0, 1)).hasMessageContaining("must be positive");
    assertThatThrownBy(() -> new TrustRegion(1, 0)).hasMessageContaining("at least 1, was 0");
  }
}
