package io.alidade.world;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Direction;
import io.alidade.example.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;

/// Fifty answers of two objectives and prompts that are nothing but directions: what a policy that
/// reads directions can learn shows without language. An answer has a quality from 0 to 4 and a
/// length from 0 to 9; with `t = length / 9` it is verbose by `t`, and helpful by `0.7 quality / 4
/// + 0.3 t`, or on a curved front by `0.7 quality / 4 + 0.3 sqrt(1 - t^2)`. Prompts are angles in
///   steps of a quarter of a degree, from -90 to 90.
///
/// @param curved whether helpfulness falls with length, so that each direction has a best length of
///   its own; else a single answer is best along every direction from -16 to 90 degrees
public record DirectedAnswers(boolean curved) {
  /// How many answers there are.
  public static final int ANSWERS = 50;

  private static final int LENGTHS = 10;
  private static final int PROMPTS = 721;
  private static final double STEP = 0.25;
  private static final double WIDEST = 90;

  /// Helpfulness and verbosity of an answer, both in `[0, 1]`.
  public double[] rewards(int answer) {
    double length = answer % LENGTHS / (LENGTHS - 1.0);
    double apart = curved ? Math.sqrt(1 - length * length) : length;
    return new double[] {0.7 * (answer / LENGTHS) / 4 + 0.3 * apart, length};
  }

  /// The prompt of an angle, degrees; the nearest there is.
  public static int prompt(double degrees) {
    return (int) Math.round((Math.clamp(degrees, -WIDEST, WIDEST) + WIDEST) / STEP);
  }

  /// The angle of a prompt, degrees.
  public static double degrees(int prompt) {
    return prompt * STEP - WIDEST;
  }

  /// A policy that sees the direction of a prompt, with random weights.
  public static FeaturePolicy policy(RandomGenerator random) {
    var features = new double[PROMPTS][1][];
    for (int p = 0; p < PROMPTS; p++) {
      double radians = Math.toRadians(degrees(p));
      features[p][0] = new double[] {Math.cos(radians), Math.sin(radians)};
    }
    return FeaturePolicy.random(features, ANSWERS, random, 64, 64);
  }

  /// What a policy answers on average along the direction of a prompt: the mean of some number.
  public double expected(FeaturePolicy policy, double degrees, ToDoubleFunction<double[]> of) {
    var chances = policy.probabilities(prompt(degrees))[0];
    double sum = 0;
    for (int a = 0; a < ANSWERS; a++) {
      sum += chances[a] * of.applyAsDouble(rewards(a));
    }
    return sum;
  }

  /// Mean worth of its answers along a direction that it is given.
  public double worth(FeaturePolicy policy, double degrees) {
    var direction = Direction.degrees(degrees);
    return expected(policy, degrees, direction::project);
  }

  /// Draws an answer.
  public static int draw(double[] chances, RandomGenerator random) {
    double left = random.nextDouble();
    for (int a = 0; a < chances.length; a++) {
      left -= chances[a];
      if (left < 0) {
        return a;
      }
    }
    return chances.length - 1;
  }

  /// An answer to a prompt, to be imitated.
  public static Group demonstration(int prompt, int answer, int row) {
    return new Group(
        new Example.Row("directed", row + 1L),
        new int[] {prompt},
        List.of(Completion.of(answer)),
        Map.of());
  }

  /// For each of some prompts the best of several answers that a policy draws.
  ///
  /// @param samples answers drawn for each prompt
  /// @param judged the angle that an answer to a prompt's angle is judged along, degrees
  public List<Group> best(
      FeaturePolicy policy,
      int[] prompts,
      int samples,
      ToDoubleFunction<Double> judged,
      RandomGenerator random) {
    var chances = policy.probabilities(prompts);
    var groups = new ArrayList<Group>();
    for (int p = 0; p < prompts.length; p++) {
      var along = Direction.degrees(judged.applyAsDouble(degrees(prompts[p])));
      int best = -1;
      for (int n = 0; n < samples; n++) {
        int drawn = draw(chances[p], random);
        if (best < 0 || along.project(rewards(drawn)) > along.project(rewards(best))) {
          best = drawn;
        }
      }
      groups.add(demonstration(prompts[p], best, p));
    }
    return groups;
  }
}
