package io.alidade.study;

import static io.alidade.study.StructuredTrial.GOLD;
import static io.alidade.study.StructuredTrial.MATCH;

import io.alidade.constraint.ReverseKl;
import io.alidade.objective.ChosenSft;
import io.alidade.objective.Dpo;
import io.alidade.study.Verdict.Part;
import java.util.List;

/// Whether a barrier on unlikely chosen tokens keeps preference learning from unlearning structured
/// answers (TAB-PO, 2026), and how much of that is fine-tuning.
public record TabPo() implements Study {
  private static final String START = "start";
  private static final String CONVERGED = "converged";
  private static final String DPO = "DPO";
  private static final String WEIGHTED = "weighted DPO";
  private static final String TAB = "TAB-PO";
  private static final String SFT = "continued SFT";

  @Override
  public List<String> recipes() {
    return List.of("tab-po");
  }

  @Override
  public String claim() {
    return "TAB-PO's barrier keeps the likelihood of right answers up where DPO lets it fall, and more structured answers come out right.";
  }

  @Override
  public String criterion() {
    return "Over the seeds, from a model that is about half right: TAB-PO's exact match on new prompts exceeds DPO's by at least 0.10, its gold log-likelihood is higher than at the start, and its exact match is at most 0.03 below that of continued fine-tuning. The same arms from a converged model are reported without a criterion.";
  }

  @Override
  public String remarks() {
    return """
    The task is that of the study of ASFT. TAB-PO has its authors' beta 0.5 on weighted means, tau 0.66, barrier 0.5, weights 1.1 and 1.2 of the deciding tokens and
    1.2 of differing ones; weighted DPO is the same without barrier; DPO has beta 0.1 on sums. The barrier is fine-tuning behind a gate, so continued fine-tuning on the
    chosen answers is the baseline that tells what the preferences add. The converged model has had 2000 steps of fine-tuning in place of 500.\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var toy = new StructuredTrial(bench, bench.size(10, 3));
    arms(toy, bench, toy.start(START, 500, 60), "");
    if (!bench.reduced()) {
      arms(toy, bench, toy.start(CONVERGED, 2000, 0), "converged: ");
    }
    return toy.trial();
  }

  private static void arms(
      StructuredTrial toy, Bench bench, StructuredTrial.Start start, String from) {
    toy.arm(from + DPO, start, new Dpo(0.1, new ReverseKl()));
    if (!bench.reduced()) {
      toy.arm(from + WEIGHTED, start, new io.alidade.objective.TabPo(0.5, 0.66, 0));
    }
    toy.arm(from + TAB, start, new io.alidade.objective.TabPo(0.5, 0.66, 0.5));
    if (!bench.reduced()) {
      toy.arm(from + SFT, start, new ChosenSft());
    }
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atLeast("TAB-PO's exact match over DPO's", results.gain(TAB, DPO, MATCH), 0.1),
        Part.atLeast("TAB-PO changes the gold log-likelihood", results.gain(TAB, START, GOLD), 0),
        Part.atLeast(
            "TAB-PO's exact match over continued fine-tuning's",
            results.gain(TAB, SFT, MATCH),
            -0.03));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Part.atLeast("TAB-PO's gold log-likelihood over DPO's", reduced.gain(TAB, DPO, GOLD), 0));
  }
}
