package io.alidade.reference;

import io.alidade.Check;
import io.alidade.UserException;
import io.alidade.model.Scorer;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The policy of the round before, pushed on along the way that the round took: Nesterov's momentum
/// for rounds of preference learning (accelerated preference optimization, He et al. 2024,
/// arXiv:2410.06293, algorithm 1).
///
///     pi_{t+1} ∝ fit_{t+1} (fit_{t+1} / fit_t)^alpha
///
/// `fit_t` is what round `t` made of the policy, `pi_t` what the next round begins with: sampler,
/// start and anchor alike. For a policy that is log-linear in its weights this is
///
///     theta_{t+1} = fit_{t+1} + alpha (fit_{t+1} - fit_t)
///
/// which is what is done to all weights of any policy, in float32 or better. The model that a run
/// leaves is the last fit, which nothing pushed. Unlike other references this one moves the policy,
/// and the optimizer begins anew after it. With `alpha` 0 it is [PreviousStage].
///
/// Weights of the fit before and of the anchor are kept: two further copies of the model. An
/// adapter is refused, as the product of its two matrices is not linear in them.
///
/// @param alpha momentum, in `[0, 1)`; in the long run steps are `1 / (1 - alpha)` times as long
/// @param tolerance by how much the mean reward of answers to held-out prompts may fall through a
///   push, in the judge's units, not negative; a round whose push costs more goes without. Without
///   it nobody looks
public record Extrapolated(double alpha, Optional<Double> tolerance) implements Reference {
  /// Checks the ranges.
  public Extrapolated {
    Check.belowFrom("alpha", 0, 1, alpha);
    tolerance.ifPresent(most -> Check.notNegative("tolerance", most));
  }

  /// A momentum that nobody looks after.
  public Extrapolated(double alpha) {
    this(alpha, Optional.empty());
  }

  @Override
  public Scorer open(Setting setting) {
    if (setting.adaptersOff().isPresent()) {
      throw new UserException(
          "reference Extrapolated: the product of an adapter's matrices is not linear in them, so it"
              + " cannot be extrapolated; train without adapter, or use reference: PreviousStage");
    }
    return new Extrapolating(setting.policy(), alpha, tolerance);
  }

  @Override
  public boolean moves() {
    return true;
  }

  /// Pushes weights on along the way from an earlier fit, which becomes what they were.
  ///
  /// @param weights a fit by name, which become `w + alpha (w - before)`
  /// @param before the fit before, which becomes `w`
  static void push(Map<String, Tensor> weights, Map<String, Tensor> before, double alpha) {
    Grad.off(() -> {
      weights.forEach((name, weight) -> {
        try (var _ = new Step()) {
          var earlier = Objects.requireNonNull(before.get(name), name);
          var fit = weight.detach();
          var wide = wide(fit);
          var pushed = wide.add(wide.sub(wide(earlier)), new Scalar(alpha));
          earlier.copy_(fit);
          if (alpha != 0) { // else not a bit changes, the sign of a zero included
            fit.copy_(pushed);
          }
        }
      });
      return alpha;
    });
  }

  private static Tensor wide(Tensor tensor) {
    var type = Ops.type(tensor);
    return type == ScalarType.Double || type == ScalarType.Float
        ? tensor
        : tensor.to(ScalarType.Float);
  }
}
