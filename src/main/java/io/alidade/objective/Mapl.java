package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Multi-level aware preference learning for a policy (MAPL, Sun et al. 2025, arXiv:2505.12845):
/// DPO on the data's own pairs, on one answer under two prompts (intra-sample), and on how much two
/// answers differ under two prompts (inter-sample).
///
/// `L_DPO + lambda_intra L_intra + lambda_inter L_inter`, with `r = beta u`, `u` the log-ratio of
/// policy to reference summed over tokens: `L_intra = -log sigmoid(r(x_w, y) - r(x_l, y))`, `y`
/// obeying the instructions of `x_w` and not those of `x_l`; `L_inter = -log sigmoid(m(x+) -
/// m(x-))`, `m(x) = r(x, y_w) - r(x, y_l)`. In the intra-sample term the normalisers of the two
/// prompts do not cancel and are left out, as in the paper's predecessor; in the others they do.
///
/// Gradient with respect to the log-likelihood of an answer under the prompt that it obeys: `-beta
/// sigmoid(-(r(x_w, y) - r(x_l, y)))`, and the opposite under the other. At the reference each term
/// costs `ln 2`.
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param intra `lambda_intra`, weight of one answer under two prompts, not negative
/// @param rejected `lambda_1`, among these the weight of the rejected answer's half, not negative
/// @param inter `lambda_inter`, weight of two pairs, not negative
public record Mapl(double beta, double intra, double rejected, double inter) implements Objective {
  /// Checks the ranges.
  public Mapl {
    Check.positive("beta", beta);
    var _ = new Levels(intra, rejected, inter);
  }

  @Override
  public Needs needs() {
    return Needs.rankings().with(Levels.LEVEL).overTokens();
  }

  @Override
  public Loss loss(Scored batch) {
    var reward = Ops.times(batch.logRatio(), beta); // [N]
    return new Levels(intra, rejected, inter).loss(batch, reward).rewards(batch, reward);
  }
}
