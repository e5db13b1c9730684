package io.alidade.study;

import io.alidade.constraint.ReverseKl;
import io.alidade.generation.ValueBeam;
import io.alidade.learning.ActorAndCritic;
import io.alidade.learning.AdamW;
import io.alidade.learning.Optimizer;
import io.alidade.learning.SoftBellman;
import io.alidade.model.ActorCritic;
import io.alidade.model.Generator;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.Sampling;
import io.alidade.objective.Dpo;
import io.alidade.objective.Oreo.Level;
import io.alidade.objective.Sft;
import io.alidade.study.Verdict.Part;
import io.alidade.world.Lesson;
import io.alidade.world.SmallModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/// Methods that learn from the same answers with outcomes alone: OREO, rejection sampling and DPO,
/// and a search by OREO's values.
///
/// @param begin folder of the fine-tuned start, with a position to spare behind an answer
/// @param held problems that accuracy is measured on
/// @param tokens of an answer
/// @param rate of Adam, for all policies
record OutcomeArms(
    Bench bench, Trial trial, Path begin, List<int[]> held, int tokens, double rate) {
  static final String TOKEN = "OREO";
  static final String RESPONSE = "OREO, whole answers";
  static final String DPO = "DPO";
  private static final String SFT = "fine-tuned start";
  private static final String REJECTION = "rejection sampling";
  private static final String BEAM = "OREO, beam of 4 by value";
  private static final String ACCURACY = "arithmetic: accuracy";
  private static final double BETA = 0.03;
  private static final double CRITIC_RATE = 1e-3;

  /// Draws four answers to each problem, and trains and measures all arms.
  ///
  /// @param right whether an answer to a problem is right
  void run(List<int[]> problems, java.util.function.BiPredicate<int[], int[]> right) {
    try (var start = SmallModel.frozen(begin)) {
      bench.at("drawing answers", 0.35);
      var answers = OutcomeAnswers.drawn(start, problems, 4, tokens, bench.seed("draws"), right);
      note(SFT, start, answers);
      bench.at(REJECTION, 0.4);
      try (var policy = SmallModel.trainable(begin)) {
        lesson(Lesson.cut(rate)).teach(new Sft(), policy, answers.demonstrations());
        note(REJECTION, policy, answers);
      }
      bench.at(DPO, 0.5);
      try (var policy = SmallModel.trainable(begin)) {
        lesson(Lesson.cut(rate))
            .teach(new Dpo(0.1, new ReverseKl()), policy, start, answers.pairs(1));
        note(DPO, policy, answers);
      }
      for (var arm : bench.reduced() ? List.of(TOKEN) : List.of(TOKEN, RESPONSE)) {
        bench.at(arm, arm.equals(TOKEN) ? 0.6 : 0.8);
        try (var policy = SmallModel.trainable(begin);
            var team = new ActorCritic(policy, critic(), Optional.empty())) {
          policy.compareWith(start);
          var level = arm.equals(TOKEN) ? Level.TOKEN : Level.RESPONSE;
          double alpha = arm.equals(TOKEN) ? 0.01 : 0.3;
          lesson(new ActorAndCritic(adam(rate), adam(CRITIC_RATE)))
              .follow(
                  new SoftBellman(1),
                  new io.alidade.objective.Oreo(BETA, alpha, level, 1, 0),
                  team,
                  Optional.of(start),
                  answers.labelled());
          note(arm, policy, answers);
          if (arm.equals(TOKEN)) {
            var found = beam(policy, team.critic());
            trial.note(BEAM, ACCURACY, share(found, answers));
          }
        }
      }
    }
  }

  private void note(String arm, Policy policy, OutcomeAnswers answers) {
    var drawn =
        new Generator(policy, Sampling.greedy(tokens), Set.of())
            .generate(held).stream().map(one -> one.tokens()).toList();
    trial.note(arm, ACCURACY, share(drawn, answers));
  }

  private double share(List<int[]> drawn, OutcomeAnswers answers) {
    return IntStream.range(0, held.size())
        .mapToDouble(p -> answers.right().test(held.get(p), drawn.get(p)) ? 1 : 0)
        .average()
        .orElse(Double.NaN);
  }

  private static AdamW adam(double rate) {
    return new AdamW(rate, 0.9, 0.95, 1e-8, 0, 1);
  }

  private Lesson lesson(Optimizer optimizer) {
    return new Lesson(
        optimizer, 32, bench.size(400, 8), bench.seed("order"), bench.scratch().resolve("lesson"));
  }

  private Policy critic() {
    return Policy.open(begin, PolicySpec.trainable(Precision.FLOAT32).with(Head.VALUE));
  }

  private List<int[]> beam(Policy policy, Policy critic) {
    return new ValueBeam(4, tokens, Sampling.plain(1, bench.seed("beam")), Set.of(), Set.of())
        .search(policy, critic, held, 0).stream().map(ValueBeam.Found::tokens).toList();
  }

  /// What the page wants: three points over rejection sampling and DPO, and a beam above greedy
  /// decoding, each in two of three seeds.
  static List<Part> parts(Results results) {
    int seeds = results.trials().size();
    int enough = (2 * seeds + 2) / 3;
    return List.of(
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
}
