package io.alidade.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.batch.Groups;
import io.alidade.constraint.ReverseKl;
import io.alidade.journal.Journal;
import io.alidade.learning.AdamW;
import io.alidade.learning.Constant;
import io.alidade.learning.Experience;
import io.alidade.learning.Session;
import io.alidade.learning.Settings;
import io.alidade.model.FreshModel;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.objective.Dpo;
import io.alidade.objective.PlackettLuce;
import io.alidade.reference.AdaptersOff;
import io.alidade.reference.Cached;
import io.alidade.reference.Frozen;
import io.alidade.reference.Reference;
import io.alidade.store.Json;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Step;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Many steps of a tiny model leave nothing behind. `-Dtest.jvm=-Dsoak.steps=2000` makes more.
class SoakTest {
  private static final int STEPS = Integer.getInteger("soak.steps", 500);

  @TempDir Path folder;

  /// What is trained on what.
  enum Kind {
    PAIRS,
    ADAPTER,
    LISTS
  }

  @ParameterizedTest
  @CsvSource({"PAIRS, 1, 1", "PAIRS, 2, 3", "ADAPTER, 1, 4", "LISTS, 1, 4"})
  void hundredsOfStepsLeaveHandlesAndMemoryFlat(Kind kind, int threads, int fewer) {
    // All steps where more were asked for.
    int steps = STEPS > 500 ? STEPS : STEPS / fewer;
    int before = Natives.threads();
    long started = ManagementFactory.getThreadMXBean().getTotalStartedThreadCount();
    Natives.threads(threads);
    try {
      soak(kind, steps);
    } finally {
      Natives.threads(before);
    }
    started = ManagementFactory.getThreadMXBean().getTotalStartedThreadCount() - started;
    // Of the two passes of a step one has a single group; the other is two shares with a thread
    // each.
    assertThat(started >= 2L * steps).isEqualTo(threads == 2);
  }

  private static Groups groups(Kind kind) {
    var layout =
        kind == Kind.LISTS
            ? List.of(new int[] {9, 5, 3, 1, 4, 7, 2, 6, 3}, new int[] {4, 2, 6, 1, 1, 3, 9, 2, 4})
            : List.of(new int[] {9, 5, 3}, new int[] {4, 2, 6}, new int[] {12, 3, 3});
    return new Workload(layout).groups(Shape.XS.vocabulary, 1);
  }

  private void soak(Kind kind, int steps) {
    var config = folder.resolve("config.json");
    Json.write(config, Shape.XS.config());
    var model = folder.resolve("model");
    FreshModel.write(config, folder, model, 0);
    int passes = kind == Kind.LISTS ? 1 : 2;
    var settings =
        new Settings(2, passes, 2, steps + 1L, 1, Settings.Averaging.STEP, true, 10, 0, 0, 1, 0);
    var plain = PolicySpec.trainable(Precision.FLOAT32);
    boolean adapter = kind == Kind.ADAPTER;
    var spec = adapter ? plain.with(LoraSpec.of(4, 8, new Targets.AllLinear())) : plain;
    var below = adapter ? new AdaptersOff() : new Frozen();
    try (var policy = Policy.open(model, spec);
        var reference =
            new Cached(below)
                .open(
                    new Reference.Setting(
                        () -> Policy.open(model, PolicySpec.frozen(Precision.FLOAT32)),
                        adapter ? Optional.of(policy.withoutAdapter()) : Optional.empty(),
                        folder,
                        policy));
        var session =
            new Session(
                kind == Kind.LISTS
                    ? new PlackettLuce(0.1, new ReverseKl())
                    : new Dpo(0.1, new ReverseKl()),
                policy,
                Optional.of(reference),
                new AdamW(1e-4, 0.9, 0.999, 1e-8, 0.01, 1),
                new Constant(0),
                settings,
                Experience.given(groups(kind)),
                folder.resolve("checkpoints"),
                Journal.silent())) {
      session.plan(1);
      int warm = steps / 5;
      for (int step = 0; step < warm; step++) {
        session.step();
      }
      long handles = Step.liveObjects();
      long resident = outsideOfTheHeap();
      for (int step = warm; step < steps; step++) {
        session.step();
      }
      assertThat(session.done()).isEqualTo(steps);
      assertThat(Step.liveObjects()).isLessThanOrEqualTo(handles);
      long more = outsideOfTheHeap() - resident;
      if (STEPS > 500) {
        System.out.printf(
            "%s, %d threads: %d steps, %+d KiB outside of the heap since step %d%n",
            kind, Natives.threads(), steps, more >> 10, warm);
      }
      assertThat(more).isLessThan(64L << 20);
    }
  }

  /// Resident memory less what Java has taken for its heap, which grows when the machine is busy.
  private static long outsideOfTheHeap() {
    return Step.residentBytes()
        - ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted();
  }
}
