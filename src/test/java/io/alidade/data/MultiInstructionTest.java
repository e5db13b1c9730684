package io.alidade.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.data.instruction.Family;
import io.alidade.data.instruction.Instruction;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Prompts;
import io.alidade.example.Signal;
import io.alidade.example.Text;
import io.alidade.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Instructions made for answers, and the rows that are made with them.
class MultiInstructionTest {
  private static final List<String> WORDS =
      List.of(
          "the", "cat", "sat", "on", "a", "mat", "because", "it", "was", "tired", "today", "also");
  private static final List<String> ENDS = List.of(".", "!", "?", ", and 2 (or 3).", ".\n\n- item");
  private static final MultiInstruction MADE = new MultiInstruction(4, 0.5, true, 10, 0);

  private static String answer(SplittableRandom random) {
    return IntStream.range(0, 1 + random.nextInt(5))
        .mapToObj(_ ->
            IntStream.range(0, 1 + random.nextInt(8))
                    .mapToObj(_ -> WORDS.get(random.nextInt(WORDS.size())))
                    .collect(Collectors.joining(" ", random.nextBoolean() ? "The " : "", ""))
                + ENDS.get(random.nextInt(ENDS.size())))
        .collect(Collectors.joining(" "));
  }

  @Test
  void thereAreTwelveFamiliesAtLeastAndEachCanBeObeyedAndBroken() {
    assertThat(Family.values()).hasSizeGreaterThanOrEqualTo(12);
    var random = new SplittableRandom(1);
    var answers =
        List.of("The cat, the cat (2)! <<Cat>>\n\n- one\n- two?", "{\"a\": 1}", "no more", "");
    for (var family : Family.values()) {
      var some =
          answers.stream()
              .flatMap(a -> Instruction.of(family, List.of(a), random).stream())
              .toList();
      assertThat(some)
          .as(family.name())
          .anyMatch(one -> answers.stream().anyMatch(one::met))
          .anyMatch(one -> answers.stream().anyMatch(a -> !one.met(a)))
          .allSatisfy(one -> assertThat(one.words(random)).matches("[A-Z].*[.]"));
    }
  }

  @Test
  void answersAreCheckedAsPeopleWould() {
    var text = "The cat, the dog!\n\n- One.\n- Two?";
    assertThat(new Instruction(Family.WORDS, "<=6").met(text)).isTrue();
    assertThat(new Instruction(Family.WORDS, ">=7").met(text)).isFalse();
    assertThat(new Instruction(Family.SENTENCES, ">=3").met(text)).isTrue();
    assertThat(new Instruction(Family.PARAGRAPHS, "<=2").met(text)).isTrue();
    assertThat(new Instruction(Family.BULLETS, ">=2").met(text)).isTrue();
    assertThat(new Instruction(Family.CONTAINS, "cat").met(text)).isTrue();
    assertThat(new Instruction(Family.CONTAINS, "ca").met(text)).isFalse();
    assertThat(new Instruction(Family.WITHOUT, "dog").met(text)).isFalse();
    assertThat(new Instruction(Family.REPEATS, "the").met(text)).isTrue();
    assertThat(new Instruction(Family.STARTS, "the").met(text)).isTrue();
    assertThat(new Instruction(Family.ENDS, "two").met(text)).isTrue();
    assertThat(new Instruction(Family.CAPITALS, "none").met("all low")).isTrue();
    assertThat(new Instruction(Family.JSON, "some").met(" {\"a\": [1]} ")).isTrue();
    assertThat(new Instruction(Family.JSON, "some").met("{a")).isFalse();
    assertThat(new Instruction(Family.TITLE, "some").met("<<Cats>>\nyes")).isTrue();
    assertThat(new Instruction(Family.WORDS, "<=1").words(new SplittableRandom(1)))
        .isIn("Use at most 1 word.", "No more than 1 word, please.");
  }

  @Test
  void whatNoAnswerCanObeyIsSeen() {
    assertThat(clash("CONTAINS cat", "WITHOUT cat")).isTrue();
    assertThat(clash("STARTS cat", "WITHOUT cat")).isTrue();
    assertThat(clash("CONTAINS cat", "WITHOUT dog")).isFalse();
    assertThat(clash("WORDS <=3", "SENTENCES >=4")).isTrue();
    assertThat(clash("WORDS <=1", "REPEATS cat")).isTrue();
    assertThat(clash("JSON some", "STARTS cat")).isTrue();
    assertThat(clash("JSON none", "STARTS cat")).isFalse();
  }

  private static boolean clash(String... instructions) {
    return Instruction.contradictory(
        Arrays.stream(instructions)
            .map(one -> one.split(" "))
            .map(both -> new Instruction(Family.valueOf(both[0]), both[1]))
            .toList());
  }

  @Test
  void aThousandRowsKeepTheirPatterns() {
    var random = new SplittableRandom(3);
    int found = 0;
    var patterns = new HashSet<String>();
    for (int n = 0; n < 1000; n++) {
      var answer = answer(random);
      var two = MADE.intra(answer, random);
      if (two.isPresent()) {
        found++;
        var first = two.get().first();
        var second = two.get().second();
        assertThat(first.stream().map(Instruction::family).toList())
            .isEqualTo(second.stream().map(Instruction::family).toList())
            .doesNotHaveDuplicates();
        assertThat(first).hasSizeBetween(1, 4);
        boolean a = all(first, answer) && !all(second, answer);
        boolean b = any(first, answer) && !any(second, answer);
        assertThat(a || b).as("%s of %s, %s", answer, first, second).isTrue();
        patterns.add(a && b ? "both" : a ? "A" : "B");
        assertThat(Instruction.contradictory(first) || Instruction.contradictory(second)).isFalse();
      }
      var chosen = answer(random);
      MADE.inter(chosen, answer, random)
          .ifPresent(pairs -> {
            assertThat(all(pairs.first(), chosen) && !all(pairs.first(), answer)).isTrue();
            assertThat(all(pairs.second(), answer) && !all(pairs.second(), chosen)).isTrue();
          });
    }
    assertThat(found).isGreaterThan(900);
    assertThat(patterns).containsExactlyInAnyOrder("A", "B", "both");
  }

  private static boolean all(List<Instruction> some, String answer) {
    return some.stream().allMatch(one -> one.met(answer));
  }

  private static boolean any(List<Instruction> some, String answer) {
    return some.stream().anyMatch(one -> one.met(answer));
  }

  private static Example pair() {
    return Columns.read(
        new Example.Row("d.jsonl", 7),
        Map.of(
            "prompt", "Where is the cat?",
            "chosen", " It is on the mat, today.",
            "rejected", " No idea! Ask me something else?",
            "weight", 2));
  }

  @Test
  void aPairBecomesRowsOfEveryLevel() {
    var made = MADE.of(0, pair());
    assertThat(made)
        .extracting(
            row -> java.util.Objects.requireNonNull(row.signals().get(MultiInstruction.LEVEL))[0])
        .containsExactly(0., 1., 2., 3., 0.);
    assertThat(made).extracting(row -> row.candidates().size()).containsExactly(2, 2, 2, 4, 2);
    for (var row : made) {
      assertThat(row.signals().get(Signal.perGroup("weight"))).containsExactly(2);
      var again = Columns.read(row.row(), Columns.write(row, Form.RANKING));
      assertThat(again.candidates()).isEqualTo(row.candidates());
      assertThat(again.prompt()).isEqualTo(row.prompt());
      assertThat(again.extras().get("prompts")).isEqualTo(row.extras().get("prompts"));
    }
    var intra = made.get(1);
    assertThat(intra.candidates().get(0)).isEqualTo(intra.candidates().get(1));
    assertThat(Prompts.of(intra).get(0)).isNotEqualTo(Prompts.of(intra).get(1));
    var inter = Prompts.of(made.get(3));
    assertThat(inter.get(0)).isEqualTo(inter.get(1)).isNotEqualTo(inter.get(2));
    assertThat(((Text.Plain) inter.get(0)).text()).startsWith("Where is the cat?\n").endsWith("\n");
    assertThat(MADE.of(0, pair()))
        .extracting(Example::extras)
        .isEqualTo(made.stream().map(Example::extras).toList());
    var plus = ((Text.Plain) made.get(4).prompt()).text();
    assertThat(plus).isEqualTo(((Text.Plain) inter.get(0)).text());
    assertThatThrownBy(() ->
            MADE.outline(
                new Strategy.Outline("d", Form.PROMPT, java.util.Set.of(), java.util.Set.of())))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("takes pairs");
  }

  @Test
  void promptsOfTheirOwnAreReadAndNotScored() {
    try (var tokenizer = Tokenizer.load(Path.of("src/test/resources/golden/models/llama"))) {
      var encoder = new RowEncoder(tokenizer, Encoding.unlimited(Layout.CONTINUATIONS));
      var row = MADE.of(0, pair()).get(3);
      var encoded = encoder.encode(row);
      for (int k = 0; k < 4; k++) {
        var alone = encoder.encode(Prompts.alone(row, k));
        var own = encoded.candidates().get(k);
        int unscored = alone.prompt().length - encoded.prompt().length;
        assertThat(concat(encoded.prompt(), own.tokens()))
            .containsExactly(concat(alone.prompt(), alone.candidates().getFirst().tokens()));
        assertThat(own.scoredTokens()).isEqualTo(alone.candidates().getFirst().scoredTokens());
        assertThat(own.scored()[unscored]).isTrue();
        assertThat(own.scored()[unscored - 1]).isFalse();
      }
      var whole = new RowEncoder(tokenizer, Encoding.unlimited(Layout.WHOLE)).encode(row);
      assertThat(concat(whole.prompt(), whole.candidates().get(2).tokens()))
          .containsExactly(concat(encoded.prompt(), encoded.candidates().get(2).tokens()));
    }
    var broken =
        Columns.read(
            new Example.Row("d", 1),
            Map.of(
                "prompt",
                "p",
                "completions",
                List.of("a", "b"),
                "scores",
                List.of(2, 1),
                "prompts",
                List.of("p")));
    assertThatThrownBy(() -> Prompts.of(broken))
        .isInstanceOf(UserException.class)
        .hasMessage("d:1: column 'prompts' must be a list of one prompt a candidate, 2 in all");
  }

  private static int[] concat(int[] one, int[] two) {
    return IntStream.concat(Arrays.stream(one), Arrays.stream(two)).toArray();
  }
}
