package io.alidade.judge;

import io.alidade.Check;
import io.alidade.data.ContextTemplate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/// Any judge in the light of contexts: for whom, or by what criterion, an answer shall be good
/// (Pitis et al. 2024, arXiv:2407.14916).
///
/// With several contexts the verdict is their mean: of rewards, `r(y) = sum_z p(z) r(x, z, y)`, or
/// of chances (Borda), `p(y beats y') = sum_z p(z) p(y beats y' | x, z)`, where no context counts
/// more for speaking louder. How far the contexts are apart stays visible as `disagreement`.
///
/// @param judge that is asked once a context
/// @param column of the row that holds a context or a list of them; a row without it is judged
///   without context
/// @param weights `p(z)` as a column of numbers, one a context; empty for equal weights
/// @param template how a context stands before the prompt, with `{context}` in it
/// @param aggregation what is averaged
public record InContext(
    Judge judge, String column, String weights, String template, Aggregation aggregation)
    implements Judge {
  /// What is averaged over contexts.
  public enum Aggregation {
    /// Rewards.
    REWARD,
    /// Chances of pairs.
    BORDA
  }

  /// Checks the template.
  public InContext {
    var _ = new ContextTemplate(template);
  }

  @Override
  public Sitting open(Consumer<String> log) {
    var sitting = judge.open(log);
    return new Sitting() {
      @Override
      public List<Verdict> judge(List<Case> cases) {
        var asked = new ArrayList<Case>();
        var counts = new int[cases.size()];
        for (int c = 0; c < counts.length; c++) {
          var some = inContexts(cases.get(c));
          counts[c] = some.size();
          asked.addAll(some);
        }
        var verdicts = sitting.judge(asked);
        var means = new ArrayList<Verdict>();
        int from = 0;
        for (int c = 0; c < counts.length; c++) {
          means.add(
              mean(shares(cases.get(c), counts[c]), verdicts.subList(from, from + counts[c])));
          from += counts[c];
        }
        return means;
      }

      @Override
      public void close() {
        sitting.close();
      }
    };
  }

  private List<Case> inContexts(Case one) {
    var contexts = one.columns().containsKey(column) ? one.texts(column) : List.<String>of();
    return contexts.isEmpty()
        ? List.of(one)
        : contexts.stream()
            .map(context ->
                new Case(
                    one.row(),
                    new ContextTemplate(template).before(context, one.prompt()),
                    one.answers(),
                    one.columns()))
            .toList();
  }

  private double[] shares(Case one, int count) {
    var shares = new double[count];
    Arrays.fill(shares, 1.0 / count);
    if (!weights.isEmpty() && one.columns().get(weights) instanceof List<?> list) {
      if (list.size() != count) {
        throw new io.alidade.UserException(
            "%s: column '%s' has %d weights for %d contexts; give one each"
                .formatted(one.row(), weights, list.size(), count));
      }
      double sum = 0;
      for (int z = 0; z < count; z++) {
        shares[z] = list.get(z) instanceof Number number ? number.doubleValue() : Double.NaN;
        Check.notNegative(weights, shares[z]);
        sum += shares[z];
      }
      Check.positive("sum of " + weights, sum);
      for (int z = 0; z < count; z++) {
        shares[z] /= sum;
      }
    }
    return shares;
  }

  private double[] standing(Verdict verdict) {
    return switch (aggregation) {
      case REWARD -> verdict.standing();
      case BORDA -> new Verdict.Chances(verdict.preference()).standing();
    };
  }

  private Verdict mean(double[] shares, List<Verdict> verdicts) {
    int size = verdicts.getFirst().size();
    var apart = new double[size];
    for (int i = 0; i < size; i++) {
      var each = new double[shares.length];
      for (int z = 0; z < each.length; z++) {
        each[z] = standing(verdicts.get(z))[i];
      }
      apart[i] = Ensemble.deviation(each, Arrays.stream(each).average().orElse(Double.NaN));
    }
    if (aggregation == Aggregation.REWARD) {
      var values = new double[size];
      for (int z = 0; z < shares.length; z++) {
        var standing = verdicts.get(z).standing();
        for (int i = 0; i < size; i++) {
          values[i] += shares[z] * standing[i];
        }
      }
      return new Verdict.Rewards(values).with("disagreement", apart);
    }
    var table = new double[size][size];
    for (int z = 0; z < shares.length; z++) {
      var chances = verdicts.get(z).preference();
      for (int i = 0; i < size; i++) {
        for (int j = 0; j < size; j++) {
          table[i][j] += shares[z] * chances[i][j];
        }
      }
    }
    return new Verdict.Chances(table).with("disagreement", apart);
  }
}
