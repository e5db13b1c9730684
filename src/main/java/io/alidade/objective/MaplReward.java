package io.alidade.objective;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;

/// Multi-level aware preference learning for a reward model (MAPL, Sun et al. 2025,
/// arXiv:2505.12845): Bradley and Terry's loss on the data's own pairs, on one answer under two
/// prompts (intra-sample), and on how much two answers differ under two prompts (inter-sample).
///
/// `L_BT + lambda_intra L_intra + lambda_inter L_inter` with `r` the output of a reward head:
/// `L_intra = -log sigmoid(r(x_w, y) - r(x_l, y))`, `y` obeying the instructions of `x_w` and not
/// those of `x_l`; `L_inter = -log sigmoid(m(x+) - m(x-))`, `m(x) = r(x, y_w) - r(x, y_l)`. A
/// number added to all rewards of a prompt leaves the inter-sample term as it is and changes the
/// other.
///
/// Gradient with respect to the reward under the prompt that an answer obeys: `-sigmoid(-(r(x_w, y)
/// - r(x_l, y)))`, and the opposite under the other. Rewards that tie cost `ln 2` a term.
///
/// @param intra `lambda_intra`, weight of one answer under two prompts, not negative
/// @param rejected `lambda_1`, among these the weight of the rejected answer's half, not negative
/// @param inter `lambda_inter`, weight of two pairs, not negative
public record MaplReward(double intra, double rejected, double inter) implements Objective {
  /// Checks the ranges.
  public MaplReward {
    var _ = new Levels(intra, rejected, inter);
  }

  @Override
  public Needs needs() {
    return Needs.rankings()
        .withoutReference()
        .readingOnly(Readout.REWARD)
        .with(Levels.LEVEL)
        .overTokens();
  }

  @Override
  public Loss loss(Scored batch) {
    var outputs = batch.readout(Readout.REWARD); // [N, 1]
    if (outputs.size(1) != 1) {
      throw new IllegalStateException(
          "a reward head with one output is needed, this one has " + outputs.size(1));
    }
    return new Levels(intra, rejected, inter).loss(batch, outputs.select(1, 0));
  }
}
