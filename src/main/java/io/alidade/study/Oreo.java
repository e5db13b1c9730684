package io.alidade.study;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.generation.ValueBeam;
import io.alidade.learning.ActorAndCritic;
import io.alidade.learning.AdamW;
import io.alidade.learning.Offline;
import io.alidade.learning.Optimizer;
import io.alidade.model.ActorCritic;
import io.alidade.model.Generator;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.Sampling;
import io.alidade.model.SaveOptions;
import io.alidade.objective.Dpo;
import io.alidade.objective.Objective;
import io.alidade.objective.Oreo.Level;
import io.alidade.objective.Sft;
import io.alidade.study.Verdict.Part;
import io.alidade.world.ChainArithmetic;
import io.alidade.world.Lesson;
import io.alidade.world.PrefixTables;
import io.alidade.world.SmallModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Whether the soft Bellman equation at every token finds the step that decides (OREO): on a tree
/// of choices whose optimum is known, and on arithmetic in steps with outcomes alone.
public record Oreo() implements Study {
  private static final String TOKEN = "OREO";
  private static final String RESPONSE = "OREO, whole answers";
  private static final String DPO = "DPO";
  private static final String SFT = "fine-tuned start";
  private static final String REJECTION = "rejection sampling";
  private static final String BEAM = "OREO, beam of 4 by value";
  private static final String SUCCESS = "tree: success";
  private static final String SHARE = "tree: share of the KL at the deciding step";
  private static final String KL = "tree: KL, nats";
  private static final String ACCURACY = "arithmetic: accuracy";
  private static final double TREE_BETA = 0.3;
  private static final double BETA = 0.03;

  @Override
  public List<String> recipes() {
    return List.of("oreo");
  }

  @Override
  public String claim() {
    return "OREO puts its change where it matters, solves more problems than DPO and rejection sampling on the same answers with outcomes alone, and its values guide a search beyond the greedy answer.";
  }

  @Override
  public String criterion() {
    return "Tree, mean over seeds: the share of KL at the deciding step is highest for token-level OREO, and its success exceeds that of whole answers. Arithmetic: OREO's greedy accuracy exceeds that of rejection sampling and of DPO by at least 0.03 in at least 2 of 3 seeds, and the beam of 4 exceeds greedy decoding in at least 2 of 3 seeds.";
  }

  @Override
  public String remarks() {
    return """
    Tree: five steps of three actions, reward 1 where action 1 was taken at step 3; 200 random trajectories, tables for policy and value, beta 0.3, no explicit KL, Adam at 0.05, 1500 steps
    of all trajectories; DPO learns from 200 random pairs of a right and a wrong one. Arithmetic: six additions modulo 10, one token each, a transformer of width 64 and two layers, fine-tuned on
    solutions with 20 % wrong steps; it draws 4 answers to each of 1500 problems, labelled by the last digit. OREO learns from all of them (beta 0.03, explicit KL 0.01), rejection sampling imitates the right ones, DPO
    (beta 0.1) learns from a right and a wrong answer of each problem that has both; 400 steps of 32 at 5e-4 each, the critic at 1e-3.\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    tree(bench, trial);
    arithmetic(bench, trial);
    return trial;
  }

  private static void tree(Bench bench, Trial trial) {
    var random = bench.random("tree");
    var trajectories = PrefixTables.trajectories(200, random);
    var pairs = PrefixTables.pairs(trajectories, 200, random);
    var lesson =
        new Lesson(
            Lesson.adam(0.05),
            200,
            bench.size(1500, 100),
            bench.seed("order"),
            bench.scratch().resolve("tree"));
    for (var arm : List.of(TOKEN, RESPONSE, DPO)) {
      Objective objective =
          switch (arm) {
            case TOKEN -> new io.alidade.objective.Oreo(TREE_BETA, 0, Level.TOKEN, 1, 0);
            case RESPONSE -> new io.alidade.objective.Oreo(TREE_BETA, 0, Level.RESPONSE, 1, 0);
            default -> new Dpo(TREE_BETA, new ReverseKl());
          };
      bench.at("tree: " + arm, 0);
      try (var policy = new PrefixTables();
          var reference = new PrefixTables()) {
        lesson.teach(objective, policy, reference, arm.equals(DPO) ? pairs : trajectories);
        var measured = policy.measure();
        trial.note(arm, SUCCESS, measured.success());
        trial.note(arm, SHARE, measured.share());
        trial.note(arm, KL, measured.divergence());
      }
    }
  }

  /// What one answer is made of: a problem, an answer, whether it is right.
  private record Answer(int problem, int[] tokens, boolean right) {}

  private static void arithmetic(Bench bench, Trial trial) {
    var task = new ChainArithmetic(10);
    var begin = begin(bench, task);
    var problems = task.problems(bench.size(1500, 30), bench.random("problems"));
    var held = task.problems(bench.size(500, 30), bench.random("held"));
    var answers = answers(bench, task, begin, problems);
    try (var start = SmallModel.frozen(begin)) {
      trial.note(SFT, ACCURACY, task.accuracy(start, held));
      bench.at(REJECTION, 0.4);
      try (var policy = SmallModel.trainable(begin)) {
        lesson(bench, Lesson.cut(5e-4)).teach(new Sft(), policy, right(problems, answers));
        trial.note(REJECTION, ACCURACY, task.accuracy(policy, held));
      }
      bench.at(DPO, 0.5);
      try (var policy = SmallModel.trainable(begin)) {
        lesson(bench, Lesson.cut(5e-4))
            .teach(new Dpo(0.1, new ReverseKl()), policy, start, pairs(problems, answers));
        trial.note(DPO, ACCURACY, task.accuracy(policy, held));
      }
      for (var arm : bench.reduced() ? List.of(TOKEN) : List.of(TOKEN, RESPONSE)) {
        bench.at(arm, arm.equals(TOKEN) ? 0.6 : 0.8);
        try (var policy = SmallModel.trainable(begin);
            var team = new ActorCritic(policy, critic(begin), Optional.empty())) {
          policy.compareWith(start);
          var level = arm.equals(TOKEN) ? Level.TOKEN : Level.RESPONSE;
          double alpha = arm.equals(TOKEN) ? 0.01 : 0.3;
          lesson(bench, new ActorAndCritic(adam(5e-4), adam(1e-3)))
              .follow(
                  new Offline(1),
                  new io.alidade.objective.Oreo(BETA, alpha, level, 1, 0),
                  team,
                  Optional.of(start),
                  labelled(problems, answers));
          trial.note(arm, ACCURACY, task.accuracy(policy, held));
          if (arm.equals(TOKEN)) {
            trial.note(BEAM, ACCURACY, beam(bench, task, policy, team.critic(), held));
          }
        }
      }
    }
  }

  private static AdamW adam(double rate) {
    return new AdamW(rate, 0.9, 0.95, 1e-8, 0, 1);
  }

  private static Lesson lesson(Bench bench, Optimizer optimizer) {
    return new Lesson(
        optimizer, 32, bench.size(400, 8), bench.seed("order"), bench.scratch().resolve("lesson"));
  }

  /// The model fine-tuned on solutions with wrong steps.
  static Path begin(Bench bench, ChainArithmetic task) {
    var fresh = bench.scratch().resolve("fresh");
    new SmallModel(
            ChainArithmetic.VOCABULARY,
            64,
            2,
            ChainArithmetic.PROMPT + ChainArithmetic.STEPS + 1, // the value after the last token
            0.125)
        .write(fresh, bench.seed("weights"));
    bench.at("fine-tuning the start", 0.05);
    try (var policy = SmallModel.trainable(fresh)) {
      new Lesson(
              Lesson.cut(2e-3),
              64,
              bench.size(900, 20),
              bench.seed("start"),
              bench.scratch().resolve("lesson"))
          .teach(
              new Sft(),
              policy,
              task.demonstrations(bench.size(20_000, 1000), bench.random("demonstrations")));
      var begin = bench.scratch().resolve("start");
      policy.save(begin, SaveOptions.PLAIN);
      return begin;
    }
  }

  private static Policy critic(Path begin) {
    return Policy.open(begin, PolicySpec.trainable(Precision.FLOAT32).with(Head.VALUE));
  }

  private static List<Answer> answers(
      Bench bench, ChainArithmetic task, Path begin, List<int[]> problems) {
    bench.at("drawing answers", 0.35);
    var answers = new ArrayList<Answer>();
    try (var start = SmallModel.frozen(begin)) {
      var drawn = new int[problems.size()][4][];
      new Generator(start, Sampling.plain(ChainArithmetic.STEPS, bench.seed("draws")), Set.of())
          .sample(
              problems,
              4,
              0,
              sample -> drawn[sample.prompt()][sample.number()] = sample.drawn().tokens());
      for (int p = 0; p < drawn.length; p++) {
        var solution = task.solution(problems.get(p));
        for (var one : drawn[p]) {
          int last = ChainArithmetic.STEPS - 1;
          answers.add(new Answer(p, one, one[last] == solution[last]));
        }
      }
    }
    return answers;
  }

  private static Group group(
      int number, int[] problem, List<int[]> answers, Map<Signal, double[]> signals) {
    return new Group(
        new Example.Row("answers", number + 1L),
        problem,
        answers.stream().map(Completion::of).toList(),
        signals);
  }

  private static List<Group> labelled(List<int[]> problems, List<Answer> answers) {
    var groups = new ArrayList<Group>();
    for (var one : answers) {
      groups.add(
          group(
              groups.size(),
              problems.get(one.problem),
              List.of(one.tokens),
              Map.of(Signal.perGroup("label"), new double[] {one.right ? 1 : 0})));
    }
    return groups;
  }

  private static List<Group> right(List<int[]> problems, List<Answer> answers) {
    var groups = new ArrayList<Group>();
    for (var one : answers) {
      if (one.right) {
        groups.add(group(groups.size(), problems.get(one.problem), List.of(one.tokens), Map.of()));
      }
    }
    return groups;
  }

  private static List<Group> pairs(List<int[]> problems, List<Answer> answers) {
    var groups = new ArrayList<Group>();
    for (int p = 0; p < problems.size(); p++) {
      int problem = p;
      var own = answers.stream().filter(one -> one.problem == problem).toList();
      var good = own.stream().filter(Answer::right).findFirst();
      var bad = own.stream().filter(one -> !one.right).findFirst();
      if (good.isPresent() && bad.isPresent()) {
        groups.add(
            group(p, problems.get(p), List.of(good.get().tokens, bad.get().tokens), Map.of()));
      }
    }
    return groups;
  }

  private static double beam(
      Bench bench, ChainArithmetic task, Policy policy, Policy critic, List<int[]> held) {
    int last = ChainArithmetic.STEPS - 1;
    var found =
        new ValueBeam(
                4, ChainArithmetic.STEPS, Sampling.plain(1, bench.seed("beam")), Set.of(), Set.of())
            .search(policy, critic, held, 0);
    int right = 0;
    for (int p = 0; p < held.size(); p++) {
      right += found.get(p).tokens()[last] == task.solution(held.get(p))[last] ? 1 : 0;
    }
    return (double) right / held.size();
  }

  @Override
  public Verdict judge(Results results) {
    int seeds = results.trials().size();
    int enough = (2 * seeds + 2) / 3;
    return Verdict.of(
        Part.atLeast(
            "OREO's share of KL at the deciding step over the best other's",
            results.mean(TOKEN, SHARE)
                - Math.max(results.mean(RESPONSE, SHARE), results.mean(DPO, SHARE)),
            0),
        Part.atLeast(
            "OREO's success over that of whole answers", results.gain(TOKEN, RESPONSE, SUCCESS), 0),
        Part.atLeast(
            "seeds in which OREO exceeds rejection sampling by 0.03",
            ahead(results, REJECTION),
            enough),
        Part.atLeast("seeds in which OREO exceeds DPO by 0.03", ahead(results, DPO), enough),
        Part.atLeast(
            "seeds in which the beam exceeds greedy decoding",
            results.wins(BEAM, TOKEN, ACCURACY),
            enough));
  }

  private static int ahead(Results results, String other) {
    var own = results.values(TOKEN, ACCURACY);
    var theirs = results.values(other, ACCURACY);
    int count = 0;
    for (int i = 0; i < own.length; i++) {
      count += own[i] >= theirs[i] + 0.03 ? 1 : 0;
    }
    return count;
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Part.atLeast(
            "OREO's share of KL at the deciding step over that of whole answers",
            reduced.gain(TOKEN, RESPONSE, SHARE),
            0));
  }
}
