package io.alidade.run;

import io.alidade.evaluation.JudgeAccuracy;
import io.alidade.report.Chart;
import io.alidade.report.Series;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// Puts the accuracy of a judge into a table and figures.
public final class JudgeEvaluation {
  private JudgeEvaluation() {}

  /// The table and the figures.
  ///
  /// @param notes what the judge said it could not judge
  public static Evaluation of(JudgeAccuracy found, List<String> notes) {
    SequencedMap<String, SequencedMap<String, Double>> rows = new LinkedHashMap<>();
    var all = measures(found.all());
    all.put("judge/accuracy_over_subsets", found.meanOverSubsets());
    all.put("calibration/expected_error", found.reliability().expectedError());
    all.put("calibration/largest_error", found.reliability().largestError());
    rows.put("all", all);
    var names = List.copyOf(found.subsets().keySet());
    if (names.size() > 1) {
      found.subsets().forEach((name, subset) -> rows.put("subset " + name, measures(subset)));
    }
    var points = new ArrayList<Series.Point>();
    found.subsets().values().stream()
        // A subset without a verdict is drawn as 0; the table says that there is none.
        .mapToDouble(subset -> subset.pairs() == 0 ? 0 : subset.accuracy())
        .forEach(accuracy -> points.add(new Series.Point(points.size(), accuracy)));
    var bars =
        new Chart.Bars(
            "Accuracy by subset",
            "share of pairs",
            names,
            List.of(Series.line("accuracy", points)));
    return new Evaluation(
        "How often the judge prefers what people chose",
        "row",
        rows,
        List.of(bars, reliability(found)),
        notes);
  }

  private static Chart reliability(JudgeAccuracy found) {
    return Chart.Lines.of(
        "Reliability",
        "chance that the judge states",
        "share that is right",
        List.of(
            Series.line("perfect", List.of(new Series.Point(0.5, 0.5), new Series.Point(1, 1))),
            new Series(
                "judge",
                found.reliability().bins().stream()
                    .map(bin -> new Series.Point(bin.stated(), bin.happened()))
                    .toList(),
                Series.Style.DOTTED)));
  }

  private static SequencedMap<String, Double> measures(JudgeAccuracy.Subset subset) {
    var measures = new LinkedHashMap<String, Double>();
    measures.put("judge/accuracy", subset.accuracy());
    measures.put("judge/pairs", (double) subset.pairs());
    measures.put("judge/ties", (double) subset.ties());
    measures.put("judge/unknown", (double) subset.unknown());
    return measures;
  }
}
