package io.alidade.study;

import io.alidade.report.Chart;
import io.alidade.report.Series;
import io.alidade.study.Verdict.Part;
import io.alidade.world.TinyPref;
import java.util.ArrayList;
import java.util.List;

/// One run a weighting of two rewards with a language model (Zhou et al. 2023, arXiv:2310.03708):
/// tokens of the topic that a prompt asks for, and polite tokens, compete for the same places.
public record ModpoLanguage() implements Study {
  static final String MODPO = "MODPO";
  static final String MIXED = "loss mixing";
  static final String TOPIC = "topic reward";
  static final String POLITE = "politeness reward";
  static final String RISES = "rank correlation of topic with w";
  static final String FALLS = "rank correlation of politeness with w";
  static final String AREA = "hypervolume at equal KL";

  @Override
  public List<String> recipes() {
    return List.of("modpo");
  }

  @Override
  public String claim() {
    return "Trained on the comparisons of one objective with the other's implicit reward as a margin,"
        + " one run a weighting traces a front as good as that of mixing the losses of both.";
  }

  @Override
  public String criterion() {
    return "A transformer of 0.1 million weights, 2000 pairs an objective, w in 0.1, 0.3, 0.5, 0.7, 0.9:"
        + " the topic reward rises and the politeness reward falls in w (Spearman at least 0.9 over the"
        + " five models), and MODPO's hypervolume is at least 0.98 times that of loss mixing at matched"
        + " KL.";
  }

  @Override
  public String remarks() {
    return """
    TinyPref with prompts of three classes; the tokens of the fourth are the polite ones, whatever the prompt. Rewards are 8 times the share of tokens of the class that is asked for
    (less 0.4) and of polite tokens (less 0.2). Pairs are two answers of the start, labelled by Bradley and Terry's model. Each run takes 200 steps of 32 pairs at 3e-4, beta 0.1: the
    margin (DPO on politeness) once, then one run a weighting and no sampling. Loss mixing is DPO on the pairs of both objectives, weighted w and 1 - w; interpolated weights are those
    of the two DPO runs.

    For the hypervolume, of MODPO and loss mixing at one w the model with the larger KL is drawn back to the start along a straight line of weights until its KL is that of the other;
    interpolated weights are drawn back to MODPO's KL where theirs is larger. The corner is the worst value of either reward that any policy of the three fronts has.\\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    try (var tiny =
        new TinyTrial(
            bench,
            12,
            "polite",
            500,
            64,
            random -> {
              var prompt = TinyPref.impolitePrompt(random);
              return new int[][] {prompt, TinyPref.answer(prompt, 0.4, random)};
            })) {
      return new PoliteTrial(tiny).trial();
    }
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atLeast("Spearman of topic with w", results.mean(MODPO, RISES), 0.9),
        Part.atMost("Spearman of politeness with w", results.mean(MODPO, FALLS), -0.9),
        Part.atLeast(
            "hypervolume in multiples of that of loss mixing",
            results.mean(MODPO, AREA) / results.mean(MIXED, AREA),
            0.98));
  }

  @Override
  public List<Chart> figures(Results results) {
    var series = new ArrayList<Series>();
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
    return List.of(Chart.Lines.of("Trade-off at equal KL, the first seed", TOPIC, POLITE, series));
  }
}
