package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class BradleyTerryGoldenTest {
  @Test
  void valuesGradientsAndMetricsAreKnown() {
    var file = Golden.read("reward");
    int found = 0;
    for (var known : Golden.list(file.get("cases"))) {
      found++;
      try (var _ = new Step()) {
        var in = file.get("inputs").get(known.get("set").stringValue());
        var chosen = Golden.numbers(in.get("rewards_chosen"));
        var rewards =
            Grad.leaf(
                Ops.doubles(
                    Sample.interleave(chosen, Golden.numbers(in.get("rewards_rejected"))),
                    2L * chosen.length,
                    1));
        boolean margin = known.get("margin").booleanValue();
        Map<Signal, Tensor> signals =
            margin
                ? Map.of(
                    Signal.perGroup("margin"),
                    Ops.doubles(Golden.numbers(in.get("margin")), chosen.length))
                : Map.of();
        var batch = rewards(Sample.sizes(chosen.length, 2), rewards, signals);
        var centring = known.get("center_rewards_coefficient");
        var objective = new BradleyTerry(margin, centring.isNull() ? 0 : centring.doubleValue());
        var loss = objective.loss(batch);
        var id = known.get("id").stringValue();
        Golden.close(id, Ops.number(loss.value()), known.get("loss").doubleValue(), 1e-9);
        var gradient = Grad.of(loss.value(), List.of(rewards)).getFirst().select(1, 0);
        Golden.close(
            id, batch.chosen(gradient), Golden.numbers(known.get("grad_rewards_chosen")), 1e-9);
        Golden.close(
            id, batch.rejected(gradient), Golden.numbers(known.get("grad_rewards_rejected")), 1e-9);
        for (var metric : known.get("metrics").properties()) {
          Golden.metric(id, loss, metric.getKey(), metric.getValue().doubleValue(), 1e-6);
        }
      }
    }
    assertThat(found).isGreaterThanOrEqualTo(8);
  }

  @Test
  void refusesSeveralOutputs() {
    try (var _ = new Step()) {
      var batch = rewards(new int[] {2}, Ops.zeros(ScalarType.Double, 2, 3), Map.of());
      assertThatThrownBy(() -> new BradleyTerry(false, 0).loss(batch))
          .hasMessage("a reward head with one output is needed, this one has 3");
    }
  }

  private static Scored rewards(int[] sizes, Tensor rewards, Map<Signal, Tensor> signals) {
    return new Scored(
        sizes,
        Ops.zeros(ScalarType.Double, rewards.size(0), 1),
        Map.of(Readout.REWARD, rewards),
        Optional.empty(),
        signals,
        Map.of());
  }
}
