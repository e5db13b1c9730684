package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.store.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BenchCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    return Main.run(new PrintWriter(out), new PrintWriter(err), args);
  }

  @Test
  void aBaselineAloneIsOneLineOfNumbers() {
    assertThat(
            run(
                "bench",
                "--only",
                "plain",
                "--shape",
                "XS",
                "--layout",
                "list",
                "--pairs",
                "1",
                "--steps",
                "1",
                "--threads",
                "1",
                "--json"))
        .isEqualTo(0);
    var json = Json.parse("out", out.toString());
    assertThat(json.get("pairs_per_s").asDouble()).isPositive();
    assertThat(json.get("loss").get(0).asDouble()).isBetween(10.6, 10.61); // ln 8!
    assertThat(err.toString()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "--against, plain, --passes, 2",
    "--only, plain, --dtype, bfloat16",
    "--against, lean, --memory, 4GiB",
    "--only, lean, --draw, 8x64x128"
  })
  void aBaselineSaysWhatItDoesNotKnow(String how, String kind, String option, String value) {
    assertThat(run("bench", how, kind, option, value, "--shape", "XS")).isEqualTo(1);
    assertThat(err.toString())
        .contains("the baseline '" + kind + "' knows no " + option)
        .contains("leave it out");
  }
}
