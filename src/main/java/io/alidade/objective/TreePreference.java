package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import java.util.ArrayList;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Tree preference optimization: graded lists of step-by-step answers, many of which share their
/// beginnings (TPO, Liao et al. 2024, arXiv:2410.12854).
///
/// `sum_{v_i > v_j} lambda_ij * -log sigmoid(M_ij)` over the answers of a prompt, with values `v`
/// in `[0, 1]`,
///
/// `M_ij = sum_k W_ijk (r_ik - r_jk)`, `r_ik = beta *` the log-ratio of policy to reference over
/// the tokens of step k of answer i, `W_ijk = 1 + cos(e_ik, e_jk)` of the mean hidden states of the
/// two steps (1 if not adaptive), and
///
/// `lambda_ij = |2^v_i - 2^v_j| * |1 / log2(1 + t_i) - 1 / log2(1 + t_j)|`, `t` the present place
/// of an answer by its implicit reward.
///
/// Weights and places carry no gradient. Steps beyond those of the shortest answer are folded into
/// its last one. Gradient with respect to `M_ij`: `-lambda_ij sigmoid(-M_ij)`. A shared beginning
/// drops out of every margin; answers of equal value cost nothing. Two answers of values 1 and 0
/// without adaptive weights give `(1 - 1 / log2(3))` times [Dpo]'s loss.
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param adaptive whether steps weigh by their likeness, which needs hidden states
/// @param normalised whether each margin is divided by the sum of its steps' weights
public record TreePreference(double beta, boolean adaptive, boolean normalised)
    implements Objective {
  /// What an answer is worth, in `[0, 1]`.
  static final Signal VALUE = Signal.perCandidate("value");

  /// Which step a token belongs to, from 1.
  static final Signal STEP = Signal.perUnit("step");

  private static final double TINY = 1e-12;

  /// Checks the range.
  public TreePreference {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    var needs = Needs.rankings().with(VALUE, STEP);
    return adaptive ? needs.reading(Readout.HIDDEN) : needs;
  }

  @Override
  public Loss loss(Scored batch) {
    var step = folded(batch); // [N, U]
    int steps = Math.max(1, (int) Ops.number(step.max()));
    var numbers = Ops.doubles(IntStream.rangeClosed(1, steps).asDoubleStream().toArray(), steps);
    var member = step.unsqueeze(2).eq(numbers.to(batch.type())).to(batch.type()); // [N, U, S]
    var ratio = batch.policy().units().sub(batch.reference().units()); // [N, U]
    var reward = Ops.times(ratio.unsqueeze(2).mul(member).sum(1), beta); // [N, S]
    var losses = new ArrayList<Tensor>();
    int start = 0;
    for (int size : batch.sizes()) {
      var r = reward.narrow(0, start, size); // [K, S]
      var alike = alike(batch, member, start, size); // [S, K, K]
      var value = batch.signal(VALUE).narrow(0, start, size); // [K]
      losses.add(list(batch, r, alike, value));
      start += size;
    }
    return Loss.mean(Ops.stack(losses)).rewards(batch, reward.sum(1));
  }

  /// Steps, those beyond the shortest answer's last one counted as that one; 0 for no step.
  private static Tensor folded(Scored batch) {
    var step = batch.signal(STEP).mul(batch.mask()); // [N, U]
    var last = batch.byGroup(step.amax(new long[] {1}, false)); // [G, K]
    var absent = batch.present().logical_not();
    var shortest = last.masked_fill(absent, new Scalar(1e9)).amin(new long[] {1}, false); // [G]
    return step.minimum(Ops.atLeast(batch.spread(shortest), 1).unsqueeze(1));
  }

  /// `W` of the answers of one list, `[S, K, K]`.
  private Tensor alike(Scored batch, Tensor member, int start, int size) {
    var inside = member.narrow(0, start, size); // [K, U, S]
    var tokens = inside.sum(1); // [K, S]
    var some = tokens.gt(Ops.scalar(0)).to(batch.type()).t(); // [S, K]
    var both = some.unsqueeze(2).mul(some.unsqueeze(1)); // [S, K, K]
    if (!adaptive) {
      return Ops.atMost(some.unsqueeze(2).add(some.unsqueeze(1)), 1); // 1 for every step there is
    }
    var hidden = batch.readout(Readout.HIDDEN).detach().narrow(0, start, size); // [K, U, H]
    var sum = inside.transpose(1, 2).matmul(hidden.to(batch.type())); // [K, S, H]
    var length = Ops.atLeast(sum.square().sum(2).sqrt(), TINY).unsqueeze(2); // [K, S, 1]
    var direction = sum.div(length).transpose(0, 1); // [S, K, H]
    var cosine = direction.matmul(direction.transpose(1, 2)); // [S, K, K]
    return Ops.plus(cosine, 1).mul(both);
  }

  private Tensor list(Scored batch, Tensor reward, Tensor alike, Tensor value) {
    var step = reward.t(); // [S, K]
    var gaps = step.unsqueeze(2).sub(step.unsqueeze(1)); // [S, i, j]
    var margin = alike.mul(gaps).sum(0); // [i, j]
    if (normalised) {
      margin = margin.div(Ops.atLeast(alike.sum(0), TINY));
    }
    var better = value.unsqueeze(1).gt(value.unsqueeze(0)).to(batch.type()); // [i, j]
    var discount = discount(batch, reward.sum(1)); // [K]
    var gain = Ops.times(value, Math.log(2)).exp(); // [K]
    var lambda =
        gain.unsqueeze(1)
            .sub(gain.unsqueeze(0))
            .abs()
            .mul(discount.unsqueeze(1).sub(discount.unsqueeze(0)).abs()); // [i, j]
    return lambda.mul(better).mul(Logistic.loss(margin)).sum();
  }

  /// `1 / log2(1 + place)` by reward, the largest first and equals in their order, `[K]`.
  private static Tensor discount(Scored batch, Tensor reward) {
    long k = reward.size(0);
    var mine = reward.detach().unsqueeze(1); // [K, 1]
    var theirs = reward.detach().unsqueeze(0); // [1, K]
    var earlier = torch.ones(new long[] {k, k}).tril(-1).to(torch.ScalarType.Bool);
    var ahead = theirs.gt(mine).logical_or(theirs.eq(mine).logical_and(earlier));
    var place = Ops.plus(ahead.to(batch.type()).sum(1), 1); // [K]
    return batch.constant(Ops.times(Ops.plus(place, 1).log(), 1 / Math.log(2)).reciprocal());
  }
}
