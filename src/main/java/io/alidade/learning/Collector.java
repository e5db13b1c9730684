package io.alidade.learning;

import io.alidade.batch.Groups;
import java.util.SequencedMap;

/// Where the groups of a loop come from that learns from its own samples.
public interface Collector {
  /// What a round gave.
  ///
  /// @param groups to learn from; may be none, if no prompt's answers differ in worth
  /// @param metrics of all answers drawn, by the names of `docs/metrics.md`
  record Collected(Groups groups, SequencedMap<String, Double> metrics) {}

  /// Answers drawn from the policy as it is, judged, and made into groups. A round that was drawn
  /// before, by this process or one that was killed, is read instead.
  ///
  /// @param round from 0
  /// @param prompts how many prompts it takes
  Collected round(int round, int prompts);

  /// The worth of answers to held-out prompts under the policy as it is; empty without such
  /// prompts.
  SequencedMap<String, Double> measure();

  /// How many prompts there are.
  int prompts();
}
