package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.journal.Journal;
import io.alidade.model.MemoryBudget;
import io.alidade.tensor.NativeMemory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalLong;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

class WithinMemoryTest {
  /// Keeps lines and steps.
  private record Notes(List<String> lines, List<Long> steps) implements Journal {
    @Override
    public void log(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void message(String line) {
      lines.add(line);
    }

    @Override
    public void progress(
        String what, long done, long total, String unit, SequencedMap<String, Double> shown) {
      steps.add(done);
    }

    @Override
    public void close() {}
  }

  private static Notes steps(MemoryBudget budget, OptionalLong... peaks) {
    var notes = new Notes(new ArrayList<>(), new ArrayList<>());
    var coming = new ArrayList<>(List.of(peaks));
    try (var journal = new WithinMemory(notes, budget, coming::removeFirst)) {
      for (int step = 1; step <= 3; step++) {
        journal.progress("train", step, 3, "steps", new LinkedHashMap<>());
      }
    }
    assertThat(notes.steps).containsExactly(1L, 2L, 3L);
    return notes;
  }

  @Test
  void whatIsTakenBeyondTheBudgetIsSaidOnce() {
    var budget = MemoryBudget.of("4GiB");
    long gib = 1L << 30;
    assertThat(
            steps(budget, OptionalLong.of(3 * gib), OptionalLong.of(5 * gib), OptionalLong.of(gib))
                .lines)
        .singleElement()
        .asString()
        .contains("5.0 GiB", "4.0 GiB", "per_device_train_batch_size");
  }

  @Test
  void nothingIsSaidWithinItOrWithoutOne() {
    var within = OptionalLong.of(4L << 30);
    assertThat(steps(MemoryBudget.of("4GiB"), within, within, OptionalLong.empty()).lines)
        .isEmpty();
    assertThat(steps(MemoryBudget.NONE).lines).isEmpty();
  }

  @Test
  void thePeakOfThisProcessIsKnownOnLinux() {
    boolean linux = System.getProperty("os.name").equals("Linux");
    assertThat(NativeMemory.peak().isPresent()).isEqualTo(linux);
    NativeMemory.peak().ifPresent(bytes -> assertThat(bytes).isGreaterThan(20L << 20));
  }
}
