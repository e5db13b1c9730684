package io.alidade.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Example;
import io.alidade.journal.Journal;
import io.alidade.judge.Matches;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.objective.Dpo;
import io.alidade.reference.Extrapolated;
import io.alidade.reference.Reference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Momentum between rounds that is taken back where it costs held-out reward.
class GuardedMomentumTest {
  private static final Path MODEL = Path.of("src/test/resources/golden/models/llama");

  @TempDir Path folder;
  private final List<String> said = new ArrayList<>();

  /// The same pair in each round, and rewards as they are told.
  private record Told(List<Double> rewards) implements Collector {
    @Override
    public Collected round(int round, int prompts) {
      var pair =
          new Group(
              new Example.Row("pairs", 1),
              new int[] {5, 6},
              List.of(Completion.of(7, 8), Completion.of(9, 10)),
              Map.of());
      return new Collected(Groups.of(List.of(pair)), new LinkedHashMap<>());
    }

    @Override
    public SequencedMap<String, Double> measure() {
      var measured = new LinkedHashMap<String, Double>();
      if (!rewards.isEmpty()) {
        measured.put("eval_reward", rewards.removeFirst());
      }
      return measured;
    }

    @Override
    public int prompts() {
      return 1;
    }
  }

  /// Journal that keeps messages.
  private record Lines(List<String> lines) implements Journal {
    @Override
    public void log(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void progress(
        String what, long done, long total, String unit, SequencedMap<String, Double> shown) {}

    @Override
    public void message(String line) {
      lines.add(line);
    }

    @Override
    public void close() {}
  }

  /// What two rounds make of the model.
  private String trained(Extrapolated momentum, Double... rewards) {
    try (var policy = Policy.open(MODEL, PolicySpec.trainable(Precision.FLOAT32));
        var reference =
            momentum.open(new Reference.Setting(() -> policy, Optional.empty(), folder, policy));
        var session =
            new Session(
                new Dpo(0.1, new ReverseKl()),
                policy,
                Optional.of(reference),
                new AdamW(1e-3, 0.9, 0.999, 1e-8, 0, 1),
                new Constant(0),
                new Settings(1, 1, 1, -1, 1, Settings.Averaging.STEP, false, 9, 0, 0, 1, 7),
                Experience.collected(new Told(new ArrayList<>(List.of(rewards)))),
                folder,
                new Lines(said))) {
      var drawing = new Drawing(new Matches("x"), 2, 8, 1, 0, 1, Optional.empty());
      new Iterative(2, 1, 1, true, true, drawing).run(session);
      return policy.fingerprint();
    }
  }

  private static Extrapolated guarded(double tolerance) {
    return new Extrapolated(0.5, Optional.of(tolerance));
  }

  @Test
  void aPushThatCostsMoreThanItMayIsTakenBack() {
    var without = trained(new Extrapolated(0));
    var with = trained(new Extrapolated(0.5));
    assertThat(with).isNotEqualTo(without);
    assertThat(trained(guarded(0.2), 1.0, 0.9)).as("a little may be lost").isEqualTo(with);
    assertThat(said).noneMatch(line -> line.contains("momentum"));
    assertThat(trained(guarded(0.2), 1.0, 0.7)).isEqualTo(without);
    assertThat(said)
        .filteredOn(line -> line.contains("momentum"))
        .containsExactly(
            "step 1: momentum would take the held-out reward from 1.000 to 0.7000; this round goes without it");
    assertThat(trained(guarded(9), 1.0, Double.NaN)).as("nothing known").isEqualTo(without);
  }

  @Test
  void withoutHeldOutPromptsThereIsNothingToGuard() {
    assertThatThrownBy(() -> trained(guarded(0)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("set eval_data or eval_fraction");
  }
}
