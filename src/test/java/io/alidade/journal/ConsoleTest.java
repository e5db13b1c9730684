package io.alidade.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

class ConsoleTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private long now;

  private Console console(boolean terminal) {
    return new Console(
        new PrintStream(bytes, true, StandardCharsets.UTF_8), terminal, false, () -> now);
  }

  private String printed() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static SequencedMap<String, Double> shown() {
    var shown = new LinkedHashMap<String, Double>();
    shown.put("loss", 0.6931);
    shown.put("accuracy", 0.75);
    return shown;
  }

  @Test
  void drawsABarOnATerminal() {
    try (var console = console(true)) {
      console.progress("train", 0, 10, "steps", shown());
      now = 2_000_000_000L;
      console.progress("train", 5, 10, "steps", shown());
    }
    assertThat(printed())
        .contains("\rtrain " + "━".repeat(12) + "╌".repeat(12) + "  50% 5/10 steps")
        .contains("loss 0.6931  accuracy 0.7500  2.5 steps/s  2 s left");
  }

  @Test
  void printsPlainLinesElsewhereAndFewOfThem() {
    try (var console = console(false)) {
      for (int step = 0; step < 100; step++) {
        now = step * 200_000_000L; // 20 s in all
        console.progress("train", step, 100, "steps", shown());
      }
      console.progress("train", 100, 100, "steps", shown());
    }
    assertThat(printed().lines()).hasSize(3);
    assertThat(printed()).doesNotContain("\r").doesNotContain("━").contains("100% 100/100 steps");
  }

  @Test
  void countsTheRateFromWhereItResumed() {
    try (var console = console(false)) {
      console.progress("train", 90, 100, "steps", shown());
      now = 10_000_000_000L;
      console.progress("train", 95, 100, "steps", shown());
    }
    assertThat(printed()).contains("2.0 s/step  10 s left");
  }

  @Test
  void clearsTheBarBeforeALine() {
    try (var console = console(true)) {
      console.progress("train", 1, 10, "steps", shown());
      console.log(1, 0.25, shown());
      console.message("saved");
    }
    assertThat(printed()).contains("\rstep 1  epoch 0.25  loss 0.6931  accuracy 0.7500\nsaved\n");
  }

  @Test
  void writesNumbersShort() {
    assertThat(Console.number(5e-7)).isEqualTo("5.00e-07");
    assertThat(Console.number(12)).isEqualTo("12");
    assertThat(Console.number(123.456)).isEqualTo("123.5");
    assertThat(Console.number(-1.23456)).isEqualTo("-1.235");
    assertThat(Console.number(Double.NaN)).isEqualTo("NaN");
    assertThat(Console.duration(3720)).isEqualTo("1 h 02 min");
    assertThat(Console.duration(61)).isEqualTo("1 min 01 s");
  }
}
