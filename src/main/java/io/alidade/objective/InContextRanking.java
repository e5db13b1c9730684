package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// In-context ranking preference optimization (IRPO, Wu et al. 2025, arXiv:2504.15477): from whole
/// lists with graded relevance, a smooth stand-in for NDCG.
///
/// The answer is a list of n items behind each other. `-1/n sum_i w_i log sigmoid(-z_i)`, with `z_i
/// = log sum_{j != i} exp(beta (r_j - r_i))` (minus `log(n - 1)` if normalised) and `r_i` the mean
/// log-ratio of policy to reference over the tokens of item i: each item must beat the others
/// together, as far as its weight demands. A list of one item costs nothing.
///
/// Gradient with respect to `r_i`: the item's own weight times `-beta sigmoid(z_i)`, against the
/// pull of all others in proportion to `softmax_{j != i}(beta r)`. Two items with weights 1 and 0
/// give half of [Dpo]'s loss.
///
/// @param beta strength of the constraint, reward units per nat and token, positive
/// @param normalize whether the others count by their mean instead of their sum
/// @param weighting how relevance and rank make an item's weight
public record InContextRanking(double beta, boolean normalize, Weighting weighting)
    implements Objective {
  /// Which item of the list a token belongs to, from 0; -1 for separators and the end.
  static final Signal ITEM = Signal.perUnit("item");

  /// Relevance of the item that a token belongs to, a small whole number; 0 for a mere competitor.
  static final Signal RELEVANCE = Signal.perUnit("relevance");

  /// Place that the item of a token should have, from 1.
  static final Signal RANK = Signal.perUnit("rank");

  private static final double NOBODY = -1e36;

  /// The weight of an item.
  public enum Weighting {
    /// `(2^relevance - 1) / log2(1 + rank)`.
    GAIN,
    /// `1 / log2(1 + rank)`.
    DISCOUNT,
    /// `(2^relevance - 1) / rank`.
    HARMONIC
  }

  /// Checks the range.
  public InContextRanking {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.demonstrations().withReference().with(ITEM, RELEVANCE, RANK);
  }

  @Override
  public Loss loss(Scored batch) {
    var item = batch.signal(ITEM); // [N, U]
    int items = Math.max(1, (int) Ops.number(item.max()) + 1); // M
    var numbers = Ops.doubles(IntStream.range(0, items).asDoubleStream().toArray(), items);
    var member =
        item.unsqueeze(2)
            .eq(numbers.to(batch.type()))
            .to(batch.type())
            .mul(batch.mask().unsqueeze(2)); // [N, U, M]
    var tokens = member.sum(1); // [N, M]
    var ratio = batch.policy().units().sub(batch.reference().units());
    var score = Ops.times(perItem(ratio, member, tokens), beta); // [N, M]
    var present = tokens.gt(Ops.scalar(0)); // [N, M]
    var count = present.to(batch.type()).sum(1); // [N], n

    var itself = torch.eye(items).to(torch.ScalarType.Bool); // [M, M]
    var rival = present.unsqueeze(1).logical_and(itself.logical_not()); // [N, i, j]
    var rivals = torch.where(rival, score.unsqueeze(1), new Scalar(NOBODY)).logsumexp(2);
    var others = Ops.atLeast(Ops.plus(count, -1), 1); // [N], n - 1
    var gap = rivals.sub(score); // [N, M], z
    if (normalize) {
      gap = gap.sub(others.log().unsqueeze(1));
    }
    var alone = count.lt(Ops.scalar(2)).unsqueeze(1); // [N, 1]
    var counted = present.logical_and(alone.logical_not());
    var weight = weight(batch, member, tokens); // [N, M]
    var each = torch.where(counted, weight.mul(Logistic.loss(gap.neg())), new Scalar(0.0));
    return Loss.mean(each.sum(1).div(Ops.atLeast(count, 1)))
        .metric("irpo/relevant_score", score, weight.mul(counted.to(batch.type())));
  }

  /// Mean over the tokens of each item, `[N, U] → [N, M]`.
  private static Tensor perItem(Tensor units, Tensor member, Tensor tokens) {
    return units.unsqueeze(2).mul(member).sum(1).div(Ops.atLeast(tokens, 1));
  }

  private Tensor weight(Scored batch, Tensor member, Tensor tokens) {
    var gain = Ops.times(perItem(batch.signal(RELEVANCE), member, tokens), Math.log(2)).expm1();
    var rank = Ops.atLeast(perItem(batch.signal(RANK), member, tokens), 1);
    var discount = Ops.times(Ops.plus(rank, 1).log(), 1 / Math.log(2)).reciprocal();
    return switch (weighting) {
      case GAIN -> gain.mul(discount);
      case DISCOUNT -> discount;
      case HARMONIC -> gain.div(rank);
    };
  }
}
