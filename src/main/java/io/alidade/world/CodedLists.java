package io.alidade.world;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.model.Scorer;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Lists of ten items to a prompt, shown in any order, whose relevance the prompt decides.
///
/// A prompt is two letters, an item two others; each has an alphabet of twelve of its own. An
/// item's worth is `first[p][a] + second[q][b]` with tables of standard normal numbers, so that a
/// prompt that was never seen is a new combination of letters that were. The two best items of a
/// list have relevance 2, the next three 1. Items of a list are separated by a comma, and an end
/// follows the last.
///
/// @param first `[12][12]`, by the first letters of prompt and item
/// @param second `[12][12]`, by the second letters
public record CodedLists(double[][] first, double[][] second) {
  /// Number of tokens there are.
  public static final int VOCABULARY = 50;

  /// Items of a list.
  public static final int ITEMS = 10;

  /// Tokens of prompt and list together.
  public static final int LONGEST = 2 + 3 * ITEMS;

  /// Items of relevance 1 or 2.
  public static final int RELEVANT = 5;

  private static final int LETTERS = 12;
  private static final int MOST = 2; // items of relevance 2
  private static final int COMMA = 48;
  private static final int END = 49;

  /// A prompt with its items, the best first.
  ///
  /// @param prompt two tokens
  /// @param items two tokens each, in the order of their worth
  public record Ranked(int[] prompt, List<int[]> items) {}

  /// Random tables.
  public static CodedLists random(RandomGenerator random) {
    return new CodedLists(table(random), table(random));
  }

  private static double[][] table(RandomGenerator random) {
    var table = new double[LETTERS][LETTERS];
    for (var row : table) {
      Arrays.setAll(row, _ -> random.nextGaussian());
    }
    return table;
  }

  /// All prompts in a random order.
  public static List<int[]> prompts(RandomGenerator random) {
    var prompts = new ArrayList<int[]>();
    for (int n = 0; n < LETTERS * LETTERS; n++) {
      prompts.add(new int[] {n / LETTERS, LETTERS + n % LETTERS});
    }
    for (int i = prompts.size() - 1; i > 0; i--) {
      prompts.set(i, prompts.set(random.nextInt(i + 1), prompts.get(i)));
    }
    return prompts;
  }

  /// Lists of different random items to prompts that are drawn from some.
  public List<Ranked> lists(int count, List<int[]> prompts, RandomGenerator random) {
    return IntStream.range(0, count)
        .mapToObj(_ -> {
          var prompt = prompts.get(random.nextInt(prompts.size()));
          var items =
              random
                  .ints(0, LETTERS * LETTERS)
                  .distinct()
                  .limit(ITEMS)
                  .mapToObj(n -> new int[] {2 * LETTERS + n / LETTERS, 3 * LETTERS + n % LETTERS})
                  .sorted(Comparator.comparingDouble((int[] item) -> -worth(prompt, item)))
                  .toList();
          return new Ranked(prompt, items);
        })
        .toList();
  }

  private double worth(int[] prompt, int... item) {
    return first[prompt[0]][item[0] - 2 * LETTERS]
        + second[prompt[1] - LETTERS][item[1] - 3 * LETTERS];
  }

  private static int relevance(int place) {
    return place < MOST ? 2 : place < RELEVANT ? 1 : 0;
  }

  /// A list as a model reads it, with signals that say which item each token belongs to, how
  /// relevant that is and which place it should have.
  ///
  /// @param number of the row
  /// @param order places of the items in the order in which they are shown, from 0 for the best
  public static Group shown(Ranked list, long number, int... order) {
    var tokens = new int[3 * order.length];
    var item = new double[tokens.length];
    var relevance = new double[tokens.length];
    var rank = new double[tokens.length];
    for (int i = 0; i < order.length; i++) {
      int place = order[i];
      System.arraycopy(list.items.get(place), 0, tokens, 3 * i, 2);
      tokens[3 * i + 2] = i + 1 < order.length ? COMMA : END;
      for (int t = 3 * i; t < 3 * i + 2; t++) {
        item[t] = i;
        relevance[t] = relevance(place);
        rank[t] = place + 1;
      }
      item[3 * i + 2] = -1;
    }
    return new Group(
        new Example.Row("lists", number),
        list.prompt,
        List.of(Completion.of(tokens)),
        Map.of(
            Signal.perUnit("item"), item,
            Signal.perUnit("relevance"), relevance,
            Signal.perUnit("rank"), rank));
  }

  /// The best item against another as a pair of answers that hold nothing else.
  ///
  /// @param other its place, from 1
  public static Group pair(Ranked list, long number, int other) {
    return new Group(
        new Example.Row("pairs", number),
        list.prompt,
        List.of(Completion.of(list.items.getFirst()), Completion.of(list.items.get(other))),
        Map.of());
  }

  /// A random order of the places of a list.
  public static int[] order(RandomGenerator random) {
    var order = IntStream.range(0, ITEMS).toArray();
    for (int i = ITEMS - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int place = order[i];
      order[i] = order[j];
      order[j] = place;
    }
    return order;
  }

  /// Normalised discounted gain of the first five items, `(2^relevance - 1) / log2(1 + place)`,
  /// where items are sorted by their mean log-likelihood a token in the list as it is shown; mean
  /// over lists and orders.
  ///
  /// @param times how many random orders each list is shown in
  public static double ndcg(Scorer scorer, List<Ranked> lists, int times, RandomGenerator random) {
    var groups = new ArrayList<Group>();
    var orders = new ArrayList<int[]>();
    for (var list : lists) {
      for (int t = 0; t < times; t++) {
        var order = order(random);
        orders.add(order);
        groups.add(shown(list, groups.size(), order));
      }
    }
    double sum = 0;
    for (int at = 0; at < groups.size(); at += 64) {
      int end = Math.min(groups.size(), at + 64);
      var scores = units(scorer, groups.subList(at, end));
      for (int g = at; g < end; g++) {
        var order = orders.get(g);
        var means = new double[ITEMS]; // by place
        for (int i = 0; i < ITEMS; i++) {
          means[order[i]] = (scores[g - at][3 * i] + scores[g - at][3 * i + 1]) / 2;
        }
        sum += ndcg(means);
      }
    }
    return sum / groups.size();
  }

  /// The same with each item alone after the prompt.
  public static double alone(Scorer scorer, List<Ranked> lists) {
    double sum = 0;
    for (var list : lists) {
      var answers = list.items.stream().map(Completion::of).toList();
      var group = new Group(new Example.Row("items", 1), list.prompt, answers, Map.of());
      sum += ndcg(Totals.of(scorer, List.of(group)).getFirst());
    }
    return sum / lists.size();
  }

  /// @param scores by place, the best item's first
  static double ndcg(double... scores) {
    var sorted =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer place) -> -scores[place]))
            .toList();
    double gained = 0;
    double ideal = 0;
    for (int i = 0; i < RELEVANT; i++) {
      double discount = Math.log(2) / Math.log(2 + i);
      gained += (Math.pow(2, relevance(sorted.get(i))) - 1) * discount;
      ideal += (Math.pow(2, relevance(i)) - 1) * discount;
    }
    return gained / ideal;
  }

  /// Log-likelihood of every token of lists of one length, `[G][U]`.
  private static double[][] units(Scorer scorer, List<Group> groups) {
    try (var _ = new Step()) {
      var batch = new Batch(groups);
      var values =
          scorer
              .score(batch, Set.of(Readout.LOG_LIKELIHOOD), false)
              .outputs()
              .get(Readout.LOG_LIKELIHOOD); // [N, U]
      if (values == null) {
        throw new IllegalStateException("the model reported no likelihood");
      }
      var numbers = Ops.toDoubles(values);
      int width = numbers.length / groups.size();
      var rows = new double[groups.size()][];
      Arrays.setAll(rows, g -> Arrays.copyOfRange(numbers, g * width, (g + 1) * width));
      return rows;
    }
  }
}
