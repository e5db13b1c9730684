package io.alidade.study;

import io.alidade.constraint.ReverseKl;
import io.alidade.objective.Dpo;
import io.alidade.objective.Objective;
import io.alidade.objective.Oreo.Level;
import io.alidade.study.Verdict.Part;
import io.alidade.world.ChainArithmetic;
import io.alidade.world.Lesson;
import io.alidade.world.PrefixTables;
import io.alidade.world.SmallModel;
import java.util.ArrayList;
import java.util.List;

/// Whether the soft Bellman equation at every token finds the step that decides (OREO): on a tree
/// of choices whose optimum is known, and on arithmetic in steps with outcomes alone.
public record Oreo() implements Study {
  private static final String TOKEN = OutcomeArms.TOKEN;
  private static final String RESPONSE = OutcomeArms.RESPONSE;
  private static final String DPO = OutcomeArms.DPO;
  private static final String SUCCESS = "tree: success";
  private static final String SHARE = "tree: share of the KL at the deciding step";
  private static final String KL = "tree: KL, nats";
  private static final double TREE_BETA = 0.3;

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

  private static void arithmetic(Bench bench, Trial trial) {
    var task = new ChainArithmetic(10);
    var model =
        new SmallModel(
            ChainArithmetic.VOCABULARY,
            64,
            2,
            ChainArithmetic.PROMPT + ChainArithmetic.STEPS + 1, // the value after the last token
            0.125);
    var begin =
        new SmallStart("chains", model, 2e-3, 900, 20)
            .of(
                bench,
                () ->
                    task.demonstrations(bench.size(20_000, 1000), bench.random("demonstrations")));
    int last = ChainArithmetic.STEPS - 1;
    new OutcomeArms(
            bench,
            trial,
            begin,
            task.problems(bench.size(500, 30), bench.random("held")),
            ChainArithmetic.STEPS,
            5e-4)
        .run(
            task.problems(bench.size(1500, 30), bench.random("problems")),
            (problem, answer) -> answer[last] == task.solution(problem)[last]);
  }

  @Override
  public Verdict judge(Results results) {
    var parts = new ArrayList<Part>();
    parts.add(
        Part.atLeast(
            "OREO's share of KL at the deciding step over the best other's",
            results.mean(TOKEN, SHARE)
                - Math.max(results.mean(RESPONSE, SHARE), results.mean(DPO, SHARE)),
            0));
    parts.add(
        Part.atLeast(
            "OREO's success over that of whole answers",
            results.gain(TOKEN, RESPONSE, SUCCESS),
            0));
    parts.addAll(OutcomeArms.parts(results));
    return new Verdict(parts);
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
