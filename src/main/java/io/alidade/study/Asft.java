package io.alidade.study;

import static io.alidade.study.StructuredTrial.CHOSEN;
import static io.alidade.study.StructuredTrial.MATCH;
import static io.alidade.study.StructuredTrial.REJECTED;

import io.alidade.constraint.ReverseKl;
import io.alidade.objective.ChosenSft;
import io.alidade.objective.Dpo;
import io.alidade.objective.Orpo;
import io.alidade.report.Chart;
import io.alidade.study.Verdict.Part;
import java.util.ArrayList;
import java.util.List;

/// Whether absolute targets keep the likelihood of chosen answers from falling as DPO lets it
/// (ASFT, Wang et al. 2024, arXiv:2409.10571), on structured answers of which two tokens decide.
public record Asft() implements Study {
  private static final String START = "start";
  private static final String DPO = "DPO";
  private static final String ASFT = "ASFT, lambda 0.1";

  @Override
  public List<String> recipes() {
    return List.of("asft", "orpo", "sft-chosen");
  }

  @Override
  public String claim() {
    return "ASFT raises the likelihood of chosen answers and lowers that of rejected ones, where DPO lets both fall, and more answers come out right.";
  }

  @Override
  public String criterion() {
    return "Over the seeds, the log-likelihood of training chosen answers is lower after DPO and higher after ASFT (lambda = 0.1) than at the start, that of rejected ones is lower after ASFT, and ASFT's exact match on new prompts exceeds DPO's by at least 0.1.";
  }

  @Override
  public String remarks() {
    return """
    Structured answers of eight tokens, of which two depend on the prompt; rejected answers are the model's own confusions. The model is a GPT-2 of two layers, 64 wide;
    the spread of its first weights was chosen so that fine-tuning leaves it about half right, as in the experiment as published. DPO has beta 0.1, ORPO lambda 0.1.
    Continued fine-tuning on the chosen answers alone is the baseline that any gain must be compared with.\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var toy = new StructuredTrial(bench, bench.size(6, 3));
    var start = toy.start(START, 500, 60);
    toy.arm(DPO, start, new Dpo(0.1, new ReverseKl()));
    if (!bench.reduced()) {
      toy.arm("SFT", start, new ChosenSft());
      toy.arm("ORPO", start, new Orpo(0.1));
    }
    toy.arm(ASFT, start, new io.alidade.objective.Asft(0.1, 1));
    if (!bench.reduced()) {
      toy.arm("ASFT, lambda 1", start, new io.alidade.objective.Asft(1, 1));
    }
    return toy.trial();
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atMost("DPO changes the chosen log-likelihood", rise(results, DPO, CHOSEN), 0),
        Part.atLeast("ASFT changes the chosen log-likelihood", rise(results, ASFT, CHOSEN), 0),
        Part.atMost("ASFT changes the rejected log-likelihood", rise(results, ASFT, REJECTED), 0),
        Part.atLeast("ASFT's exact match over DPO's", results.gain(ASFT, DPO, MATCH), 0.1));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Part.atLeast("ASFT's chosen log-likelihood over DPO's", reduced.gain(ASFT, DPO, CHOSEN), 0),
        Part.atMost("ASFT changes the rejected log-likelihood", rise(reduced, ASFT, REJECTED), 0));
  }

  private static double rise(Results results, String arm, String measure) {
    return results.gain(arm, START, measure);
  }

  @Override
  public List<Chart> figures(Results results) {
    var charts = new ArrayList<Chart>(results.bars());
    for (var side : List.of("chosen", "rejected")) {
      charts.add(
          Chart.Lines.of(
              "Training " + side + " answers",
              "steps",
              "log-likelihood, nats",
              results.curves().stream().filter(one -> one.name().endsWith(", " + side)).toList()));
    }
    return charts;
  }
}
