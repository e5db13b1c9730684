package io.alidade.world;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Direction;
import io.alidade.example.Example;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/// Strings of two objectives, and prompts that hold a topic and a direction of both in digits, as a
/// text would: `<topic 2> 0 8 7 - 5 0` asks for 87 parts of helpfulness and -50 of verbosity.
///
/// An answer has up to sixteen words and an end token. Of four topics each has four words of its
/// own, and four further words say nothing. With `q` the number of different words of the topic in
/// it and `t = words / 16`, an answer is verbose by `t` and helpful by `0.7 q / 4 + 0.3 t`.
public final class DirectedStrings {
  /// Words of an answer at most, and so tokens of its draw.
  public static final int LONGEST = 16;

  /// Token that ends an answer.
  public static final int END = 20;

  /// Tokens of a prompt.
  public static final int PROMPT = 8;

  /// Number of tokens: 16 words of topics, 4 others, the end, 4 topics, a begin token, a plus, a
  /// minus, ten digits.
  public static final int VOCABULARY = 38;

  private static final int TOPICS = 4;
  private static final int WORDS = 4; // of a topic
  private static final int TOPIC = 21;
  private static final int BEGIN = 25;
  private static final int PLUS = 26;
  private static final int MINUS = 27;
  private static final int ZERO = 28;

  private DirectedStrings() {}

  /// A topic, drawn evenly.
  public static int topic(RandomGenerator random) {
    return random.nextInt(TOPICS);
  }

  /// A prompt.
  ///
  /// @param direction of helpfulness and verbosity, rounded to hundredths in the prompt
  public static int[] prompt(int topic, Direction direction) {
    int[] percent = direction.percent();
    int help = percent[0];
    int verbose = Math.abs(percent[1]);
    return new int[] {
      BEGIN,
      TOPIC + topic,
      ZERO + help / 100,
      ZERO + help / 10 % 10,
      ZERO + help % 10,
      percent[1] < 0 ? MINUS : PLUS,
      ZERO + verbose / 10 % 10,
      ZERO + verbose % 10
    };
  }

  /// Number of words of an answer.
  public static int length(int... answer) {
    return (int) Arrays.stream(answer).filter(token -> token != END).count();
  }

  /// `0.7 q / 4`: helpfulness without what length adds to it, in `[0, 0.7]`.
  public static double quality(int[] prompt, int... answer) {
    int first = (prompt[1] - TOPIC) * WORDS;
    long different =
        Arrays.stream(answer).filter(t -> t >= first && t < first + WORDS).distinct().count();
    return 0.7 * different / WORDS;
  }

  /// Helpfulness and verbosity, each in `[0, 1]`.
  public static double[] rewards(int[] prompt, int... answer) {
    double verbose = (double) length(answer) / LONGEST;
    return new double[] {quality(prompt, answer) + 0.3 * verbose, verbose};
  }

  /// Answers to be imitated, whatever their direction: of any length, half of their words of the
  /// topic, a quarter of others, a quarter that say nothing.
  ///
  /// @param range of the angles in prompts, degrees to both sides
  public static List<Group> demonstrations(int count, double range, RandomGenerator random) {
    var groups = new ArrayList<Group>();
    for (int n = 0; n < count; n++) {
      int topic = topic(random);
      int words = 1 + random.nextInt(LONGEST);
      var answer = new int[Math.min(LONGEST, words + 1)];
      for (int i = 0; i < words; i++) {
        double kind = random.nextDouble();
        int of = kind < 0.5 ? topic : kind < 0.75 ? topic(random) : TOPICS;
        answer[i] = of * WORDS + random.nextInt(WORDS);
      }
      if (words < LONGEST) {
        answer[words] = END;
      }
      groups.add(
          new Group(
              new Example.Row("demonstrations", n + 1L),
              prompt(topic, Direction.degrees(random.nextDouble(-range, range))),
              List.of(Completion.of(answer)),
              Map.of()));
    }
    return groups;
  }
}
