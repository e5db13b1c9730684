package io.alidade.study;

import io.alidade.example.Direction;
import io.alidade.generation.Neighborhood;
import io.alidade.model.Policy;
import io.alidade.study.DirectedLanguageTrial.Answered;
import io.alidade.study.DirectedLanguageTrial.Form;
import io.alidade.study.Verdict.Part;
import io.alidade.world.DirectedStrings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/// Does a language model that learned a narrow range of directions answer better outside of it by
/// the consensus of directions nearby (RPS, Mao et al. 2025, arXiv:2510.20498)?
public record RpsLanguage() implements Study {
  private static final int K = 5;
  private static final double RADIUS = 30;
  private static final double COVERED = 15; // degrees that the model was trained on
  private static final double[] ANGLES = {15, 30, 45};
  private static final int ROUNDS = 3;

  private static final String TWO_SIDED = "RPS";
  private static final String WITH_TARGET = "RPS, target included";
  private static final String CLAMPED = "RPS, clamped to 15°";

  @Override
  public List<String> recipes() {
    return List.of("dpa");
  }

  @Override
  public String claim() {
    return "Where a requested direction lies outside of those that a language model learned, the best of k answers to neighbouring directions beats the best of k answers to the direction itself, judged along that direction.";
  }

  @Override
  public String criterion() {
    return "A small language model that learned directions up to 15 degrees by DPA, k = 5, radius 30 degrees: the win rate over best of k at equal cost is above 0.55 at 45 degrees, and not lower there than at 15 degrees (200 topics).";
  }

  @Override
  public String remarks() {
    return """
    - Stage 2 of the experiment on the page of the system, with the language model of study `dpa-language` and its reward model, trained on directions up to 15 degrees alone. Angles beyond stand in the prompt as numbers that it never saw.
    - The reward model chooses among the five answers; a win is the larger true worth along the direction that was asked for, a tie half a win. "Target included" and "clamped" are options of `./alidade steer`.
    - Every mode wins half of the trials at every angle, within the noise: answers to neighbouring directions are worth as much along the target as answers to the target itself. No pilot was run and nothing was changed after the first seed.\
    """;
  }

  private static String win(double angle) {
    return String.format(Locale.ROOT, "win rate at %.0f°", angle);
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    try (var directed = new DirectedLanguageTrial(bench, COVERED);
        var policy = directed.copy()) {
      directed.warm(policy);
      int rounds = bench.size(ROUNDS, 1);
      directed.rounds(
          policy,
          rounds,
          Form.BEST,
          "DPA",
          angle -> angle,
          (_, round) -> bench.at("DPA", 0.3 + 0.5 * round / rounds));
      var modes = new LinkedHashMap<String, Neighborhood>();
      modes.put(TWO_SIDED, new Neighborhood(K, RADIUS, false, Optional.empty()));
      modes.put(WITH_TARGET, new Neighborhood(K, RADIUS, true, Optional.empty()));
      modes.put(CLAMPED, new Neighborhood(K, RADIUS, false, Optional.of(COVERED)));
      var alone = new Neighborhood(K, 0, false, Optional.empty());
      for (double angle : ANGLES) {
        var best = chosen(bench, directed, policy, angle, alone, "best of k");
        modes.forEach((mode, near) ->
            note(trial, mode, angle, best, chosen(bench, directed, policy, angle, near, mode)));
      }
    }
    return trial;
  }

  private static void note(Trial trial, String mode, double angle, double[] best, double[] ours) {
    trial.note(
        mode,
        win(angle),
        IntStream.range(0, best.length)
            .mapToDouble(i -> (Math.signum(ours[i] - best[i]) + 1) / 2)
            .average()
            .orElse(Double.NaN));
  }

  /// The true worth along an angle of the answer that is chosen for each topic: the reward model
  /// chooses.
  private static double[] chosen(
      Bench bench,
      DirectedLanguageTrial directed,
      Policy policy,
      double angle,
      Neighborhood near,
      String mode) {
    int trials = bench.size(200, 24);
    var target = Direction.degrees(angle);
    var topics = bench.random("topics");
    var random = bench.random(mode + angle);
    var directions = new ArrayList<List<Direction>>();
    var prompts = new ArrayList<int[]>();
    for (int n = 0; n < trials; n++) {
      int topic = DirectedStrings.topic(topics);
      directions.add(near.around(target, random));
      directions.getLast().forEach(v -> prompts.add(DirectedStrings.prompt(topic, v)));
    }
    List<Answered> drawn =
        directed.drawn(policy, prompts, new double[prompts.size()], 1, mode + " answers " + angle);
    double[][] rewards = directed.rewards(drawn);
    var worths = new double[trials];
    for (int n = 0; n < trials; n++) {
      var own = java.util.Arrays.copyOfRange(rewards, n * K, (n + 1) * K);
      var answer = drawn.get(n * K + Neighborhood.best(target, directions.get(n), own));
      worths[n] =
          target.project(DirectedStrings.rewards(answer.prompt(), answer.answers().getFirst()));
    }
    return worths;
  }

  @Override
  public Verdict judge(Results results) {
    double far = results.mean(TWO_SIDED, win(45));
    return Verdict.of(
        Part.atLeast("win rate at 45 degrees", far, 0.55),
        Part.atLeast(
            "win rate at 45 degrees less that at 15", far - results.mean(TWO_SIDED, win(15)), 0));
  }
}
