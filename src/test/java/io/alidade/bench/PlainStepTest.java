package io.alidade.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Batch;
import io.alidade.batch.Groups;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.constraint.ReverseKl;
import io.alidade.journal.Journal;
import io.alidade.learning.AdamW;
import io.alidade.learning.Constant;
import io.alidade.learning.Experience;
import io.alidade.learning.Session;
import io.alidade.learning.Settings;
import io.alidade.model.FreshModel;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.objective.PlackettLuce;
import io.alidade.reference.Frozen;
import io.alidade.reference.Reference;
import io.alidade.store.Json;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is measured against computes the same as what is measured.
class PlainStepTest {
  private static final PlackettLuce OBJECTIVE = new PlackettLuce(0.1, new ReverseKl());
  private static final double RATE = 1e-2;
  private static final int STEPS = 20;

  @TempDir private Path scratch;
  private Path model = Path.of("");

  @BeforeEach
  void writeModel() {
    var config = scratch.resolve("config.json");
    Json.write(config, Shape.XS.config());
    model = scratch.resolve("model");
    FreshModel.write(config, scratch, model, 0);
  }

  private static Groups pairs() {
    return new Workload(List.of(new int[] {9, 5, 3}, new int[] {4, 2, 6}))
        .groups(Shape.XS.vocabulary, 1);
  }

  private static Groups lists() {
    return new Workload(List.of(new int[] {9, 5, 3, 4}, new int[] {1, 2, 6, 1}))
        .groups(Shape.XS.vocabulary, 1);
  }

  private Policy policy(Precision precision, int lora) {
    var spec = PolicySpec.trainable(precision).with(Head.LANGUAGE);
    return Policy.open(
        model,
        lora == 0
            ? spec
            : spec.with(LoraSpec.of(lora, StepBench.SCALE * lora, new Targets.AllLinear())));
  }

  private PlainTrainer plain(Policy policy, PlainStep.Form form) {
    var adapter = scratch.resolve("adapter");
    if (policy.adapted()) {
      policy.saveAdapter(adapter);
    }
    return new PlainTrainer(
        PlainLlama.open(
            Shape.XS,
            model,
            policy.adapted() ? Optional.of(adapter) : Optional.empty(),
            StepBench.SCALE,
            policy.spec().precision().type()),
        form,
        RATE);
  }

  @ParameterizedTest
  @CsvSource({"PLAIN, 0", "LEAN, 0", "PLAIN, 4"})
  void twentyStepsHaveTheLossesOfOurs(PlainStep.Form form, int lora) {
    var plain = new ArrayList<Double>();
    var ours = new ArrayList<Double>();
    try (var policy = policy(Precision.FLOAT32, lora);
        var trainer = plain(policy, form)) {
      trainer.reference(pairs(), 2);
      for (int step = 0; step < STEPS; step++) {
        plain.add(trainer.step(List.of(0, 1)).loss());
      }
      var settings =
          new Settings(2, 1, 2, STEPS + 1L, 1, Settings.Averaging.STEP, false, 1, 0, 0, 1, 0);
      try (var reference =
              new Frozen()
                  .open(
                      new Reference.Setting(
                          () -> Policy.open(model, PolicySpec.frozen(Precision.FLOAT32)),
                          Optional.empty(),
                          scratch,
                          policy));
          var session =
              new Session(
                  OBJECTIVE,
                  policy,
                  Optional.of(reference),
                  new AdamW(RATE, 0.9, 0.999, 1e-8, 0, 1),
                  new Constant(0),
                  settings,
                  Experience.given(pairs()),
                  scratch.resolve("checkpoints"),
                  new Losses(ours))) {
        session.plan(STEPS);
        for (int step = 0; step < STEPS; step++) {
          session.step();
        }
      }
    }
    assertThat(ours).hasSize(STEPS);
    assertThat(plain.getFirst()).isCloseTo(Math.log(2), within(1e-6));
    assertThat(plain.getLast()).isLessThan(0.6);
    for (int step = 0; step < STEPS; step++) {
      assertThat(plain.get(step)).isCloseTo(ours.get(step), within(1e-4 * ours.get(step)));
    }
  }

  @ParameterizedTest
  @CsvSource({"PLAIN, 0, false", "LEAN, 0, true", "PLAIN, 4, true"})
  void gradientsAreOurs(PlainStep.Form form, int lora, boolean ranked) {
    var groups = ranked ? lists() : pairs();
    try (var policy = policy(Precision.FLOAT64, lora)) {
      shift(policy.trainable());
      try (var trainer = plain(policy, form)) {
        if (lora == 0) {
          shift(trainer.trainable());
        }
        trainer.reference(groups, 2);
        var plain = trainer.gradients(List.of(0, 1));
        assertThat(ours(policy, groups)).hasSameSizeAs(plain);
        policy
            .trainable()
            .forEach((name, weight) -> {
              try (var _ = new Step()) {
                var expected = Ops.toDoubles(Grad.gathered(weight));
                var found =
                    Objects.requireNonNull(plain.get(name.replace("base_model.model.", "")), name);
                double norm = norm(expected);
                assertThat(norm).as(name).isPositive();
                for (int i = 0; i < expected.length; i++) {
                  expected[i] -= found[i];
                }
                assertThat(norm(expected) / norm).as(name).isLessThan(1e-6);
              }
            });
      }
    }
  }

  /// Away from where an adapter does nothing and norms are all one.
  private static void shift(SequencedMap<String, Tensor> weights) {
    Grad.off(() -> {
      weights
          .values()
          .forEach(
              weight -> weight.add_(weight.sin().mul_(Ops.scalar(0.5))).add_(Ops.scalar(0.01)));
      return weights;
    });
  }

  private static double norm(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value * value;
    }
    return Math.sqrt(sum);
  }

  /// Gathers the gradient of the loss against the policy itself as the reference.
  private static SequencedMap<String, Tensor> ours(Policy policy, Groups groups) {
    try (var _ = new Step()) {
      var batch = new Batch(List.of(groups.group(0), groups.group(1)));
      var scoring = policy.score(batch, Set.of(Readout.LOG_LIKELIHOOD), true);
      var values = Objects.requireNonNull(scoring.outputs().get(Readout.LOG_LIKELIHOOD));
      var leaf = Grad.leaf(values);
      var sizes = batch.groups().stream().mapToInt(group -> group.candidates().size()).toArray();
      var mask = Ops.doubles(batch.mask(), batch.candidates(), batch.units());
      var scored =
          new Scored(
              sizes,
              mask,
              Map.of(Readout.LOG_LIKELIHOOD, leaf),
              Map.of(Readout.LOG_LIKELIHOOD, values),
              Map.of(),
              Map.of());
      var term = Grad.on(() -> OBJECTIVE.loss(scored)).terms().getFirst();
      var mean = Ops.times(term.sum(), term.coefficient() / term.weight());
      scoring.backward(Map.of(Readout.LOG_LIKELIHOOD, Grad.of(mean, List.of(leaf)).getFirst()));
    }
    return policy.trainable();
  }

  @Test
  void metricsAreReadOffTheLogits() {
    try (var policy = policy(Precision.FLOAT32, 0);
        var trainer = plain(policy, PlainStep.Form.PLAIN)) {
      trainer.reference(pairs(), 2);
      var metrics = trainer.step(List.of(0, 1)).metrics().orElseThrow();
      var sums = new double[3]; // entropy, its tokens, likeliest of the best
      var logits = new double[2];
      var tokens = new double[2];
      for (int g = 0; g < 2; g++) {
        var group = pairs().group(g);
        for (int k = 0; k < 2; k++) {
          var completion = group.candidates().get(k).tokens();
          try (var fresh = policy(Precision.FLOAT32, 0);
              var _ = new Step()) {
            var all =
                java.util.stream.IntStream.concat(
                        java.util.Arrays.stream(group.prompt()),
                        java.util.Arrays.stream(completion))
                    .toArray();
            var rows = fresh.logits(all);
            for (int t = 0; t < completion.length; t++) {
              var row = Ops.toDoubles(rows.select(0, group.prompt().length + t - 1));
              double total = java.util.Arrays.stream(row).map(Math::exp).sum();
              double best = java.util.Arrays.stream(row).max().orElseThrow();
              sums[0] -=
                  java.util.Arrays.stream(row)
                      .map(l -> Math.exp(l) / total * Math.log(Math.exp(l) / total))
                      .sum();
              sums[1]++;
              sums[2] += k == 0 && row[completion[t]] == best ? 1 : 0;
              logits[k] += java.util.Arrays.stream(row).average().orElseThrow();
              tokens[k]++;
            }
          }
        }
      }
      assertThat(metrics.entropy()).isCloseTo(sums[0] / sums[1], within(1e-5));
      assertThat(metrics.chosenLogits()).isCloseTo(logits[0] / tokens[0], within(1e-5));
      assertThat(metrics.otherLogits()).isCloseTo(logits[1] / tokens[1], within(1e-5));
      assertThat(metrics.accuracy()).isCloseTo(sums[2] / tokens[0], within(1e-9));
    }
  }

  /// Keeps the losses.
  private record Losses(List<Double> losses) implements Journal {
    @Override
    public void log(long step, double epoch, SequencedMap<String, Double> metrics) {
      losses.add(metrics.getOrDefault("loss", Double.NaN));
    }

    @Override
    public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void message(String line) {}

    @Override
    public void progress(
        String what, long done, long total, String unit, SequencedMap<String, Double> shown) {}

    @Override
    public void close() {}
  }
}
