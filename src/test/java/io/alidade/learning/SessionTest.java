package io.alidade.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.batch.Scored;
import io.alidade.constraint.ReverseKl;
import io.alidade.journal.Journal;
import io.alidade.model.Scorer;
import io.alidade.objective.Dpo;
import io.alidade.objective.Loss;
import io.alidade.objective.Needs;
import io.alidade.objective.Objective;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import io.alidade.world.TabularPolicy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionTest {
  @TempDir Path folder;

  /// Gathers what a session reports.
  private static final class Notes implements Journal {
    final List<Map<String, Double>> logged = new ArrayList<>();
    final List<Map<String, Double>> evaluated = new ArrayList<>();

    @Override
    public void log(long step, double epoch, SequencedMap<String, Double> metrics) {
      logged.add(new LinkedHashMap<>(metrics));
    }

    @Override
    public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {
      evaluated.add(new LinkedHashMap<>(metrics));
    }

    @Override
    public void progress(
        String what, long done, long total, String unit, SequencedMap<String, Double> shown) {}

    @Override
    public void close() {}

    @Override
    public void message(String line) {}
  }

  private static Groups pairs() {
    var groups = new ArrayList<Group>();
    for (int i = 0; i < 13; i++) {
      groups.add(TabularPolicy.pair(i % 2, i % 3, 3 + i % 3, i));
    }
    return Groups.of(groups);
  }

  private static TabularPolicy start() {
    return new TabularPolicy(
        new double[][] {{0.1, 0.2, -0.3, 0.4, 0.0, -0.1}, {0.5, -0.5, 0.2, 0.1, 0.3, 0.0}});
  }

  private static Settings settings(int batch, int accumulate, long steps) {
    return new Settings(
        batch, accumulate, 4, steps, 1, Settings.Averaging.STEP, true, 1, 0, 0, 2, 7);
  }

  private Session session(
      Objective objective, TabularPolicy policy, Scorer reference, Settings settings, Notes notes) {
    return new Session(
        objective,
        policy,
        Optional.of(reference),
        new AdamW(0.05, 0.9, 0.999, 1e-8, 0.01, 1.0),
        new Linear(2),
        settings,
        Experience.given(pairs(), Optional.of(pairs())),
        folder,
        notes);
  }

  private static final Dpo DPO = new Dpo(0.1, new ReverseKl());

  @Test
  void startsAtLogTwoWithZeroRewardsAndLearnsThePairs() {
    var notes = new Notes();
    try (var policy = start();
        var reference = start();
        var session = session(DPO, policy, reference, settings(4, 1, 60), notes)) {
      new Offline(1).run(session);
    }
    assertThat(notes.logged.getFirst().get("loss")).isCloseTo(Math.log(2), within(1e-12));
    assertThat(notes.logged.getFirst().get("rewards/chosen")).isEqualTo(0.0);
    assertThat(notes.logged.getFirst().get("rewards/accuracies")).isEqualTo(0.0);
    assertThat(notes.logged.getFirst().get("learning_rate")).isEqualTo(0.0);
    assertThat(notes.evaluated).hasSize(1);
    assertThat(notes.evaluated.getFirst().get("eval_rewards/accuracies")).isEqualTo(1.0);
  }

  @Test
  void aStepIsTheSameHoweverItIsCutIntoPasses() {
    var results = new ArrayList<double[]>();
    for (var cut : List.of(settings(4, 1, 9), settings(2, 2, 9), settings(1, 4, 9))) {
      try (var policy = start();
          var reference = start();
          var session = session(DPO, policy, reference, cut, new Notes())) {
        new Offline(1).run(session);
        results.add(policy.probabilities(0));
      }
    }
    for (var result : results) {
      assertThat(result).containsExactly(results.getFirst(), within(1e-12));
    }
  }

  @Test
  void aRestoredRunEndsWithTheSameBits() {
    double[] whole;
    var notes = new Notes();
    try (var policy = start();
        var reference = start();
        var session = session(DPO, policy, reference, settings(4, 1, 11), notes)) {
      new Offline(1).run(session);
      whole = policy.probabilities(1);
    }
    try (var policy = start();
        var reference = start();
        var session = session(DPO, policy, reference, settings(4, 1, 11), new Notes())) {
      session.plan(1);
      for (int i = 0; i < 6; i++) {
        session.step();
      }
      session.save();
    }
    var checkpoint = folder.resolve("checkpoint-6");
    var resumed = new Notes();
    try (var policy = TabularPolicy.open(checkpoint);
        var reference = start();
        var session = session(DPO, policy, reference, settings(4, 1, 11), resumed)) {
      session.restore(checkpoint);
      new Offline(1).run(session);
      assertThat(policy.probabilities(1)).isEqualTo(whole);
    }
    assertThat(resumed.logged).isEqualTo(notes.logged.subList(6, 11));
  }

  /// Fails at one row.
  private record Poisoned() implements Objective {
    @Override
    public Needs needs() {
      return Needs.pairs().withoutReference();
    }

    @Override
    public Loss loss(Scored batch) {
      return Loss.mean(Ops.times(batch.policy().total(), Double.NaN));
    }
  }

  @Test
  void aLossThatIsNotFiniteNamesItsRowsAndLeavesTheModel() {
    try (var policy = start();
        var reference = start();
        var session = session(new Poisoned(), policy, reference, settings(2, 1, 5), new Notes())) {
      session.plan(1);
      assertThatThrownBy(session::step)
          .isInstanceOf(UserException.class)
          .hasMessageContaining("step 1: the loss is NaN on rows world:")
          .hasMessageContaining("No checkpoint was due yet");
      try (var fresh = start()) {
        assertThat(policy.probabilities(0)).isEqualTo(fresh.probabilities(0));
      }
    }
  }

  @Test
  void keepsTheNewestCheckpoints() {
    try (var policy = start();
        var reference = start();
        var session = session(DPO, policy, reference, settings(4, 1, 5), new Notes())) {
      session.plan(1);
      while (session.unfinished()) {
        session.step();
        session.save();
      }
    }
    assertThat(folder).isDirectoryContaining(p -> p.endsWith("checkpoint-4"));
    assertThat(folder.resolve("checkpoint-3")).doesNotExist();
    assertThat(new Checkpoints(folder, 2).latest()).contains(folder.resolve("checkpoint-5"));
  }

  @Test
  void fiveHundredStepsLeaveNoNativeObjectBehind() {
    try (var policy = start();
        var reference = start();
        var session = session(DPO, policy, reference, settings(4, 1, 520), new Notes())) {
      session.plan(1);
      for (int i = 0; i < 20; i++) {
        session.step();
      }
      long before = Step.liveObjects();
      while (session.done() < 519) {
        session.step();
      }
      assertThat(Step.liveObjects()).isLessThanOrEqualTo(before);
    }
  }
}
