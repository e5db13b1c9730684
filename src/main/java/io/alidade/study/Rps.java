package io.alidade.study;

import io.alidade.example.Direction;
import io.alidade.generation.Neighborhood;
import io.alidade.study.Verdict.Part;
import io.alidade.world.DirectedAnswers;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Is an answer better along a direction that a model has not learned if it is chosen from answers
/// to directions nearby (RPS, Mao et al. 2025, arXiv:2510.20498)?
public record Rps() implements Study {
  private static final int K = 5;
  private static final double RADIUS = 30;
  private static final double[] PLANTED = {0, 20, 40, 60};
  private static final double[] LEARNED = {15, 30, 45};
  private static final double COVERED = 15; // degrees that the small policy was trained on
  private static final DirectedAnswers WORLD = new DirectedAnswers(true);

  private static final String TWO_SIDED = "RPS";
  private static final String WITH_TARGET = "RPS, target included";
  private static final String CLAMPED = "RPS, clamped to 45°";

  @Override
  public List<String> recipes() {
    return List.of("dpa");
  }

  @Override
  public String claim() {
    return "Where a requested direction lies outside of those that a model knows, the best of k answers"
        + " to neighbouring directions beats the best of k answers to the direction itself, judged"
        + " along that direction.";
  }

  @Override
  public String criterion() {
    return "k = 5, radius 30 degrees, win rate over best of k at equal cost. With a planted generator"
        + " that is reliable up to 20 degrees: at least 0.70 at 40 and at 60 degrees (1000 trials)."
        + " With a small policy that learned directions up to 15 degrees by DPA: above 0.55 at 45"
        + " degrees, and not lower there than at 15 degrees (1000 trials).";
  }

  @Override
  public String remarks() {
    return """
    - The planted generator's rewards are normal with a deviation of 0.25 around (cos, sin) times 1 - 0.6 max(0, |angle| - 20) / 20. A win is the
      larger best worth along the target, a tie half a win. Neighbours and choice are the program's own (`Neighborhood`).
    - The small policy is that of study `dpa`, on a curved front. On the straight front of that study one answer is best along all directions
      from -16 degrees upwards, so that a policy trained up to 15 degrees knows all there is to know at 45: both ways tie in every trial.
    - Of the small policy exactly half of the trials are won at 30 and 45 degrees: both ways tie in every one. After four rounds of best of 16 it seems
      to give a single answer to all directions around these, so that neighbours have nothing else to offer. The published models draw text and
      stay spread out; a policy of fewer rounds was not tried, since the criterion was fixed before.
    - Inside of what a model knows the method loses to best of k, as the page warns: see 0 and 20 degrees. It is for directions out of range.
    - "Target included" and "clamped" are options of `./alidade steer`; the criterion is about the method as published, without them.\
    """;
  }

  private static String win(String what, double angle) {
    return String.format(Locale.ROOT, "win rate at %.0f°, %s", angle, what);
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    int trials = bench.size(1000, 200);
    var modes =
        java.util.Map.of(
            TWO_SIDED, new Neighborhood(K, RADIUS, false, Optional.empty()),
            WITH_TARGET, new Neighborhood(K, RADIUS, true, Optional.empty()),
            CLAMPED, new Neighborhood(K, RADIUS, false, Optional.of(45.0)));
    for (var mode : List.of(TWO_SIDED, WITH_TARGET, CLAMPED)) {
      var near = java.util.Objects.requireNonNull(modes.get(mode));
      for (double angle : PLANTED) {
        trial.note(
            mode,
            win("planted", angle),
            wins(Rps::planted, near, angle, trials, bench.random(mode + angle)));
      }
    }
    bench.at("a small policy", 0.2);
    var directed = new DirectedTrial(bench, WORLD, COVERED);
    try (var policy = directed.start()) {
      directed.rounds(policy, bench.size(4, 2), "DPA", angle -> angle, (_, _) -> {});
      Generator learned =
          (direction, random) -> {
            var chances = policy.probabilities(DirectedAnswers.prompt(direction.degrees()))[0];
            return WORLD.rewards(DirectedAnswers.draw(chances, random));
          };
      for (var mode : List.of(TWO_SIDED, WITH_TARGET, CLAMPED)) {
        var near = java.util.Objects.requireNonNull(modes.get(mode));
        for (double angle : LEARNED) {
          trial.note(
              mode,
              win("learned", angle),
              wins(learned, near, angle, trials, bench.random(mode + " learned " + angle)));
        }
      }
    }
    return trial;
  }

  /// What answers to a direction earn.
  private interface Generator {
    double[] rewards(Direction direction, RandomGenerator random);
  }

  private static double[] planted(Direction direction, RandomGenerator random) {
    double reliable = 1 - 0.6 * Math.max(0, Math.abs(direction.degrees()) - 20) / 20;
    var rewards = new double[2];
    for (int i = 0; i < rewards.length; i++) {
      rewards[i] = direction.components().get(i) * reliable + 0.25 * random.nextGaussian();
    }
    return rewards;
  }

  private static double wins(
      Generator generator, Neighborhood near, double angle, int trials, RandomGenerator random) {
    var target = Direction.degrees(angle);
    var best = new Neighborhood(K, 0, false, Optional.empty());
    double wins = 0;
    for (int n = 0; n < trials; n++) {
      double ours = chosen(generator, near, target, random);
      double theirs = chosen(generator, best, target, random);
      wins += (Math.signum(ours - theirs) + 1) / 2;
    }
    return wins / trials;
  }

  private static double chosen(
      Generator generator, Neighborhood near, Direction target, RandomGenerator random) {
    var directions = near.around(target, random);
    var rewards =
        directions.stream().map(v -> generator.rewards(v, random)).toArray(double[][]::new);
    return target.project(rewards[Neighborhood.best(target, directions, rewards)]);
  }

  @Override
  public Verdict judge(Results results) {
    double far = results.mean(TWO_SIDED, win("learned", 45));
    return Verdict.of(
        Part.atLeast(
            "win rate at 40 degrees, planted", results.mean(TWO_SIDED, win("planted", 40)), 0.70),
        Part.atLeast(
            "win rate at 60 degrees, planted", results.mean(TWO_SIDED, win("planted", 60)), 0.70),
        Part.atLeast("win rate at 45 degrees, learned up to 15", far, 0.55),
        Part.atLeast(
            "win rate at 45 degrees less that at 15, learned up to 15",
            far - results.mean(TWO_SIDED, win("learned", 15)),
            0));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Part.atLeast(
            "win rate at 40 degrees, planted", reduced.mean(TWO_SIDED, win("planted", 40)), 0.6));
  }
}
