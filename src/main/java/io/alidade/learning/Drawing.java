package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.example.Signal;
import io.alidade.judge.Judge;
import io.alidade.model.Sampling;
import io.alidade.objective.Advantage;
import io.alidade.objective.Needs;
import java.util.Optional;
import java.util.Set;

/// How a loop draws answers of the policy and has them judged. What an objective learns from
/// follows from the form of feedback that it asks for: of each prompt's answers the best and the
/// worst (pairs), all of them from best to worst (rankings), all with their advantages (rollouts),
/// the best alone (demonstrations: rejection sampling), or each as good or bad (labelled answers:
/// better than the mean of its prompt or not).
///
/// @param judge says which answer is better
/// @param samples answers a prompt, at least 1
/// @param maxNewTokens tokens of an answer at most, at least 1
/// @param temperature that logits are divided by, positive
/// @param topK only the k most likely tokens; 0 for all
/// @param topP only the fewest tokens whose probabilities reach this sum, in `(0, 1]`
/// @param advantage how rewards become advantages, for objectives that learn from rollouts
public record Drawing(
    Judge judge,
    int samples,
    int maxNewTokens,
    double temperature,
    @Default("0") int topK,
    @Default("1.0") double topP,
    Optional<Advantage> advantage) {
  /// Of pairs: the chance that the best answer beats the worst, as the judge sees it.
  public static final Signal PREFERENCE = Signal.perGroup("p_pref");

  /// Of labelled answers: 1 for a good one.
  public static final Signal LABEL = Signal.perGroup("label");

  /// Of rankings: what the judge said each answer is worth.
  public static final Signal SCORE = Signal.perCandidate("score");

  /// Of rankings: the share of the other answers to its prompt that an answer beats, as the judge
  /// sees it.
  public static final Signal WIN_RATE = Signal.perCandidate("win_rate");

  /// Of rollouts: how much better an answer was than expected.
  public static final Signal ADVANTAGE = Signal.perCandidate("advantage");

  /// Of rollouts: log-likelihood of each token under the policy that drew it, nats.
  public static final Signal OLD = Signal.perUnit("old_logps");

  /// Checks the ranges.
  public Drawing {
    Check.atLeast("samples", 1, samples);
    Check.positive("temperature", temperature);
    var _ = new Sampling(maxNewTokens, temperature, topK, topP, 0, 1, 0);
  }

  /// What the model layer calls it.
  public Sampling sampling(long seed) {
    return new Sampling(maxNewTokens, temperature, topK, topP, 0, 1, seed);
  }

  /// The signals that groups of a form carry.
  public static Set<Signal> yields(Needs.Feedback form) {
    return switch (form) {
      case DEMONSTRATIONS -> Set.of();
      case PAIRS -> Set.of(PREFERENCE);
      case LABELLED -> Set.of(LABEL);
      case RANKINGS -> Set.of(SCORE, WIN_RATE);
      case ROLLOUTS -> Set.of(ADVANTAGE, OLD);
    };
  }
}
