package io.alidade.learning;

/// A learning framework: the order in which examples are drawn, steps taken and references moved,
/// told in the verbs of a [Session].
public interface Learning {
  /// Runs to its end, from wherever the session stands.
  void run(Session session);

  /// How it draws answers of the policy, if it does; its data are prompts then, whatever else a row
  /// holds.
  default java.util.Optional<Drawing> draws() {
    return java.util.Optional.empty();
  }

  /// How it draws answers that stand beside what the data hold, if it does.
  default java.util.Optional<Companions> accompanied() {
    return java.util.Optional.empty();
  }
}
