package io.alidade.study;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.generation.tree.Puct;
import io.alidade.generation.tree.StepTree;
import io.alidade.generation.tree.TreeSearch;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import io.alidade.objective.Dpo;
import io.alidade.objective.Sft;
import io.alidade.study.Verdict.Part;
import io.alidade.world.ChainArithmetic;
import io.alidade.world.Lesson;
import io.alidade.world.SmallModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Whether pairs of steps from tree search teach more than whole answers at equal tokens drawn
/// (MCTS-DPO).
public record MctsDpo() implements Study {
  private static final String START = "fine-tuned start";
  private static final String MCTS = "MCTS-DPO";
  private static final String WHOLE = "DPO on whole answers";
  private static final String SFT = "fine-tuning on right answers";
  private static final String ACCURACY = "accuracy";
  private static final String CHOSEN = "chosen steps that are right";
  private static final String REJECTED = "rejected steps that are right";
  private static final String TOKENS = "tokens drawn, thousands";
  private static final int STEPS = ChainArithmetic.STEPS;
  private static final int ANSWERS = 8; // to a problem, of arms that draw whole answers

  private static final double RATE = 3e-4;

  @Override
  public List<String> recipes() {
    return List.of("mcts-dpo");
  }

  @Override
  public String claim() {
    return "Step pairs from tree search with the outcome alone improve a fine-tuned model, and more than whole-answer DPO or fine-tuning on right answers at equal tokens drawn; the pairs tell right steps from wrong ones.";
  }

  @Override
  public String criterion() {
    return "Mean over seeds, greedy accuracy on 500 new problems: MCTS-DPO exceeds the start by at least 0.10 and exceeds whole-answer DPO and fine-tuning on right answers; of its pairs at least 0.90 of the chosen steps and at most 0.40 of the rejected ones are arithmetically right.";
  }

  @Override
  public String remarks() {
    return """
    Six additions modulo 10, one token a step, so a step of the paper is a token here; a transformer of width 64 and two layers, fine-tuned on solutions with 20 % wrong steps, as in the study of
    OREO. Four rounds of 64 problems each: search with 2 actions, depth 3, breadth 4 and 4 simulations a step (16 for the first), without self-evaluation. The published experiment has 16 simulations a
    step; four keep a seed within two minutes. The other arms draw as many tokens a round as the search did, eight answers to a problem, label them by the last digit, and take the same number of
    updates: 40 a round, of 32 pairs (answers) each, at 3e-4; beta 0.1 in both forms of DPO, against the start.

    The start solves every problem when it decodes greedily, which a pilot would have shown: this world leaves nothing to gain, and all arms can only lose. So the outcome says that forty updates a
    round at this rate harm a model that is right already; on the claim it says nothing until the start has something to learn.\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var task = new ChainArithmetic(10);
    var begin = Oreo.begin(bench, task);
    var held = task.problems(bench.size(500, 30), bench.random("held"));
    int rounds = bench.size(4, 1);
    try (var start = SmallModel.frozen(begin)) {
      trial.note(START, ACCURACY, task.accuracy(start, held));
      var tokens = new int[rounds];
      mcts(bench, trial, task, begin, start, held, tokens);
      for (var arm : List.of(WHOLE, SFT)) {
        whole(bench, trial, task, begin, start, held, tokens, arm);
      }
    }
    return trial;
  }

  private static Lesson lesson(Bench bench, int round) {
    return new Lesson(
        Lesson.cut(RATE),
        32,
        bench.size(40, 3),
        bench.seed("order") + round,
        bench.scratch().resolve("lesson"));
  }

  private static void mcts(
      Bench bench,
      Trial trial,
      ChainArithmetic task,
      Path begin,
      Policy start,
      List<int[]> held,
      int[] tokens) {
    var settings = new Puct(bench.size(4, 1), 2, 2, 3, 4, 1, 1_000_000, "", 1, 1.25, 1, 1.25, 0.99);
    int pairs = 0;
    int chosen = 0;
    int rejected = 0;
    double sum = 0;
    try (var policy = SmallModel.trainable(begin)) {
      for (int round = 0; round < tokens.length; round++) {
        bench.at(MCTS, 0.3 + 0.5 * round / tokens.length);
        var problems = task.problems(bench.size(64, 8), bench.random("problems " + round));
        var trees =
            new TreeSearch(
                    settings,
                    policy,
                    Sampling.plain(STEPS, bench.seed("search")),
                    Set.of(),
                    Set.of())
                .search(
                    problems,
                    round,
                    (prompts, answers) -> {
                      var right = new boolean[prompts.length];
                      for (int i = 0; i < right.length; i++) {
                        right[i] = right(task, problems.get(prompts[i]), answers.get(i));
                      }
                      return right;
                    });
        var groups = new ArrayList<Group>();
        for (int p = 0; p < problems.size(); p++) {
          var problem = problems.get(p);
          for (var node : trees.get(p).nodes()) {
            tokens[round] += node.tokens().length;
          }
          for (var pair : trees.get(p).pairs(StepTree.Rejected.WORST, 8)) {
            pairs++;
            chosen += task.follows(problem, pair.before(), pair.chosen()[0]) ? 1 : 0;
            rejected += task.follows(problem, pair.before(), pair.rejected()[0]) ? 1 : 0;
            groups.add(
                group(
                    groups.size(),
                    joined(problem, pair.before()),
                    List.of(pair.chosen(), pair.rejected()),
                    Map.of(Signal.perGroup("epsilon"), new double[] {pair.epsilon()})));
          }
        }
        sum += tokens[round];
        lesson(bench, round).teach(new io.alidade.objective.MctsDpo(0.1, 0), policy, start, groups);
      }
      trial.note(MCTS, ACCURACY, task.accuracy(policy, held));
    }
    trial.note(MCTS, CHOSEN, (double) chosen / Math.max(1, pairs));
    trial.note(MCTS, REJECTED, (double) rejected / Math.max(1, pairs));
    trial.note(MCTS, TOKENS, sum / 1000);
  }

  private static void whole(
      Bench bench,
      Trial trial,
      ChainArithmetic task,
      Path begin,
      Policy start,
      List<int[]> held,
      int[] tokens,
      String arm) {
    double sum = 0;
    try (var policy = SmallModel.trainable(begin)) {
      for (int round = 0; round < tokens.length; round++) {
        bench.at(arm, (arm.equals(WHOLE) ? 0.8 : 0.9) + 0.1 * round / tokens.length);
        int count = Math.max(1, tokens[round] / (STEPS * ANSWERS));
        var problems = task.problems(count, bench.random("whole problems " + round));
        var drawn = new int[count][ANSWERS][];
        new Generator(policy, Sampling.plain(STEPS, bench.seed("whole") + round), Set.of())
            .sample(
                problems,
                ANSWERS,
                0,
                sample -> drawn[sample.prompt()][sample.number()] = sample.drawn().tokens());
        sum += (double) count * ANSWERS * STEPS;
        var groups = new ArrayList<Group>();
        for (int p = 0; p < count; p++) {
          var problem = problems.get(p);
          var right = Arrays.stream(drawn[p]).filter(a -> right(task, problem, a)).toList();
          var wrong = Arrays.stream(drawn[p]).filter(a -> !right(task, problem, a)).toList();
          if (arm.equals(SFT)) {
            right.forEach(a -> groups.add(group(groups.size(), problem, List.of(a), Map.of())));
          } else {
            for (int i = 0; i < Math.min(right.size(), wrong.size()); i++) {
              groups.add(
                  group(groups.size(), problem, List.of(right.get(i), wrong.get(i)), Map.of()));
            }
          }
        }
        var objective = arm.equals(SFT) ? new Sft() : new Dpo(0.1, new ReverseKl());
        if (!groups.isEmpty()) {
          lesson(bench, round).teach(objective, policy, start, groups);
        }
      }
      trial.note(arm, ACCURACY, task.accuracy(policy, held));
    }
    trial.note(arm, TOKENS, sum / 1000);
  }

  private static boolean right(ChainArithmetic task, int[] problem, int[] answer) {
    return answer.length == STEPS && answer[STEPS - 1] == task.solution(problem)[STEPS - 1];
  }

  private static int[] joined(int[] one, int[] two) {
    var both = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, both, one.length, two.length);
    return both;
  }

  private static Group group(
      int number, int[] prompt, List<int[]> answers, Map<Signal, double[]> signals) {
    return new Group(
        new Example.Row("pairs", number + 1L),
        prompt,
        answers.stream().map(Completion::of).toList(),
        signals);
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atLeast(
            "MCTS-DPO's accuracy over the start's", results.gain(MCTS, START, ACCURACY), 0.1),
        Part.atLeast("over whole-answer DPO's", results.gain(MCTS, WHOLE, ACCURACY), 0),
        Part.atLeast("over fine-tuning's on right answers", results.gain(MCTS, SFT, ACCURACY), 0),
        Part.atLeast("chosen steps that are right", results.mean(MCTS, CHOSEN), 0.9),
        Part.atMost("rejected steps that are right", results.mean(MCTS, REJECTED), 0.4));
  }
}
