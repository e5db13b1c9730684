package io.alidade.world;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.model.Scorer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/// Pairs whose preference flips with a context. An answer carries four attributes, each there or
/// not, among its six tokens; a context wants one attribute there or absent, and of two answers the
/// one that has it so is preferred.
///
/// A criterion is a token that names the context. A scenario is two tokens that stand for it in a
/// table of which every entry is seen in training. Without a context, in general, the answer with
/// more attributes is preferred.
public final class FlippingTastes {
  /// Number of tokens there are.
  public static final int VOCABULARY = 47;

  /// Tokens of a prompt and an answer at most.
  public static final int LONGEST = 10;

  /// How many contexts there are: an attribute, there or absent.
  public static final int CONTEXTS = 8;

  private static final int BEGIN = 0;
  private static final int END = 1;
  private static final int FIRST = 2;
  private static final int WORDS = 2; // tokens of an attribute in a state
  private static final int FILLERS = 18;
  private static final int CRITERIA = 22;
  private static final int NOTHING = 30;
  private static final int SCENES = 31;
  private static final int ENTRIES = 4; // scenarios of a context
  private static final int ATTRIBUTES = 4;

  private final int[][][] scenarios = new int[CONTEXTS][ENTRIES][];

  /// A world with a table of scenarios of its own.
  public FlippingTastes(RandomGenerator random) {
    var taken = new java.util.HashSet<List<Integer>>();
    for (var of : scenarios) {
      for (int e = 0; e < ENTRIES; e++) {
        int one;
        int two;
        do {
          one = random.nextInt(SCENES, VOCABULARY);
          two = random.nextInt(SCENES, VOCABULARY);
        } while (!taken.add(List.of(one, two)));
        of[e] = new int[] {BEGIN, one, two};
      }
    }
  }

  /// How a context is told.
  public enum Told {
    /// Not at all.
    NOT,
    /// By a field that holds nothing.
    EMPTY,
    /// By its name.
    CRITERION,
    /// By a scenario that stands for it.
    SCENARIO
  }

  /// Two answers with a context in which the first is preferred, and one in which the second is.
  ///
  /// @param first tokens
  /// @param second tokens
  /// @param x a context in which the first is preferred
  /// @param y a context in which the second is preferred
  public record Row(int[] first, int[] second, int x, int y) {}

  private static int[] answer(RandomGenerator random) {
    var tokens = new ArrayList<Integer>();
    for (int a = 0; a < ATTRIBUTES; a++) {
      tokens.add(FIRST + (2 * a + random.nextInt(2)) * WORDS + random.nextInt(WORDS));
    }
    tokens.add(random.nextInt(FILLERS, CRITERIA));
    tokens.add(random.nextInt(FILLERS, CRITERIA));
    for (int i = tokens.size() - 1; i > 0; i--) {
      java.util.Collections.swap(tokens, i, random.nextInt(i + 1));
    }
    tokens.add(END);
    return tokens.stream().mapToInt(t -> t).toArray();
  }

  /// Whether an attribute is there.
  private static boolean has(int[] answer, int attribute) {
    for (int token : answer) {
      if (token >= FIRST && token < FILLERS && (token - FIRST) / WORDS / 2 == attribute) {
        return (token - FIRST) / WORDS % 2 == 1;
      }
    }
    throw new IllegalArgumentException("an answer without attribute " + attribute);
  }

  /// Whether an answer is as a context wants it.
  static boolean suits(int context, int... answer) {
    return has(answer, context / 2) == (context % 2 == 1);
  }

  /// Whether the first of two answers is preferred in a context and the second is not.
  private static boolean decides(int context, int[] one, int[] other) {
    return suits(context, one) && !suits(context, other);
  }

  /// Rows whose contexts disagree.
  public List<Row> rows(int count, RandomGenerator random) {
    var rows = new ArrayList<Row>();
    while (rows.size() < count) {
      var one = answer(random);
      var other = answer(random);
      int x = random.nextInt(CONTEXTS);
      int y = random.nextInt(CONTEXTS);
      if (decides(x, one, other) && decides(y, other, one)) {
        rows.add(new Row(one, other, x, y));
      }
    }
    return rows;
  }

  /// Pairs of rows in both directions, the preferred answer first.
  public List<Group> pairs(List<Row> rows, Told told, RandomGenerator random) {
    var pairs = new ArrayList<Group>();
    for (var row : rows) {
      pairs.add(pair(prompt(row.x, told, random), row.first, row.second, pairs.size()));
      pairs.add(pair(prompt(row.y, told, random), row.second, row.first, pairs.size()));
    }
    return pairs;
  }

  /// Pairs that a context decides, the preferred answer first, each as it is seen in every context,
  /// told by name: `[count][CONTEXTS]`.
  public List<List<Group>> inAllContexts(int context, int count, RandomGenerator random) {
    var all = new ArrayList<List<Group>>();
    while (all.size() < count) {
      var one = answer(random);
      var other = answer(random);
      if (decides(context, one, other)) {
        var seen = new ArrayList<Group>();
        for (int z = 0; z < CONTEXTS; z++) {
          seen.add(pair(prompt(z, Told.CRITERION, random), one, other, all.size()));
        }
        all.add(seen);
      }
    }
    return all;
  }

  /// General pairs, the answer with more attributes first; every other one with an empty field, if
  /// that is wanted.
  public List<Group> general(int count, boolean halfEmpty, RandomGenerator random) {
    var pairs = new ArrayList<Group>();
    while (pairs.size() < count) {
      var one = answer(random);
      var other = answer(random);
      int gap = attributes(one) - attributes(other);
      if (gap != 0) {
        boolean empty = halfEmpty && pairs.size() % 2 == 0;
        var prompt = prompt(0, empty ? Told.EMPTY : Told.NOT, random);
        pairs.add(pair(prompt, gap > 0 ? one : other, gap > 0 ? other : one, pairs.size()));
      }
    }
    return pairs;
  }

  private static int attributes(int[] answer) {
    int count = 0;
    for (int a = 0; a < ATTRIBUTES; a++) {
      count += has(answer, a) ? 1 : 0;
    }
    return count;
  }

  private int[] prompt(int context, Told told, RandomGenerator random) {
    return switch (told) {
      case NOT -> new int[] {BEGIN};
      case EMPTY -> new int[] {BEGIN, NOTHING};
      case CRITERION -> new int[] {BEGIN, CRITERIA + context};
      case SCENARIO -> scenarios[context][random.nextInt(ENTRIES)];
    };
  }

  private static Group pair(int[] prompt, int[] chosen, int[] rejected, int number) {
    return new Group(
        new Example.Row("tastes", number + 1L),
        prompt,
        List.of(Completion.of(chosen), Completion.of(rejected)),
        Map.of());
  }

  /// Reward of the first answer of each pair less that of the second.
  public static double[] margins(Scorer scorer, List<Group> pairs) {
    var rewards = TinyModels.totals(scorer, Groups.of(pairs), Readout.REWARD);
    var margins = new double[pairs.size()];
    java.util.Arrays.setAll(margins, p -> rewards[2 * p] - rewards[2 * p + 1]);
    return margins;
  }
}
