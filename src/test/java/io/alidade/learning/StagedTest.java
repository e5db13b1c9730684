package io.alidade.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.batch.Readout;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Signal;
import io.alidade.journal.Journal;
import io.alidade.model.Scorer;
import io.alidade.model.Scoring;
import io.alidade.objective.Dpo;
import io.alidade.reference.Moving;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Step;
import io.alidade.world.TabularPolicy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Learning in stages, in a world of six answers.
class StagedTest {
  private static final Signal STAGE = Signal.perGroup("stage");
  private static final double[][] START = {
    {0.1, 0.2, -0.3, 0.4, 0.0, -0.1}, {0.5, -0.5, 0.2, 0.1, 0.3, 0.0}
  };

  @TempDir Path folder;

  /// Each line of metrics, by name.
  private static final class Lines implements Journal {
    final List<Map<String, Double>> logged = new ArrayList<>();

    @Override
    public void log(long step, double epoch, SequencedMap<String, Double> metrics) {
      var line = new LinkedHashMap<>(metrics);
      line.put("epoch", epoch);
      logged.add(line);
    }

    double[] of(String name) {
      return logged.stream().mapToDouble(line -> line.get(name)).toArray();
    }

    @Override
    public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void progress(
        String what, long done, long total, String unit, SequencedMap<String, Double> shown) {}

    @Override
    public void message(String line) {}

    @Override
    public void close() {}
  }

  /// A table that becomes the policy's at the beginning of a stage.
  private record Anchored(TabularPolicy policy, TabularPolicy table) implements Moving {
    static Anchored to(TabularPolicy policy) {
      return new Anchored(policy, new TabularPolicy(START));
    }

    private void copy(Tensor from) {
      Grad.off(() -> java.util.Objects.requireNonNull(table.trainable().get("logits")).copy_(from));
    }

    @Override
    public void stepped(long step) {}

    @Override
    public void anchored() {
      copy(java.util.Objects.requireNonNull(policy.trainable().get("logits")));
    }

    @Override
    public SequencedMap<String, Tensor> state() {
      return table.trainable();
    }

    @Override
    public void restore(Map<String, Tensor> state) {
      copy(java.util.Objects.requireNonNull(state.get("logits")));
    }

    @Override
    public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
      return table.score(batch, readouts, false);
    }

    @Override
    public void close() {
      table.close();
    }
  }

  private static Groups pairs(int... perStage) {
    var groups = new ArrayList<Group>();
    for (int stage = perStage.length; stage > 0; stage--) { // in no order that helps
      for (int i = 0; i < perStage[stage - 1]; i++) {
        var pair = TabularPolicy.pair(i % 2, i % 3, 3 + i % 3, groups.size());
        groups.add(
            new Group(
                pair.row(), pair.prompt(), pair.candidates(), Map.of(STAGE, new double[] {stage})));
      }
    }
    return Groups.of(groups);
  }

  private Session session(
      TabularPolicy policy, Scorer reference, Groups groups, long steps, int save, Lines lines) {
    return new Session(
        new Dpo(0.1, new ReverseKl()),
        policy,
        Optional.of(reference),
        new AdamW(0.05, 0.9, 0.999, 1e-8, 0.01, 1.0),
        new Linear(0),
        new Settings(4, 1, 4, steps, 1, Settings.Averaging.STEP, true, 1, 0, save, 9, 7),
        Experience.given(groups),
        folder.resolve("checkpoints"),
        lines);
  }

  @Test
  void eachStageStartsAtLogTwoWithAFreshScheduleAgainstTheStageBefore() {
    var lines = new Lines();
    try (var policy = new TabularPolicy(START);
        var reference = Anchored.to(policy);
        var session = session(policy, reference, pairs(8, 12, 4), -1, 0, lines)) {
      new Staged(2, true, "stage").run(session);
    }
    // 2 epochs of 2, 3 and 1 steps.
    assertThat(lines.of("stage")).containsExactly(1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3);
    for (int first : List.of(0, 4, 10)) {
      assertThat(lines.of("loss")[first]).isCloseTo(Math.log(2), within(1e-12));
      assertThat(lines.of("learning_rate")[first]).isEqualTo(0.05);
    }
    assertThat(lines.of("loss")[1]).isNotCloseTo(Math.log(2), within(1e-6));
    assertThat(lines.of("epoch")[11]).isEqualTo(2);
  }

  @Test
  void aFixedReferenceRemembersTheStagesBefore() {
    var lines = new Lines();
    try (var policy = new TabularPolicy(START);
        var reference = new TabularPolicy(START);
        var session = session(policy, reference, pairs(8, 8), -1, 0, lines)) {
      new Staged(1, false, "stage").run(session);
    }
    assertThat(lines.of("loss")[0]).isCloseTo(Math.log(2), within(1e-12));
    assertThat(lines.of("loss")[2]).isLessThan(Math.log(2) - 1e-4);
    // One schedule over all stages.
    assertThat(lines.of("learning_rate"))
        .containsExactly(new double[] {0.05, 0.0375, 0.025, 0.0125}, within(1e-12));
  }

  @Test
  void theFirstStageIsAnOrdinaryRunOnItsPairs() {
    var staged = new Lines();
    try (var policy = new TabularPolicy(START);
        var reference = Anchored.to(policy);
        var session = session(policy, reference, pairs(9, 8), -1, 0, staged)) {
      new Staged(1, true, "stage").run(session);
    }
    var plain = new Lines();
    try (var policy = new TabularPolicy(START);
        var reference = new TabularPolicy(START);
        var session = session(policy, reference, first(pairs(9, 8)), -1, 0, plain)) {
      new Offline(1).run(session);
    }
    for (int step = 0; step < 3; step++) {
      var line = staged.logged.get(step);
      var same = plain.logged.get(step);
      for (var name : List.of("loss", "rewards/margins", "learning_rate", "grad_norm")) {
        assertThat(line.get(name)).as(name).isEqualTo(same.get(name));
      }
    }
    assertThat(staged.logged).hasSize(5);
  }

  private static Groups first(Groups groups) {
    var first = new ArrayList<Group>();
    for (int i = 0; i < groups.count(); i++) {
      if (java.util.Objects.requireNonNull(groups.group(i).signals().get(STAGE))[0] == 1) {
        first.add(groups.group(i));
      }
    }
    return Groups.of(first);
  }

  @Test
  void aNumberOfStepsIsDividedAmongTheStages() {
    var lines = new Lines();
    try (var policy = new TabularPolicy(START);
        var reference = Anchored.to(policy);
        var session = session(policy, reference, pairs(8, 8, 8), 7, 0, lines)) {
      new Staged(1, true, "stage").run(session);
    }
    assertThat(lines.of("stage")).containsExactly(1, 1, 2, 2, 3, 3, 3);
  }

  @Test
  void aRunThatWasStoppedAnywhereEndsWithTheSameBits() {
    double[] whole;
    var lines = new Lines();
    try (var policy = new TabularPolicy(START);
        var reference = Anchored.to(policy);
        var session = session(policy, reference, pairs(8, 12, 8), -1, 1, lines)) {
      new Staged(1, true, "stage").run(session);
      whole = policy.probabilities(0);
    }
    assertThat(lines.logged).hasSize(7);
    for (int step = 1; step < 7; step++) { // 2 and 5 are the boundaries of stages
      var checkpoint = folder.resolve("checkpoints/checkpoint-" + step);
      var rest = new Lines();
      try (var _ = new Step();
          var policy = TabularPolicy.open(checkpoint);
          var reference = Anchored.to(policy);
          var session = session(policy, reference, pairs(8, 12, 8), -1, 0, rest)) {
        session.restore(checkpoint);
        new Staged(1, true, "stage").run(session);
        assertThat(policy.probabilities(0)).as("from step %d", step).isEqualTo(whole);
      }
      assertThat(rest.logged).isEqualTo(lines.logged.subList(step, 7));
    }
  }

  @Test
  void rowsWithoutAStageAreAnError() {
    var groups = Groups.of(List.of(TabularPolicy.pair(0, 1, 2, 5)));
    try (var policy = new TabularPolicy(START);
        var reference = new TabularPolicy(START);
        var session = session(policy, reference, groups, -1, 0, new Lines())) {
      assertThatThrownBy(() -> new Staged(1, true, "stage").run(session))
          .isInstanceOf(UserException.class)
          .hasMessage(
              "world:5: no column 'stage', which learning in stages reads (one number a row); add it, or a strategy that yields it (Curriculum)");
    }
  }
}
