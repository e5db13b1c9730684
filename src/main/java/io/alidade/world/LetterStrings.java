package io.alidade.world;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Example;
import io.alidade.example.Text;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/// Strings of letters, whose score is how often the pair `AB` stands in them.
///
/// A prompt is a begin token and two random letters, which say nothing of the answer. In
/// demonstrations a letter is `A` in one of five places; after `A` comes `B` in three of ten, and
/// else any of the twelve letters.
///
/// @param length letters of an answer, an even number; there is no end token
public record LetterStrings(int length) {
  private static final int LETTERS = 12;
  private static final int BEGIN = LETTERS;

  /// Number of tokens: the letters and the begin token.
  public static final int VOCABULARY = LETTERS + 1;

  /// Tokens of a prompt.
  public static final int PROMPT = 3;

  /// A random prompt.
  public static int[] prompt(RandomGenerator random) {
    return new int[] {BEGIN, random.nextInt(LETTERS), random.nextInt(LETTERS)};
  }

  /// Random prompts.
  public static List<int[]> prompts(int count, RandomGenerator random) {
    var prompts = new ArrayList<int[]>();
    for (int i = 0; i < count; i++) {
      prompts.add(prompt(random));
    }
    return prompts;
  }

  /// Strings to be imitated.
  public List<Group> demonstrations(int count, RandomGenerator random) {
    var groups = new ArrayList<Group>();
    for (int n = 0; n < count; n++) {
      groups.add(
          new Group(
              new Example.Row("demonstrations", n + 1L),
              prompt(random),
              List.of(Completion.of(natural(random))),
              Map.of()));
    }
    return groups;
  }

  private int[] natural(RandomGenerator random) {
    var answer = new int[length];
    for (int i = 0; i < length; i++) {
      boolean after = i > 0 && answer[i - 1] == 0;
      if (after && random.nextDouble() < 0.3) {
        answer[i] = 1;
      } else {
        answer[i] = random.nextDouble() < 0.2 ? 0 : random.nextInt(LETTERS);
      }
    }
    return answer;
  }

  /// A string that begins with so many pairs `AB` and goes on with `C`.
  public int[] template(int pairs) {
    var answer = new int[length];
    for (int i = 0; i < length; i++) {
      answer[i] = i < 2 * pairs ? i % 2 : 2;
    }
    return answer;
  }

  /// The tokens as letters from `A`; the begin token is left out.
  public static Text.Plain text(int... tokens) {
    var letters = new StringBuilder();
    Arrays.stream(tokens)
        .filter(token -> token < LETTERS)
        .forEach(token -> letters.append((char) ('A' + token)));
    return new Text.Plain(letters.toString());
  }

  /// How often `AB` stands in a text.
  public static int score(String text) {
    int count = 0;
    for (int at = text.indexOf("AB"); at >= 0; at = text.indexOf("AB", at + 2)) {
      count++;
    }
    return count;
  }

  /// The largest score.
  public int best() {
    return length / 2;
  }
}
