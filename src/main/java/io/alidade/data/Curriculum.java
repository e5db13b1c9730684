package io.alidade.data;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Pairs from rankings in stages from easy to hard: the best answer against each other one, the
/// wider the gap of their scores the easier (Curry-DPO, Pattnaik et al. 2024, arXiv:2403.07230).
///
/// Of a list with more answers than `responses`, the best, the worst and those at evenly spaced
/// ranks between them are taken. A pair whose answers have the same score is left out. Where fewer
/// pairs are left than there are stages, the easiest is in the first stage and the hardest in the
/// last. Stages are a signal of the rows, so the loop that goes through them (`Staged`) and one
/// that shuffles them (`Offline`) read the same rows.
///
/// @param responses answers of a list that are used, at least 2; the stages are one fewer
/// @param order which pairs come first
/// @param buckets whether stages are told within each list or over all pairs
/// @param by the column of scores, one number an answer, the higher the better
/// @param difficulty the column whose gap between chosen and rejected answer says how easy a pair
///   is, one number an answer; the scores themselves if absent
public record Curriculum(
    int responses,
    Order order,
    Buckets buckets,
    @Default("scores") String by,
    Optional<String> difficulty)
    implements Strategy {
  /// The stage of a pair, from 1.
  public static final Signal STAGE = Signal.perGroup("stage");

  /// Which pairs come first.
  public enum Order {
    /// Those with the widest gap.
    EASY_FIRST,
    /// Those with the narrowest gap: a control.
    HARD_FIRST
  }

  /// Over what pairs are compared.
  public enum Buckets {
    /// The pairs of one list: the i-th widest gap of a list is in stage i.
    LIST,
    /// All pairs: sorted by gap and cut into stages of equal size.
    ALL
  }

  /// Checks the range.
  public Curriculum {
    Check.atLeast("responses", 2, responses);
  }

  @Override
  public Outline outline(Outline given) {
    difficulty.ifPresent(column -> ScoredBy.carried(given, "Curriculum", column));
    return RankedPairs.ranked(given, "Curriculum", by).with(RankedPairs.GAP).with(STAGE);
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    var pairs = rows.made(Form.PAIR, "Curriculum", (_, row) -> of(row));
    if (buckets == Buckets.LIST) {
      return pairs;
    }
    int[] stage = globalStages(pairs);
    return pairs.made(
        Form.PAIR, "Curriculum", (index, pair) -> List.of(staged(pair, stage[index])));
  }

  /// The pairs of one list, each with its stage within the list, in the order of the stages.
  public List<Example> of(Example ranking) {
    var sorted = ScoredBy.ordered(ranking, Signal.perCandidate(by));
    var list = Reshape.keep(sorted, spaced(sorted.candidates().size(), responses));
    var pairs = new ArrayList<>(new RankedPairs(RankedPairs.Choice.BEST_OTHERS, by).of(list));
    if (difficulty.isPresent()) {
      pairs.replaceAll(this::measured);
      pairs.sort(Comparator.comparingDouble(Curriculum::gap).reversed()); // stable
    }
    var staged = new ArrayList<Example>();
    for (int i = 0; i < pairs.size(); i++) {
      staged.add(staged(pairs.get(i), directed(stage(i, pairs.size()))));
    }
    return staged;
  }

  private static double gap(Example pair) {
    return ScoredBy.values(pair, RankedPairs.GAP)[0];
  }

  private Example measured(Example pair) {
    double[] values = ScoredBy.values(pair, Signal.perCandidate(difficulty.orElse(by)));
    return with(pair, RankedPairs.GAP, values[0] - values[1]);
  }

  /// The stage of the i-th easiest of some pairs, from 1: the easiest in the first, the hardest in
  /// the last, those between spread evenly.
  private int stage(int i, int pairs) {
    int stages = responses - 1;
    return pairs == 1 ? 1 : 1 + Math.round((float) i * (stages - 1) / (pairs - 1));
  }

  private int directed(int stage) {
    return order == Order.EASY_FIRST ? stage : responses - stage;
  }

  private int[] globalStages(Rows pairs) {
    double[] gaps = IntStream.range(0, pairs.count()).mapToDouble(i -> gap(pairs.row(i))).toArray();
    var easiest =
        IntStream.range(0, gaps.length)
            .boxed()
            .sorted((a, b) -> Double.compare(gaps[b], gaps[a]))
            .toList();
    int[] stage = new int[gaps.length];
    for (int place = 0; place < gaps.length; place++) {
      long bucket = (long) place * (responses - 1) / gaps.length;
      stage[easiest.get(place)] = directed(1 + (int) bucket);
    }
    return stage;
  }

  /// The best, the worst, and evenly spaced ranks between them.
  static int[] spaced(int have, int wanted) {
    if (have <= wanted) {
      return IntStream.range(0, have).toArray();
    }
    return Arrays.stream(IntStream.range(0, wanted).toArray())
        .map(i -> Math.round((float) i * (have - 1) / (wanted - 1)))
        .toArray();
  }

  private static Example staged(Example pair, int stage) {
    return with(pair, STAGE, stage);
  }

  private static Example with(Example pair, Signal signal, double value) {
    var signals = new LinkedHashMap<>(pair.signals());
    signals.put(signal, new double[] {value});
    return new Example(pair.row(), pair.prompt(), pair.candidates(), signals, pair.extras());
  }
}
