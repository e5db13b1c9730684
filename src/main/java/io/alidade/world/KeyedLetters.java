package io.alidade.world;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.example.Text;
import io.alidade.model.Drawn;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/// Answers of graded quality: to a key of four letters, eight letters are written, and the rating
/// is how many of them follow a rule.
///
/// The rule wants at place `i` the key's letter `i mod 4`, moved on by `i + 1` letters of a ring of
/// 12. Demonstrations are of mixed quality: each has a chance of its own, uniform up to 0.7, that a
/// letter is right. A wrong letter is in 7 of 10 cases the key's letter as it is, else a random
/// one. So the most likely answer of whoever imitates them is mostly wrong.
public final class KeyedLetters {
  /// Number of tokens there are: the letters.
  public static final int VOCABULARY = 12;

  /// Letters of a key.
  public static final int KEY = 4;

  /// Letters of an answer; there is no end token.
  public static final int ANSWER = 8;

  private static final double BEST_QUALITY = 0.7;
  private static final double COPIED = 0.7;

  private KeyedLetters() {}

  /// A random key.
  public static int[] key(RandomGenerator random) {
    return random.ints(KEY, 0, VOCABULARY).toArray();
  }

  /// Random keys.
  public static List<int[]> keys(int count, RandomGenerator random) {
    var keys = new ArrayList<int[]>();
    for (int i = 0; i < count; i++) {
      keys.add(key(random));
    }
    return keys;
  }

  private static int right(int[] key, int place) {
    return (key[place % KEY] + place + 1) % VOCABULARY;
  }

  /// How many letters follow the rule, from 0 to 8.
  public static int rating(int[] key, int... answer) {
    int rating = 0;
    for (int i = 0; i < ANSWER; i++) {
      rating += answer[i] == right(key, i) ? 1 : 0;
    }
    return rating;
  }

  /// Answers of mixed quality to random keys, to be imitated.
  public static List<Group> demonstrations(int count, RandomGenerator random) {
    var groups = new ArrayList<Group>();
    for (int n = 0; n < count; n++) {
      var key = key(random);
      var answer = new int[ANSWER];
      double quality = BEST_QUALITY * random.nextDouble();
      for (int i = 0; i < ANSWER; i++) {
        if (random.nextDouble() < quality) {
          answer[i] = right(key, i);
        } else {
          answer[i] = random.nextDouble() < COPIED ? key[i % KEY] : random.nextInt(VOCABULARY);
        }
      }
      groups.add(
          new Group(
              new Example.Row("demonstrations", n + 1L),
              key,
              List.of(Completion.of(answer)),
              Map.of()));
    }
    return groups;
  }

  /// Draws answers to each key from a model and ranks them as rows of a data set: the best first,
  /// equals by the log-likelihood under the model, with ratings as `scores`. Letters are written as
  /// `a` to `l`.
  ///
  /// @param count answers to a key
  public static List<Example> rankings(Policy policy, List<int[]> keys, int count, long seed) {
    var prompts = new ArrayList<int[]>();
    for (var key : keys) {
      for (int i = 0; i < count; i++) {
        prompts.add(key);
      }
    }
    var drawn = draw(policy, Sampling.plain(ANSWER, seed), prompts);
    var rankings = new ArrayList<Example>();
    for (int k = 0; k < keys.size(); k++) {
      var key = keys.get(k);
      var sorted =
          drawn.subList(k * count, (k + 1) * count).stream()
              .sorted(
                  Comparator.<Drawn>comparingInt(d -> -rating(key, d.tokens()))
                      .thenComparingDouble(d -> -total(d)))
              .map(Drawn::tokens)
              .toList();
      var scores = sorted.stream().mapToDouble(answer -> rating(key, answer)).toArray();
      rankings.add(
          new Example(
              new Example.Row("rankings", k + 1L),
              text(key),
              sorted.stream().map(KeyedLetters::text).toList(),
              Map.of(Signal.perCandidate("scores"), scores),
              Map.of()));
    }
    return rankings;
  }

  private static Text text(int... letters) {
    var text = new StringBuilder();
    for (int letter : letters) {
      text.append((char) ('a' + letter));
    }
    return new Text.Plain(text.toString());
  }

  private static int[] letters(Text text) {
    if (text instanceof Text.Plain(var plain)) {
      return plain.chars().map(letter -> letter - 'a').toArray();
    }
    throw new IllegalArgumentException("letters are plain text, not " + text);
  }

  /// A row as a model reads it.
  public static Group group(Example row) {
    return new Group(
        row.row(),
        letters(row.prompt()),
        row.candidates().stream().map(answer -> Completion.of(letters(answer))).toList(),
        row.signals());
  }

  private static double total(Drawn drawn) {
    double sum = 0;
    for (float logp : drawn.logps()) {
      sum += logp;
    }
    return sum;
  }

  /// The mean rating of a model's most likely letters.
  public static double greedyRating(Policy policy, List<int[]> keys) {
    var drawn = draw(policy, Sampling.greedy(ANSWER), keys);
    double sum = 0;
    for (int k = 0; k < keys.size(); k++) {
      sum += rating(keys.get(k), drawn.get(k).tokens());
    }
    return sum / keys.size();
  }

  private static List<Drawn> draw(Policy policy, Sampling sampling, List<int[]> prompts) {
    return new Generator(policy, sampling, Set.of()).generate(prompts);
  }
}
