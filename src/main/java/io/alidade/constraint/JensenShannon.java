package io.alidade.constraint;

import static org.bytedeco.pytorch.global.torch.log_sigmoid;

import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/// Jensen–Shannon divergence, `f(t) = t log t - (t + 1) log((t + 1) / 2)` (Wang et al. 2023,
/// arXiv:2309.16240).
///
/// `f'(exp(u)) = log 2 + log sigmoid(u)`: at most `log 2`, with a slope `sigmoid(-u)` between 0 and
/// 1 (1/2 at the reference), so that answers which are already likelier than under the reference
/// are left alone.
public record JensenShannon() implements Divergence {
  @Override
  public Tensor reward(Tensor logRatio) {
    return Ops.plus(log_sigmoid(logRatio), Math.log(2));
  }
}
