package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;

/// Direct Nash optimization (DNO, Rosset et al. 2024, arXiv:2404.03715, algorithm 1, eq. 8): a round
/// of a game that is won by being preferred. The reward of an answer is how often it wins against
/// the policy of the round before, and log-ratios to that policy are fitted to it.
///
///     softplus(d) - z d,    d = eta (u_1 - u_2),    z = sigmoid(r_1 - r_2)
///
/// the mean over all pairs of a prompt's answers, with `u` the log-ratio of policy to reference
/// summed over tokens, and `r` the win rate of an answer against the other answers drawn to its
/// prompt. The reference is the policy that drew them. Whatever answers are drawn, the minimum lies
/// at `pi ∝ pi_t exp(r / eta)`, which maximises `P(pi beats pi_t) - eta KL(pi || pi_t)`.
///
/// Gradient with respect to `d`: `sigmoid(d) - z`, 0 where `d = r_1 - r_2`. With `z = 1` it is
/// [Dpo]. Averaged over rounds the policies come to the equilibrium; the last one may go round it.
///
/// @param eta strength of the constraint, win rate per nat, positive; takes DPO's `beta`'s place
public record Dno(double eta) implements Objective {
  /// Share of the other answers to its prompt that an answer beats.
  static final Signal WIN_RATE = Signal.perCandidate("win_rate");

  /// Checks the range.
  public Dno {
    Check.positive("eta", eta);
  }

  @Override
  public Needs needs() {
    return Needs.rankings().with(WIN_RATE);
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = Ops.times(batch.logRatio(), eta); // [N], reward units
    var table = batch.byGroup(ratio); // [G, K]
    var wins = batch.byGroup(batch.signal(WIN_RATE)); // [G, K]
    var margin = table.unsqueeze(2).sub(table.unsqueeze(1)); // [G, K, K]
    var target = wins.unsqueeze(2).sub(wins.unsqueeze(1)).sigmoid(); // [G, K, K], z
    var each = Logistic.loss(margin.neg()).sub(target.mul(margin)); // [G, K, K]
    var present = batch.present().to(batch.type()); // [G, K]
    // Both orders of a pair have the same loss, so the upper triangle is all of them.
    var pairs = present.unsqueeze(2).mul(present.unsqueeze(1)).triu(1); // [G, K, K]
    var loss = each.mul(pairs).sum(2).sum(1).div(pairs.sum(2).sum(1)); // [G]
    return Loss.mean(loss).rewards(batch, ratio);
  }
}
