package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.journal.Journal;
import io.alidade.recipe.Plan;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Many rounds of drawing, judging and learning leave nothing behind.
/// `-Dtest.jvm=-Dsoak.steps=2000` makes more.
class DrawingSoakTest {
  private static final int ROUNDS = Math.max(30, Integer.getInteger("soak.steps", 0) / 5);

  @TempDir Path folder;

  /// What there was after each step: native objects, and memory outside of Java's heap.
  private record Gauge(List<Long> objects, List<Long> bytes) implements Journal {
    @Override
    public void log(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void message(String line) {}

    @Override
    public void progress(
        String what, long done, long total, String unit, SequencedMap<String, Double> shown) {
      if (what.equals("train")) {
        objects.add(Step.liveObjects());
        bytes.add(
            Step.residentBytes()
                - ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted());
      }
    }

    @Override
    public void close() {}
  }

  @Test
  void roundsLeaveHandlesAndMemoryFlat() throws IOException {
    var rows = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      rows.append("{\"prompt\": \"What is %d plus %d?\"}\n".formatted(i, i + 1));
    }
    var data = Files.writeString(folder.resolve("prompts.jsonl"), rows);
    var settings = new LinkedHashMap<String, String>();
    settings.put("model", "src/test/resources/golden/models/llama");
    settings.put("data", data.toString());
    settings.put("eval_fraction", "0");
    settings.put("save_steps", "0");
    settings.put("per_device_train_batch_size", "2");
    settings.put("gradient_accumulation_steps", "1");
    settings.put("learning.Iterative.rounds", Integer.toString(ROUNDS));
    settings.put("learning.Iterative.prompts_per_round", "2");
    settings.put("learning.Iterative.drawing.samples", "3");
    settings.put("learning.Iterative.drawing.max_new_tokens", "6");
    settings.put("learning.Iterative.drawing.judge", "{Length: {target: 9, scale: 3}}");
    var gauge = new Gauge(new ArrayList<>(), new ArrayList<>());
    TrainingRun.run(
        Plan.load("iterative-dpo", "tiny", settings),
        folder.resolve("run"),
        false,
        folder.resolve("cache"),
        gauge,
        List.of());
    int steps = gauge.objects.size();
    assertThat(steps).isGreaterThanOrEqualTo(ROUNDS);
    int warm = steps / 3;
    long most = gauge.objects.subList(0, warm).stream().mapToLong(n -> n).max().orElseThrow();
    assertThat(gauge.objects.getLast()).as("%s", gauge.objects).isLessThanOrEqualTo(most);
    long more = gauge.bytes.getLast() - gauge.bytes.get(warm);
    if (ROUNDS > 30) {
      System.out.printf(
          "drawing: %d rounds, %+d KiB outside of the heap since step %d%n",
          ROUNDS, more >> 10, warm);
    }
    assertThat(more).isLessThan(64L << 20);
  }
}
