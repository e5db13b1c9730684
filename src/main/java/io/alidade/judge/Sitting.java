package io.alidade.judge;

import java.util.List;

/// A judge at work. It owns what it judges with (models, processes, connections) until it is
/// closed, and is called from one thread.
public interface Sitting extends AutoCloseable {
  /// Judges the answers of each case; several at a time may be faster. What cannot be judged is NaN
  /// in its verdict, and one line in the log: no failure of a judge loses the verdicts of others.
  ///
  /// @return one verdict a case, in order
  /// @throws io.alidade.UserException if nothing can be judged before the user puts something
  ///   right: a column that is missing, a key that is refused
  List<Verdict> judge(List<Case> cases);

  /// Judges the answers of one case.
  default Verdict judge(Case one) {
    return judge(List.of(one)).getFirst();
  }

  @Override
  void close();
}
