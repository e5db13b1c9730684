package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.constraint.AlphaDivergence;
import io.alidade.constraint.Divergence;
import io.alidade.constraint.ForwardKl;
import io.alidade.constraint.JensenShannon;
import io.alidade.constraint.ReverseKl;
import io.alidade.objective.PairDefinitions.Pairs;
import io.alidade.objective.PairDefinitions.Setting;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every loss of pairs that TRL names, over what its settings may be, against its definition in
/// scalar arithmetic: also where no numbers were recorded.
class PairDefinitionsTest {
  private static final List<String> DIVERGENCES =
      List.of("reverse_kl", "forward_kl", "js_divergence", "alpha_divergence");

  /// Eight pairs of ordinary numbers and lengths.
  private static Pairs pairs() {
    var in = Golden.read("dpo_vectors").get("inputs").get("typical");
    return new Pairs(
        Golden.numbers(in.get("policy_chosen_logps")),
        Golden.numbers(in.get("policy_rejected_logps")),
        Golden.numbers(in.get("ref_chosen_logps")),
        Golden.numbers(in.get("ref_rejected_logps")),
        Golden.numbers(in.get("chosen_lengths")),
        Golden.numbers(in.get("rejected_lengths")));
  }

  private static Sample sample(Pairs p) {
    return Sample.pairs(
        p.chosen(),
        p.rejected(),
        Optional.of(p.refChosen()),
        Optional.of(p.refRejected()),
        p.chosenTokens(),
        p.rejectedTokens());
  }

  private static Divergence divergence(Setting s) {
    return switch (s.divergence()) {
      case "reverse_kl" -> new ReverseKl();
      case "forward_kl" -> new ForwardKl();
      case "js_divergence" -> new JensenShannon();
      default -> new AlphaDivergence(s.alpha());
    };
  }

  private static Objective objective(String type, Setting s) {
    var divergence = divergence(s);
    return switch (type) {
      case "sigmoid" -> new Dpo(s.beta(), divergence);
      case "hinge" -> new Hinge(s.beta(), divergence);
      case "ipo" -> new Ipo(s.beta(), true, divergence);
      case "sigmoid_norm" -> new SigmoidNorm(s.beta(), divergence);
      case "exo_pair" -> new ExoPair(s.beta(), s.smoothing(), divergence);
      case "robust" -> new RobustDpo(s.beta(), s.smoothing(), divergence);
      case "discopop" -> new DiscoPop(s.beta(), s.tau(), divergence);
      case "nca_pair" -> new NcaPair(s.beta());
      case "bco_pair" -> new BcoPair(s.beta());
      case "apo_zero" -> new ApoZero(s.beta());
      case "apo_down" -> new ApoDown(s.beta());
      case "sppo_hard" -> new SppoHard(s.beta());
      case "aot" -> new Aot(s.beta(), s.smoothing());
      case "aot_unpaired" -> new AotUnpaired(s.beta(), s.smoothing());
      default -> throw new AssertionError(type);
    };
  }

  /// What a loss depends on: all that TRL allows.
  private static List<Setting> settings(String type) {
    boolean transformed =
        List.of("sigmoid", "hinge", "ipo", "sigmoid_norm", "exo_pair", "robust", "discopop")
            .contains(type);
    boolean smoothed = List.of("exo_pair", "robust", "aot", "aot_unpaired").contains(type);
    var settings = new ArrayList<Setting>();
    for (double beta : new double[] {0.05, 0.1, 0.5}) {
      for (double e : smoothed ? new double[] {0, 0.05, 0.1, 0.3} : new double[] {0}) {
        for (double tau :
            type.equals("discopop") ? new double[] {0.05, 0.2, 1.5} : new double[] {1}) {
          for (var divergence : transformed ? DIVERGENCES : DIVERGENCES.subList(0, 1)) {
            boolean alpha = divergence.equals("alpha_divergence");
            for (double a : alpha ? new double[] {0.25, 0.5, 0.7} : new double[] {1}) {
              settings.add(new Setting(beta, e, tau, divergence, a));
            }
          }
        }
      }
    }
    return settings;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sigmoid",
        "hinge",
        "ipo",
        "sigmoid_norm",
        "exo_pair",
        "robust",
        "discopop",
        "nca_pair",
        "bco_pair",
        "apo_zero",
        "apo_down",
        "sppo_hard",
        "aot",
        "aot_unpaired"
      })
  void valuesAndGradientsAreThoseOfTheDefinition(String type) {
    var pairs = pairs();
    for (var setting : settings(type)) {
      var what = type + " " + setting;
      try (var _ = new Step()) {
        var sample = sample(pairs);
        var loss = objective(type, setting).loss(sample.batch());
        var each = PairDefinitions.each(type, setting, pairs);
        Golden.close(what, loss.each().orElseThrow(), each, 1e-9);
        Golden.close(what, Ops.number(loss.value()), mean(each), 1e-9);
        var gradient = Ops.toDoubles(sample.gradient(loss));
        for (int i = 0; i < pairs.chosen().length; i++) {
          near(what, gradient[2 * i], slope(type, setting, pairs, true, i));
          near(what, gradient[2 * i + 1], slope(type, setting, pairs, false, i));
        }
      }
    }
  }

  private static double mean(double[] each) {
    return Arrays.stream(each).average().orElseThrow();
  }

  private static double slope(String type, Setting s, Pairs pairs, boolean chosen, int i) {
    double h = 1e-5;
    var above = PairDefinitions.each(type, s, pairs.moved(chosen, i, h));
    var below = PairDefinitions.each(type, s, pairs.moved(chosen, i, -h));
    double sum = 0; // pair by pair, so that large losses of other pairs cancel exactly
    for (int j = 0; j < above.length; j++) {
      sum += above[j] - below[j];
    }
    return sum / (2 * h * above.length);
  }

  private static void near(String what, double found, double wanted) {
    assertThat(Math.abs(found - wanted))
        .as("%s: gradient %s, wanted %s", what, found, wanted)
        .isLessThanOrEqualTo(1e-7 * (1 + Math.abs(wanted)));
  }

  /// Any weights, 0 and negative ones too.
  @Test
  void severalLossesAreTheirWeightedSum() {
    var pairs = pairs();
    var s = new Setting(0.3, 0.1, 0.05, "reverse_kl", 1);
    var types = List.of("sigmoid", "apo_down", "exo_pair", "sppo_hard", "robust");
    double[] weights = {0.8, 0.2, 0, -0.4, 1.3};
    var parts = new ArrayList<Mixture.Part>();
    double wanted = 0;
    for (int i = 0; i < weights.length; i++) {
      parts.add(new Mixture.Part(weights[i], objective(types.get(i), s)));
      wanted += weights[i] * mean(PairDefinitions.each(types.get(i), s, pairs));
    }
    try (var _ = new Step()) {
      Golden.close("mixture", sample(pairs).value(new Mixture(parts)), wanted, 1e-9);
    }
  }
}
