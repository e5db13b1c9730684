package io.alidade.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StopTextTest {
  private static String joined(StopText stop, String... pieces) {
    var text = new StringBuilder();
    for (var piece : pieces) {
      text.append(stop.add(piece)).append('|');
    }
    return text.append(stop.finish()).toString();
  }

  @Test
  void holdsBackWhatMayBecomeAStop() {
    assertThat(joined(new StopText(List.of("END")), "a E", "N", "D b", "c")).isEqualTo("a ||||");
    assertThat(joined(new StopText(List.of("END")), "a E", "N", "d")).isEqualTo("a ||ENd|");
    assertThat(joined(new StopText(List.of("END")), "a EN")).isEqualTo("a |EN");
  }

  @Test
  void cutsAtTheFirstOfSeveral() {
    var stop = new StopText(List.of("\n\n", "}"));
    assertThat(joined(stop, "x { y }\n\nz")).isEqualTo("x { y |");
    assertThat(stop.stopped()).isTrue();
  }

  @Test
  void findsAStopThatBeginsInsideOfAFalseStart() {
    assertThat(joined(new StopText(List.of("aab")), "a", "a", "a", "b", "c")).isEqualTo("||a|||");
  }

  @Test
  void withoutStopsNothingWaits() {
    assertThat(joined(new StopText(List.of()), "a", "b")).isEqualTo("a|b|");
  }
}
