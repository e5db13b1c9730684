package io.alidade.judge;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.UserException;
import io.alidade.example.Direction;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// A judge of several objectives along the direction that a row asks for (DPA, Wang et al. 2024,
/// arXiv:2402.18571): `R = <v, r(x, y)>`, with the exact unit vector and not the rounded one of the
/// prompt.
///
/// @param judge that gives a number for each objective beside its verdict: `RewardModel` with
///   several outputs (`objective/1`, …), or `Weighted` with a judge for each
/// @param column of the row that holds the direction, one number an objective
/// @param objectives names of these numbers, in the order of the direction
/// @param deviations what each is divided by before it is projected, positive: its standard
///   deviation on a calibration set, so that objectives are comparable; 1 for a common scale
/// @param residual what is taken off the first objective for each unit of each other one, before
///   deviations: the slope that `./alidade ridge` prints, so that helpfulness is judged without
///   what verbosity explains; empty for nothing
public record Directional(
    Judge judge,
    String column,
    List<String> objectives,
    List<Double> deviations,
    @Default("[]") List<Double> residual)
    implements Judge {
  /// Checks the ranges.
  public Directional {
    if (objectives.isEmpty() || objectives.size() != deviations.size()) {
      throw new IllegalArgumentException(
          "deviations must hold one number an objective, were %d for %d"
              .formatted(deviations.size(), objectives.size()));
    }
    deviations.forEach(deviation -> Check.positive("deviations", deviation));
    residual.forEach(slope -> Check.finite("residual", slope));
    if (!residual.isEmpty() && residual.size() != objectives.size() - 1) {
      throw new IllegalArgumentException(
          "residual must hold one number for each objective but the first, were %d for %d"
              .formatted(residual.size(), objectives.size()));
    }
    residual = List.copyOf(residual);
    objectives = List.copyOf(objectives);
    deviations = List.copyOf(deviations);
  }

  @Override
  public Sitting open(Consumer<String> log) {
    var sitting = judge.open(log);
    return new Sitting() {
      @Override
      public List<Verdict> judge(List<Case> cases) {
        var directions = cases.stream().map(Directional.this::direction).toList();
        var verdicts = sitting.judge(cases);
        var projected = new ArrayList<Verdict>();
        for (int c = 0; c < cases.size(); c++) {
          projected.add(along(directions.get(c), verdicts.get(c)));
        }
        return projected;
      }

      @Override
      public void close() {
        sitting.close();
      }
    };
  }

  private Direction direction(Case one) {
    if (one.columns().get(column) instanceof List<?> list
        && list.size() == objectives.size()
        && list.stream().allMatch(v -> v instanceof Number n && Double.isFinite(n.doubleValue()))
        && list.stream().anyMatch(v -> v instanceof Number n && n.doubleValue() != 0)) {
      return Direction.of(list.stream().mapToDouble(v -> ((Number) v).doubleValue()).toArray());
    }
    throw new UserException(
        "%s: column '%s' holds %s, a direction is %d finite numbers that are not all 0; strategy Directed writes it"
            .formatted(one.row(), column, one.columns().get(column), objectives.size()));
  }

  private Verdict along(Direction direction, Verdict verdict) {
    var rewards = rewards(verdict);
    var values = new double[verdict.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = direction.project(rewards[i]);
    }
    return new Verdict.Rewards(values, verdict.parts());
  }

  /// What each answer earned by each objective, `[K][objectives]`, in units of its deviation.
  public double[][] rewards(Verdict verdict) {
    var rewards = new double[verdict.size()][objectives.size()];
    for (int o = 0; o < objectives.size(); o++) {
      var part = verdict.parts().get(objectives.get(o));
      if (part == null) {
        throw new UserException(
            "the judge says nothing of '%s' beside its verdict; it says %s"
                .formatted(objectives.get(o), verdict.parts().keySet()));
      }
      for (int i = 0; i < rewards.length; i++) {
        rewards[i][o] += part[i];
        if (o > 0 && !residual.isEmpty()) {
          rewards[i][0] -= residual.get(o - 1) * part[i];
        }
      }
    }
    for (var one : rewards) {
      for (int o = 0; o < one.length; o++) {
        one[o] /= deviations.get(o);
      }
    }
    return rewards;
  }
}
