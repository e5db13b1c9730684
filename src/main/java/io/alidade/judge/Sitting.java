package io.alidade.judge;

import java.util.List;

/// A judge at work.
public interface Sitting extends AutoCloseable {
  /// Judges the answers of each case; several at a time may be faster. What cannot be judged is NaN
  /// in its verdict, and one line in the log: no failure of a judge loses the verdicts of others.
  ///
  /// @return one verdict a case, in order
  List<Verdict> judge(List<Case> cases);

  /// Judges the answers of one case.
  default Verdict judge(Case one) {
    return judge(List.of(one)).getFirst();
  }

  @Override
  void close();
}
