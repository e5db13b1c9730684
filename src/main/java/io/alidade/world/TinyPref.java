package io.alidade.world;

import java.util.random.RandomGenerator;

/// A language of 24 tokens with a gold reward: padding, begin, separator, end, and 20 content
/// tokens in four classes, `(id - 4) mod 4`. A prompt is begin, three content tokens, separator;
/// its target is the class of the first. An answer is good as far as its tokens are of that class.
public final class TinyPref {
  /// Padding; never part of an answer.
  public static final int PAD = 0;

  /// Begins a prompt.
  public static final int BOS = 1;

  /// Ends a prompt.
  public static final int SEP = 2;

  /// Ends an answer.
  public static final int EOS = 3;

  /// Content tokens are `FIRST` to `VOCABULARY - 1`.
  public static final int FIRST = 4;

  /// Number of tokens.
  public static final int VOCABULARY = 24;

  /// Tokens of an answer at most, the end included.
  public static final int LONGEST = 16;

  /// Tokens of a prompt.
  public static final int PROMPT = 5;

  private static final int CLASSES = 4;
  private static final double USUAL = 0.4; // share of target tokens in the data

  private TinyPref() {}

  /// A prompt, [#PROMPT] tokens.
  public static int[] prompt(RandomGenerator random) {
    return new int[] {BOS, content(random), content(random), content(random), SEP};
  }

  /// An answer as the data have it: 6 to 14 content tokens, each of the target class with a given
  /// probability and else of the other three alike, then the end.
  ///
  /// @param probability of the target class, 0.4 in the plain language
  public static int[] answer(int[] prompt, double probability, RandomGenerator random) {
    int length = random.nextInt(6, 15);
    var answer = new int[length + 1];
    for (int i = 0; i < length; i++) {
      int kind = target(prompt);
      if (random.nextDouble() >= probability) {
        kind = (kind + random.nextInt(1, CLASSES)) % CLASSES;
      }
      answer[i] = of(kind, random);
    }
    answer[length] = EOS;
    return answer;
  }

  /// A boring answer: one token that is not of the target class over and over, 6 to 14 times, then
  /// the end. Its tokens are easy to foresee and worth nothing.
  public static int[] boring(int[] prompt, RandomGenerator random) {
    int length = random.nextInt(6, 15);
    var answer = new int[length + 1];
    int kind = (target(prompt) + random.nextInt(1, CLASSES)) % CLASSES;
    java.util.Arrays.fill(answer, of(kind, random));
    answer[length] = EOS;
    return answer;
  }

  /// The gold reward, `8 (share of target tokens - 0.4)`, from -3.2 to 4.8; the end does not count,
  /// and an answer without tokens has no target token.
  public static double reward(int[] prompt, int[] answer) {
    int tokens = 0;
    int good = 0;
    for (int token : answer) {
      if (token != EOS) {
        tokens++;
        good += token >= FIRST && kind(token) == target(prompt) ? 1 : 0;
      }
    }
    return 8 * ((tokens == 0 ? 0 : (double) good / tokens) - USUAL);
  }

  /// A prompt that asks for another class than the last, whose tokens are the polite ones.
  public static int[] impolitePrompt(RandomGenerator random) {
    var prompt = prompt(random);
    while (target(prompt) == CLASSES - 1) {
      prompt = prompt(random);
    }
    return prompt;
  }

  /// A second reward, `8 (share of tokens of the last class - 0.2)`, whatever the prompt.
  public static double politeness(int... answer) {
    int tokens = 0;
    int polite = 0;
    for (int token : answer) {
      if (token != EOS) {
        tokens++;
        polite += token >= FIRST && kind(token) == CLASSES - 1 ? 1 : 0;
      }
    }
    return 8 * ((tokens == 0 ? 0 : (double) polite / tokens) - (1 - USUAL) / (CLASSES - 1));
  }

  /// The class that a prompt asks for.
  static int target(int[] prompt) {
    return kind(prompt[1]);
  }

  private static int kind(int token) {
    return (token - FIRST) % CLASSES;
  }

  private static int content(RandomGenerator random) {
    return random.nextInt(FIRST, VOCABULARY);
  }

  private static int of(int kind, RandomGenerator random) {
    return FIRST + kind + CLASSES * random.nextInt((VOCABULARY - FIRST) / CLASSES);
  }
}
