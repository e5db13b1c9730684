package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.journal.Provenance;
import io.alidade.journal.RunFolder;
import io.alidade.recipe.Plan;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.Command;

class MainTest {
  @TempDir Path temp;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
  }

  @Test
  void saysWhatItIsWhenAskedNothing() {
    assertThat(run()).isZero();
    assertThat(out.toString()).startsWith("Alidade: preference optimization for the JVM.");
    assertThat(out.toString().lines().count()).isLessThan(20);
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void findsItsCommandsByTheirNames() {
    assertThat(Main.commands())
        .extracting(command -> command.getClass().getAnnotation(Command.class).name())
        .contains("check", "list", "report", "runs")
        .doesNotHaveDuplicates();
    assertThat(Main.commands())
        .allSatisfy(command -> {
          assertThat(command.getClass().getAnnotation(Command.class).description()).isNotEmpty();
        });
  }

  @Test
  void eachIsCalledAsItsClassIs() {
    for (var command : Main.commands()) {
      var type = command.getClass();
      assertThat(type.getSimpleName().toLowerCase(java.util.Locale.ROOT))
          .isEqualTo(type.getAnnotation(Command.class).name() + "command");
    }
  }

  @Test
  void everyCommandHasHelpWithExitCodes() {
    for (var command : Main.commands()) {
      var name = command.getClass().getAnnotation(Command.class).name();
      out.getBuffer().setLength(0);
      assertThat(run(name, "--help")).as(name).isZero();
      assertThat(out.toString()).contains("Usage: alidade " + name, "Exit codes:", "130");
    }
  }

  @Test
  void suggestsCommandsAndOptions() {
    assertThat(run("chek")).isEqualTo(2);
    assertThat(err.toString())
        .isEqualTo(
            "alidade: unknown command 'chek'; did you mean 'check'?\nTry './alidade --help'.\n");
    err.getBuffer().setLength(0);
    assertThat(run("check", "--scle=tiny")).isEqualTo(2);
    assertThat(err.toString())
        .isEqualTo(
            "alidade: unknown option '--scle'; did you mean '--scale'?\nTry './alidade check --help'.\n");
  }

  @Test
  void saysBadInputInOneLine() {
    assertThat(run("report", temp.resolve("absent").toString())).isEqualTo(1);
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).startsWith("alidade: ").contains("holds no run");
    err.getBuffer().setLength(0);
    assertThat(run("report", temp.resolve("absent").toString(), "--stacktrace")).isEqualTo(1);
    assertThat(err.toString()).contains("UserException").contains("\tat ");
  }

  @Test
  void saysItsOwnMistakesInOneLineWithALog() throws IOException {
    Files.writeString(temp.resolve("resolved.yaml"), "x: 1\n");
    Files.writeString(temp.resolve("provenance.json"), "{\"started\": \"not a time\"}");
    assertThat(run("runs", temp.toString())).isEqualTo(3);
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).startsWith("alidade: internal error: ");
    var log = Path.of(err.toString().strip().replaceFirst(".* details in ", ""));
    assertThat(log).content().contains("DateTimeParseException", "\tat ");
    Files.delete(log);
  }

  @Test
  void listsEverythingThatARecipeCanName() {
    assertThat(run("list")).isZero();
    assertThat(out.toString())
        .contains("  Dpo {beta, divergence}\n      Direct preference optimization.\n")
        .contains("arXiv:2305.18290", "AdamW", "ReverseKl", "dpo", "Recipes", "Scales");
  }

  @Test
  void checksRecipes() {
    assertThat(run("check")).isZero();
    assertThat(out.toString()).contains("ok  dpo").contains("ok  sft");
    assertThat(run("check", "dpo", "--set", "objective.Dpo.beta=-1")).isEqualTo(1);
    assertThat(err.toString())
        .contains("recipe.objective.Dpo: beta must be positive and finite, was -1.0");
  }

  @Test
  void comparesRuns() {
    for (int i = 0; i < 2; i++) {
      var sets = new LinkedHashMap<String, String>();
      sets.put("model", "org/model" + i);
      try (var folder = RunFolder.create(temp.resolve("runs/run" + i), false)) {
        folder.resolved(Plan.load(i == 0 ? "sft" : "dpo", "tiny", sets).yaml());
        folder.provenance(
            new Provenance(
                List.of(),
                i == 0 ? "sft" : "dpo",
                1,
                1,
                "cpu",
                List.of(),
                Instant.EPOCH.plusSeconds(i)));
        try (var journal = folder.metrics(0)) {
          var metrics = new LinkedHashMap<String, Double>();
          metrics.put("loss", 0.5 + i);
          journal.log(10, 1, metrics);
          metrics.put("rewards/accuracies", 0.75);
          journal.evaluation(10, 1, metrics);
        }
        if (i == 1) {
          folder.finished(Instant.EPOCH);
        }
      }
    }
    assertThat(run("runs", temp.resolve("runs").toString())).isZero();
    var lines = out.toString().lines().toList();
    assertThat(lines).hasSize(3);
    assertThat(lines.get(1)).contains("run0", "sft", "org/model0", "10", "0.5000", "unfinished");
    assertThat(lines.get(2)).contains("run1", "dpo", "org/model1", "1.5000", "0.7500", "done");
  }

  @Test
  void saysThatThereAreNoRuns() {
    assertThat(run("runs", temp.resolve("none").toString())).isZero();
    assertThat(out.toString()).startsWith("no runs in ");
  }
}
