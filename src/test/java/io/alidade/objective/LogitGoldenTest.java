package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.constraint.ReverseKl;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Losses from the logits of a tiny vocabulary, against recorded values, gradients with respect to
/// the logits, and metrics. Likelihoods are read from the logits here, by definition.
class LogitGoldenTest {
  /// Log-probabilities of the tokens that follow, and what else a model reports of them.
  ///
  /// @param tokens `[N, T - 1]`
  /// @param collision `[N, T - 1]`, log of the sum of squared probabilities
  private record Reading(Tensor tokens, Tensor collision) {
    static Reading of(Tensor logits, Tensor ids) {
      long last = logits.size(1) - 1;
      var all = logits.narrow(1, 0, last).log_softmax(2); // [N, T - 1, V]
      var next = ids.narrow(1, 1, last).unsqueeze(2); // [N, T - 1, 1]
      return new Reading(all.gather(2, next).squeeze(2), Ops.times(all, 2).logsumexp(2));
    }
  }

  @Test
  void pairsWithReference() {
    var file = Golden.read("dpo_logits");
    var in = file.get("inputs");
    int found = 0;
    for (var known : Golden.list(file.get("cases"))) {
      found++;
      try (var _ = new Step()) {
        var logits = Grad.leaf(cube(in.get("policy_logits"), ScalarType.Double));
        var ids = ids(in.get("input_ids"));
        var policy = Reading.of(logits, ids);
        var reference = Reading.of(cube(in.get("ref_logits"), ScalarType.Double), ids);
        var params = known.get("params");
        var objective = mixture(known);
        var readouts = new EnumMap<Readout, Tensor>(Readout.class);
        readouts.put(Readout.LOG_LIKELIHOOD, interleaved(policy.tokens()));
        if (objective.needs().readouts().contains(Readout.COLLISION)) {
          readouts.put(Readout.COLLISION, interleaved(policy.collision()));
        }
        boolean needed = objective.needs().reference();
        var batch =
            new Scored(
                Sample.sizes(3, 2),
                interleaved(mask(in.get("completion_mask"))),
                readouts,
                needed ? Optional.of(interleaved(reference.tokens())) : Optional.empty(),
                Map.of(),
                Map.of());
        var loss = objective.loss(batch);
        var id = known.get("id").stringValue();
        Golden.close(id, Ops.number(loss.value()), known.get("loss").doubleValue(), 1e-9);
        Golden.close(
            id + " gradient",
            Grad.of(loss.value(), List.of(logits)).getFirst().reshape(-1),
            Golden.numbers(known.get("grad_policy_logits")),
            1e-9);
        if (needed) {
          for (var name : List.of("chosen", "rejected", "margins", "accuracies")) {
            var metric = "rewards/" + name;
            Golden.metric(id, loss, metric, known.get("metrics").get(metric).doubleValue(), 1e-6);
          }
        }
        assertThat(params.get("beta").doubleValue()).isPositive();
      }
    }
    assertThat(found).isGreaterThanOrEqualTo(10);
  }

  private static Objective mixture(JsonNode known) {
    var params = known.get("params");
    var types = Golden.list(known.get("loss_types"));
    var weights = Golden.numbers(known.get("loss_weights"));
    var parts = new ArrayList<Mixture.Part>();
    for (int i = 0; i < weights.length; i++) {
      parts.add(
          new Mixture.Part(
              weights[i], PairGoldenTest.objective(types.get(i).stringValue(), params)));
    }
    Objective objective =
        parts.size() == 1 && weights[0] == 1 ? parts.getFirst().objective() : new Mixture(parts);
    if (!params.get("ld_alpha").isNull()) {
      objective = new LengthDesensitised(params.get("ld_alpha").doubleValue(), objective);
    }
    return params.get("use_weighting").booleanValue() ? new Weighted(objective) : objective;
  }

  @Test
  void pairsWithoutReference() {
    var file = Golden.read("cpo_orpo");
    var in = file.get("logits_inputs");
    int found = 0;
    for (var known : Golden.list(file.get("logits_cases"))) {
      found++;
      try (var _ = new Step()) {
        var logits = Grad.leaf(cube(in.get("policy_logits"), ScalarType.Double));
        var tokens = Reading.of(logits, ids(in.get("input_ids"))).tokens();
        var batch =
            new Scored(
                Sample.sizes(3, 2),
                interleaved(mask(in.get("completion_mask"))),
                Map.of(Readout.LOG_LIKELIHOOD, interleaved(tokens)),
                Optional.empty(),
                Map.of(),
                Map.of());
        var params = known.get("params");
        boolean orpo = known.get("kind").stringValue().equals("orpo");
        var loss =
            orpo
                ? // The recorded likelihood term covers the prompt too: it is put in place of ours.
                new Orpo(params.get("beta").doubleValue())
                    .loss(batch)
                    .plus(-1, new ChosenSft().loss(batch))
                    .plus(
                        1,
                        Loss.mean(
                            tokens.narrow(0, 0, 3).neg(),
                            mask(in.get("attention_mask")).narrow(0, 0, 3)))
                : cpo(params).loss(batch);
        var id = known.get("id").stringValue();
        double tolerance = orpo ? 1e-5 : 1e-9;
        Golden.close(id, Ops.number(loss.value()), known.get("loss").doubleValue(), tolerance);
        Golden.close(
            id + " gradient",
            Grad.of(loss.value(), List.of(logits)).getFirst().reshape(-1),
            Golden.numbers(known.get("grad_policy_logits")),
            orpo ? 1e-4 : 1e-9);
        for (var metric : known.get("metrics").properties()) {
          if (loss.metrics().containsKey(metric.getKey())
              && !(orpo && metric.getKey().equals("nll_loss"))) {
            Golden.metric(id, loss, metric.getKey(), metric.getValue().doubleValue(), 1e-5);
          }
        }
      }
    }
    assertThat(found).isGreaterThanOrEqualTo(6);
  }

  private static Objective cpo(JsonNode params) {
    double beta = params.get("beta").doubleValue();
    double alpha = params.get("cpo_alpha").doubleValue();
    var contrast =
        switch (params.get("loss_type").stringValue()) {
          case "sigmoid" -> new Cpo(beta, 0, 0);
          case "hinge" -> new ReferenceFree(new Hinge(beta, new ReverseKl()));
          case "simpo" -> new SimPo(beta, params.get("simpo_gamma").doubleValue(), 0);
          default -> throw new AssertionError(params);
        };
    if (contrast instanceof Cpo) {
      return new Cpo(beta, 0, alpha);
    }
    return alpha == 0
        ? contrast
        : new Mixture(
            List.of(new Mixture.Part(1, contrast), new Mixture.Part(alpha, new ChosenSft())));
  }

  @Test
  void demonstrations() {
    var file = Golden.read("sft");
    var in = file.get("inputs");
    int found = 0;
    for (var known : Golden.list(file.get("cases"))) {
      found++;
      try (var _ = new Step()) {
        var logits = Grad.leaf(cube(in.get("logits"), ScalarType.Float));
        var labels = ids(in.get("labels").get(known.get("labels").stringValue()));
        var scored = labels.ge(Ops.scalar(0));
        var tokens = Reading.of(logits, Ops.atLeast(labels, 0).to(ScalarType.Long)).tokens();
        var batch =
            new Scored(
                Sample.sizes((int) logits.size(0), 1),
                scored.narrow(1, 1, labels.size(1) - 1).to(ScalarType.Float),
                Map.of(Readout.LOG_LIKELIHOOD, tokens),
                Optional.empty(),
                Map.of(),
                Map.of());
        var objective = known.get("kind").stringValue().equals("nll") ? new Sft() : new Dft();
        var term = objective.loss(batch).terms().getFirst();
        // A step that counts other tokens too divides by all of them.
        var items = known.get("num_items_in_batch");
        double weight = items.isNull() ? term.weight() : items.doubleValue();
        var value = Ops.times(term.sum(), 1 / weight);
        var id = known.get("id").stringValue();
        Golden.close(id, Ops.number(value), known.get("loss").doubleValue(), 1e-5);
        Golden.close(
            id + " gradient",
            Grad.of(value, List.of(logits)).getFirst().reshape(-1),
            Golden.numbers(known.get("grad_logits")),
            1e-4);
      }
    }
    assertThat(found).isGreaterThanOrEqualTo(8);
  }

  /// Rows that hold all chosen answers and then all rejected ones, as pairs side by side.
  private static Tensor interleaved(Tensor rows) {
    int half = (int) rows.size(0) / 2;
    var order = new int[half * 2];
    for (int i = 0; i < half; i++) {
      order[2 * i] = i;
      order[2 * i + 1] = half + i;
    }
    return rows.index_select(0, Ops.indices(order));
  }

  private static Tensor cube(JsonNode node, ScalarType type) {
    var rows = node.size();
    var columns = node.get(0).size();
    return Ops.doubles(Golden.numbers(node), rows, columns, node.get(0).get(0).size()).to(type);
  }

  private static Tensor ids(JsonNode node) {
    return Ops.doubles(Golden.numbers(node), node.size(), node.get(0).size()).to(ScalarType.Long);
  }

  private static Tensor mask(JsonNode node) {
    var whole = Ops.doubles(Golden.numbers(node), node.size(), node.get(0).size());
    return whole.narrow(1, 1, whole.size(1) - 1);
  }
}
