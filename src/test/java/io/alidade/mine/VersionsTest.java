package io.alidade.mine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class VersionsTest {
  @Test
  void previewsAndDatesAreLeftOut() {
    assertThat(
            Versions.consecutive(
                List.of(
                    "1.0-alpha-1",
                    "1.0-rc1",
                    "1.0",
                    "1.1-M2",
                    "1.1.RC3",
                    "1.1.Beta1",
                    "1.1",
                    "2.0-SNAPSHOT",
                    "2.0b4",
                    "20030203.000550")))
        .containsExactly("1.0", "1.1");
  }

  @Test
  void linesAreNotMixed() {
    assertThat(Versions.consecutive(List.of("31-android", "31-jre", "32-android", "32-jre")))
        .containsExactly("31-jre", "32-jre");
    assertThat(Versions.consecutive(List.of("4.0.Final", "4.1.0.Final")))
        .containsExactly("4.0.Final", "4.1.0.Final");
  }

  @Test
  void wherePreviewsAreAllTheyCount() {
    assertThat(Versions.consecutive(List.of("1.0-alpha1", "1.0-alpha2")))
        .containsExactly("1.0-alpha1", "1.0-alpha2");
  }
}
