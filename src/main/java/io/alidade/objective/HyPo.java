package io.alidade.objective;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.constraint.Divergence;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/// Hybrid preference optimization (HyPO, Song et al. 2024, arXiv:2406.01462, section 5): DPO on
/// pairs of the data, and the reverse KL to the reference measured on answers that the policy itself
/// has just drawn. DPO bounds log-ratios of answers that it sees; what becomes of others, only
/// samples tell.
///
///     -log sigmoid(margin) + lambda KL          margin as in [Dpo]
///
/// A group is a pair and `k` drawn answers to its prompt. `KL` is estimated as the mean of their
/// log-ratios `R_i`, summed over tokens, and may be below 0 in one batch. Its gradient is that of
///
///     1/k sum_i (R_i - b_i) log pi(y_i)         b_i: mean of the other R_j, 0 if there is none
///
/// with `R_i` and `b_i` as constants, which is unbiased. Advantages are not scaled: that would
/// destroy the measure of the KL.
///
/// Gradient with respect to the log-likelihood of a drawn answer: `lambda (R_i - b_i) / k`, over the
/// number of groups; at the reference it is 0. Those of the pair are DPO's. A group without drawn
/// answers, as in evaluations, is a pair.
///
/// @param beta strength of DPO's constraint, reward units per nat, positive
/// @param lambda weight of the KL, per nat, not negative; 0 is [Dpo]
/// @param divergence DPO's
/// @param onlineEvery steps from one drawing of answers to the next, at least 1; `lambda` counts as
///   many times in the steps that have them
/// @param estimate what the KL is estimated from
public record HyPo(
    double beta,
    double lambda,
    Divergence divergence,
    @Default("1") int onlineEvery,
    @Default("sampled") Estimate estimate)
    implements Objective {
  /// What the KL of answers is estimated from.
  public enum Estimate {
    /// The log-ratios of the tokens that were drawn, as above.
    SAMPLED,
    /// The divergences of the whole next-token distributions at the drawn positions, summed and
    /// differentiated as they are. Their variance is lower, and the gradient is biased: what early
    /// tokens do to later states is left out. For answers of one token it is exact.
    TOKEN_EXACT
  }

  /// With drawn answers in every step.
  public HyPo(double beta, double lambda, Divergence divergence) {
    this(beta, lambda, divergence, 1);
  }

  /// Estimated from the tokens that were drawn.
  public HyPo(double beta, double lambda, Divergence divergence, int onlineEvery) {
    this(beta, lambda, divergence, onlineEvery, Estimate.SAMPLED);
  }

  /// Checks the ranges.
  public HyPo {
    Check.positive("beta", beta);
    Check.notNegative("lambda", lambda);
    Check.atLeast("online_every", 1, onlineEvery);
  }

  @Override
  public Needs needs() {
    var needs = Needs.pairs().candidates(3).every(onlineEvery); // with a drawn answer at least
    return estimate == Estimate.TOKEN_EXACT ? needs.reading(Readout.DIVERGENCE) : needs;
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var margin = Ops.times(batch.margin(divergence.reward(ratio)), beta); // [G]
    var pairs = Logistic.loss(margin); // [G]
    var drawn = drawn(batch);
    if (drawn.count() == 0) {
      return Loss.mean(pairs).rewards(batch, Ops.times(ratio, beta));
    }
    var gaps = batch.constant(drawn.of(batch, ratio)); // [G, k], R
    var sampled = drawn.mean(gaps); // [G]
    var online =
        switch (estimate) {
          case SAMPLED -> {
            var surrogate = surrogate(drawn, gaps, drawn.of(batch, batch.policy().total()));
            // The surrogate gives the gradient and the estimate the value.
            yield sampled.add(surrogate).sub(batch.constant(surrogate));
          }
          case TOKEN_EXACT -> {
            var tokens = batch.readout(Readout.DIVERGENCE).mul(batch.mask()); // [N, U]
            yield drawn.mean(drawn.of(batch, tokens.sum(1)));
          }
        }; // [G]
    return Loss.mean(pairs.add(Ops.times(online, lambda * onlineEvery)))
        .rewards(batch, Ops.times(ratio, beta))
        .metric("hypo/pair_loss", pairs)
        .metric("kl", sampled);
  }

  /// `1/k sum_i (R_i - b_i) log pi(y_i)` of each group, `[G]`.
  ///
  /// @param gaps `[G, k]`, R
  /// @param likelihoods `[G, k]`, log pi
  private static Tensor surrogate(Drawn drawn, Tensor gaps, Tensor likelihoods) {
    return drawn.mean(gaps.sub(drawn.others(gaps)).mul(likelihoods));
  }

  /// The drawn answers of a batch, which stand behind the pair.
  private static Drawn drawn(Scored batch) {
    int most = 0;
    for (int size : batch.sizes()) {
      most = Math.max(most, size - 2);
    }
    if (most == 0) {
      return new Drawn(0, batch.mask(), batch.mask());
    }
    var present = batch.present().narrow(1, 2, most).to(batch.type()); // [G, k]
    return new Drawn(most, present, present.sum(1));
  }

  /// Drawn answers as a table.
  ///
  /// @param count of the largest group
  /// @param present `[G, k]`, 1 for an answer
  /// @param counts `[G]`, answers of each group
  private record Drawn(int count, Tensor present, Tensor counts) {
    /// A quantity of the drawn answers, `[N] → [G, k]`, 0 where there is none.
    Tensor of(Scored batch, Tensor perCandidate) {
      return batch.byGroup(perCandidate).narrow(1, 2, count).mul(present);
    }

    /// `[G, k] → [G]`, 0 for a group without any.
    Tensor mean(Tensor table) {
      return table.mul(present).sum(1).div(Ops.atLeast(counts, 1));
    }

    /// The mean of the others of the group, `[G, k]`, 0 for one that is alone.
    Tensor others(Tensor table) {
      var sum = table.mul(present).sum(1).unsqueeze(1); // [G, 1]
      var others = Ops.atLeast(Ops.plus(counts, -1), 1).unsqueeze(1);
      var several = counts.gt(Ops.scalar(1)).to(counts.scalar_type()).unsqueeze(1);
      return sum.sub(table).div(others).mul(several).mul(present);
    }
  }
}
