package io.alidade.generation.tree;

import io.alidade.Check;
import io.alidade.Default;

/// How a tree of steps is searched (MCTS-DPO; Xie et al. 2024, arXiv:2405.00451, and its authors'
/// code).
///
/// Selection takes `argmax_a Q(a) + w p(a) sqrt(N(parent)) / (1 + N(a))` with `p(a) = exp(sum_i log
/// pi(a_i) / |a|^lambda)`.
///
/// @param simulations for each committed step, at least 1; four times as many for the first
/// @param firstActions steps drawn at the beginning, at least 1
/// @param actions steps drawn elsewhere, at least 1
/// @param depth steps that a simulation looks ahead, the last of which is the whole rest of an
///   answer, at least 1
/// @param breadth children of a node at most, at least 1
/// @param stepTokens tokens of a step at most, at least 1
/// @param budget tokens drawn for one tree at most, at least 1; a search that has used them up
///   stops with what it has committed
/// @param separator text at whose end a step ends
/// @param exploration `w`, not negative
/// @param lengthExponent `lambda`, not negative
/// @param discount `gamma` of later rewards, in `[0, 1]`
/// @param novelty what a right answer is worth, positive; a wrong one is worth -1, and one that
///   copies a given solution 1
/// @param overlap steps whose tokens overlap a sibling's more than this (F of their neighbouring
///   tokens) are dropped, in `[0, 1]`
/// @param multipleChoice whether questions offer a few answers, so that a right one may be a guess:
///   one that is given at once earns nothing, one given in the second step half, and two rests are
///   drawn at the depth limit in place of one
/// @param fullDepth depth of a parent up to which a self-evaluation counts in full; beyond it is
///   divided by the excess over it, which penalises length. At least 0
/// @param temperature of the commitment to a step: 0 takes the most visited child, more draws one
///   in proportion to `(e^Q (children + 1))^(1 / temperature)`
public record Puct(
    int simulations,
    int firstActions,
    int actions,
    int depth,
    int breadth,
    int stepTokens,
    int budget,
    @Default("\"\\n\"") String separator,
    @Default("1.0") double exploration,
    @Default("1.25") double lengthExponent,
    @Default("1.0") double discount,
    @Default("1.25") double novelty,
    @Default("0.99") double overlap,
    @Default("false") boolean multipleChoice,
    @Default("3") int fullDepth,
    @Default("0.0") double temperature) {
  /// Checks the ranges.
  public Puct {
    Check.atLeast("simulations", 1, simulations);
    Check.atLeast("first_actions", 1, firstActions);
    Check.atLeast("actions", 1, actions);
    Check.atLeast("depth", 1, depth);
    Check.atLeast("breadth", 1, breadth);
    Check.atLeast("step_tokens", 1, stepTokens);
    Check.atLeast("budget", 1, budget);
    Check.notNegative("exploration", exploration);
    Check.notNegative("length_exponent", lengthExponent);
    Check.between("discount", 0, 1, discount);
    Check.positive("novelty", novelty);
    Check.between("overlap", 0, 1, overlap);
    Check.atLeast("full_depth", 0, fullDepth);
    Check.notNegative("temperature", temperature);
  }

  /// The authors' choices for mathematics.
  ///
  /// @param budget tokens of a tree
  public static Puct plain(
      int simulations, int actions, int depth, int breadth, int stepTokens, int budget) {
    return new Puct(
        simulations,
        actions,
        actions,
        depth,
        breadth,
        stepTokens,
        budget,
        "\n",
        /* exploration= */ 1,
        /* lengthExponent= */ 1.25,
        /* discount= */ 1,
        /* novelty= */ 1.25,
        /* overlap= */ 0.99,
        /* multipleChoice= */ false,
        /* fullDepth= */ 3,
        /* temperature= */ 0);
  }

  /// Prior of a step: `exp(sum of log-likelihoods / length^lambda)`.
  double prior(float[] logps) {
    double sum = 0;
    for (float logp : logps) {
      sum += logp;
    }
    return logps.length == 0 ? 1 : Math.exp(sum / Math.pow(logps.length, lengthExponent));
  }

  /// The score by which a child is selected.
  double score(Node child) {
    double visits = child.parent().map(Node::visits).orElse(0);
    return child.q()
        + exploration * prior(child.logps()) * Math.sqrt(visits) / (1 + child.visits());
  }

  /// The value of a state: `C / max(depth of the parent - full depth, 1) + O`, with `C` what a
  /// self-evaluation gives it and `O` the outcome, 0 before the end.
  double value(double evaluation, int parentDepth, double outcome) {
    return evaluation / Math.max(parentDepth - fullDepth, 1) + outcome;
  }

  /// The outcome of an end.
  ///
  /// @param copy whether it is a solution that was given
  /// @param depth steps of the answer
  double outcome(boolean right, boolean copy, int depth) {
    if (!right) {
      return -1;
    }
    double worth = copy ? 1 : novelty;
    return multipleChoice && depth <= 2 ? worth * (depth - 1) / 2 : worth;
  }
}
