package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// A target made from a score for each answer: `softmax(A / beta_reward)` with `A` the score, or
/// its distance from the mean of the list in (sample) standard deviations. A list of equal scores
/// gives the even distribution, which pulls the policy to its anchor.
///
/// @param betaReward how sharp the target is, score units or standard deviations, positive
/// @param standardised whether scores are standardised within each list
public record ScoreTarget(double betaReward, boolean standardised) implements Target {
  /// What an answer is worth, in any unit.
  static final Signal SCORE = Signal.perCandidate("score");

  /// Keeps a list of equal scores from division by 0.
  private static final double LEAST_DEVIATION = 1e-8;

  private static final double NOBODY = -1e36;

  /// Checks the range.
  public ScoreTarget {
    Check.positive("beta_reward", betaReward);
  }

  @Override
  public Needs needs() {
    return Needs.rankings().with(SCORE);
  }

  @Override
  public Tensor probabilities(Scored batch) {
    var scores = batch.byGroup(batch.signal(SCORE)); // [G, K], 0 where nobody is
    var present = batch.present(); // [G, K]
    var measured = standardised ? standardised(scores, present) : scores;
    var sharp = Ops.times(measured, 1 / betaReward);
    return torch.where(present, sharp, new Scalar(NOBODY)).softmax(1);
  }

  private static Tensor standardised(Tensor scores, Tensor present) {
    var places = present.to(scores.scalar_type()); // [G, K]
    var count = places.sum(1).unsqueeze(1); // [G, 1]
    var mean = scores.sum(1).unsqueeze(1).div(count); // [G, 1]
    var centred = scores.sub(mean).mul(places); // [G, K]
    var freedom = Ops.atLeast(Ops.plus(count, -1), 1);
    var deviation = centred.square().sum(1).unsqueeze(1).div(freedom).sqrt(); // [G, 1]
    return centred.div(Ops.plus(deviation, LEAST_DEVIATION));
  }
}
