package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.constraint.AlphaDivergence;
import io.alidade.constraint.Divergence;
import io.alidade.constraint.ForwardKl;
import io.alidade.constraint.JensenShannon;
import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Losses of pairs from sums of log-likelihoods, against recorded values, gradients and metrics.
class PairGoldenTest {
  static Divergence divergence(JsonNode params) {
    var type = params.get("f_divergence_type").stringValue();
    return switch (type) {
      case "reverse_kl" -> new ReverseKl();
      case "forward_kl" -> new ForwardKl();
      case "js_divergence" -> new JensenShannon();
      case "alpha_divergence" ->
          new AlphaDivergence(1 - params.get("f_alpha_divergence_coef").doubleValue());
      default -> throw new AssertionError(type);
    };
  }

  static Objective objective(String type, JsonNode params) {
    double beta = params.get("beta").doubleValue();
    double smoothing = params.get("label_smoothing").doubleValue();
    var divergence = divergence(params);
    return switch (type) {
      case "sigmoid" -> new Dpo(beta, divergence);
      case "hinge" -> new Hinge(beta, divergence);
      case "ipo" -> new Ipo(beta, true, divergence);
      case "exo_pair" -> new ExoPair(beta, smoothing, divergence);
      case "nca_pair" -> new NcaPair(beta);
      case "robust" -> new RobustDpo(beta, smoothing, divergence);
      case "bco_pair" -> new BcoPair(beta);
      case "sppo_hard" -> new SppoHard(beta);
      case "aot" -> new Aot(beta, smoothing);
      case "aot_unpaired" -> new AotUnpaired(beta, smoothing);
      case "apo_zero" -> new ApoZero(beta);
      case "apo_down" -> new ApoDown(beta);
      case "discopop" -> new DiscoPop(beta, params.get("discopop_tau").doubleValue(), divergence);
      case "sigmoid_norm" -> new SigmoidNorm(beta, divergence);
      case "sft" -> new ChosenSft();
      default -> throw new AssertionError(type);
    };
  }

  @Test
  void fromSumsOfPolicyAndReference() {
    var file = Golden.read("dpo_vectors");
    int found = 0;
    for (var known : Golden.list(file.get("cases"))) {
      found++;
      try (var _ = new Step()) {
        var in = file.get("inputs").get(known.get("set").stringValue());
        var sample =
            Sample.pairs(
                Golden.numbers(in.get("policy_chosen_logps")),
                Golden.numbers(in.get("policy_rejected_logps")),
                Optional.of(Golden.numbers(in.get("ref_chosen_logps"))),
                Optional.of(Golden.numbers(in.get("ref_rejected_logps"))),
                Golden.numbers(in.get("chosen_lengths")),
                Golden.numbers(in.get("rejected_lengths")));
        var type = known.get("loss_type").stringValue();
        var loss = objective(type, known.get("params")).loss(sample.batch());
        var id = known.get("id").stringValue();
        double tolerance = tolerance(type, known.get("computed_in").stringValue());
        Golden.close(id, Ops.number(loss.value()), known.get("loss").doubleValue(), tolerance);
        Golden.close(
            id + " each",
            loss.each().orElseThrow(),
            Golden.numbers(known.get("per_pair_loss")),
            tolerance);
        var gradient = sample.gradient(loss);
        Golden.close(
            id + " chosen",
            sample.batch().chosen(gradient),
            Golden.numbers(known.get("grad_policy_chosen_logps")),
            tolerance);
        Golden.close(
            id + " rejected",
            sample.batch().rejected(gradient),
            Golden.numbers(known.get("grad_policy_rejected_logps")),
            tolerance);
        for (var name : List.of("chosen", "rejected", "margins", "accuracies")) {
          var metric = "rewards/" + name;
          Golden.metric(id, loss, metric, known.get(metric).doubleValue(), 1e-6);
        }
      }
    }
    assertThat(found).isGreaterThanOrEqualTo(82);
  }

  private static double tolerance(String type, String precision) {
    return !precision.equals("float64") ? 1e-5 : type.equals("exo_pair") ? 1e-7 : 1e-9;
  }

  @Test
  void fromSumsAndMeansOfThePolicyAlone() {
    var file = Golden.read("cpo_orpo");
    int found = 0;
    for (var known : Golden.list(file.get("cpo_cases"))) {
      found++;
      try (var _ = new Step()) {
        var sample = policyOnly(file, known);
        var loss =
            cpo(known.get("loss_type").stringValue(), known.get("params")).loss(sample.batch());
        var id = known.get("id").stringValue();
        Golden.close(id, Ops.number(loss.value()), known.get("loss").doubleValue(), 1e-9);
        gradients(id, sample, loss, known, 1e-9);
        Golden.metric(id, loss, "rewards/chosen", mean(known.get("chosen_rewards")), 1e-9);
        Golden.metric(id, loss, "rewards/rejected", mean(known.get("rejected_rewards")), 1e-9);
      }
    }
    assertThat(found).isGreaterThanOrEqualTo(13);
  }

  /// The contrastive part of CPO; its likelihood term needs tokens and is checked from logits.
  private static Objective cpo(String type, JsonNode params) {
    double beta = params.get("beta").doubleValue();
    double smoothing = params.get("label_smoothing").doubleValue();
    double alpha = params.get("alpha").doubleValue();
    double gamma = params.get("simpo_gamma").doubleValue();
    return switch (type) {
      case "sigmoid" ->
          alpha == 0 ? new Cpo(beta, smoothing, 0) : new AlphaPo(beta, 0, alpha, smoothing);
      case "hinge" -> new ReferenceFree(new Hinge(beta, new ReverseKl()));
      case "ipo" -> new ReferenceFree(new Ipo(beta, false, new ReverseKl()));
      case "simpo" ->
          alpha == 0
              ? new SimPo(beta, gamma, smoothing)
              : new AlphaPo(beta, gamma, alpha, smoothing);
      default -> throw new AssertionError(type);
    };
  }

  /// The odds-ratio term alone: what the loss is beyond fine-tuning on the chosen answers.
  @Test
  void oddsRatios() {
    var file = Golden.read("cpo_orpo");
    for (var known : Golden.list(file.get("orpo_cases"))) {
      try (var _ = new Step()) {
        var sample = policyOnly(file, known);
        var id = known.get("id").stringValue();
        var loss =
            new Orpo(known.get("beta").doubleValue())
                .loss(sample.batch())
                .plus(-1, new ChosenSft().loss(sample.batch()));
        Golden.close(
            id, Ops.number(loss.value()), known.get("odds_ratio_term").doubleValue(), 1e-5);
        gradients(id, sample, loss, known, 1e-4);
        Golden.metric(
            id, loss, "log_odds_ratio", known.get("mean_log_sigmoid_log_odds").doubleValue(), 1e-5);
        Golden.metric(id, loss, "log_odds_chosen", known.get("mean_log_odds").doubleValue(), 1e-5);
      }
    }
  }

  private static Sample policyOnly(JsonNode file, JsonNode known) {
    var in = file.get("inputs").get(known.get("set").stringValue());
    var chosen = Golden.numbers(in.get("policy_chosen_logps"));
    var rejected = Golden.numbers(in.get("policy_rejected_logps"));
    var ones = new double[chosen.length];
    java.util.Arrays.fill(ones, 1); // of one token, sum and mean are the same
    return Sample.pairs(chosen, rejected, Optional.empty(), Optional.empty(), ones, ones);
  }

  private static void gradients(
      String id, Sample sample, Loss loss, JsonNode known, double tolerance) {
    var gradient = sample.gradient(loss);
    Golden.close(
        id,
        sample.batch().chosen(gradient),
        Golden.numbers(known.get("grad_policy_chosen_logps")),
        tolerance);
    Golden.close(
        id,
        sample.batch().rejected(gradient),
        Golden.numbers(known.get("grad_policy_rejected_logps")),
        tolerance);
  }

  private static double mean(JsonNode numbers) {
    return java.util.Arrays.stream(Golden.numbers(numbers)).average().orElseThrow();
  }
}
