package io.alidade.judge;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/// A reward that Java computes from an answer alone: a function, and so a judge.
@FunctionalInterface
public interface Reward extends Judge {
  /// The reward of an answer.
  ///
  /// @param index of the answer, from 0
  /// @return any finite number, whose differences count as log-odds of a preference, or NaN if
  ///   nothing can be said
  double reward(Case one, int index);

  /// Any function of an answer's text.
  static Reward of(ToDoubleFunction<String> function) {
    return (one, index) -> function.applyAsDouble(one.answer(index));
  }

  @Override
  @SuppressWarnings("FunctionalInterfaceMethodChanged") // a function is the judge that it makes
  default Sitting open(Consumer<String> log) {
    return new Sitting() {
      @Override
      public List<Verdict> judge(List<Case> cases) {
        return cases.stream().map(one -> Rewarded.verdict(Reward.this, one, log)).toList();
      }

      @Override
      public void close() {
        // Nothing is held.
      }
    };
  }
}
