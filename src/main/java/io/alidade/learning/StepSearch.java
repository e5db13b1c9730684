package io.alidade.learning;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.example.Signal;
import io.alidade.generation.tree.Puct;
import io.alidade.generation.tree.SelfEvaluation;
import io.alidade.generation.tree.StepTree;
import io.alidade.judge.Judge;
import io.alidade.learning.rounds.Asking;
import io.alidade.learning.rounds.TreeRollouts;
import io.alidade.objective.MctsDpo;
import io.alidade.objective.Needs;
import java.util.Optional;
import java.util.Set;

/// Rounds of searching trees of reasoning steps with the policy as it is, and of learning from
/// pairs of sibling steps (MCTS-DPO; Xie et al. 2024, arXiv:2405.00451). A round learns from all of
/// its prompts before the next one searches.
///
/// @param rounds at least 1
/// @param promptsPerRound at least 1
/// @param numTrainEpochs passes over the pairs of a round, at least 1
/// @param anchor whether a reference that follows (`PreviousStage`) becomes the policy at the
///   beginning of each round
/// @param tree how a tree is searched
/// @param rejected which sibling is the rejected one
/// @param pairs of a tree at most, at least 1
/// @param onlyRight whether trees whose committed answer is wrong are left out
/// @param inject whether the solution that a row holds (its first candidate) is put into the tree
///   beside the steps that are drawn
/// @param evaluation what the policy is asked of its own steps; without it every state counts alike
/// @param process who says how good an answer is so far in place of the policy: a judge whose
///   reward `r` counts as `sigmoid(r)`, for example a reward model
/// @param conclusion text with which an answer is over though it drew no end, for example `answer
///   is`
/// @param drawing the judge that says whether an answer is right (a reward above 0.5), how a token
///   is drawn, and how long an answer may be; `samples` count for evaluations alone
public record StepSearch(
    int rounds,
    int promptsPerRound,
    int numTrainEpochs,
    boolean anchor,
    Puct tree,
    @Default("worst") StepTree.Rejected rejected,
    @Default("8") int pairs,
    @Default("false") boolean onlyRight,
    @Default("false") boolean inject,
    Optional<SelfEvaluation> evaluation,
    Optional<Judge> process,
    Optional<String> conclusion,
    Drawing drawing)
    implements Learning {
  /// Checks the ranges.
  public StepSearch {
    Check.atLeast("rounds", 1, rounds);
    Check.atLeast("prompts_per_round", 1, promptsPerRound);
    Check.atLeast("num_train_epochs", 1, numTrainEpochs);
    Check.atLeast("pairs", 1, pairs);
    if (evaluation.isPresent() && process.isPresent()) {
      throw new IllegalArgumentException(
          "evaluation and process both say how good a state is; set one of them");
    }
    if (conclusion.filter(String::isBlank).isPresent()) {
      throw new IllegalArgumentException("conclusion must be some text, was empty");
    }
  }

  @Override
  public Optional<Drawing> draws() {
    return Optional.of(drawing);
  }

  @Override
  public Set<Signal> yields(Needs.Feedback form) {
    return form == Needs.Feedback.PAIRS ? Set.of(MctsDpo.EPSILON) : Set.of();
  }

  @Override
  public Collector collects(Asking asking) {
    return new TreeRollouts(asking, this);
  }

  @Override
  public void run(Session session) {
    new Rounds(
            rounds,
            promptsPerRound,
            numTrainEpochs,
            anchor,
            /* restart= */ false,
            /* best= */ false)
        .run(session);
  }
}
