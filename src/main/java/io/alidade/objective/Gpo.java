package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;

/// General preference optimization (Zhang et al. 2024, arXiv:2410.02197).
///
/// `(u - score / beta)^2`, the mean over answers, with `u` the log-ratio of policy to reference
/// summed over tokens, and `score` the mean score of the answer against all answers drawn for its
/// prompt, itself included. The reference is the policy that drew them. With the mean win
/// probability minus 1/2 as score it is self-play preference optimization (Wu et al. 2024,
/// arXiv:2405.00675, eq. 4.7).
///
/// Gradient with respect to `u`: `2 (u - score / beta) / K` in a group of K answers. Scores of 0
/// pull the policy to its reference.
///
/// @param beta strength of the pull to the reference, units of the score per nat, positive
public record Gpo(double beta) implements Objective {
  /// Mean score of an answer against those of its prompt.
  static final Signal SCORE = Signal.perCandidate("score");

  /// Checks the range.
  public Gpo {
    Check.positive("beta", beta);
  }

  @Override
  public Needs needs() {
    return Needs.rankings().with(SCORE);
  }

  @Override
  public Loss loss(Scored batch) {
    var ratio = batch.logRatio(); // [N]
    var target = Ops.times(batch.signal(SCORE), 1 / beta); // [N]
    var distance = ratio.sub(target).square(); // [N]
    var present = batch.present().to(distance.scalar_type()); // [G, K]
    var loss = batch.byGroup(distance).sum(1).div(present.sum(1)); // [G]
    return Loss.mean(loss).rewards(batch, Ops.times(ratio, beta));
  }
}
