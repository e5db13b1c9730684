package io.alidade.study;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.batch.Readout;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Example;
import io.alidade.journal.Journal;
import io.alidade.learning.Collector;
import io.alidade.learning.Companions;
import io.alidade.learning.Constant;
import io.alidade.learning.Experience;
import io.alidade.learning.Hybrid;
import io.alidade.learning.Session;
import io.alidade.learning.Settings;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import io.alidade.objective.Objective;
import io.alidade.study.Verdict.Part;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import io.alidade.world.Addition;
import io.alidade.world.Lesson;
import io.alidade.world.SmallModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Does a divergence that is measured on fresh answers keep a language model in the format of its
/// data, where pairs hold that format alone (HyPO)?
public record HyPoFormats() implements Study {
  private static final double BETA = 0.1;
  private static final double RATE = 3e-4;
  private static final String REFERENCE = "reference";
  private static final String DPO = "DPO";
  private static final String WEAK = "HyPO, lambda 0.001";
  private static final String HYPO = "HyPO, lambda 0.01";
  private static final String KL = "reverse KL, nats an answer";
  private static final String OUTSIDE = "answers outside the data's format";
  private static final String PAIRS = "accuracy on held-out pairs";
  private static final String RIGHT = "answers that are right";
  private static final double EQUAL = 0.02; // of accuracy on pairs

  @Override
  public List<String> recipes() {
    return List.of("hypo");
  }

  @Override
  public String claim() {
    return "Where no pair holds one of two formats that a language model answers in, HyPO stays nearer to its reference than DPO and leaves the data's format less often, at equal accuracy on pairs.";
  }

  @Override
  public String criterion() {
    return "In at least 4 of 5 seeds HyPO with lambda 0.01 has a smaller reverse KL on drawn answers and a smaller share of answers outside the data's format than DPO, with an accuracy on held-out pairs that is at most 0.02 lower.";
  }

  @Override
  public String remarks() {
    return """
    Addition of two numbers of two digits, the last digit first, answered with three digits or, in one case of ten, with three letters that mean the same; a carry is forgotten in seven of ten cases. A transformer of width 64 with two layers
    is fine-tuned on such answers. Pairs are its own answers in digits, a right one and a wrong one of a problem; 300 steps of 32 pairs from 400, Adam at 3e-4, beta 0.1. HyPO draws two answers beside each pair; lambda 0.001 is the recipe's.

    The sizes were cut once after a pilot of seed 101 (600 pairs, 400 steps, a start that forgot half of its carries), which gave a KL of 3.42 for DPO, 2.29 with lambda 0.001 and 1.34 with 0.01, shares outside the format of 0.141, 0.073 and 0.113, and
    0.957, 0.957 and 0.953 of the held-out pairs.\
    """;
  }

  /// What the arms of a trial have in common.
  private record Setting(
      Bench bench, Trial trial, Path begin, Policy start, List<Group> pairs, List<Group> held) {}

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var begin = SmallStart.ofSums(bench);
    try (var start = SmallModel.frozen(begin)) {
      bench.at("drawing pairs", 0.3);
      var setting =
          new Setting(
              bench,
              trial,
              begin,
              start,
              pairs(bench, start, "pairs", bench.size(400, 24)),
              pairs(bench, start, "held pairs", bench.size(200, 24)));
      measure(setting, REFERENCE, start);
      var lambdas = bench.reduced() ? List.of(0.0, 0.01) : List.of(0.0, 0.001, 0.01);
      for (double lambda : lambdas) {
        bench.at(name(lambda), 0.4);
        try (var policy = SmallModel.trainable(begin)) {
          teach(setting, policy, lambda);
          measure(setting, name(lambda), policy);
        }
      }
    }
    return trial;
  }

  private static String name(double lambda) {
    return lambda == 0 ? DPO : lambda < 0.005 ? WEAK : HYPO;
  }

  /// A right and a wrong answer in digits of each problem that has both among eight draws.
  private static List<Group> pairs(Bench bench, Policy start, String purpose, int count) {
    var random = bench.random(purpose);
    if (bench.reduced()) { // its start answers nothing rightly
      return planted(count, random);
    }
    var pairs = new ArrayList<Group>();
    for (int part = 0; pairs.size() < count; part++) {
      var problems = Addition.problems(count, random);
      var drawn = drawn(start, problems, 8, bench.seed(purpose) + part);
      for (int p = 0; p < count && pairs.size() < count; p++) {
        var problem = problems.get(p);
        var answers = Arrays.stream(drawn[p]).filter(Addition::digits).toList();
        var right = answers.stream().filter(a -> Addition.right(problem, a)).findFirst();
        var wrong = answers.stream().filter(a -> !Addition.right(problem, a)).findFirst();
        if (right.isPresent() && wrong.isPresent()) {
          pairs.add(
              group(
                  purpose,
                  pairs.size() + 1,
                  problem,
                  List.of(Completion.of(right.get()), Completion.of(wrong.get()))));
        }
      }
    }
    return List.copyOf(pairs);
  }

  private static List<Group> planted(int count, RandomGenerator random) {
    return Addition.problems(count, random).stream()
        .map(problem -> {
          var right = Addition.solution(problem);
          int[] wrong = {right[0], right[1], 1 - right[2]};
          return group("planted", 1, problem, List.of(Completion.of(right), Completion.of(wrong)));
        })
        .toList();
  }

  private static int[][][] drawn(Policy policy, List<int[]> problems, int samples, long seed) {
    var drawn = new int[problems.size()][samples][];
    if (samples == 0) {
      return drawn;
    }
    new Generator(policy, Sampling.plain(Addition.ANSWER, seed), Set.of())
        .sample(
            problems,
            samples,
            0,
            sample -> drawn[sample.prompt()][sample.number()] = sample.drawn().tokens());
    return drawn;
  }

  private static Group group(String file, long row, int[] problem, List<Completion> answers) {
    return new Group(new Example.Row(file, row), problem, answers, Map.of());
  }

  private static void teach(Setting setting, Policy policy, double lambda) {
    var bench = setting.bench;
    int steps = bench.size(300, 6);
    int batch = bench.size(32, 8);
    var settings =
        new Settings(
            batch,
            1,
            batch,
            steps,
            1,
            Settings.Averaging.STEP,
            false,
            steps,
            0,
            0,
            1,
            bench.seed("order"));
    var companions = new Companions(2, Addition.ANSWER);
    Objective objective =
        lambda == 0
            ? TinyTrial.dpo(BETA)
            : new io.alidade.objective.HyPo(BETA, lambda, new ReverseKl());
    var fresh = new Fresh(bench, policy, setting.pairs, lambda == 0 ? 0 : companions.samples());
    try (var session =
        new Session(
            objective,
            policy,
            Optional.of(setting.start),
            Lesson.cut(RATE),
            new Constant(0),
            settings,
            Experience.collected(fresh),
            bench.scratch().resolve("lesson"),
            Journal.silent())) {
      new Hybrid(1, companions).run(session);
    }
  }

  /// The pairs of a step, each with fresh answers behind it.
  private record Fresh(Bench bench, Policy policy, List<Group> pairs, int samples)
      implements Collector {
    @Override
    public Collected round(int round, int prompts) {
      var chosen = new ArrayList<Group>();
      int epoch = pairs.size() / prompts; // steps in a pass over all pairs
      var order =
          IntStream.range(0, pairs.size())
              .boxed()
              .collect(java.util.stream.Collectors.toCollection(ArrayList::new));
      java.util.Collections.shuffle(
          order, java.util.Random.from(new SplittableRandom(bench.seed("order") + round / epoch)));
      for (int i = 0; i < prompts; i++) {
        chosen.add(pairs.get(order.get(round % epoch * prompts + i)));
      }
      var problems = chosen.stream().map(Group::prompt).toList();
      var fresh = drawn(policy, problems, samples, bench.seed("fresh") + round);
      var joined = new ArrayList<Group>();
      for (int i = 0; i < prompts; i++) {
        var candidates = new ArrayList<>(chosen.get(i).candidates());
        Arrays.stream(fresh[i]).map(Completion::of).forEach(candidates::add);
        joined.add(group("fresh", i + 1, problems.get(i), candidates));
      }
      return new Collected(Groups.of(joined), new LinkedHashMap<>());
    }

    @Override
    public SequencedMap<String, Double> measure() {
      return new LinkedHashMap<>();
    }

    @Override
    public int prompts() {
      return pairs.size();
    }
  }

  private static void measure(Setting setting, String arm, Policy policy) {
    var bench = setting.bench;
    var problems = Addition.held(bench.size(200, 30), 0, bench.random("held"));
    int samples = bench.size(4, 2);
    var answers = drawn(policy, problems, samples, bench.seed("measured"));
    var groups = new ArrayList<Group>();
    double outside = 0;
    double right = 0;
    for (int p = 0; p < problems.size(); p++) {
      for (var answer : answers[p]) {
        outside += Addition.digits(answer) ? 0 : 1;
        right += Addition.right(problems.get(p), answer) ? 1 : 0;
      }
      groups.add(
          group(
              "drawn",
              p + 1,
              problems.get(p),
              Arrays.stream(answers[p]).map(Completion::of).toList()));
    }
    double all = (double) problems.size() * samples;
    double divergence = Arrays.stream(gains(setting.start, policy, groups)).sum() / all;
    var gains = gains(setting.start, policy, setting.held);
    double won = 0;
    for (int i = 0; i < gains.length; i += 2) {
      won += gains[i] > gains[i + 1] ? 1 : gains[i] == gains[i + 1] ? 0.5 : 0;
    }
    setting
        .trial
        .note(arm, KL, divergence)
        .note(arm, OUTSIDE, outside / all)
        .note(arm, PAIRS, won / setting.held.size())
        .note(arm, RIGHT, right / all);
  }

  /// What a policy's log-likelihood of each candidate has gained over the start's, nats.
  private static double[] gains(Policy start, Policy policy, List<Group> groups) {
    var own = likelihoods(policy, groups);
    var frozen = likelihoods(start, groups);
    return IntStream.range(0, own.length).mapToDouble(i -> own[i] - frozen[i]).toArray();
  }

  private static double[] likelihoods(Policy policy, List<Group> groups) {
    try (var _ = new Step()) {
      var units =
          policy
              .score(new Batch(groups), Set.of(Readout.LOG_LIKELIHOOD), false)
              .outputs()
              .get(Readout.LOG_LIKELIHOOD); // [N, U]
      return Ops.toDoubles(Objects.requireNonNull(units).sum(1));
    }
  }

  @Override
  public Verdict judge(Results results) {
    int seeds = results.trials().size();
    int held = 0;
    for (int i = 0; i < seeds; i++) {
      boolean nearer = results.values(HYPO, KL)[i] < results.values(DPO, KL)[i];
      boolean inside = results.values(HYPO, OUTSIDE)[i] < results.values(DPO, OUTSIDE)[i];
      boolean equal = results.values(HYPO, PAIRS)[i] >= results.values(DPO, PAIRS)[i] - EQUAL;
      held += nearer && inside && equal ? 1 : 0;
    }
    int enough = (4 * seeds + 4) / 5;
    return Verdict.of(
        Part.atLeast("seeds in which all three hold", held, enough),
        Part.atLeast("seeds with a smaller KL", results.wins(DPO, HYPO, KL), enough),
        Part.atLeast(
            "seeds with fewer answers outside the format",
            results.wins(DPO, HYPO, OUTSIDE),
            enough));
  }
}
