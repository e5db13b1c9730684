package io.alidade.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Sums in two formats, and programs of a stack machine.
class WrittenTasksTest {
  private static final int[] SUM = {4, 7, 10, 8, 5, 11}; // 47 + 85 =

  private static List<List<Integer>> set(List<int[]> all) {
    return all.stream()
        .map(one -> Arrays.stream(one).boxed().toList())
        .collect(Collectors.toList());
  }

  @Test
  void aSumIsSaidInDigitsOrInLetters() {
    assertThat(Addition.carries(SUM)).isEqualTo(2);
    assertThat(Addition.solution(SUM)).containsExactly(2, 3, 1);
    assertThat(Addition.right(SUM, 2, 3, 1)).isTrue();
    assertThat(Addition.right(SUM, 14, 15, 13)).isTrue();
    assertThat(Addition.digits(14, 15, 13)).isFalse();
    assertThat(Addition.said(2, 15, 1)).as("a mixture says nothing").isEqualTo(-1);
    assertThat(Addition.said(2, 3)).isEqualTo(-1);
    assertThat(Addition.right(SUM, 2, 2, 1)).isFalse();
  }

  @Test
  void whatIsHeldIsNeverLearnedFromAndHasItsCarries() {
    var random = new SplittableRandom(1);
    var held = Addition.held(200, 2, random);
    assertThat(held).hasSize(200).allMatch(problem -> Addition.carries(problem) == 2);
    assertThat(set(held)).doesNotHaveDuplicates();
    assertThat(set(Addition.problems(2000, random))).doesNotContainAnyElementsOf(set(held));
  }

  @Test
  void demonstrationsForgetCarriesAndUseBothFormats() {
    var groups = new Addition(0.7, 0.25).demonstrations(4000, new SplittableRandom(2));
    var right = new double[3];
    var all = new double[3];
    int letters = 0;
    for (var group : groups) {
      var answer = group.candidates().getFirst().tokens();
      int carries = Addition.carries(group.prompt());
      all[carries]++;
      right[carries] += Addition.right(group.prompt(), answer) ? 1 : 0;
      letters += Addition.digits(answer) ? 0 : 1;
    }
    assertThat(right[0] / all[0]).isGreaterThan(0.9);
    assertThat(right[1] / all[1]).isCloseTo(0.29, within(0.06));
    assertThat(right[2] / all[2]).isCloseTo(0.09, within(0.04));
    assertThat(letters / 4000.0).isCloseTo(0.25, within(0.03));
  }

  private static int[] tokens(String text) {
    return text.chars().map("0123456789ab+*:~PT;. "::indexOf).toArray();
  }

  @Test
  void programsLeaveANumberOrFail() {
    assertThat(StackPrograms.run(tokens("ab*a+"), 4, 3)).isEqualTo(6);
    assertThat(StackPrograms.run(tokens("a:*"), 7, 0)).isEqualTo(9);
    assertThat(StackPrograms.run(tokens("ab~"), 1, 2)).as("two are left").isEqualTo(-1);
    assertThat(StackPrograms.run(tokens("a+"), 1, 2)).as("one is missing").isEqualTo(-1);
    assertThat(StackPrograms.run(tokens(""), 1, 2)).isEqualTo(-1);
    assertThat(StackPrograms.run(tokens("a;"), 1, 2)).isEqualTo(-1);
  }

  @Test
  void multiplicationComesFirst() {
    var instruction = tokens("a+b*2");
    assertThat(StackPrograms.meaning(instruction, 1, 3)).isEqualTo(7);
    assertThat(StackPrograms.right(instruction, tokens("ab2*+"))).isTrue();
    assertThat(StackPrograms.right(instruction, tokens("b2*a+"))).isTrue();
    assertThat(StackPrograms.right(instruction, tokens("ab+2*"))).isFalse();
    assertThat(StackPrograms.valid(instruction, tokens("1313267"))).isTrue();
    assertThat(StackPrograms.valid(instruction, tokens("1313268"))).isFalse();
    assertThat(StackPrograms.passes(tokens("ab+2*"), tokens("1313268"))).isTrue();
    assertThat(StackPrograms.text(StackPrograms.joint(tokens("ab*"), tokens("1313268"))))
        .isEqualTo("ab*;1313268.");
    assertThat(StackPrograms.program(tokens("ab*;1313268."))).isEqualTo(tokens("ab*"));
  }

  @Test
  void demonstrationsOfCodeAreOftenWrong() {
    var random = new SplittableRandom(3);
    double programs = 0;
    double tests = 0;
    for (var group : StackPrograms.demonstrations(2000, random)) {
      var answer = group.candidates().getFirst().tokens();
      var instruction = Arrays.copyOf(group.prompt(), StackPrograms.PROMPT - 1);
      var program = StackPrograms.program(answer);
      assertThat(answer).hasSizeLessThanOrEqualTo(StackPrograms.ANSWER);
      if (group.prompt()[StackPrograms.PROMPT - 1] == StackPrograms.asksTest()[0]) {
        assertThat(StackPrograms.test(program)).isTrue();
        tests += StackPrograms.valid(instruction, program) ? 1 : 0;
      } else {
        programs += StackPrograms.right(instruction, program) ? 1 : 0;
      }
    }
    assertThat(programs / 1000).isBetween(0.25, 0.55); // some mistakes change nothing
    assertThat(tests / 1000).isCloseTo(0.75, within(0.05));
    assertThat(set(StackPrograms.instructions(300, true, random)))
        .hasSize(300)
        .doesNotHaveDuplicates()
        .doesNotContainAnyElementsOf(
            set(StackPrograms.instructions(Integer.MAX_VALUE, false, random)));
  }
}
