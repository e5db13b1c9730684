package io.alidade.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.store.Json;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class SideBySideTest {
  private static JsonNode turn(double pairs, double cpu, double... losses) {
    var json =
        Json.mapper().createObjectNode().put("pairs_per_s", pairs).put("cpu_s_per_pair", cpu);
    for (double loss : losses) {
      json.withArray("loss").add(loss);
    }
    json.withArray("gemm_gflops_before_after").add(40).add(60);
    return json.put("machine", "a table");
  }

  @Test
  void turnsAlternateAndRatiosAreThoseOfMedians() {
    var order = new ArrayList<Boolean>();
    var comparison =
        SideBySide.of(
            "plain",
            3,
            ours -> {
              order.add(ours);
              int turn = (order.size() - 1) / 2;
              return ours
                  ? turn(List.of(6.0, 2.0, 9.0).get(turn), 0.25, 0.5, 0.4)
                  : turn(List.of(3.0, 2.0, 1.0).get(turn), 0.5, 0.5, 0.4002);
            });
    assertThat(order).containsExactly(true, false, true, false, true, false);
    assertThat(comparison.ratio("pairs_per_s")).isEqualTo(3);
    assertThat(comparison.ratio("cpu_s_per_pair")).isEqualTo(0.5);
    assertThat(comparison.lossDifference()).isCloseTo(0.0002 / 0.4002, within(1e-12));
    assertThat(comparison.text())
        .containsSubsequence("pairs a second", "6.000", "2.000", "3.00 ×  (2.00 1.00 9.00)")
        .contains("2 steps differ by at most 5.0e-04")
        .contains("a table")
        .doesNotContain("MiB");
    assertThat(comparison.json().at("/pairs_per_s/ratio").asDouble()).isEqualTo(3);
    assertThat(comparison.json().get("other_turns")).hasSize(3);
  }

  /// What [Itself] starts below.
  static final class Echo {
    private Echo() {}

    public static void main(String[] arguments) {
      if (arguments[0].equals("fail")) {
        System.exit(7);
      }
      System.out.println("[warning] something of Java's own");
      System.out.println("{\"said\": \"" + String.join(" ", arguments) + "\"}");
    }
  }

  @Test
  void aTurnIsAProcessOfItsOwn() {
    assertThat(new Itself(Echo.class).run(List.of("bench", "--json")).get("said").asString())
        .isEqualTo("bench --json");
    assertThatThrownBy(() -> new Itself(Echo.class).run(List.of("fail", "here")))
        .isInstanceOf(UserException.class)
        .hasMessage("a process of its own for 'fail here' ended with exit code 7");
  }
}
