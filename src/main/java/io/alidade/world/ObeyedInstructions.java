package io.alidade.world;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/// Answers of eight attributes, each there or not, and a quality; prompts that ask for some
/// attributes to be there or absent. In truth an answer is worth three times the share of what was
/// asked that it obeys, and its quality. Pairs that people ordered know of quality alone.
public final class ObeyedInstructions {
  private static final Signal LEVEL = Signal.perGroup("level");
  private static final int ATTRIBUTES = 8;
  private static final double OBEYED = 3;

  private final List<double[]> rows = new ArrayList<>();
  private final RandomGenerator random;

  /// A world without rows.
  public ObeyedInstructions(RandomGenerator random) {
    this.random = random;
  }

  /// An answer.
  ///
  /// @param attributes which are there
  /// @param quality in `[0, 1)`
  private record Answer(boolean[] attributes, double quality) {}

  /// The features of every row so far: what is asked (there, absent, by attribute), what the answer
  /// has (1 or -1), its quality.
  public List<double[]> rows() {
    return rows;
  }

  private Answer answer() {
    var attributes = new boolean[ATTRIBUTES];
    for (int a = 0; a < ATTRIBUTES; a++) {
      attributes[a] = random.nextBoolean();
    }
    return new Answer(attributes, random.nextDouble());
  }

  /// @param asked 1 for there, 0 for absent, -1 for neither, by attribute
  private Completion row(int[] asked, Answer answer) {
    var features = new double[3 * ATTRIBUTES + 1];
    for (int a = 0; a < ATTRIBUTES; a++) {
      features[2 * a] = asked[a] == 1 ? 1 : 0;
      features[2 * a + 1] = asked[a] == 0 ? 1 : 0;
      features[2 * ATTRIBUTES + a] = answer.attributes[a] ? 1 : -1;
    }
    features[3 * ATTRIBUTES] = answer.quality;
    rows.add(features);
    return Completion.of(rows.size() - 1);
  }

  private static int[] nothing() {
    var asked = new int[ATTRIBUTES];
    Arrays.fill(asked, -1);
    return asked;
  }

  private static boolean obeys(int[] asked, int attribute, Answer answer) {
    return asked[attribute] == (answer.attributes[attribute] ? 1 : 0);
  }

  private static double worth(int[] asked, Answer answer) {
    int count = 0;
    int obeyed = 0;
    for (int a = 0; a < ATTRIBUTES; a++) {
      count += asked[a] >= 0 ? 1 : 0;
      obeyed += asked[a] >= 0 && obeys(asked, a, answer) ? 1 : 0;
    }
    return (count == 0 ? 0 : OBEYED * obeyed / count) + answer.quality;
  }

  private int[] some(int count) {
    var all = new int[ATTRIBUTES];
    Arrays.setAll(all, a -> a);
    for (int i = ATTRIBUTES - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swap = all[i];
      all[i] = all[j];
      all[j] = swap;
    }
    return Arrays.copyOf(all, count);
  }

  /// A pair that people ordered by quality, with the rows that are made of it.
  ///
  /// @param plain the pair
  /// @param intra each of its answers under a prompt that it obeys and one that it does not
  /// @param inter both under a prompt that the better obeys and one that the worse does
  public record Made(Group plain, List<Group> intra, Group inter) {}

  /// Pairs with what is made of them, two instructions a prompt.
  public List<Made> pairs(int count) {
    var made = new ArrayList<Made>();
    while (made.size() < count) {
      var one = answer();
      var other = answer();
      if (Arrays.equals(one.attributes, other.attributes)) {
        continue;
      }
      var better = one.quality > other.quality ? one : other;
      var worse = one.quality > other.quality ? other : one;
      int number = made.size();
      made.add(
          new Made(
              group(number, 0, row(nothing(), better), row(nothing(), worse)),
              List.of(intra(number, 1, better), intra(number, 2, worse)),
              inter(number, better, worse)));
    }
    return made;
  }

  /// One answer under two prompts: it obeys all of the first and not all of the second, or some of
  /// the first and none of the second.
  private Group intra(int number, int level, Answer answer) {
    int[] attributes = some(2);
    boolean all = random.nextBoolean();
    int sure = random.nextInt(2);
    var first = nothing();
    var second = nothing();
    for (int i = 0; i < 2; i++) {
      int own = answer.attributes[attributes[i]] ? 1 : 0;
      boolean one = all || i == sure || random.nextBoolean();
      boolean two = all && i != sure && random.nextBoolean();
      first[attributes[i]] = one ? own : 1 - own;
      second[attributes[i]] = two ? own : 1 - own;
    }
    return group(number, level, row(first, answer), row(second, answer));
  }

  private Group inter(int number, Answer better, Answer worse) {
    int[] attributes;
    do {
      attributes = some(2);
    } while (Arrays.stream(attributes).allMatch(a -> better.attributes[a] == worse.attributes[a]));
    var first = nothing();
    var second = nothing();
    for (int a : attributes) {
      first[a] = better.attributes[a] ? 1 : 0;
      second[a] = worse.attributes[a] ? 1 : 0;
    }
    return group(
        number, 3, row(first, better), row(first, worse), row(second, better), row(second, worse));
  }

  private static Group group(int number, int level, Completion... candidates) {
    return new Group(
        new Example.Row("instructions", number + 1L),
        new int[] {0},
        List.of(candidates),
        Map.of(LEVEL, new double[] {level}));
  }

  /// Pairs under prompts of some instructions, by what they are truly worth: rows of the better and
  /// of the worse answer by turns.
  public int[] measured(int instructions, int count) {
    var places = new int[2 * count];
    for (int n = 0; n < count; n++) {
      var asked = nothing();
      for (int a : some(instructions)) {
        asked[a] = random.nextInt(2);
      }
      var one = answer();
      var other = answer();
      boolean first = worth(asked, one) > worth(asked, other);
      places[2 * n] = row(asked, first ? one : other).tokens()[0];
      places[2 * n + 1] = row(asked, first ? other : one).tokens()[0];
    }
    return places;
  }
}
