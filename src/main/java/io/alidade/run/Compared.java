package io.alidade.run;

import io.alidade.journal.MetricsLog;
import io.alidade.recipe.Recipe;
import io.alidade.report.Chart;
import io.alidade.report.Interval;
import io.alidade.report.Page;
import io.alidade.report.Series;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// What a comparison found: for each arm, the measures of its finished runs, with mean and interval
/// over seeds.
public final class Compared {
  /// Lines that one figure can tell apart.
  private static final int LINES = 8;

  /// What is measured at the end of each run.
  ///
  /// @param name in tables and files
  /// @param metrics names in the log; the first that occurs is it
  private record Measure(String name, List<String> metrics) {
    static Measure of(String name, String... metrics) {
      return new Measure(name, List.of(metrics));
    }

    Optional<String> in(MetricsLog log) {
      return metrics.stream().filter(metric -> log.last(metric).isPresent()).findFirst();
    }
  }

  private static final List<Measure> MEASURES =
      List.of(
          Measure.of("accuracy", "eval_rewards/accuracies", "eval_accuracy"),
          Measure.of("margin", "eval_rewards/margins", "eval_margin"),
          Measure.of("loss", "eval_loss"),
          Measure.of("kl", "eval_kl"),
          Measure.of("reward_chosen", "eval_rewards/chosen"),
          Measure.of("reward_rejected", "eval_rewards/rejected"));

  private static final String SECONDS = "seconds";

  private static final Measure ACCURACY =
      Measure.of("Held-out preference accuracy", "eval_rewards/accuracies", "eval_accuracy");

  /// What is drawn over the steps.
  private static final List<Measure> CURVES =
      List.of(
          ACCURACY,
          Measure.of("Held-out reward margin", "eval_rewards/margins", "eval_margin"),
          Measure.of("Held-out loss", "eval_loss"),
          Measure.of("KL to the reference, nats", "eval_kl"),
          Measure.of("Held-out log-likelihood, chosen, nats", "eval_logps/chosen"),
          Measure.of("Training loss", "loss"));

  private record Arm(
      String name,
      Recipe recipe,
      List<Comparison.Run> runs,
      SequencedMap<String, double[]> values) {}

  private final Comparison comparison;
  private final List<Arm> arms = new ArrayList<>();

  private Compared(Comparison comparison) {
    this.comparison = comparison;
  }

  /// Reads the finished runs of a comparison.
  static Compared of(Comparison comparison) {
    var compared = new Compared(comparison);
    for (var arm : comparison.arms()) {
      var runs = comparison.runs(arm).stream().filter(Comparison.Run::finished).toList();
      var logs = runs.stream().map(Comparison.Run::log).toList();
      var values = new LinkedHashMap<String, double[]>();
      for (var measure : MEASURES) {
        if (!logs.isEmpty() && logs.stream().allMatch(log -> measure.in(log).isPresent())) {
          values.put(
              measure.name,
              logs.stream()
                  .mapToDouble(log -> log.last(measure.in(log).orElseThrow()).orElseThrow())
                  .toArray());
        }
      }
      if (!logs.isEmpty()) {
        values.put(
            SECONDS,
            logs.stream()
                .mapToDouble(log -> log.rows().isEmpty() ? 0 : log.rows().getLast().seconds())
                .toArray());
      }
      compared.arms.add(new Arm(arm.name(), arm.recipe(), runs, values));
    }
    return compared;
  }

  /// Names of the columns of [#rows()].
  public List<String> headings() {
    var headings = new ArrayList<String>(List.of("recipe", "seeds"));
    measures().forEach(name -> headings.add(name.replace('_', ' ')));
    return headings;
  }

  /// An arm a row: its name, how many seeds are done, and each measure as `mean ± half width`.
  public List<List<String>> rows() {
    return arms.stream()
        .map(arm -> {
          var row = new ArrayList<String>();
          row.add(arm.name);
          row.add(Integer.toString(arm.runs.size()));
          for (var measure : measures()) {
            var values = arm.values.get(measure);
            row.add(values == null ? "-" : Interval.of(values).toString());
          }
          return (List<String>) row;
        })
        .toList();
  }

  /// An arm a row: its name, the four axes on which methods are told apart, its objective and
  /// paper.
  public List<List<String>> axes() {
    return arms.stream()
        .map(arm -> {
          var recipe = arm.recipe;
          var axes = recipe.axes();
          return List.of(
              arm.name,
              axes.data(),
              axes.learning(),
              axes.constraint(),
              axes.model(),
              recipe.paper().title());
        })
        .toList();
  }

  /// Names of the columns of [#axes()].
  public static List<String> axisHeadings() {
    return List.of("recipe", "data", "learning", "constraint", "model", "paper");
  }

  private List<String> measures() {
    var names = new ArrayList<String>();
    MEASURES.forEach(measure -> {
      if (arms.stream().anyMatch(arm -> arm.values.containsKey(measure.name))) {
        names.add(measure.name);
      }
    });
    names.add(SECONDS);
    return names;
  }

  /// Writes `compare.json` and `compare.html`.
  void write() {
    Json.write(comparison.out().resolve("compare.json"), json());
    AtomicFiles.text(comparison.out().resolve("compare.html"), html());
  }

  private Map<String, Object> json() {
    var scale = comparison.arms().getFirst().scale();
    var json = new LinkedHashMap<String, Object>();
    json.put("model", scale.model().orElse(""));
    json.put("data", scale.data().orElse(""));
    json.put("max_steps", scale.maxSteps());
    json.put("seeds", comparison.seeds());
    json.put("arms", arms.stream().map(this::json).toList());
    return json;
  }

  private Map<String, Object> json(Arm arm) {
    var recipe = arm.recipe;
    var json = new LinkedHashMap<String, Object>();
    json.put("recipe", arm.name);
    json.put("paper", recipe.paper().title());
    recipe.paper().arxiv().ifPresent(id -> json.put("arxiv", id));
    var axes = new LinkedHashMap<String, Object>();
    axes.put("data", recipe.axes().data());
    axes.put("learning", recipe.axes().learning());
    axes.put("constraint", recipe.axes().constraint());
    axes.put("model", recipe.axes().model());
    json.put("axes", axes);
    json.put("claim", recipe.claim());
    var runs = new ArrayList<Map<String, Object>>();
    for (int r = 0; r < arm.runs.size(); r++) {
      var run = new LinkedHashMap<String, Object>();
      run.put("seed", arm.runs.get(r).seed());
      run.put("folder", comparison.out().relativize(arm.runs.get(r).folder()).toString());
      int at = r;
      arm.values.forEach((name, values) -> run.put(name, values[at]));
      runs.add(run);
    }
    json.put("runs", runs);
    var measures = new LinkedHashMap<String, Object>();
    arm.values.forEach((name, values) -> {
      var interval = Interval.of(values);
      var pair = new LinkedHashMap<String, Object>();
      pair.put("mean", interval.mean());
      if (Double.isFinite(interval.half())) {
        pair.put("half_width", interval.half());
      }
      measures.put(name, pair);
    });
    json.put("measures", measures);
    return json;
  }

  private String html() {
    var scale = comparison.arms().getFirst().scale();
    return new Page(
            "Alidade · comparison",
            String.join(", ", comparison.arms().stream().map(Comparison.Arm::name).toList()),
            "model %s  ·  data %s  ·  %d steps each  ·  seeds %s"
                .formatted(
                    scale.model().orElse("–"),
                    scale.data().orElse("–"),
                    scale.maxSteps(),
                    comparison.seeds().toString().replaceAll("[\\[\\]]", "")))
        .heading("At the end")
        .table(headings(), rows())
        .paragraph(
            "Mean over seeds ± half the width of its 95 % confidence interval (Student's t), of the"
                + " last evaluation on held-out rows; each seed holds out rows of its own, the same"
                + " for all recipes. A loss compares only recipes with the same objective. Rewards"
                + " are the objective's own, with its own scale: an accuracy compares, a margin"
                + " only where beta and normalisation agree. KL is that to the model that the"
                + " recipe compares with, if it does. Seconds are wall time and include evaluation.")
        .heading("On the way")
        .charts(charts())
        .heading("Where the methods stand")
        .table(axisHeadings(), axes())
        .html();
  }

  private List<Chart> charts() {
    var charts = new ArrayList<Chart>();
    for (var measure : CURVES) {
      for (int from = 0; from < arms.size(); from += LINES) {
        var series = new ArrayList<Series>();
        for (int i = from; i < Math.min(arms.size(), from + LINES); i++) {
          // An arm has one colour in all figures, also where another one has no such curve.
          int colour = i - from;
          curve(measure, arms.get(i)).ifPresent(curve -> series.add(curve.coloured(colour)));
        }
        if (!series.isEmpty()) {
          charts.add(Chart.Lines.of(measure.name, "step", "", series));
        }
      }
    }
    return charts;
  }

  private static Optional<Series> curve(Measure measure, Arm arm) {
    var curves = new ArrayList<List<double[]>>();
    for (var run : arm.runs) {
      var log = run.log();
      measure
          .in(log)
          .ifPresent(metric ->
              curves.add(
                  log.curve(metric).stream()
                      .map(point -> new double[] {point.step(), point.value()})
                      .toList()));
    }
    if (curves.isEmpty()) {
      return Optional.empty();
    }
    var band = Interval.band(arm.name, curves);
    return Optional.of(measure.equals(ACCURACY) ? band.within(0, 1) : band);
  }
}
