package io.alidade.study;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.objective.AnchoredDpo;
import io.alidade.objective.BradleyTerry;
import io.alidade.objective.ChosenSft;
import io.alidade.objective.Dpo;
import io.alidade.objective.FlexDpo;
import io.alidade.objective.GivenTarget;
import io.alidade.objective.Mixture;
import io.alidade.objective.Objective;
import io.alidade.objective.ReferenceFree;
import io.alidade.report.Chart;
import io.alidade.world.FeaturePolicy;
import io.alidade.world.Lesson;
import io.alidade.world.TabularPolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// What DPO does to likelihoods where answers share a network (Yan et al. 2024, "3D-properties",
/// arXiv:2406.07327): the rejected one drops drastically, the chosen one is left without gradient,
/// and what both lose disperses over answers that nobody asked for.
///
/// Four prompts that look alike and ten answers. The reference gives 0.18 to each of answers 0 to 4
/// ("on-policy") and 0.02 to each of 5 to 9. The chosen answer of a prompt is the rejected one of
/// its neighbour.
public record ThreeProperties() implements Study {
  private static final int PROMPTS = 4;
  private static final int ANSWERS = 10;
  private static final String OFF = "DPO, off-policy";
  private static final String ON = "DPO, on-policy";
  private static final String FLEX = "Flex-DPO 0.1/0.02, off-policy";
  private static final String SFT = "SFT-DPO 0.1, off-policy";
  private static final String REWARD = "reward model";
  private static final String CHOSEN = "chosen";
  private static final String REJECTED = "log10 rejected";
  private static final String UNSEEN = "unseen";
  private static final String IMBALANCE = "largest |sum of the two reward gradients|";

  @Override
  public List<String> recipes() {
    return List.of("flex-dpo", "sft-dpo");
  }

  @Override
  public String claim() {
    return "DPO on off-policy pairs first lowers the chosen answer too and feeds answers outside of"
        + " the data; a weaker push on the rejected answer, or fine-tuning beside it, halves that."
        + " A reward model on the same pairs knows none of this.";
  }

  @Override
  public String criterion() {
    return "Means over prompts and seeds. Off-policy DPO at step 50: chosen below and unseen above"
        + " the start; on-policy DPO does not lose the chosen. Rejected at least 10 orders of"
        + " magnitude down at step 400. Flex-DPO and SFT-DPO at step 400: chosen at least 2 times,"
        + " unseen at most 0.6 times that of DPO. Reward model: gradients at the two outputs equal"
        + " and opposite to 1e-6 at every step.";
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var random = bench.random("features");
    var features = new double[PROMPTS][1][8];
    for (var prompt : features) {
      Arrays.setAll(prompt[0], _ -> 1 + 0.3 * random.nextGaussian());
    }
    int steps = bench.size(400, 60);
    var lesson =
        new Lesson(Lesson.adam(1e-3), PROMPTS, steps, bench.seed("order"), bench.scratch());
    try (var reference = FeaturePolicy.random(features, ANSWERS, bench.random("weights"), 64, 64)) {
      bench.at("reference", 0);
      lesson
          .of(bench.size(1000, 250))
          .teach(
              new ReferenceFree(new AnchoredDpo(1, new GivenTarget(), 0, false)),
              reference,
              reference,
              wanted());
      var dpo = new Dpo(0.1, new ReverseKl());
      arm(bench, trial, lesson, OFF, dpo, reference, 5);
      arm(bench, trial, lesson, ON, dpo, reference, 0);
      arm(bench, trial, lesson, FLEX, new FlexDpo(0.1, 0.02), reference, 5);
      var mixed =
          new Mixture(List.of(new Mixture.Part(1, dpo), new Mixture.Part(0.1, new ChosenSft())));
      arm(bench, trial, lesson, SFT, mixed, reference, 5);
      bench.at(REWARD, 0.9);
      try (var copy = reference.copy()) {
        var watched = new WatchedRewards(copy, new double[1]);
        lesson.teach(new BradleyTerry(false, 0), watched, reference, pairs(5));
        trial.note(REWARD, IMBALANCE, watched.largest()[0]);
      }
    }
    return trial;
  }

  /// All answers of each prompt with the probabilities that the reference shall give them.
  private static List<Group> wanted() {
    var target = new double[ANSWERS];
    Arrays.setAll(target, a -> a < 5 ? 0.18 : 0.02);
    var answers = new ArrayList<Completion>();
    for (int a = 0; a < ANSWERS; a++) {
      answers.add(Completion.of(a));
    }
    var groups = new ArrayList<Group>();
    for (int p = 0; p < PROMPTS; p++) {
      groups.add(
          new Group(
              new Example.Row("wanted", p),
              new int[] {p},
              answers,
              Map.of(Signal.perCandidate("target"), target)));
    }
    return groups;
  }

  private static int chosen(int first, int prompt) {
    return first + prompt % 5;
  }

  private static int rejected(int first, int prompt) {
    return first + (prompt + 1) % 5;
  }

  /// @param first 5 for answers that the reference rarely gives, 0 for those that it often gives
  private static List<Group> pairs(int first) {
    var pairs = new ArrayList<Group>();
    for (int p = 0; p < PROMPTS; p++) {
      pairs.add(TabularPolicy.pair(p, chosen(first, p), rejected(first, p), p));
    }
    return pairs;
  }

  private static void arm(
      Bench bench,
      Trial trial,
      Lesson lesson,
      String name,
      Objective objective,
      FeaturePolicy reference,
      int first) {
    bench.at(name, 0.3);
    try (var policy = reference.copy()) {
      lesson.teach(
          objective,
          policy,
          reference,
          pairs(first),
          step -> {
            if (step % 10 == 0) {
              look(trial, name, policy, first, step, lesson.steps());
            }
          });
    }
  }

  private static void look(
      Trial trial, String name, FeaturePolicy policy, int first, long step, long last) {
    var table = policy.probabilities(0, 1, 2, 3);
    double up = 0;
    double down = 0;
    for (int p = 0; p < PROMPTS; p++) {
      up += table[p][chosen(first, p)] / PROMPTS;
      down += table[p][rejected(first, p)] / PROMPTS;
    }
    double orders = Math.log10(down);
    trial.point(CHOSEN + ": " + name, (double) step, up);
    trial.point(UNSEEN + ": " + name, (double) step, 1 - up - down);
    trial.point(REJECTED + ": " + name, (double) step, orders);
    if (step == 0 || step == 50 || step == last) {
      var at = step == last ? " at the end" : " at step " + step;
      trial.note(name, CHOSEN + at, up);
      trial.note(name, REJECTED + at, orders);
      trial.note(name, UNSEEN + at, 1 - up - down);
    }
  }

  @Override
  public Verdict judge(Results results) {
    double lift = results.mean(OFF, CHOSEN + " at the end");
    double spilt = results.mean(OFF, UNSEEN + " at the end");
    return Verdict.of(
        Verdict.Part.atMost(
            "off-policy DPO at step 50: chosen relative to the start",
            results.mean(OFF, CHOSEN + " at step 50") / results.mean(OFF, CHOSEN + " at step 0"),
            1),
        Verdict.Part.atLeast(
            "off-policy DPO at step 50: unseen above the start by", risen(results, UNSEEN, OFF), 0),
        Verdict.Part.atLeast(
            "on-policy DPO at step 50: chosen above the start by", risen(results, CHOSEN, ON), 0),
        Verdict.Part.atMost(
            "off-policy DPO: orders of magnitude that the rejected has gained at the end",
            fallen(results, OFF),
            -10),
        Verdict.Part.atMost(
            "on-policy DPO: orders of magnitude that the rejected has gained at the end",
            fallen(results, ON),
            -10),
        Verdict.Part.atLeast(
            "Flex-DPO: chosen in multiples of DPO's",
            results.mean(FLEX, CHOSEN + " at the end") / lift,
            2),
        Verdict.Part.atMost(
            "Flex-DPO: unseen in multiples of DPO's",
            results.mean(FLEX, UNSEEN + " at the end") / spilt,
            0.6),
        Verdict.Part.atLeast(
            "SFT-DPO: chosen in multiples of DPO's",
            results.mean(SFT, CHOSEN + " at the end") / lift,
            2),
        Verdict.Part.atMost(
            "SFT-DPO: unseen in multiples of DPO's",
            results.mean(SFT, UNSEEN + " at the end") / spilt,
            0.6),
        balance(results));
  }

  private static Verdict.Part balance(Results results) {
    return Verdict.Part.atMost(
        "reward model: " + IMBALANCE,
        Arrays.stream(results.values(REWARD, IMBALANCE)).max().orElse(Double.NaN),
        1e-6);
  }

  private static double risen(Results results, String what, String arm) {
    return results.mean(arm, what + " at step 50") - results.mean(arm, what + " at step 0");
  }

  private static double fallen(Results results, String arm) {
    return results.mean(arm, REJECTED + " at the end") - results.mean(arm, REJECTED + " at step 0");
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Verdict.Part.atMost(
            "off-policy DPO at step 50: chosen relative to the start",
            reduced.mean(OFF, CHOSEN + " at step 50") / reduced.mean(OFF, CHOSEN + " at step 0"),
            1),
        Verdict.Part.atLeast(
            "on-policy DPO at step 50: chosen above the start by", risen(reduced, CHOSEN, ON), 0),
        Verdict.Part.atLeast(
            "Flex-DPO at step 50: chosen in multiples of DPO's",
            reduced.mean(FLEX, CHOSEN + " at step 50") / reduced.mean(OFF, CHOSEN + " at step 50"),
            2),
        balance(reduced));
  }

  @Override
  public List<Chart> figures(Results results) {
    return List.of(
        Chart.Lines.of(
            "Probability of the chosen answer",
            "steps",
            "probability",
            Curves.of(results, CHOSEN + ": ")),
        Chart.Lines.of(
            "Probability of answers outside of the pair",
            "steps",
            "probability",
            Curves.of(results, UNSEEN + ": ")),
        Chart.Lines.of(
            "Probability of the rejected answer",
            "steps",
            "orders of magnitude",
            Curves.of(results, REJECTED + ": ")));
  }
}
