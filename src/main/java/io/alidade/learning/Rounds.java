package io.alidade.learning;

/// Rounds of drawing, judging and learning, as every loop of rounds goes through them: each learns
/// from all of its prompts before the next one draws.
///
/// @param rounds of the run
/// @param prompts of a round
/// @param epochs passes over as many groups as a round has prompts
/// @param anchor whether a reference that follows becomes the policy at the beginning of each round
/// @param restart whether optimizer and schedule begin anew with each round
/// @param best whether the run ends with the policy of the round whose held-out reward is largest,
///   the first round's beginning included, rather than with the last one
record Rounds(int rounds, int prompts, int epochs, boolean anchor, boolean restart, boolean best) {
  void run(Session session) {
    session.plan(rounds, prompts, epochs, restart);
    while (session.unfinished()) {
      if (session.beginsStage()) {
        begin(session);
      }
      session.collect();
      session.step();
    }
    if (best) {
      session.keepBest();
      session.takeBest();
    }
  }

  private void begin(Session session) {
    if (best) {
      session.keepBest();
    }
    if (anchor) {
      session.anchor();
    }
    if (restart) {
      session.restart();
    }
  }
}
