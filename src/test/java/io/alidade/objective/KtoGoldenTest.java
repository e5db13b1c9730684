package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.example.Signal;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class KtoGoldenTest {
  @Test
  void valuesGradientsAndMetricsAreKnown() {
    var file = Golden.read("kto");
    int found = 0;
    for (var known : Golden.list(file.get("cases"))) {
      found++;
      try (var _ = new Step()) {
        var in = file.get("inputs").get(known.get("set").stringValue());
        double beta = known.get("beta").doubleValue();
        double good = known.get("desirable_weight").doubleValue();
        double bad = known.get("undesirable_weight").doubleValue();
        boolean kto = known.get("loss_type").stringValue().equals("kto");
        var objective =
            kto ? new Kto(beta, good, bad) : (Objective) new ApoZeroUnpaired(beta, good, bad);
        var policy = Golden.numbers(in.get("policy_logps"));
        var sample =
            Sample.of(
                Sample.sizes(policy.length, 2),
                Sample.interleave(policy, Golden.numbers(in.get("policy_kl_logps"))),
                Optional.of(
                    Sample.interleave(
                        Golden.numbers(in.get("ref_logps")),
                        Golden.numbers(in.get("ref_kl_logps")))),
                filled(2 * policy.length),
                Map.of(Signal.perGroup("label"), Golden.numbers(in.get("label"))),
                Map.of());
        var loss = objective.loss(sample.batch());
        var id = known.get("id").stringValue();
        Golden.close(id, Ops.number(loss.value()), known.get("loss").doubleValue(), 1e-9);
        var gradient = Grad.of(loss.value(), List.of(sample.policy())).getFirst();
        Golden.close(
            id + " gradient",
            sample.batch().chosen(gradient),
            Golden.numbers(known.get("grad_policy_logps")),
            1e-9);
        assertThat(Ops.toDoubles(sample.batch().rejected(gradient))).containsOnly(0);
        if (kto) {
          Golden.metric(id, loss, "kl", known.get("kl").doubleValue(), 1e-9);
        }
        for (var name : List.of("rewards/chosen", "rewards/rejected", "rewards/margins")) {
          if (known.has(name)) {
            Golden.metric(id, loss, name, known.get(name).doubleValue(), 1e-9);
          } else {
            assertThat(loss.metrics()).doesNotContainKey(name);
          }
        }
      }
    }
    assertThat(found).isGreaterThanOrEqualTo(16);
  }

  /// Case C of the family: u of two desirable and two undesirable answers, baseline 0.3.
  @Test
  void lossOfEachAnswerByHand() {
    try (var _ = new Step()) {
      var sample =
          Sample.of(
              Sample.sizes(4, 2),
              new double[] {1, .3, 2, .3, -1, .3, .5, .3},
              Optional.of(new double[8]),
              filled(8),
              Map.of(Signal.perGroup("label"), new double[] {1, 1, 0, 0}),
              Map.of());
      var each = new Kto(0.1, 1, 1).loss(sample.batch()).each().orElseThrow();
      Golden.close("each", each, new double[] {0.482507, 0.457602, 0.467546, 0.505000}, 2e-6);
      Golden.close("weighted", sample.value(new Kto(0.1, 1, 1.33)), 0.558399, 2e-6);
    }
  }

  private static double[] filled(int n) {
    var ones = new double[n];
    Arrays.fill(ones, 1);
    return ones;
  }
}
