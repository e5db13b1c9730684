package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.judge.Decomposition;
import io.alidade.judge.Profile;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.objective.BradleyTerry;
import io.alidade.study.Verdict.Part;
import io.alidade.world.FlippingTastes;
import io.alidade.world.FlippingTastes.Told;
import io.alidade.world.Lesson;
import io.alidade.world.SmallModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/// Does a reward model that reads a context judge by it, where preferences flip with the context
/// (Pitis et al. 2024, arXiv:2407.14916)?
public record ContextAware() implements Study {
  private static final String CARM = "CARM";
  private static final String BLIND = "without contexts";
  private static final String GENERAL = "general pairs alone";

  private static final String NONE = "accuracy, no context told";
  private static final String CRITERIA = "accuracy, criteria";
  private static final String SCENARIOS = "accuracy, scenarios";
  private static final String ON_GENERAL = "accuracy on general pairs";
  private static final String[] FOUND = {
    "profile found from 2 pairs", "profile found from 8 pairs"
  };
  private static final String[] TOLD = {
    "accuracy in the profile found from 2", "accuracy in the profile found from 8"
  };
  private static final int[] LABELLED = {2, 8};
  private static final String EXCESS = "largest error above the bound";

  private static final double RATE = 1e-3;
  private static final int BATCH = 64;

  @Override
  public List<String> recipes() {
    return List.of("carm", "context-dpo");
  }

  @Override
  public String claim() {
    return "Trained on pairs that are preferred one way in one context and the other way in another, a"
        + " reward model judges by the context, told outright or by a scenario, keeps its judgement"
        + " of general pairs, and tells users apart by a few of their choices.";
  }

  @Override
  public String criterion() {
    return "4000 rows whose two contexts disagree: without a context accuracy is 50 ± 2 points; in"
        + " context at least 95 for criteria and 85 for scenarios; the same model trained without"
        + " contexts stays at 50 ± 2 in context; with 4000 general pairs in the mix their accuracy"
        + " is at most 2 points below that of a model of general pairs alone; of 8 candidate profiles"
        + " the right one is found from 8 labelled pairs at least 10 points more often than from 2;"
        + " the marginal error never exceeds its bound on 1000 random cases.";
  }

  @Override
  public String remarks() {
    return """
    - An answer carries four attributes among six tokens; a context wants one of them there or absent. Of each row both directions are learned,
      once with criteria and once with scenarios, so that what ignores the context is at 50 by construction. The model is a GPT-2 of two
      layers, 48 wide, from random weights: 1200 steps of 64 pairs at 1e-3, 400 for either of the others, which have fewer pairs.
    - The page speaks of the accuracy of profile inference; the share of users whose profile is found is judged, and the accuracy on
      their other pairs is shown beside it. 96 users a seed, 20 other pairs each.
    - The bound is checked on random chances alone, as the criterion has it; it is a theorem, so this tests the code and not the paper.\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var world = new FlippingTastes(bench.random("scenarios"));
    var rows = world.rows(bench.size(4000, 200), bench.random("rows"));
    var held = world.rows(bench.size(1000, 100), bench.random("held-out rows"));
    var random = bench.random("tellings");
    int count = bench.size(4000, 200);
    var plain = world.general(count, false, bench.random("general pairs"));
    var general = world.general(bench.size(1000, 100), false, bench.random("held-out general"));
    var fresh = bench.scratch().resolve("fresh");
    new SmallModel(FlippingTastes.VOCABULARY, bench.size(48, 32), 2, FlippingTastes.LONGEST, 0.15)
        .write(fresh, bench.seed("weights"));

    var all = new ArrayList<Group>();
    all.addAll(world.pairs(rows, Told.CRITERION, random));
    all.addAll(world.pairs(rows, Told.SCENARIO, random));
    all.addAll(world.general(count, true, bench.random("general pairs")));
    bench.at(CARM, 0);
    try (var model = learned(bench, fresh, all, bench.size(1200, 40), "carm")) {
      note(trial, CARM, model, world, held, general, bench.random("told"));
      profiles(bench, trial, model, world);
    }
    bench.at(BLIND, 0.6);
    var blind = world.pairs(rows, Told.NOT, random);
    try (var model = learned(bench, fresh, blind, bench.size(400, 15), "blind")) {
      note(trial, BLIND, model, world, held, general, bench.random("told"));
    }
    bench.at(GENERAL, 0.8);
    try (var model = learned(bench, fresh, plain, bench.size(400, 15), "general")) {
      note(trial, GENERAL, model, world, held, general, bench.random("told"));
    }
    trial.note(CARM, EXCESS, excess(bench.random("chances")));
    return trial;
  }

  private static Policy learned(
      Bench bench, Path fresh, List<Group> pairs, int steps, String name) {
    var policy =
        Policy.open(
            fresh,
            PolicySpec.trainable(Precision.FLOAT32)
                .with(Head.REWARD)
                .withOutputs(1)
                .seeded(bench.seed("head")));
    new Lesson(
            Lesson.cut(bench.size(1, 3) * RATE),
            BATCH,
            steps,
            bench.seed("order"),
            bench.scratch().resolve(name))
        .teach(new BradleyTerry(false, 0), policy, pairs);
    return policy;
  }

  private static void note(
      Trial trial,
      String arm,
      Policy model,
      FlippingTastes world,
      List<FlippingTastes.Row> held,
      List<Group> general,
      RandomGenerator random) {
    trial.note(arm, NONE, accuracy(model, world.pairs(held, Told.NOT, random)));
    trial.note(arm, CRITERIA, accuracy(model, world.pairs(held, Told.CRITERION, random)));
    trial.note(arm, SCENARIOS, accuracy(model, world.pairs(held, Told.SCENARIO, random)));
    trial.note(arm, ON_GENERAL, accuracy(model, general));
  }

  /// Share of pairs whose first answer is ahead; a tie is half.
  private static double accuracy(Policy model, List<Group> pairs) {
    return Arrays.stream(FlippingTastes.margins(model, pairs))
        .map(margin -> (Math.signum(margin) + 1) / 2)
        .average()
        .orElse(Double.NaN);
  }

  private static void profiles(Bench bench, Trial trial, Policy model, FlippingTastes world) {
    var random = bench.random("users");
    int users = bench.size(96, 16);
    int most = LABELLED[LABELLED.length - 1];
    int others = 20;
    var found = new int[LABELLED.length];
    var told = new double[LABELLED.length];
    for (int user = 0; user < users; user++) {
      int profile = user % FlippingTastes.CONTEXTS;
      var pairs = world.inAllContexts(profile, most + others, random);
      var margins = FlippingTastes.margins(model, pairs.stream().flatMap(List::stream).toList());
      for (int k = 0; k < LABELLED.length; k++) {
        var fits = new double[FlippingTastes.CONTEXTS];
        for (int p = 0; p < LABELLED[k]; p++) {
          for (int z = 0; z < fits.length; z++) {
            fits[z] -= Math.log1p(Math.exp(-margins[p * fits.length + z]));
          }
        }
        int best = Profile.best(fits);
        found[k] += best == profile ? 1 : 0;
        for (int p = most; p < pairs.size(); p++) {
          told[k] += margins[p * fits.length + best] > 0 ? 1.0 / others : 0;
        }
      }
    }
    for (int k = 0; k < LABELLED.length; k++) {
      trial.note(CARM, FOUND[k], (double) found[k] / users);
      trial.note(CARM, TOLD[k], told[k] / users);
    }
  }

  private static double excess(RandomGenerator random) {
    double excess = Double.NEGATIVE_INFINITY;
    for (int n = 0; n < 1000; n++) {
      int size = random.nextInt(1, 9);
      var truth = new Decomposition(chances(size, random), random.doubles(size).toArray());
      var model = new Decomposition(chances(size, random), random.doubles(size).toArray());
      excess = Math.max(excess, Math.abs(truth.marginal() - model.marginal()) - truth.bound(model));
    }
    return excess;
  }

  private static double[] chances(int size, RandomGenerator random) {
    var chances = random.doubles(size).map(u -> -Math.log1p(-u)).toArray();
    double sum = Arrays.stream(chances).sum();
    return Arrays.stream(chances).map(c -> c / sum).toArray();
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atMost(
            "distance from 0.5 without a context", Math.abs(results.mean(CARM, NONE) - 0.5), 0.02),
        Part.atLeast("accuracy with criteria", results.mean(CARM, CRITERIA), 0.95),
        Part.atLeast("accuracy with scenarios", results.mean(CARM, SCENARIOS), 0.85),
        Part.atMost(
            "distance from 0.5 with criteria, trained without contexts",
            Math.abs(results.mean(BLIND, CRITERIA) - 0.5),
            0.02),
        Part.atMost(
            "accuracy on general pairs, lost beside contexts",
            results.gain(GENERAL, CARM, ON_GENERAL),
            0.02),
        Part.atLeast(
            "profiles found from 8 pairs less those found from 2",
            results.mean(CARM, FOUND[1]) - results.mean(CARM, FOUND[0]),
            0.10),
        Part.atMost(
            "largest error above the bound, over all seeds",
            Arrays.stream(results.values(CARM, EXCESS)).max().orElse(Double.NaN),
            1e-12));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Part.atMost(
            "distance from 0.5 without a context", Math.abs(reduced.mean(CARM, NONE) - 0.5), 1e-9),
        Part.atMost("largest error above the bound", reduced.mean(CARM, EXCESS), 1e-12));
  }
}
