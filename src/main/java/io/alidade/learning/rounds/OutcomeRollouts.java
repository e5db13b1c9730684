package io.alidade.learning.rounds;

import io.alidade.batch.Groups;
import io.alidade.learning.Collector;
import io.alidade.learning.SoftBellmanRounds;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;

/// Rounds of answers that are right or wrong in themselves, failures included: unlike [Rollouts],
/// which labels an answer by the others to its prompt, it also learns from prompts whose answers
/// are all wrong, or all right.
///
/// `rounds/round-N.jsonl` holds all answers with their scores, `round-N-learned.jsonl` those that
/// are learned from.
public final class OutcomeRollouts implements Collector {
  /// What a right answer is rewarded with at least.
  private static final double RIGHT = 0.5;

  private final SoftBellmanRounds settings;
  private final Site site;
  private final Rollouts plain;

  /// @param settings of the loop
  public OutcomeRollouts(Asking asking, SoftBellmanRounds settings) {
    this.settings = settings;
    this.site = asking.site();
    plain = new Rollouts(asking, settings.drawing());
  }

  @Override
  public int prompts() {
    return plain.prompts();
  }

  @Override
  public SequencedMap<String, Double> measure() {
    return plain.measure();
  }

  @Override
  public Collected round(int round, int prompts) {
    var file = site.round(round);
    var rollouts = plain.rollouts(file, round, prompts);
    var lessons = new ArrayList<Feedback.Lesson>();
    int right = 0;
    for (var rollout : rollouts) {
      var kept = kept(rollout.standing(), settings.keep().orElse(Integer.MAX_VALUE));
      for (int place : kept) {
        boolean one = rollout.standing()[place] > RIGHT;
        right += one ? 1 : 0;
        lessons.add(Feedback.labelled(rollout, place, one));
      }
    }
    file.learned(() -> Feedback.lines(lessons));
    if (lessons.isEmpty()) {
      file.say(
          "no answer could be judged, so nothing is learned from them (%s)".formatted(file.path()));
    }
    var metrics = plain.metrics(rollouts);
    metrics.put("outcome/kept", (double) lessons.size() / rollouts.size());
    metrics.put("outcome/right", lessons.isEmpty() ? Double.NaN : (double) right / lessons.size());
    return new Collected(Groups.of(lessons.stream().map(Feedback.Lesson::group).toList()), metrics);
  }

  /// Which answers to a prompt are learned from, in the order of drawing: at most so many wrong
  /// ones, and no more right ones than these, but one at least if there is any. Without a bound all
  /// that were judged.
  static List<Integer> kept(double[] standing, int most) {
    var right = new ArrayList<Integer>();
    var wrong = new ArrayList<Integer>();
    for (int i = 0; i < standing.length; i++) {
      if (!Double.isNaN(standing[i])) {
        (standing[i] > RIGHT ? right : wrong).add(i);
      }
    }
    if (most == Integer.MAX_VALUE) {
      right.addAll(wrong);
      return right.stream().sorted().toList();
    }
    int failures = Math.min(most, wrong.size());
    int successes = Math.min(Math.min(most, right.size()), Math.max(1, failures));
    var kept = new ArrayList<>(right.subList(0, successes));
    kept.addAll(wrong.subList(0, failures));
    return kept.stream().sorted().toList();
  }
}
