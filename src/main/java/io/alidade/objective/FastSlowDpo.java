package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Likelihood;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.tensor.Ops;

/// Online DPO with fast-slow chasing (OFS-DPO; Qi et al. 2024, arXiv:2406.05534): DPO for a leader
/// `F` and a follower `S`, who compete on every pair.
///
/// With `Delta = log pi(chosen) - log pi(rejected)`, summed over tokens:
///
///     L_DPO(m) = -log sigmoid(beta (Delta_m - Delta_ref))
///     L_FS     = -log sigmoid(beta (Delta_F - Delta_S))
///     L        = L_DPO(F) + alpha L_FS | Delta_S constant   +   L_DPO(S) - alpha L_FS | Delta_F constant
///
/// Both push their own margin up, with `-beta [sigmoid(-beta (Delta_m - Delta_ref)) + alpha
/// sigmoid(-beta (Delta_F - Delta_S))]`. While the two stay close the second term is about `alpha /
/// 2`, so the push does not die out when a batch is separated. Without `alpha` they are two
/// independent runs of [Dpo].
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param alpha strength of the chase, not negative
public record FastSlowDpo(double beta, double alpha) implements Objective {
  /// How much larger the leader's DPO loss is than the follower's, nats a pair.
  public static final String GAP = "fast_slow/gap";

  /// Checks the ranges.
  public FastSlowDpo {
    Check.positive("beta", beta);
    Check.notNegative("alpha", alpha);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().reading(Readout.RIVAL);
  }

  @Override
  public Loss loss(Scored batch) {
    var reference = batch.reference().total(); // [N]
    var ahead = batch.policy().total().sub(reference); // [N], log-ratio of F
    var behind =
        new Likelihood(batch.readout(Readout.RIVAL), batch.mask())
            .total()
            .sub(reference); // [N], of S
    var f = Ops.times(batch.margin(ahead), beta); // [G], beta (Delta_F - Delta_ref)
    var s = Ops.times(batch.margin(behind), beta); // [G]
    var leader = Logistic.loss(f);
    var follower = Logistic.loss(s);
    var lead = Logistic.loss(f.sub(batch.constant(s))); // L_FS as F sees it
    var chase = Logistic.loss(batch.constant(f).sub(s)); // as S does
    return Loss.mean(leader.add(follower).add(Ops.times(lead.sub(chase), alpha)))
        .rewards(batch, Ops.times(ahead, beta))
        .metric("fast_slow/leader_loss", leader)
        .metric("fast_slow/follower_loss", follower)
        .metric("fast_slow/competition", lead)
        .metric(GAP, leader.sub(follower));
  }
}
