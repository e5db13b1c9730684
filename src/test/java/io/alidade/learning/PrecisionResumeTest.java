package io.alidade.learning;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Example;
import io.alidade.journal.Journal;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.TensorFiles;
import io.alidade.objective.Dpo;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Runs on a model of short weights, or with short moments, that stop in the middle and go on: they
/// end with the bits of one that did not stop.
class PrecisionResumeTest {
  private static final Path MODEL = Path.of("src/test/resources/golden/models/llama");

  @TempDir Path folder;

  private static Groups groups() {
    var random = new Random(2);
    var groups = new ArrayList<Group>();
    for (int i = 0; i < 6; i++) {
      groups.add(
          new Group(
              new Example.Row("rows", i + 1),
              random.ints(5, 0, 90).toArray(),
              List.of(
                  Completion.of(random.ints(4, 0, 90).toArray()),
                  Completion.of(random.ints(3, 0, 90).toArray())),
              Map.of()));
    }
    return Groups.of(groups);
  }

  private Session session(Policy policy, Policy reference, Optimizer optimizer, Path into) {
    return new Session(
        new Dpo(0.1, new ReverseKl()),
        policy,
        Optional.of(reference),
        optimizer,
        new Constant(0),
        new Settings(2, 1, 2, 6, 1, Settings.Averaging.STEP, true, 10, 0, 0, 3, 0),
        Experience.given(groups()),
        into,
        Journal.silent());
  }

  private static Map<String, double[]> weights(Policy policy) {
    var weights = new LinkedHashMap<String, double[]>();
    try (var _ = new Step()) {
      policy.trainable().forEach((name, weight) -> weights.put(name, Ops.toDoubles(weight)));
    }
    return weights;
  }

  static List<Arguments> kinds() {
    var adam = new AdamW(1e-3, 0.9, 0.98, 1e-8, 0.1, 1);
    var eight = new AdamW8bit(1e-3, 0.9, 0.98, 1e-8, 0.1, 1, 256);
    return List.of(
        Arguments.of(Precision.BFLOAT16, adam),
        Arguments.of(Precision.BFLOAT16, eight),
        Arguments.of(Precision.FLOAT32, eight));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aRunThatStoppedEndsWithTheSameBits(Precision precision, Optimizer optimizer) {
    var spec = PolicySpec.trainable(precision);
    Map<String, double[]> start;
    Map<String, double[]> whole;
    try (var policy = Policy.open(MODEL, spec);
        var reference = Policy.open(MODEL, PolicySpec.frozen(precision));
        var session = session(policy, reference, optimizer, folder.resolve("whole"))) {
      start = weights(policy);
      session.plan(1);
      while (session.unfinished()) {
        session.step();
      }
      whole = weights(policy);
    }
    var into = folder.resolve("cut");
    try (var policy = Policy.open(MODEL, spec);
        var reference = Policy.open(MODEL, PolicySpec.frozen(precision));
        var session = session(policy, reference, optimizer, into)) {
      session.plan(1);
      for (int step = 0; step < 3; step++) {
        session.step();
      }
      session.save();
    }
    var checkpoint = into.resolve("checkpoint-3");
    try (var policy = Policy.open(checkpoint, spec);
        var reference = Policy.open(MODEL, PolicySpec.frozen(precision));
        var session = session(policy, reference, optimizer, into)) {
      session.restore(checkpoint);
      session.plan(1);
      while (session.unfinished()) {
        session.step();
      }
      weights(policy).forEach((name, got) -> assertThat(got).as(name).isEqualTo(whole.get(name)));
    }
    int moved = 0;
    for (var name : start.keySet()) {
      moved += java.util.Arrays.equals(start.get(name), whole.get(name)) ? 0 : 1;
    }
    assertThat(moved).as("weights that moved").isGreaterThan(10);
  }

  /// A master holds what its short weight cannot, or keeping it would say nothing.
  @Test
  void mastersAreKeptAndFinerThanTheirWeights() {
    var into = folder.resolve("short");
    try (var policy = Policy.open(MODEL, PolicySpec.trainable(Precision.BFLOAT16));
        var reference = Policy.open(MODEL, PolicySpec.frozen(Precision.BFLOAT16));
        var session = session(policy, reference, new AdamW(1e-3, 0.9, 0.98, 1e-8, 0, 1), into)) {
      session.plan(1);
      session.step();
      session.save();
    }
    try (var _ = new Step()) {
      var state = TensorFiles.read(into.resolve("checkpoint-1/optimizer.safetensors"));
      int finer = 0;
      for (var entry : state.entrySet()) {
        if (entry.getKey().endsWith(".master")) {
          var master = entry.getValue();
          var rounded = master.to(Precision.BFLOAT16.type()).to(master.scalar_type());
          finer += Ops.number(master.sub(rounded).abs().max()) > 0 ? 1 : 0;
        }
      }
      assertThat(finer).isGreaterThan(10);
    }
  }
}
