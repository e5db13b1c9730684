package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Preference optimization with weighted entropy and robust rewards, and dynamic labels (POWER-DL,
/// Rashidinejad and Tian 2024, arXiv:2412.09544).
///
/// `-y log sigmoid(m) - (1 - y) log sigmoid(-m) - eta beta w_w l_w` with `m = beta (w_w l_w - w_l
/// l_l + w_w - w_l)`, `l` the log-likelihood summed over tokens and `w` a weight of the answer, one
/// over its length in the paper. Needs no reference. The label `y` of each pair starts at 1 and
/// moves towards what the model says, `y <- (1 - gamma) y + gamma sigmoid(m)`, before it is used;
/// it is state that belongs to the row.
///
/// Gradient with respect to the margin: `sigmoid(m) - y`: pairs that the data do not support lose
/// theirs as the label gives in. `gamma = 0` keeps labels, `eta = 0` drops the pessimism; both,
/// with weights of 1, give the contrastive part of [Cpo].
///
/// @param beta scale of the reward, positive
/// @param eta weight of the likelihood of the chosen answer, not negative
/// @param gamma step of the labels, in `[0, 1]`
/// @param weight `w`
/// @param refresh whether labels move before or after they are used
public record PowerDl(double beta, double eta, double gamma, Weight weight, Refresh refresh)
    implements Objective {
  /// Probability that the chosen answer is the better one, as far as is known; 1 at first.
  static final Signal LABEL = Signal.perGroup("dynamic_label");

  /// Weight of each answer, positive.
  static final Signal WEIGHT = Signal.perCandidate("entropy_weight");

  /// The weight of an answer in the entropy.
  public enum Weight {
    /// 1 for every answer.
    ONE,
    /// One over the number of its tokens.
    INVERSE_LENGTH,
    /// The signal `entropy_weight`.
    COLUMN
  }

  /// When a label moves.
  public enum Refresh {
    /// Before the loss: even a single epoch feels it.
    BEFORE,
    /// After the loss, for the next visit.
    AFTER
  }

  /// Checks the ranges.
  public PowerDl {
    Check.positive("beta", beta);
    Check.notNegative("eta", eta);
    Check.between("gamma", 0, 1, gamma);
  }

  @Override
  public Needs needs() {
    var needs = Needs.pairs().withoutReference().with(LABEL);
    return weight == Weight.COLUMN ? needs.with(WEIGHT) : needs;
  }

  @Override
  public Loss loss(Scored batch) {
    var weights = weights(batch); // [N]
    var likelihood = batch.policy().total().mul(weights); // [N], weighted nats
    var reward = Ops.times(likelihood.add(weights), beta); // [N]
    var margin = batch.margin(reward); // [G]
    var said = batch.constant(margin.sigmoid()); // [G]
    var old = batch.signal(LABEL); // [G]
    var moved = Ops.times(old, 1 - gamma).add(Ops.times(said, gamma)); // [G]
    var label = refresh == Refresh.BEFORE ? moved : old; // [G]
    // softplus(-m) + (1 - y) m is the cross-entropy of the label.
    var preference = Logistic.loss(margin).add(Ops.plus(label.neg(), 1).mul(margin)); // [G]
    var anchor = Ops.times(batch.chosen(likelihood), eta * beta); // [G]
    return Loss.mean(preference.sub(anchor))
        .relabel(LABEL, moved)
        .rewards(batch, reward)
        .metric("power/label", moved)
        .metric("power/label_below_half", moved.lt(Ops.scalar(0.5)).to(moved.scalar_type()))
        .metric("power/label_gap", said.sub(moved).abs())
        .metric("power/weight_gap", batch.margin(weights));
  }

  private Tensor weights(Scored batch) {
    return switch (weight) {
      case ONE -> torch.ones_like(batch.policy().length());
      case INVERSE_LENGTH -> batch.policy().length().reciprocal();
      case COLUMN -> batch.signal(WEIGHT);
    };
  }
}
