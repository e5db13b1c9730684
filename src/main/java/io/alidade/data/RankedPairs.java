package io.alidade.data;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/// Pairs from rankings: which answers of a list are set against each other. A pair whose answers
/// have the same score says nothing and is left out.
///
/// @param pairs which pairs of a list are taken, the better answer always the chosen one
/// @param by the column of scores, one number an answer, the higher the better; the rows are
///   ordered by it first
public record RankedPairs(Choice pairs, @Default("scores") String by) implements Strategy {
  /// Difference of the scores of chosen and rejected answer, above 0.
  static final Signal GAP = Signal.perGroup("gap");

  /// Which pairs of a list are taken.
  public enum Choice {
    /// The best against the worst: one pair a list.
    BEST_WORST,
    /// Each against the next: K - 1 pairs.
    ADJACENT,
    /// The best against each other: K - 1 pairs, the widest gap first.
    BEST_OTHERS,
    /// Each against all below: K (K - 1) / 2 pairs.
    ALL
  }

  @Override
  public Outline outline(Outline given) {
    return ranked(given, "RankedPairs", by).with(GAP);
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    return rows.made(Form.PAIR, "RankedPairs", (_, row) -> of(row));
  }

  /// The pairs of one list.
  public List<Example> of(Example ranking) {
    var list = ScoredBy.ordered(ranking, Signal.perCandidate(by));
    double[] scores = ScoredBy.values(list, Signal.perCandidate(by));
    int last = scores.length - 1;
    var made = new ArrayList<Example>();
    switch (pairs) {
      case BEST_WORST -> add(made, list, scores, 0, last);
      case ADJACENT -> {
        for (int k = 0; k < last; k++) {
          add(made, list, scores, k, k + 1);
        }
      }
      case BEST_OTHERS -> {
        for (int k = last; k > 0; k--) {
          add(made, list, scores, 0, k);
        }
      }
      case ALL -> {
        for (int i = 0; i < last; i++) {
          for (int j = i + 1; j <= last; j++) {
            add(made, list, scores, i, j);
          }
        }
      }
    }
    return made;
  }

  private static void add(List<Example> made, Example list, double[] scores, int i, int j) {
    if (scores[i] > scores[j]) {
      made.add(pair(list, made.size() + 1, i, j, scores[i] - scores[j]));
    }
  }

  /// The pair of two answers of a list, with the gap between them.
  ///
  /// @param number of the pair among those of its list, from 1
  static Example pair(Example list, int number, int chosen, int rejected, double gap) {
    var pair = Reshape.keep(list, chosen, rejected);
    var signals = new LinkedHashMap<>(pair.signals());
    signals.put(GAP, new double[] {gap});
    return new Example(
        new Example.Row(pair.row() + " pair", number),
        pair.prompt(),
        pair.candidates(),
        signals,
        pair.extras());
  }

  /// The outline of pairs made of rankings.
  static Outline ranked(Outline given, String strategy, String by) {
    if (given.form() != Form.RANKING) {
      throw new UserException(
          "%s: strategy %s makes pairs of rankings, these rows are %s; remove it, or give %s"
              .formatted(given.source(), strategy, given.form().words(), Form.RANKING.words()));
    }
    ScoredBy.carried(given, strategy, by);
    return given.as(Form.PAIR).without(Signal.Scope.UNIT);
  }

  /// Checks the name.
  public RankedPairs {
    Check.atLeast("length of by", 1, by.length());
  }
}
