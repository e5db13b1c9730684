package io.alidade.study;

import io.alidade.study.Verdict.Part;
import io.alidade.world.MixedArithmetic;
import java.util.List;

/// Whether policy and value learned together mend a model's habitual mistakes from outcomes alone
/// (OREO), where the model that drew the answers is right in about half of the problems.
public record OreoHabits() implements Study {
  @Override
  public List<String> recipes() {
    return List.of("oreo");
  }

  @Override
  public String claim() {
    return "On answers of a model that is right in about half of the problems, OREO solves more of them than DPO and rejection sampling, and its values guide a search beyond the greedy answer.";
  }

  @Override
  public String criterion() {
    return "OREO's greedy accuracy exceeds that of rejection sampling and of DPO by at least 0.03 in at least 2 of 3 seeds, and the beam of 4 exceeds greedy decoding in at least 2 of 3 seeds.";
  }

  @Override
  public String remarks() {
    return """
    Task and start are those of the study of MCTS-DPO: five operations on digits modulo 10, one token a step; a transformer of width 64 and two layers, fine-tuned on solutions with 20 % wrong steps, some of them habits. It draws 4 answers to each
    of 1500 problems, labelled by the last digit. OREO learns from all of them (beta 0.03, explicit KL 0.01, 0.3 for whole answers), rejection sampling imitates the right ones, DPO (beta 0.1) learns from a right and a wrong answer of each
    problem that has both; 400 steps of 32 each at the rate of that study, 1e-4, the critic at 1e-3.

    The study `oreo` asks for sums alone. Its start decodes every problem rightly, so that nothing can exceed it.\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    new OutcomeArms(
            bench,
            trial,
            MctsDpo.begin(bench, 1), // the value after the last token
            MixedArithmetic.problems(bench.size(500, 30), bench.random("held")),
            MixedArithmetic.STEPS,
            1e-4)
        .run(
            MixedArithmetic.problems(bench.size(1500, 30), bench.random("problems")),
            MixedArithmetic::right);
    return trial;
  }

  @Override
  public Verdict judge(Results results) {
    return new Verdict(OutcomeArms.parts(results));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(Part.atLeast("arms that were trained", reduced.arms().size(), 4));
  }
}
