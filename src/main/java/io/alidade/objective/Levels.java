package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/// The terms of multi-level aware preference learning, whatever an answer's reward is.
///
/// Groups of two are pairs: a plain one of two answers, or one answer under two prompts, the prompt
/// that it obeys first. Groups of four are two pairs of the same answers, the pair under the prompt
/// that should widen their gap first.
///
/// @param intra weight of one answer under two prompts, not negative
/// @param rejected among these, weight of the rejected answer's half, not negative
/// @param inter weight of two pairs, not negative
record Levels(double intra, double rejected, double inter) {
  /// What a row compares: 0 two answers, 1 the chosen answer under two prompts, 2 the rejected one,
  /// 3 two pairs.
  static final Signal LEVEL = Signal.perGroup("level");

  Levels {
    Check.notNegative("intra", intra);
    Check.notNegative("rejected", rejected);
    Check.notNegative("inter", inter);
  }

  /// `L + lambda_intra L_intra + lambda_inter L_inter`, each a mean over its own rows.
  ///
  /// @param reward `[N]`
  Loss loss(Scored batch, Tensor reward) {
    var level = batch.signal(LEVEL); // [G]
    var table = batch.byGroup(reward); // [G, K]
    var gap = table.select(1, 0).sub(table.select(1, 1)); // [G], m(x+) of two pairs
    var four = Ops.zeros(batch.type(), batch.groups()); // [G], 1 for two pairs
    if (table.size(1) >= 4) {
      four = batch.present().select(1, 3).to(batch.type());
      gap = gap.sub(table.select(1, 2).sub(table.select(1, 3)).mul(four)); // m(x+) - m(x-)
    }
    var two = Ops.plus(four.neg(), 1);
    var same = level.gt(Ops.scalar(0.5)).to(batch.type()).mul(two); // one answer, two prompts
    var bad = level.gt(Ops.scalar(1.5)).to(batch.type()).mul(same); // the rejected one
    var plain = two.sub(same);
    var each = Logistic.loss(gap); // [G]
    var weighed = each.mul(Ops.plus(Ops.times(bad, rejected - 1), 1));
    var right = gap.gt(Ops.scalar(0)).to(batch.type());
    return Loss.mean(each, plain)
        .plus(intra, Loss.mean(weighed, same))
        .plus(inter, Loss.mean(each, four))
        .metric("level/answers", right, plain)
        .metric("level/prompts", right, same)
        .metric("level/pairs", right, four);
  }
}
