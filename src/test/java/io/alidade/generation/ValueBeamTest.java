package io.alidade.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.model.Generator;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.Sampling;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ValueBeamTest {
  private static final Path MODEL = Path.of("src/test/resources/golden/models/llama");
  private static final List<int[]> PROMPTS = List.of(new int[] {5, 6, 7}, new int[] {8, 9});

  private static Policy policy() {
    return Policy.open(MODEL, PolicySpec.frozen(Precision.FLOAT32));
  }

  /// A critic whose head is random, so that values differ.
  private static Policy critic() {
    var critic = Policy.open(MODEL, PolicySpec.frozen(Precision.FLOAT32).with(Head.VALUE));
    try (var random = new Rng(4);
        var _ = new Step()) {
      var head = java.util.Objects.requireNonNull(critic.changeable().get("value_head.weight"));
      head.copy_(random.normal(Ops.shape(head)));
    }
    return critic;
  }

  private static Sampling step(int tokens) {
    return Sampling.plain(tokens, 3);
  }

  @Test
  void aBeamOfOneIsPlainSamplingStepByStep() {
    try (var policy = policy();
        var critic = critic()) {
      var beam = new ValueBeam(1, 3, step(2), Set.of(), Set.of());
      var found = beam.search(policy, critic, PROMPTS, 0);
      assertThat(found).allSatisfy(one -> assertThat(one.tokens()).hasSize(6));
      assertThat(found).noneMatch(ValueBeam.Found::finished);
    }
  }

  @Test
  void theBestOfWhatWasKeptIsGivenWithItsValue() {
    try (var policy = policy();
        var critic = critic()) {
      var found =
          new ValueBeam(3, 2, step(2), Set.of(), Set.of()).search(policy, critic, PROMPTS, 0);
      for (int p = 0; p < PROMPTS.size(); p++) {
        var text = new ArrayList<Integer>();
        for (int token : PROMPTS.get(p)) {
          text.add(token);
        }
        for (int token : found.get(p).tokens()) {
          text.add(token);
        }
        assertThat(ValueBeam.values(critic, List.of(text.stream().mapToInt(t -> t).toArray()))[0])
            .isCloseTo(found.get(p).value(), within(1e-3)); // another batch, other last digits
      }
      var narrow =
          new ValueBeam(1, 2, step(2), Set.of(), Set.of()).search(policy, critic, PROMPTS, 0);
      double wide = found.stream().mapToDouble(ValueBeam.Found::value).sum();
      assertThat(wide).isGreaterThan(narrow.stream().mapToDouble(ValueBeam.Found::value).sum());
    }
  }

  /// Whoever is searched for beside a prompt does not change its answer.
  @Test
  void thePlaceOfAPromptDecidesItsDraws() {
    try (var policy = policy();
        var critic = critic()) {
      var beam = new ValueBeam(2, 2, step(2), Set.of(), Set.of());
      var both = beam.search(policy, critic, PROMPTS, 0);
      var second = beam.search(policy, critic, PROMPTS.subList(1, 2), 1);
      assertThat(second.getFirst().tokens()).isEqualTo(both.get(1).tokens());
    }
  }

  @Test
  void finishedAnswersLeaveTheBeamAndAreKept() {
    try (var policy = policy();
        var critic = critic()) {
      var ends = new HashSet<Integer>();
      for (var drawn : new Generator(policy, step(1), Set.of()).generate(List.of(PROMPTS.get(0)))) {
        ends.add(drawn.tokens()[0]);
      }
      for (int token = 0; token < policy.config().vocabSize(); token += 2) {
        ends.add(token); // half of all tokens end an answer
      }
      var found =
          new ValueBeam(4, 8, step(1), Set.of(), ends)
              .search(policy, critic, PROMPTS, 0)
              .getFirst();
      assertThat(found.finished()).isTrue();
      assertThat(ends).contains(found.tokens()[found.tokens().length - 1]);
    }
  }

  /// One beginning and several samples: the best of so many steps, again and again.
  @Test
  void withOneBeginningItIsTheBestOfSeveralSteps() {
    try (var policy = policy();
        var critic = critic()) {
      var narrow =
          new ValueBeam(1, 1, step(2), Set.of(), Set.of()).search(policy, critic, PROMPTS, 0);
      var best =
          new ValueBeam(1, 8, 1, step(2), Set.of(), Set.of()).search(policy, critic, PROMPTS, 0);
      var wide =
          new ValueBeam(8, 8, 1, step(2), Set.of(), Set.of()).search(policy, critic, PROMPTS, 0);
      for (int p = 0; p < PROMPTS.size(); p++) {
        // A value depends on what it is computed beside, in its last bits.
        assertThat(best.get(p).value()).isGreaterThanOrEqualTo(narrow.get(p).value() - 1e-5);
        assertThat(best.get(p).tokens()).isEqualTo(wide.get(p).tokens());
      }
    }
  }
}
