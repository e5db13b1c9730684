package io.alidade.learning.rounds;

import io.alidade.UserException;
import io.alidade.batch.Groups;
import io.alidade.learning.Collector;
import io.alidade.learning.NashRounds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/// Rounds in which a teacher's answers are judged beside the policy's, and old pairs come again.
///
/// As [Rollouts] it keeps all of it in `rounds/`; in a line of `round-N.jsonl` the teacher's answer
/// is the last one, behind the policy's. `round-N-learned.jsonl` holds the round's own pairs and
/// those of earlier rounds that it learns from again.
public final class NashRollouts implements Collector {
  private final NashRounds settings;
  private final Site site;
  private final Rollouts plain;
  private final Optional<Answered> teacher;

  /// @param settings of the loop
  public NashRollouts(Asking asking, NashRounds settings) {
    this.settings = settings;
    this.site = asking.site();
    if (settings.best() && asking.held().isEmpty()) {
      throw new UserException(
          "learning.NashRounds.best: there are no held-out prompts to tell the best round by; set eval_data or eval_fraction, or best=false");
    }
    plain = new Rollouts(asking, settings.drawing());
    teacher =
        settings.teacher()
            ? Optional.of(
                Answered.of(
                    asking.train(),
                    site.tokenizer(),
                    "and so no teacher's: give rows with 'prompt' and 'completion', or set learning.NashRounds.teacher=false"))
            : Optional.empty();
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
    var rollouts =
        plain.rollouts(
            file, round, prompts, number -> teacher.map(answers -> answers.tokens(number)));
    var own = pairs(rollouts);
    var lessons = new ArrayList<>(own);
    for (int past = round - 1; past >= 0 && settings.replay() > 0; past--) {
      lessons.addAll(again(round, past, prompts));
    }
    file.learned(() -> Feedback.lines(lessons));
    if (own.isEmpty()) {
      file.say(
          "no pair has the margin that is asked for%s (%s)"
              .formatted(
                  lessons.isEmpty()
                      ? ", so nothing is learned from it"
                      : "; old pairs alone are learned from",
                  file.path()));
    }
    var metrics = plain.metrics(rollouts);
    metrics.put("nash/pairs", (double) own.size() / rollouts.size());
    metrics.put("nash/replayed", (double) (lessons.size() - own.size()) / rollouts.size());
    metrics.put("nash/student_over_teacher", beaten(rollouts));
    return new Collected(Groups.of(lessons.stream().map(Feedback.Lesson::group).toList()), metrics);
  }

  /// A random share of the pairs of an earlier round, which the draws of that round alone decide.
  private List<Feedback.Lesson> again(int round, int past, int prompts) {
    var file = site.round(past);
    var lines =
        file.lines(
            "draw",
            prompts,
            Rollouts.PART,
            (_, _) -> {
              throw new UserException(
                  "%s is missing, whose pairs round %d learns from again; start the run anew"
                      .formatted(file.path(), round + 1));
            });
    var pairs = pairs(Rollouts.read(file.path(), lines));
    return Arrays.stream(settings.again(round, past, pairs.size(), site.seed()))
        .mapToObj(pairs::get)
        .toList();
  }

  private List<Feedback.Lesson> pairs(List<Rollout> rollouts) {
    return rollouts.stream()
        .flatMap(rollout ->
            settings.pairs(rollout.standing(), rollout.answers()).stream()
                .map(pair -> Feedback.pair(rollout, pair[0], pair[1])))
        .toList();
  }

  /// The share of prompts on which the best of the policy's answers scores above the teacher's,
  /// among those that have both; NaN if there is none.
  private double beaten(List<Rollout> rollouts) {
    int both = 0;
    int won = 0;
    for (var rollout : rollouts) {
      int samples = settings.drawing().samples();
      double[] scores = rollout.standing();
      double best =
          Arrays.stream(scores, 0, samples)
              .filter(score -> !Double.isNaN(score))
              .max()
              .orElse(Double.NaN);
      if (scores.length > samples && !Double.isNaN(best) && !Double.isNaN(scores[samples])) {
        both++;
        won += best > scores[samples] ? 1 : 0;
      }
    }
    return both == 0 ? Double.NaN : (double) won / both;
  }
}
