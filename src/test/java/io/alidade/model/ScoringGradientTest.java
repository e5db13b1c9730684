package io.alidade.model;

import static io.alidade.model.PolicyGoldenTest.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Gradients that go back through a scoring, against finite differences in float64.
class ScoringGradientTest {
  private static final PolicySpec DOUBLE = PolicySpec.trainable(Precision.FLOAT64);

  /// Groups of one to four candidates, some tokens not scored, one prompt empty.
  static Batch batch() {
    return new Batch(
        List.of(
            group(1, ints(5, 6, 7, 8, 9, 10, 11, 12, 13, 14), all(20, 21, 22), all(23)),
            group(2, ints(30), all(31, 32, 33, 34, 35, 36, 37, 38, 39, 40)),
            group(3, ints(50, 51), all(1), all(2, 3), all(4, 5, 6), all(7, 8, 9, 10)),
            group(
                4,
                ints(),
                new Completion(ints(60, 61, 62, 63), new boolean[] {false, true, false, true}),
                new Completion(ints(64, 65), new boolean[] {false, false}))));
  }

  static Group group(int row, int[] prompt, Completion... candidates) {
    return new Group(new Example.Row("rows", row), prompt, List.of(candidates), Map.of());
  }

  static Completion all(int... tokens) {
    return Completion.of(tokens);
  }

  static int[] ints(int... tokens) {
    return tokens;
  }

  /// A fixed weight for each output, so that the sum is a scalar that every output counts in.
  static Tensor weights(Tensor output) {
    try (var random = new Rng(7)) {
      return random.normal(Ops.shape(output)).to(output.scalar_type());
    }
  }

  static double value(Policy policy, Batch batch, Readout readout) {
    try (var _ = new Step()) {
      var output = read(policy.score(batch, Set.of(readout), false), readout);
      return Ops.number(output.mul(weights(output)).sum());
    }
  }

  static Map<String, double[]> gradients(Policy policy, Batch batch, Readout readout) {
    var gradients = new LinkedHashMap<String, double[]>();
    try (var _ = new Step()) {
      var scoring = policy.score(batch, Set.of(readout), true);
      scoring.backward(Map.of(readout, weights(read(scoring, readout))));
      policy
          .trainable()
          .forEach((name, leaf) -> {
            gradients.put(
                name,
                Grad.has(leaf)
                    ? Ops.toDoubles(Grad.gathered(leaf))
                    : new double[(int) leaf.numel()]);
            Grad.clear(leaf);
          });
    }
    return gradients;
  }

  static void differences(Policy policy, Batch batch, Readout readout) {
    var gradients = gradients(policy, batch, readout);
    double step = 2e-6;
    try (var random = new Rng(11)) {
      for (var leaf : policy.trainable().entrySet()) {
        try (var _ = new Step()) {
          var direction = random.normal(Ops.shape(leaf.getValue())).to(Precision.FLOAT64.type());
          move(leaf.getValue(), direction, step);
          double above = value(policy, batch, readout);
          move(leaf.getValue(), direction, -2 * step);
          double below = value(policy, batch, readout);
          move(leaf.getValue(), direction, step);
          double expected = (above - below) / (2 * step);
          var along = Ops.toDoubles(direction);
          var gradient = gradients.getOrDefault(leaf.getKey(), new double[0]);
          double got = 0;
          for (int i = 0; i < along.length; i++) {
            got += along[i] * gradient[i];
          }
          assertThat(got)
              .as("%s of %s", readout, leaf.getKey())
              .isCloseTo(expected, within(1e-6 * Math.max(1, Math.abs(expected))));
        }
      }
    }
  }

  static void move(Tensor leaf, Tensor direction, double step) {
    Grad.off(() -> leaf.add_(Ops.times(direction, step)));
  }

  @ParameterizedTest
  @EnumSource(names = {"LOG_LIKELIHOOD", "ENTROPY", "COLLISION", "MEAN_LOGIT"})
  void everyReadoutHasTheGradientOfItsValue(Readout readout) {
    try (var policy = Policy.open(Golden.folder("llama"), DOUBLE)) {
      differences(policy, batch(), readout);
    }
  }

  @Test
  void anAdapterHasTheGradientOfItsValue() {
    var spec = DOUBLE.with(LoraSpec.of(3, 5, new Targets.AllLinear()));
    try (var policy = Policy.open(Golden.folder("llama"), spec)) {
      try (var _ = new Step();
          var random = new Rng(3)) {
        policy
            .trainable()
            .forEach((name, leaf) ->
                move(leaf, random.normal(Ops.shape(leaf)).to(leaf.scalar_type()), 0.1));
      }
      differences(policy, batch(), Readout.LOG_LIKELIHOOD);
    }
  }

  @Test
  void droppedInputsAreTheSameWhereLayersAreComputedAgain() {
    var lora =
        new LoraSpec(
            2,
            4,
            0.5,
            new Targets.AllLinear(),
            false,
            List.of(),
            new LinkedHashMap<>(),
            new LinkedHashMap<>(),
            List.of(),
            java.util.Optional.empty());
    var spec = PolicySpec.trainable(Precision.FLOAT32).with(lora);
    try (var plain = Policy.open(Golden.folder("llama"), spec);
        var saving = Policy.open(Golden.folder("llama"), spec.checkpointing(true))) {
      plain.training(true);
      saving.training(true);
      var expected = gradients(plain, batch(), Readout.LOG_LIKELIHOOD);
      var got = gradients(saving, batch(), Readout.LOG_LIKELIHOOD);
      got.forEach((name, gradient) -> assertThat(gradient).as(name).isEqualTo(expected.get(name)));
    }
  }

  @Test
  void theRewardHasTheGradientOfItsValue() {
    try (var policy = Policy.open(Golden.folder("llama_reward"), DOUBLE.with(Head.REWARD))) {
      differences(policy, batch(), Readout.REWARD);
    }
  }

  /// The head at the end of the prompt says what it says of a candidate that is the prompt's last
  /// token, and its gradient is that of its value.
  @Test
  void theHeadIsReadAtTheEndOfThePromptToo() {
    try (var policy = Policy.open(Golden.folder("llama_reward"), DOUBLE.with(Head.REWARD))) {
      assertThatThrownBy(() -> policy.score(batch(), Set.of(Readout.PROMPT), false))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("rows:4: no prompt, whose end is to be read");
      var groups = batch().groups().subList(0, 3);
      differences(policy, new Batch(groups), Readout.PROMPT);
      for (var group : groups) {
        int length = group.prompt().length - 1;
        var last =
            new Group(
                group.row(),
                Arrays.copyOf(group.prompt(), length),
                List.of(new Completion(ints(group.prompt()[length]), new boolean[1])),
                Map.of());
        double[] expected;
        try (var _ = new Step()) {
          expected =
              Ops.toDoubles(
                  read(
                      policy.score(new Batch(List.of(last)), Set.of(Readout.REWARD), false),
                      Readout.REWARD));
          var both =
              policy.score(
                  new Batch(List.of(group)), Set.of(Readout.PROMPT, Readout.REWARD), false);
          var said = Ops.toDoubles(read(both, Readout.PROMPT));
          assertThat(said).hasSize(group.candidates().size());
          for (double one : said) {
            assertThat(one).isCloseTo(expected[0], within(1e-12));
          }
        }
      }
    }
  }

  @Test
  void theValueHasTheGradientOfItsValue() {
    try (var policy = Policy.open(Golden.folder("qwen2"), DOUBLE.with(Head.VALUE))) {
      try (var _ = new Step();
          var random = new Rng(3)) {
        var head = policy.trainable().get("value_head.weight");
        assertThat(head).isNotNull();
        if (head != null) {
          move(head, random.normal(1, 64), 1);
        }
      }
      differences(policy, batch(), Readout.VALUE);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2"})
  void checkpointingGivesTheSameGradients(String model) {
    try (var plain = Policy.open(Golden.folder(model), PolicySpec.trainable(Precision.FLOAT32));
        var saving =
            Policy.open(
                Golden.folder(model),
                PolicySpec.trainable(Precision.FLOAT32).checkpointing(true))) {
      var expected = gradients(plain, batch(), Readout.LOG_LIKELIHOOD);
      var got = gradients(saving, batch(), Readout.LOG_LIKELIHOOD);
      assertThat(got).hasSameSizeAs(expected);
      got.forEach((name, gradient) -> assertThat(gradient).as(name).isEqualTo(expected.get(name)));
    }
  }

  @Test
  void manyStepsLeaveNothingBehind() {
    try (var policy = Policy.open(Golden.folder("llama"), PolicySpec.trainable(Precision.FLOAT32));
        var saving =
            Policy.open(
                Golden.folder("llama"),
                PolicySpec.trainable(Precision.FLOAT32).checkpointing(true))) {
      for (int warm = 0; warm < 3; warm++) {
        gradients(policy, batch(), Readout.LOG_LIKELIHOOD);
        gradients(saving, batch(), Readout.LOG_LIKELIHOOD);
      }
      long before = Step.liveObjects();
      for (int i = 0; i < 100; i++) {
        gradients(policy, batch(), Readout.LOG_LIKELIHOOD);
        gradients(saving, batch(), Readout.LOG_LIKELIHOOD);
        value(policy, batch(), Readout.ENTROPY);
      }
      assertThat(Step.liveObjects()).isLessThanOrEqualTo(before);
    }
  }
}
