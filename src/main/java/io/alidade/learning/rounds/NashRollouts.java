package io.alidade.learning.rounds;

import io.alidade.UserException;
import io.alidade.batch.Groups;
import io.alidade.batch.Shuffle;
import io.alidade.learning.Collector;
import io.alidade.learning.NashRounds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SplittableRandom;

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
    double share = settings.replay();
    for (int past = round - 1; past >= 0 && share > 0; past--, share /= 2) {
      lessons.addAll(again(round, past, prompts, share));
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
  private List<Feedback.Lesson> again(int round, int past, int prompts, double share) {
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
    var random =
        new SplittableRandom(
            (site.seed() * 0x9E3779B97F4A7C15L + round) * 0x5851F42D4C957F2DL + past);
    var order = Shuffle.of(pairs.size(), random::nextInt);
    return Arrays.stream(order)
        .limit((long) (share * pairs.size()))
        .sorted()
        .mapToObj(pairs::get)
        .toList();
  }

  private List<Feedback.Lesson> pairs(List<Rollout> rollouts) {
    return rollouts.stream()
        .flatMap(rollout ->
            chosen(rollout, settings).stream()
                .map(pair -> Feedback.pair(rollout, pair[0], pair[1])))
        .toList();
  }

  /// Places of the chosen and the rejected answer of each pair with a large margin.
  static List<int[]> chosen(Rollout rollout, NashRounds settings) {
    var scores = rollout.standing();
    var pairs = new ArrayList<int[]>();
    for (int won = 0; won < scores.length; won++) {
      boolean teacher = won >= settings.drawing().samples();
      double margin = teacher ? settings.margin() : settings.studentMargin();
      if (scores[won] >= settings.floor() && !repeats(rollout, won, settings)) { // not for NaN
        for (int lost = 0; lost < scores.length; lost++) {
          boolean beaten =
              scores[won] - scores[lost] >= margin
                  || (!Double.isNaN(scores[lost]) && repeats(rollout, lost, settings));
          if (lost != won && beaten) {
            pairs.add(new int[] {won, lost});
          }
        }
      }
    }
    return pairs;
  }

  /// Whether an answer of the policy says the same over and over.
  private static boolean repeats(Rollout rollout, int place, NashRounds settings) {
    return place < settings.drawing().samples()
        && repetition(rollout.answers().get(place)) > settings.repetition();
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

  /// The share of the runs of four tokens that occur more than once; 0 for fewer than five tokens.
  static double repetition(int... tokens) {
    var counts = new HashMap<List<Integer>, Integer>();
    int runs = Math.max(0, tokens.length - 3);
    for (int i = 0; i < runs; i++) {
      counts.merge(
          List.of(tokens[i], tokens[i + 1], tokens[i + 2], tokens[i + 3]), 1, Integer::sum);
    }
    int repeated = counts.values().stream().filter(count -> count > 1).mapToInt(c -> c).sum();
    return runs == 0 ? 0 : (double) repeated / runs;
  }
}
