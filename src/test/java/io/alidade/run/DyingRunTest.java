package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.journal.Journal;
import io.alidade.journal.RunFolder;
import io.alidade.judge.code.Protection;
import io.alidade.recipe.Plan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Loops whose process dies wherever something was done: at each part that was drawn and each step.
/// Every life gets one thing further than the one before, and in the end all bits are those of a
/// run that never died. ([ResumeTest] kills real processes.)
class DyingRunTest {
  private static final int MOST = 30; // lives

  @TempDir Path folder;

  /// The end of a process. Nobody catches it.
  private static final class Death extends Error {
    private static final long serialVersionUID = 1;
  }

  /// Dies at the first place where no earlier life was.
  private record Dying(Set<String> reached) implements Journal {
    private void at(String place) {
      if (reached.add(place)) {
        throw new Death();
      }
    }

    @Override
    public void log(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void progress(
        String what, long done, long total, String unit, SequencedMap<String, Double> shown) {
      if (what.equals("train")) {
        at("step " + done);
      } else { // a part of the round after so many steps
        at(what + done + " after " + reached.stream().filter(p -> p.startsWith("step")).count());
      }
    }

    @Override
    public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void message(String line) {}

    @Override
    public void close() {}
  }

  private Map<String, String> settings(String recipe) throws IOException {
    var rows = new StringBuilder();
    for (int i = 0; i < 36; i++) {
      rows.append(
          "{\"prompt\": \"%d plus %d?\", \"completion\": \" %d.\"%s}\n"
              .formatted(
                  i,
                  i + 1,
                  2 * i + 1,
                  recipe.equals("oreo") ? ", \"label\": " + (i % 2 == 0) : ""));
    }
    if (List.of("hypo", "ofs-dpo", "cofs-dpo").contains(recipe)) {
      rows.setLength(0);
      for (int i = 0; i < 36; i++) {
        rows.append(
            "{\"prompt\": \"%d plus %d?\", \"chosen\": \" %d.\", \"rejected\": \" %d.\", \"domain\": %d}\n"
                .formatted(i, i + 1, 2 * i + 1, 3 * i, i / 18));
      }
    }
    var data = folder.resolve(recipe + ".jsonl");
    Files.writeString(data, rows);
    var all = new LinkedHashMap<String, String>();
    all.put("model", "src/test/resources/golden/models/llama");
    all.put("data", data.toString());
    all.put("logging_steps", "1");
    all.put("save_steps", "1");
    all.put("eval_fraction", "0");
    all.put("per_device_train_batch_size", "36");
    all.put("gradient_accumulation_steps", "1");
    all.put("learning_rate_factor", "2000"); // so that rounds differ
    switch (recipe) {
      case "mcts-dpo" ->
          rounds(all, "StepSearch", 10)
              .putAll(
                  Map.of(
                      "learning.StepSearch.drawing.judge", "{Matches: {regex: \"(?s).*e.*\"}}",
                      "learning.StepSearch.tree.simulations", "1",
                      "learning.StepSearch.tree.step_tokens", "2",
                      "learning.StepSearch.tree.separator", "e",
                      "learning.StepSearch.inject", "true"));
      case "dno-prct" ->
          rounds(all, "NashRounds", 36)
              .putAll(
                  Map.of(
                      "learning.NashRounds.margin",
                      "0.1",
                      "learning.NashRounds.student_margin",
                      "0.1",
                      "learning.NashRounds.floor",
                      "-9",
                      "eval_fraction",
                      "0.2"));
      case "apo" -> rounds(all, "Iterative", 36);
      case "hypo" ->
          all.putAll(
              Map.of(
                  "max_steps",
                  "3",
                  "learning.Hybrid.companions.max_new_tokens",
                  "4",
                  "objective.HyPo.online_every",
                  "2"));
      case "dstc" -> {
        rounds(all, "CrossTesting", 2);
        all.put("learning.CrossTesting.rounds", "1");
        all.put("learning.CrossTesting.tests", "1");
        all.remove("learning.CrossTesting.drawing.judge");
        all.put(
            "learning.CrossTesting.drawing.judge.CodeRunner.unprotected",
            "[%s]"
                .formatted(
                    Arrays.stream(Protection.values())
                        .map(one -> one.name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(", "))));
      }
      case "cofs-dpo" ->
          all.putAll(
              Map.of(
                  "max_steps", "2",
                  "adapter.r", "4",
                  "adapter.lora_alpha", "8",
                  "reference", "AdaptersOff",
                  "learning.CrossDomain.memory", "4",
                  "learning.CrossDomain.solver_steps", "3"));
      default -> all.put("max_steps", "2");
    }
    return all;
  }

  private static Map<String, String> rounds(Map<String, String> all, String loop, int prompts) {
    var learning = "learning." + loop + ".";
    all.put(learning + "rounds", "2");
    all.put(learning + "prompts_per_round", Integer.toString(prompts));
    all.put(learning + "drawing.samples", "2");
    all.put(learning + "drawing.max_new_tokens", "4");
    all.put(learning + "drawing.judge", "{Length: {target: 6, scale: 2}}");
    return all;
  }

  private Path run(String recipe, String name, Journal journal, Map<String, String> settings) {
    var out = folder.resolve(name);
    TrainingRun.run(
        Plan.load(recipe, "tiny", new LinkedHashMap<>(settings)),
        out,
        RunFolder.holdsRun(out),
        folder,
        journal,
        List.of());
    return out;
  }

  private static List<Path> files(Path run) throws IOException {
    var all = new ArrayList<Path>();
    for (var part : List.of("rounds", "model", "critic")) {
      if (Files.exists(run.resolve(part))) {
        try (var files = Files.walk(run.resolve(part))) {
          files.filter(Files::isRegularFile).map(run::relativize).sorted().forEach(all::add);
        }
      }
    }
    return all;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"mcts-dpo", "dno-prct", "apo", "hypo", "oreo", "ofs-dpo", "cofs-dpo", "dstc"})
  void aRunThatDiesEverywhereEndsAsOneThatDoesNot(String recipe) throws IOException {
    var settings = settings(recipe);
    var whole = run(recipe, "whole", Journal.silent(), settings);
    var reached = new HashSet<String>();
    int lives = 0;
    boolean alive = false;
    while (!alive) {
      assertThat(lives++).as(() -> "gets no further than " + reached).isLessThan(MOST);
      try {
        run(recipe, "dying", new Dying(reached), settings);
        alive = true;
      } catch (Death _) {
        assertThat(folder.resolve("dying/model")).doesNotExist();
      }
    }
    assertThat(lives).isGreaterThan(2);
    var dying = folder.resolve("dying");
    assertThat(files(dying)).isEqualTo(files(whole)); // and no part of a round is left
    for (var file : files(whole)) {
      assertThat(dying.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
    }
    assertThat(Interrupted.metrics(dying)).isEqualTo(Interrupted.metrics(whole));
  }
}
