package io.alidade.study;

import static org.bytedeco.pytorch.global.torch.log_sigmoid;

import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.objective.Loss;
import io.alidade.objective.Needs;
import io.alidade.objective.Objective;
import io.alidade.tensor.Ops;

/// DPO on every pair of a ranked list that differs in value, in one pass over the list: what TPO is
/// compared with.
///
/// `sum_{v_i > v_j} -log sigmoid(beta (u_i - u_j))`, with `u` the log-ratio of an answer.
///
/// @param beta reward units per nat
record AllPairs(double beta) implements Objective {
  private static final Signal VALUE = Signal.perCandidate("value");

  @Override
  public Needs needs() {
    return Needs.rankings().with(VALUE);
  }

  @Override
  public Loss loss(Scored batch) {
    var reward = batch.byGroup(Ops.times(batch.logRatio(), beta)); // [G, K], all lists alike long
    var value = batch.byGroup(batch.signal(VALUE)); // [G, K]
    var margin = reward.unsqueeze(2).sub(reward.unsqueeze(1)); // [G, i, j]
    var better = value.unsqueeze(2).gt(value.unsqueeze(1)).to(batch.type());
    var losses = log_sigmoid(margin).neg().mul(better).sum(2).sum(1); // [G]
    return Loss.mean(losses);
  }
}
