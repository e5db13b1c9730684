package io.alidade.study;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.example.Example;
import io.alidade.judge.Case;
import io.alidade.judge.Sitting;
import io.alidade.judge.Verdict;
import io.alidade.learning.Collector;
import io.alidade.learning.Drawing;
import io.alidade.model.Drawn;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.world.LetterStrings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/// Rounds of a loop on [LetterStrings], in memory: prompts in turn, answers of the policy as it is,
/// what the judge says of them, and what is learned from that.
final class DrawnRounds implements Collector, AutoCloseable {
  /// What was drawn to a prompt.
  ///
  /// @param prompt its tokens
  /// @param answers tokens of each answer
  /// @param standing what the judge says that each is worth
  record Answered(int[] prompt, List<int[]> answers, double[] standing) {
    /// Places of the answers, the best first; equals in the order of drawing.
    List<Integer> ranked() {
      var places = new ArrayList<Integer>();
      for (int i = 0; i < standing.length; i++) {
        places.add(i);
      }
      places.sort(java.util.Comparator.comparingDouble((Integer i) -> standing[i]).reversed());
      return places;
    }
  }

  /// What a round makes of its answers.
  @FunctionalInterface
  interface Lessons {
    /// Groups to learn from.
    ///
    /// @param round from 0
    List<Group> of(int round, List<Answered> answered);
  }

  private final Policy policy;
  private final Drawing drawing;
  private final Sitting sitting;
  private final List<int[]> prompts;
  private final List<int[]> held;
  private final long seed;
  private final Lessons lessons;
  private final List<List<Answered>> measured = new ArrayList<>();

  /// @param prompts as many as all rounds need
  /// @param held prompts that [#measure()] draws an answer to
  /// @param seed of the draws
  DrawnRounds(
      Policy policy,
      Drawing drawing,
      List<int[]> prompts,
      List<int[]> held,
      long seed,
      Lessons lessons) {
    this.policy = policy;
    this.drawing = drawing;
    this.sitting = drawing.judge().open();
    this.prompts = prompts;
    this.held = held;
    this.seed = seed;
    this.lessons = lessons;
  }

  /// The best against the worst answer of each prompt that has a difference.
  static List<Group> extremes(List<Answered> answered) {
    var pairs = new ArrayList<Group>();
    for (var one : answered) {
      var ranked = one.ranked();
      int best = ranked.getFirst();
      int worst = ranked.getLast();
      if (one.standing[best] > one.standing[worst]) {
        pairs.add(pair(one.prompt, one.answers.get(best), one.answers.get(worst)));
      }
    }
    return pairs;
  }

  /// A pair.
  static Group pair(int[] prompt, int[] chosen, int[] rejected) {
    return new Group(
        new Example.Row("rounds", 1),
        prompt,
        List.of(Completion.of(chosen), Completion.of(rejected)),
        Map.of());
  }

  @Override
  public Collected round(int round, int count) {
    int first = Math.multiplyExact(round, count);
    var answered = answered(prompts.subList(first, first + count), drawing.samples(), first, seed);
    var metrics = new LinkedHashMap<String, Double>();
    metrics.put("reward", mean(answered));
    return new Collected(Groups.of(lessons.of(round, answered)), metrics);
  }

  private List<Answered> answered(List<int[]> asked, int samples, int first, long seed) {
    var drawn = new Drawn[asked.size()][samples];
    new Generator(policy, drawing.sampling(seed), Set.of())
        .sample(asked, samples, first, s -> drawn[s.prompt()][s.number()] = s.drawn());
    var answered = new ArrayList<Answered>();
    for (int p = 0; p < drawn.length; p++) {
      var answers = Arrays.stream(drawn[p]).map(Drawn::tokens).toList();
      answered.add(
          new Answered(asked.get(p), answers, verdict(sitting, asked.get(p), answers).standing()));
    }
    return answered;
  }

  /// What a judge says of answers as text.
  static Verdict verdict(Sitting sitting, int[] prompt, List<int[]> answers) {
    return sitting.judge(
        new Case(
            new Example.Row("rounds", 1),
            LetterStrings.text(prompt),
            List.copyOf(answers.stream().map(LetterStrings::text).toList()),
            Map.of()));
  }

  private static double mean(List<Answered> answered) {
    return answered.stream()
        .flatMapToDouble(one -> Arrays.stream(one.standing))
        .average()
        .orElseThrow();
  }

  /// Answers of the policy as it is to all prompts, without learning from them.
  List<Answered> drawn() {
    return answered(prompts, drawing.samples(), 0, seed);
  }

  @Override
  public SequencedMap<String, Double> measure() {
    var answers = answered(held, 1, 0, seed + 1);
    measured.add(answers);
    var metrics = new LinkedHashMap<String, Double>();
    metrics.put("eval_reward", mean(answers));
    return metrics;
  }

  /// The mean scores that were measured so far.
  List<Double> scores() {
    return measured.stream().map(DrawnRounds::mean).toList();
  }

  /// An answer to each held-out prompt, for each measurement so far.
  List<List<Answered>> measured() {
    return List.copyOf(measured);
  }

  @Override
  public int prompts() {
    return prompts.size();
  }

  @Override
  public void close() {
    sitting.close();
  }
}
