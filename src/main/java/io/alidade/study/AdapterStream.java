package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.example.Signal;
import io.alidade.journal.Journal;
import io.alidade.learning.Constant;
import io.alidade.learning.Experience;
import io.alidade.learning.Learning;
import io.alidade.learning.Optimizer;
import io.alidade.learning.Session;
import io.alidade.learning.Settings;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.SaveOptions;
import io.alidade.model.Trainee;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.objective.Objective;
import io.alidade.objective.Sft;
import io.alidade.world.TinyModels;
import io.alidade.world.TinyPair;
import io.alidade.world.TinyPref;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.ObjLongConsumer;
import java.util.random.RandomGenerator;

/// A stream of pairs in the language [TinyPref] that adapters of rank 16 on one briefly fine-tuned
/// model of 104,704 parameters learn from, each pair once and in order.
final class AdapterStream implements AutoCloseable {
  private static final int BATCH = 8;

  private final Bench bench;
  private final Path begin;
  private final Policy start;

  AdapterStream(Bench bench) {
    this.bench = bench;
    begin = bench.scratch().resolve("start");
    var models = new TinyModels(bench.scratch());
    int steps = bench.size(150, 20);
    int size = bench.size(64, 16);
    long seed = bench.seed("demonstrations");
    try (var fresh = models.fresh(bench.seed("weights"))) {
      models.train(
          fresh,
          new Sft(),
          Optional.empty(),
          TinyModels.demonstrations(
              steps * size,
              index -> {
                var random = new SplittableRandom(seed + index * 0x9E3779B97F4A7C15L);
                return TinyTrial.demonstration(0.4, random);
              }),
          new TinyModels.Course(steps, size, 2e-3, 0, seed),
          share -> bench.at("fine-tuning the start", 0.1 * share));
      fresh.save(begin, SaveOptions.PLAIN);
    }
    start = Policy.open(begin, PolicySpec.frozen(Precision.FLOAT32));
  }

  Policy start() {
    return start;
  }

  /// The start with a new adapter, the same for all arms.
  Policy adapter() {
    return Policy.open(
        begin,
        PolicySpec.frozen(Precision.FLOAT32)
            .with(LoraSpec.of(16, 16, new Targets.AllLinear()))
            .seeded(bench.seed("adapter")));
  }

  /// Two answers to a prompt, each with a share of the target class of its own.
  static int[][] answers(int[] prompt, RandomGenerator random) {
    return new int[][] {
      TinyPref.answer(prompt, random.nextDouble(), random),
      TinyPref.answer(prompt, random.nextDouble(), random)
    };
  }

  /// Pairs as groups that say which domain they belong to.
  static List<Group> groups(List<TinyPair> pairs, int domain) {
    var all = TinyPair.groups(pairs);
    var tagged = new ArrayList<Group>();
    for (int i = 0; i < all.count(); i++) {
      var group = all.group(i);
      tagged.add(
          new Group(
              group.row(),
              group.prompt(),
              group.candidates(),
              Map.of(Signal.perGroup("domain"), new double[] {domain})));
    }
    return tagged;
  }

  /// One arm: a pass over the stream.
  ///
  /// @param makes what is trained, from a policy with a new adapter
  /// @param watch told the metrics of each step, before its update
  void learn(
      Learning learning,
      Objective objective,
      Function<Policy, Trainee> makes,
      Optimizer optimizer,
      List<Group> stream,
      Arm arm,
      ObjLongConsumer<Map<String, Double>> watch) {
    var settings =
        new Settings(
            BATCH,
            1,
            64,
            -1,
            1,
            Settings.Averaging.STEP,
            /* shuffle= */ false,
            1,
            0,
            0,
            1,
            bench.seed("order"));
    try (var policy = adapter()) {
      var trainee = makes.apply(policy);
      try (var reference = policy.withoutAdapter();
          var session =
              new Session(
                  objective,
                  trainee,
                  Optional.of(reference),
                  optimizer,
                  new Constant(0),
                  settings,
                  Experience.given(Groups.of(stream)),
                  bench.scratch().resolve("checkpoints"),
                  new Watched((metrics, step) -> {
                    watch.accept(metrics, step);
                    arm.at(step, trainee, policy);
                  }))) {
        learning.run(session);
        arm.end(trainee, policy);
      } finally {
        if (trainee != policy) {
          trainee.close();
        }
      }
    }
  }

  /// Looks at an arm while it learns.
  interface Arm {
    /// After a step.
    default void at(long step, Trainee trainee, Policy policy) {}

    /// After the last one.
    default void end(Trainee trainee, Policy policy) {}
  }

  private record Watched(ObjLongConsumer<Map<String, Double>> watch) implements Journal {
    @Override
    public void log(long step, double epoch, SequencedMap<String, Double> metrics) {
      watch.accept(metrics, step);
    }

    @Override
    public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void progress(
        String what, long done, long total, String unit, SequencedMap<String, Double> shown) {}

    @Override
    public void message(String line) {}

    @Override
    public void close() {}
  }

  @Override
  public void close() {
    start.close();
  }
}
