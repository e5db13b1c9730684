package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Example;
import io.alidade.objective.Dpo;
import io.alidade.objective.Objective;
import io.alidade.report.Chart;
import io.alidade.report.Series;
import io.alidade.world.Lesson;
import io.alidade.world.TabularPolicy;
import io.alidade.world.WeightedPairs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One run a weighting of two rewards (Zhou et al. 2023, arXiv:2310.03708) in a world of a few
/// answers, where the best trade-off is known: the reference times `exp((w r1 + (1 - w) r2) /
/// beta)`.
///
/// Comparisons are all ordered pairs of answers, each with the probability that Bradley and Terry's
/// model gives it: what infinitely many people would say.
public record Modpo() implements Study {
  private static final double[] EXACT = {0.2, 0.5, 0.8};
  private static final double[] FRONT = {0.1, 0.3, 0.5, 0.7, 0.9};
  private static final String REFERENCE = "reference";
  private static final String MODPO = "MODPO";
  private static final String MIXED = "loss mixing at equal KL";
  private static final String SOUP = "interpolated weights at equal KL";
  private static final String DISTANCE = "largest distance to the optimum (total variation)";
  private static final String RISES = "rank correlation of r1 with w";
  private static final String FALLS = "rank correlation of r2 with w";
  private static final String AREA = "hypervolume";

  @Override
  public List<String> recipes() {
    return List.of("modpo");
  }

  @Override
  public String claim() {
    return "Trained on the comparisons of one objective with the other's rewards as a margin, the"
        + " policy ends where reinforcement learning from the weighted sum of both would.";
  }

  @Override
  public String criterion() {
    return "Total variation to the optimum below 1e-3 for w in 0.2, 0.5, 0.8. Over w in 0.1, 0.3, 0.5,"
        + " 0.7, 0.9 the expected r1 rises and r2 falls (Spearman at least 0.9), and the front's"
        + " hypervolume is at least 0.98 times that of loss mixing at matched KL.";
  }

  @Override
  public String remarks() {
    return """
    Four prompts with six answers each, rewards standard normal, `beta` 0.5, all comparisons
    exact. Loss mixing is DPO on the comparisons of both objectives, weighted `w` and `1 - w`;
    interpolation mixes the logits of two DPO policies, one an objective. Both are brought to the
    KL of MODPO at the same `w` along the line from the reference, which in a table is what
    another `beta` would do. The hypervolume is the area between the front and the worst value of
    either reward that any policy of the figure has.

    In a table, interpolated logits are the optimum of the weighted sum too, so they must tie with
    MODPO here; in a network they need not. The experiment with a small language model (topic and
    politeness competing for the same tokens) is the study modpo-language.
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var world = TwoRewards.random(bench);
    double distance = 0;
    double before = 0;
    for (double w : bench.reduced() ? new double[] {0.5} : EXACT) {
      bench.at("optimum at w " + w, 0.3 * w);
      distance = Math.max(distance, world.distance(modpo(bench, world, w), w));
      before = Math.max(before, world.distance(world.start(), w));
    }
    trial.note(REFERENCE, DISTANCE, before).note(MODPO, DISTANCE, distance);
    var dpo = new WeightedPairs(new Dpo(TwoRewards.BETA, new ReverseKl()));
    var first = learned(bench, world, dpo, world.comparisons(world.one(), 1));
    var second = learned(bench, world, dpo, world.comparisons(world.two(), 1));
    var fronts = new LinkedHashMap<String, List<TwoRewards.Worth>>();
    for (double w : bench.reduced() ? new double[] {0.1, 0.9} : FRONT) {
      bench.at("front at w " + w, 0.3 + 0.7 * w);
      var modpo = modpo(bench, world, w);
      var all = new ArrayList<>(world.comparisons(world.one(), w));
      all.addAll(renumbered(world.comparisons(world.two(), 1 - w), all.size()));
      var mixed = learned(bench, world, dpo, all);
      var soup = new double[first.length][TwoRewards.ANSWERS];
      for (int p = 0; p < soup.length; p++) {
        int at = p;
        Arrays.setAll(soup[p], a -> w * first[at][a] + (1 - w) * second[at][a]);
      }
      double kl = world.worth(modpo).kl();
      put(trial, fronts, MODPO, world.worth(modpo));
      put(trial, fronts, MIXED, world.worth(world.atKl(mixed, kl)));
      put(trial, fronts, SOUP, world.worth(world.atKl(soup, kl)));
    }
    var points = new LinkedHashMap<String, List<double[]>>();
    fronts.forEach((arm, front) -> {
      trial.note(
          arm, RISES, Front.spearman(front.stream().mapToDouble(TwoRewards.Worth::one).toArray()));
      trial.note(
          arm, FALLS, Front.spearman(front.stream().mapToDouble(TwoRewards.Worth::two).toArray()));
      points.put(
          arm, front.stream().map(worth -> new double[] {worth.one(), worth.two()}).toList());
    });
    Front.areas(points).forEach((arm, area) -> trial.note(arm, AREA, area));
    return trial;
  }

  private static void put(
      Trial trial, Map<String, List<TwoRewards.Worth>> fronts, String arm, TwoRewards.Worth worth) {
    fronts.computeIfAbsent(arm, _ -> new ArrayList<>()).add(worth);
    trial.point(arm, worth.one(), worth.two());
  }

  private static List<Group> renumbered(List<Group> groups, int from) {
    var all = new ArrayList<Group>();
    for (var group : groups) {
      all.add(
          new Group(
              new Example.Row("world", from + all.size()),
              group.prompt(),
              group.candidates(),
              group.signals()));
    }
    return all;
  }

  private static double[][] modpo(Bench bench, TwoRewards world, double w) {
    var objective =
        new io.alidade.objective.Modpo(TwoRewards.BETA, w, Map.of(TwoRewards.REWARD.name(), 1 - w));
    return learned(bench, world, new WeightedPairs(objective), world.comparisons(world.one(), 1));
  }

  /// Log-probabilities after training.
  private static double[][] learned(
      Bench bench, TwoRewards world, Objective objective, List<Group> data) {
    var lesson =
        new Lesson(
            Lesson.adam(bench.reduced() ? 0.05 : 0.02),
            data.size(),
            bench.size(1200, 200),
            bench.seed("order"),
            bench.scratch());
    try (var policy = new TabularPolicy(world.reference());
        var reference = new TabularPolicy(world.reference())) {
      lesson.teach(objective, policy, reference, data);
      var log = new double[world.reference().length][];
      for (int p = 0; p < log.length; p++) {
        log[p] = Arrays.stream(policy.probabilities(p)).map(Math::log).toArray();
      }
      return log;
    }
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        exact(results, 1e-3),
        Verdict.Part.atLeast("Spearman of r1 with w", results.mean(MODPO, RISES), 0.9),
        Verdict.Part.atMost("Spearman of r2 with w", results.mean(MODPO, FALLS), -0.9),
        Verdict.Part.atLeast(
            "hypervolume in multiples of that of loss mixing",
            results.mean(MODPO, AREA) / results.mean(MIXED, AREA),
            0.98));
  }

  private static Verdict.Part exact(Results results, double bound) {
    return Verdict.Part.atMost(
        DISTANCE, Arrays.stream(results.values(MODPO, DISTANCE)).max().orElse(Double.NaN), bound);
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        exact(reduced, 0.02),
        Verdict.Part.atLeast("Spearman of r1 with w", reduced.mean(MODPO, RISES), 0.9));
  }

  @Override
  public List<Chart> figures(Results results) {
    var charts = new ArrayList<Chart>();
    var series = new ArrayList<Series>();
    // Worlds of different seeds have different rewards: one is shown, not their mean.
    results
        .trials()
        .getFirst()
        .curves()
        .forEach((name, points) ->
            series.add(
                new Series(
                    name,
                    points.stream().map(p -> new Series.Point(p[0], p[1])).toList(),
                    Series.Style.DOTTED)));
    if (!series.isEmpty()) {
      charts.add(
          Chart.Lines.of(
              "Trade-off in the first seed's world", "expected r1", "expected r2", series));
    }
    charts.addAll(results.bars());
    return charts;
  }
}
