package io.alidade.evaluation;

import io.alidade.UserException;
import io.alidade.data.Rows;
import io.alidade.example.Form;
import io.alidade.judge.Case;
import io.alidade.judge.Sitting;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.DoubleConsumer;
import java.util.stream.IntStream;

/// How often a judge prefers the answer that people chose (Lambert et al. 2024, RewardBench,
/// arXiv:2403.13787), in all and by subset, and whether its chances are worth what they say.
///
/// Of a row with several answers, each two of which one is better make a pair. A tie is half right.
/// Pairs without a verdict do not count, and are counted.
///
/// @param subsets by name, in alphabetical order
/// @param reliability of the chance of the preferred answer, from 1/2 to 1
public record JudgeAccuracy(SequencedMap<String, Subset> subsets, Reliability reliability) {
  private static final int CHUNK = 16;
  private static final int BINS = 10;

  /// The pairs of one kind.
  ///
  /// @param pairs with a verdict
  /// @param right among them, ties half
  /// @param ties among them
  /// @param unknown pairs without a verdict
  public record Subset(int pairs, double right, int ties, int unknown) {
    private static final Subset NOTHING = new Subset(0, 0, 0, 0);

    /// Share of pairs judged right; NaN without pairs.
    public double accuracy() {
      return pairs == 0 ? Double.NaN : right / pairs;
    }

    private Subset plus(double chance) {
      if (Double.isNaN(chance)) {
        return new Subset(pairs, right, ties, unknown + 1);
      }
      boolean tie = chance == 0.5;
      return new Subset(
          pairs + 1, right + (tie ? 0.5 : chance > 0.5 ? 1 : 0), ties + (tie ? 1 : 0), unknown);
    }

    private Subset plus(Subset o) {
      return new Subset(pairs + o.pairs, right + o.right, ties + o.ties, unknown + o.unknown);
    }
  }

  /// Judges every row.
  ///
  /// @param column that names the subset of a row, if the data have it
  /// @param progress told the share that is done
  /// @throws UserException if the rows are in no order
  public static JudgeAccuracy of(Rows rows, Sitting judge, String column, DoubleConsumer progress) {
    if (rows.form() != Form.PAIR && rows.form() != Form.RANKING) {
      throw new UserException(
          "%s: rows without an order cannot judge a judge; give pairs or rankings"
              .formatted(rows.place(0).file()));
    }
    var subsets = new TreeMap<String, Subset>();
    var chances = new ArrayList<Double>();
    var happened = new ArrayList<Boolean>();
    for (int from = 0; from < rows.count(); from += CHUNK) {
      int to = Math.min(rows.count(), from + CHUNK);
      var cases = IntStream.range(from, to).mapToObj(i -> of(rows, i)).toList();
      var verdicts = judge.judge(cases);
      for (int c = 0; c < cases.size(); c++) {
        var p = verdicts.get(c).preference();
        var name = subset(cases.get(c).columns(), column);
        for (int better = 0; better < p.length; better++) {
          for (int worse = better + 1; worse < p.length; worse++) {
            double chance = p[better][worse];
            subsets.merge(name, Subset.NOTHING.plus(chance), Subset::plus);
            if (!Double.isNaN(chance) && chance != 0.5) {
              chances.add(Math.max(chance, 1 - chance));
              happened.add(chance > 0.5);
            }
          }
        }
      }
      progress.accept((double) to / rows.count());
    }
    var came = new boolean[happened.size()];
    for (int i = 0; i < came.length; i++) {
      came[i] = happened.get(i);
    }
    return new JudgeAccuracy(
        subsets, Reliability.of(chances.stream().mapToDouble(x -> x).toArray(), came, BINS));
  }

  private static Case of(Rows rows, int index) {
    var example = rows.row(index);
    return new Case(example.row(), example.prompt(), example.candidates(), rows.cells(index));
  }

  private static String subset(Map<String, Object> columns, String column) {
    var name = columns.get(column);
    return name == null ? "all" : name.toString();
  }

  /// All pairs together.
  public Subset all() {
    return subsets.values().stream().reduce(Subset.NOTHING, Subset::plus);
  }

  /// Mean accuracy over subsets, each counting the same; NaN if one has no pair with a verdict.
  public double meanOverSubsets() {
    return List.copyOf(subsets.values()).stream()
        .mapToDouble(Subset::accuracy)
        .average()
        .orElse(Double.NaN);
  }
}
