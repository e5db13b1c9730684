package io.alidade.objective;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;

/// DPO between two steps of a search tree whose visits say how sure the label is (MCTS-DPO; Xie et
/// al. 2024, arXiv:2405.00451).
///
/// `-(1 - epsilon) log sigmoid(h) - epsilon log sigmoid(-h)`, with `h = beta (log-ratio of the
/// chosen step - log-ratio of the rejected one)`, summed over tokens from the first in which they
/// differ, and `epsilon = min(N_l / (N_l + max(1, N_w)), 0.5)` of their visits. The pull ends at
/// `sigmoid(h) = 1 - epsilon`, so doubtful pairs stop early. With `epsilon = 0` it is [Dpo].
///
/// With `form: squared` the loss is that of [Ipo] on the same log-ratios, `(h / beta - 1 / (2
/// beta))^2`, which does not ask how sure a label is.
///
/// @param beta strength of the constraint, reward units per nat, positive
/// @param kappa log-ratios are divided by the length to this power, not negative; 0 for sums
/// @param form of the loss
public record MctsDpo(double beta, double kappa, @Default("logistic") Form form)
    implements Objective {
  /// How a margin becomes a loss.
  public enum Form {
    /// DPO's, smoothed by visits.
    LOGISTIC,
    /// IPO's.
    SQUARED
  }

  /// DPO's form.
  public MctsDpo(double beta, double kappa) {
    this(beta, kappa, Form.LOGISTIC);
  }

  /// The chance that a label is wrong.
  public static final Signal EPSILON = Signal.perGroup("epsilon");

  /// Checks the ranges.
  public MctsDpo {
    Check.positive("beta", beta);
    Check.notNegative("kappa", kappa);
  }

  @Override
  public Needs needs() {
    return Needs.pairs().with(EPSILON);
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var scaled =
        kappa == 0 ? ratio : ratio.div(batch.policy().length().pow(Ops.scalar(kappa))); // [N]
    var reward = Ops.times(scaled, beta);
    var h = batch.margin(reward); // [G]
    var epsilon = batch.signal(EPSILON); // [G]
    var loss =
        switch (form) {
          case LOGISTIC -> Logistic.loss(h).add(epsilon.mul(h));
          case SQUARED -> Ops.plus(Ops.times(h, 1 / beta), -1 / (2 * beta)).square();
        };
    return Loss.mean(loss).rewards(batch, reward).metric("mcts/epsilon", epsilon);
  }
}
