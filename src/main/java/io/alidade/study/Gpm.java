package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.judge.PreferenceSpace;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.objective.BradleyTerry;
import io.alidade.objective.GeneralPreference;
import io.alidade.objective.Objective;
import io.alidade.study.Verdict.Part;
import io.alidade.world.FreeVectors;
import io.alidade.world.Lesson;
import io.alidade.world.RockPaperScissors;
import io.alidade.world.SmallModel;
import io.alidade.world.TabularPolicy;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// Can vectors with a skew-symmetric form learn preferences that run in a circle, where a scalar
/// reward cannot (GPM, Zhang et al. 2024, arXiv:2410.02197)?
public record Gpm() implements Study {
  private static final String REWARD = "Bradley-Terry";
  private static final int[] DIMENSIONS = {2, 4, 6};
  private static final double TAU = 0.1;

  private static final String SOLVED = "share of starts that solve the 3-cycle";
  private static final String LOSS = "mean loss on the 3-cycle, nats";
  private static final String CIRCLE = "accuracy on cyclic pairs";
  private static final String ORDER = "accuracy on transitive pairs";

  private static final int STARTS = 10;
  private static final int STEPS = 400;
  private static final double NOISE = 0.1;
  private static final double RATE = 1e-3;

  @Override
  public List<String> recipes() {
    return List.of("gpm", "reward");
  }

  @Override
  public String claim() {
    return "A general preference model orders held-out pairs of cyclic preferences, on which a scalar"
        + " reward is no better than chance, and loses nothing where preferences are transitive.";
  }

  @Override
  public String criterion() {
    return "On the cycle A > B > C > A with a free vector for each answer, 400 Adam steps: four"
        + " dimensions solve it from at least 9 of 10 random starts, and Bradley and Terry's loss"
        + " ends within 0.001 of ln 2. A tiny transformer on 4000 pairs that follow rock, paper,"
        + " scissors on the dominant of three attributes, 10 % of labels wrong: accuracy on clean"
        + " held-out pairs at least 0.95 with six dimensions and at most 0.70 with a scalar reward;"
        + " on transitive preferences over the same answers at most 0.01 below the scalar reward.";
  }

  @Override
  public String remarks() {
    return """
    - The transformer is a GPT-2 of two layers, 48 wide, that begins at random weights. An answer has seven tokens, four kinds for each
      attribute, and the attribute of most tokens dominates. 600 steps of 64 pairs at 1e-3.
    - A start counts as one that solves the cycle if all three scores have the right sign. Free vectors begin normal with a standard
      deviation of 1 over the root of one more than the dimension; Adam's rate is 0.05.
    - Scores are divided by tau = 0.1, vectors have length 1, as in the recipe. The loss of the cycle with a scalar reward cannot fall
      below ln 2 = 0.6931; that of two dimensions not below 0.00017.\
    """;
  }

  private static String arm(int dimension) {
    return "GPM, %d dimensions".formatted(dimension);
  }

  private static Objective gpm(int dimension) {
    return new GeneralPreference(dimension, TAU, true, false, false);
  }

  private static double score(double[] one, double[] other) {
    return one.length == 1
        ? one[0] - other[0]
        : PreferenceSpace.score(PreferenceSpace.unit(one), PreferenceSpace.unit(other));
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    cycle(bench, trial, REWARD, new BradleyTerry(false, 0), 1);
    for (int dimension : DIMENSIONS) {
      cycle(bench, trial, arm(dimension), gpm(dimension), dimension);
    }
    var fresh = bench.scratch().resolve("fresh");
    new SmallModel(
            RockPaperScissors.VOCABULARY,
            bench.size(48, 32),
            bench.size(2, 1),
            RockPaperScissors.ANSWER + 1,
            0.15)
        .write(fresh, bench.seed("weights"));
    network(bench, trial, fresh, new RockPaperScissors(true), CIRCLE, 0.2);
    network(bench, trial, fresh, new RockPaperScissors(false), ORDER, 0.6);
    return trial;
  }

  /// Three answers that beat each other in turn.
  private static void cycle(
      Bench bench, Trial trial, String arm, Objective objective, int dimension) {
    var pairs =
        List.of(
            TabularPolicy.pair(0, 0, 1, 1),
            TabularPolicy.pair(0, 1, 2, 2),
            TabularPolicy.pair(0, 2, 0, 3));
    int starts = bench.size(STARTS, 2);
    int solved = 0;
    double loss = 0;
    var random = bench.random("cycle " + dimension);
    for (int start = 0; start < starts; start++) {
      try (var vectors = new FreeVectors(3, dimension, 1 / Math.sqrt(dimension + 1), random)) {
        new Lesson(
                Lesson.adam(0.05),
                3,
                bench.size(STEPS, 60),
                start,
                bench.scratch().resolve("cycle-" + dimension))
            .teach(objective, vectors, vectors, pairs);
        var v = vectors.values();
        double[] scores = {score(v[0], v[1]), score(v[1], v[2]), score(v[2], v[0])};
        double unit = dimension == 1 ? 1 : TAU;
        loss += Arrays.stream(scores).map(s -> Math.log1p(Math.exp(-s / unit))).average().orElse(0);
        solved += Arrays.stream(scores).allMatch(s -> s > 0) ? 1 : 0;
      }
    }
    trial.note(arm, SOLVED, (double) solved / starts).note(arm, LOSS, loss / starts);
  }

  private static void network(
      Bench bench, Trial trial, Path fresh, RockPaperScissors world, String measure, double done) {
    var pairs = world.pairs(bench.size(4000, 300), NOISE, bench.random(measure + " pairs"));
    var held = world.pairs(bench.size(1000, 200), 0, bench.random(measure + " held-out pairs"));
    int most = DIMENSIONS[DIMENSIONS.length - 1];
    bench.at(measure, done);
    learned(bench, trial, REWARD, new BradleyTerry(false, 0), 1, fresh, pairs, held, measure);
    bench.at(measure, done + 0.2);
    learned(bench, trial, arm(most), gpm(most), most, fresh, pairs, held, measure);
  }

  private static void learned(
      Bench bench,
      Trial trial,
      String arm,
      Objective objective,
      int outputs,
      Path fresh,
      List<Group> pairs,
      List<Group> held,
      String measure) {
    var spec =
        PolicySpec.trainable(Precision.FLOAT32)
            .with(Head.REWARD)
            .withOutputs(outputs)
            .seeded(bench.seed("head"));
    try (var policy = Policy.open(fresh, spec)) {
      new Lesson(
              Lesson.cut(bench.size(1, 3) * RATE),
              64,
              bench.size(600, 25),
              bench.seed("order"),
              bench.scratch().resolve("checkpoints-%s-%d".formatted(measure, outputs)))
          .teach(objective, policy, pairs);
      trial.note(arm, measure, RockPaperScissors.accuracy(policy, held, Gpm::score));
    }
  }

  @Override
  public Verdict judge(Results results) {
    var six = arm(6);
    return Verdict.of(
        Part.atLeast(
            "share of starts from which four dimensions solve the 3-cycle",
            results.mean(arm(4), SOLVED),
            0.9),
        Part.atMost(
            "distance of the scalar reward's loss on the 3-cycle from ln 2",
            Math.abs(results.mean(REWARD, LOSS) - Math.log(2)),
            0.001),
        Part.atLeast("accuracy of six dimensions on cyclic pairs", results.mean(six, CIRCLE), 0.95),
        Part.atMost(
            "accuracy of the scalar reward on cyclic pairs", results.mean(REWARD, CIRCLE), 0.70),
        Part.atLeast(
            "accuracy on transitive pairs, six dimensions less scalar reward",
            results.gain(six, REWARD, ORDER),
            -0.01));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Part.atMost(
            "four dimensions' loss on the 3-cycle, where a scalar reward stays at ln 2",
            reduced.mean(arm(4), LOSS),
            0.5),
        Part.atLeast("scalar reward's loss on the 3-cycle", reduced.mean(REWARD, LOSS), 0.69));
  }
}
