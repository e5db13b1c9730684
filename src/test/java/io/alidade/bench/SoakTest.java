package io.alidade.bench;

import static org.assertj.core.api.Assertions.assertThat;

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
import io.alidade.objective.Dpo;
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
import org.junit.jupiter.params.provider.ValueSource;

/// Many steps of a tiny model leave nothing behind. `-Dtest.jvm=-Dsoak.steps=2000` makes more.
class SoakTest {
  private static final int STEPS = Integer.getInteger("soak.steps", 500);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(ints = {2})
  void hundredsOfStepsLeaveHandlesAndMemoryFlat(int threads) {
    int before = Natives.threads();
    long started = ManagementFactory.getThreadMXBean().getTotalStartedThreadCount();
    Natives.threads(threads);
    try {
      soak();
    } finally {
      Natives.threads(before);
    }
    started = ManagementFactory.getThreadMXBean().getTotalStartedThreadCount() - started;
    // Of the two passes of a step one has a single group; the other is two shares with a thread each.
    assertThat(started >= 2L * STEPS).isEqualTo(threads == 2);
  }

  private void soak() {
    var config = folder.resolve("config.json");
    Json.write(config, Shape.XS.config());
    var model = folder.resolve("model");
    FreshModel.write(config, folder, model, 0);
    var groups =
        new Workload(List.of(new int[] {9, 5, 3}, new int[] {4, 2, 6}, new int[] {12, 3, 3}))
            .groups(Shape.XS.vocabulary, 1);
    var settings =
        new Settings(2, 2, 2, STEPS + 1L, 1, Settings.Averaging.STEP, true, 10, 0, 0, 1, 0);
    try (var policy = Policy.open(model, PolicySpec.trainable(Precision.FLOAT32));
        var reference =
            new Cached(new Frozen())
                .open(
                    new Reference.Setting(
                        () -> Policy.open(model, PolicySpec.frozen(Precision.FLOAT32)),
                        Optional.empty(),
                        folder,
                        policy));
        var session =
            new Session(
                new Dpo(0.1, new ReverseKl()),
                policy,
                Optional.of(reference),
                new AdamW(1e-4, 0.9, 0.999, 1e-8, 0.01, 1),
                new Constant(0),
                settings,
                Experience.given(groups),
                folder.resolve("checkpoints"),
                Journal.silent())) {
      session.plan(1);
      int warm = STEPS / 5;
      for (int step = 0; step < warm; step++) {
        session.step();
      }
      long t0 = System.nanoTime();
      long handles = Step.liveObjects();
      long resident = Step.residentBytes();
      for (int step = warm; step < STEPS; step++) {
        session.step();
        if (step % 100 == 0) {
          var m = ManagementFactory.getMemoryMXBean();
          System.out.println(step + " rss " + (Step.residentBytes() >> 20) + " heap committed " + (m.getHeapMemoryUsage().getCommitted() >> 20) + " used " + (m.getHeapMemoryUsage().getUsed() >> 20) + " nonheap " + (m.getNonHeapMemoryUsage().getCommitted() >> 20) + " cpu " + Machine.cpuSeconds() + " s " + (System.nanoTime() - t0) / 1e9 + " live " + Step.liveObjects());
        }
      }
      assertThat(session.done()).isEqualTo(STEPS);
      assertThat(Step.liveObjects()).isLessThanOrEqualTo(handles);
      assertThat(Step.residentBytes() - resident).isLessThan(64L << 20); // Java's own heap moves
    }
  }
}
