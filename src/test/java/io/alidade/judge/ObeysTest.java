package io.alidade.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Instructions in a column, and answers that a program checks.
class ObeysTest {
  private static final Case ASKED = Case.of("Say.", "the sea is calm", "The sea, at last!", "no");

  private static Verdict of(Case one) {
    try (var sitting = new Obeys("instructions").open()) {
      return sitting.judge(one);
    }
  }

  @Test
  void onlyWhoObeysAllIsRewardedAndSharesAreKept() {
    var verdict =
        of(
            ASKED.with(
                "instructions",
                List.of(
                    Map.of("words", "<=4"), Map.of("contains", "sea"), Map.of("commas", "none"))));
    assertThat(verdict.standing()).containsExactly(1, 0, 0);
    assertThat(Objects.requireNonNull(verdict.parts().get("obeyed")))
        .containsExactly(1, 2.0 / 3, 2.0 / 3);
    assertThat(of(ASKED.with("instructions", List.of())).standing())
        .as("nothing is asked")
        .containsExactly(1, 1, 1);
  }

  @ParameterizedTest
  @CsvSource({"words, 4", "words, ==4", "commas, few", "rhymes, yes", "contains, ''"})
  void whatIsNoInstructionIsSaid(String family, String argument) {
    assertThatThrownBy(() -> of(ASKED.with("instructions", List.of(Map.of(family, argument)))))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("case:1: column 'instructions' holds")
        .hasMessageContaining("[words, sentences,");
    assertThatThrownBy(() -> of(ASKED))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("column 'instructions' holds null; it is a list of instructions");
  }
}
