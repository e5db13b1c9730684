package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.objective.Sft;
import io.alidade.world.DirectedAnswers;
import io.alidade.world.FeaturePolicy;
import io.alidade.world.Lesson;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ObjIntConsumer;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;

/// A policy that is fine-tuned on its own best answers along directions, in rounds, beginning with
/// one that answers alike whatever the direction (DPA, Wang et al. 2024, arXiv:2402.18571).
///
/// 512 prompts a round, 16 answers each, 200 full-batch Adam steps at 0.003.
final class DirectedTrial {
  private static final double RATE = 3e-3;
  private static final int SAMPLES = 16;

  private final Bench bench;
  private final DirectedAnswers world;
  private final double range;

  /// @param range angles go from minus so many degrees to plus so many
  DirectedTrial(Bench bench, DirectedAnswers world, double range) {
    this.world = world;
    this.bench = bench;
    this.range = range;
  }

  /// The policy before the first round.
  FeaturePolicy start() {
    var random = bench.random("start");
    var policy = DirectedAnswers.policy(random);
    var groups = new ArrayList<Group>();
    for (int n = 0; n < bench.size(4096, 1024); n++) {
      groups.add(
          DirectedAnswers.demonstration(
              DirectedAnswers.prompt(random.nextDouble(-90, 90)),
              random.nextInt(DirectedAnswers.ANSWERS),
              n));
    }
    teach(policy, groups, "start");
    return policy;
  }

  /// Trains a policy in place.
  ///
  /// @param judged the angle that an answer to a prompt's angle is judged along
  /// @param watch told the policy after each round, from 1
  void rounds(
      FeaturePolicy policy,
      int rounds,
      String arm,
      ToDoubleFunction<Double> judged,
      ObjIntConsumer<FeaturePolicy> watch) {
    var random = bench.random(arm);
    for (int round = 1; round <= rounds; round++) {
      var prompts = prompts(random);
      var best = world.best(policy, prompts, SAMPLES, judged, random);
      teach(policy, best, arm + " " + round);
      watch.accept(policy, round);
    }
  }

  private int[] prompts(RandomGenerator random) {
    return random
        .doubles(bench.size(512, 128), -range, range)
        .mapToInt(DirectedAnswers::prompt)
        .toArray();
  }

  private void teach(FeaturePolicy policy, List<Group> groups, String name) {
    new Lesson(
            Lesson.adam(bench.reduced() ? 4 * RATE : RATE),
            groups.size(),
            bench.size(200, 20),
            bench.seed(name),
            bench.scratch().resolve("directed"))
        .teach(new Sft(), policy, policy, groups);
  }
}
