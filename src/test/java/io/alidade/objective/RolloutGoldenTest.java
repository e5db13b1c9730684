package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Losses of drawn answers and their advantages, against recorded values.
class RolloutGoldenTest {
  @Test
  void losses() {
    var file = Golden.read("grpo_loss");
    var in = file.get("inputs");
    int found = 0;
    for (var known : Golden.list(file.get("cases"))) {
      found++;
      try (var _ = new Step()) {
        var objective = objective(known.get("params"));
        var policy = Grad.leaf(table(in.get("per_token_logps")));
        var signals = new HashMap<Signal, Tensor>();
        signals.put(
            Signal.perCandidate("advantage"),
            Ops.doubles(Golden.numbers(in.get("advantages")), policy.size(0)));
        if (!objective.onPolicy()) {
          signals.put(Signal.perUnit("old_logps"), table(in.get("old_per_token_logps")));
        }
        var batch =
            new Scored(
                new int[] {3, 3},
                table(in.get("completion_mask")),
                Map.of(Readout.LOG_LIKELIHOOD, policy),
                objective.needs().reference()
                    ? Optional.of(table(in.get("ref_per_token_logps")))
                    : Optional.empty(),
                signals,
                Map.of());
        var loss = objective.loss(batch);
        var id = known.get("id").stringValue();
        Golden.close(id, Ops.number(loss.value()), known.get("loss").doubleValue(), 1e-9);
        Golden.close(
            id + " gradient",
            Grad.of(loss.value(), List.of(policy)).getFirst().view(-1),
            Golden.numbers(known.get("grad_per_token_logps")),
            1e-9);
        for (var metric : known.get("metrics").properties()) {
          if (loss.metrics().containsKey(metric.getKey())
              && objective.importanceSamplingLevel() == Grpo.Level.TOKEN) {
            Golden.metric(id, loss, metric.getKey(), metric.getValue().doubleValue(), 1e-6);
          }
        }
      }
    }
    assertThat(found).isGreaterThanOrEqualTo(20);
  }

  private static Grpo objective(JsonNode params) {
    var delta = params.get("delta");
    return new Grpo(
        params.get("beta").doubleValue(),
        params.get("epsilon_low").doubleValue(),
        params.get("epsilon_high").doubleValue(),
        delta.isNull() ? Optional.empty() : Optional.of(delta.doubleValue()),
        Grpo.Level.valueOf(
            params.get("importance_sampling_level").stringValue().toUpperCase(Locale.ROOT)),
        switch (params.get("loss_type").stringValue()) {
          case "grpo" -> new OverSequences();
          case "bnpo", "dapo" -> new OverTokens();
          case "dr_grpo" -> new OverBudget(params.get("max_completion_length").intValue());
          default -> throw new AssertionError(params);
        },
        params.get("on_policy").booleanValue(),
        params.get("use_bias_correction_kl").booleanValue());
  }

  private static Tensor table(JsonNode node) {
    return Ops.doubles(Golden.numbers(node), node.size(), node.get(0).size());
  }

  @Test
  void advantages() {
    var file = Golden.read("grpo_advantages");
    int found = 0;
    for (var known : Golden.list(file.get("cases"))) {
      found++;
      var in = file.get("inputs").get(known.get("set").stringValue());
      var rows = Golden.list(in.get("rewards_per_function"));
      int size = known.get("num_generations").intValue();
      var rewards = new double[rows.size() / size][size][];
      for (int i = 0; i < rows.size(); i++) {
        rewards[i / size][i % size] = Golden.numbers(rows.get(i));
      }
      var advantage =
          new GroupRelative(
              GroupRelative.Scale.valueOf(
                  known.get("scale_rewards").stringValue().toUpperCase(Locale.ROOT)),
              GroupRelative.Aggregation.valueOf(
                  known.get("multi_objective_aggregation").stringValue().toUpperCase(Locale.ROOT)));
      var actual =
          Arrays.stream(advantage.of(rewards, Golden.numbers(in.get("reward_weights"))))
              .flatMapToDouble(Arrays::stream)
              .toArray();
      var expected = Golden.numbers(known.get("advantages"));
      for (int i = 0; i < expected.length; i++) {
        Golden.close(known.get("id").stringValue() + i, actual[i], expected[i], 1e-9);
      }
    }
    assertThat(found).isGreaterThanOrEqualTo(14);
  }

  @Test
  void leavesOneOut() {
    var rewards = new double[][][] {{{1}, {2}, {6}}, {{4}, {Double.NaN}}};
    var advantages = new LeaveOneOut().of(rewards, 1);
    assertThat(advantages[0]).containsExactly(1 - 4.0, 2 - 3.5, 6 - 1.5);
    assertThat(advantages[1]).containsExactly(0, 0);
  }
}
