package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.store.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExplainCommandTest {
  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    return Main.run(new PrintWriter(out), new PrintWriter(err), args);
  }

  @Test
  void printsTextAndWritesThePage() {
    var page = folder.resolve("hinge.html");
    assertThat(run("explain", "hinge", "--set", "beta=0.25", "--out", page.toString()))
        .isEqualTo(0);
    assertThat(out.toString())
        .contains("max(0, 1 - m)", "beta = 0.25", "divergence = ReverseKl", "ok      ")
        .endsWith(page + System.lineSeparator());
    assertThat(page).content().contains("<svg", "A margin of 1 / beta nats costs nothing");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void evaluatesNumbers() throws IOException {
    var numbers = folder.resolve("at.json");
    Files.writeString(
        numbers,
        """
        {"policy": {"chosen": [-12, -1], "rejected": [-15, -1]},
         "reference": {"chosen": [-13, -1], "rejected": [-14, -1]}}
        """);
    assertThat(run("explain", "Dpo", "--set", "beta=0.1", "--at", numbers.toString())).isEqualTo(0);
    var json = Json.parse("out", out.toString());
    assertThat(json.at("/losses/0").doubleValue()).isEqualTo(Math.log1p(Math.exp(-0.2)));
    assertThat(json.at("/losses/1").doubleValue()).isEqualTo(Math.log(2));
    assertThat(json.at("/grad/chosen/1").doubleValue()).isEqualTo(-0.025);
    assertThat(json.at("/metrics/rewards~1accuracies").doubleValue()).isEqualTo(0.5);
  }

  @Test
  void failuresAreOneLine() {
    assertThat(run("explain", "simpo", "--at", folder.resolve("none.json").toString()))
        .isEqualTo(Main.BAD_INPUT);
    assertThat(err.toString()).startsWith("alidade: ").contains("none.json: no such file");
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(run("explain", "simpoo")).isEqualTo(Main.BAD_INPUT);
    assertThat(err.toString()).contains("no objective and no recipe 'simpoo'; did you mean");
  }
}
