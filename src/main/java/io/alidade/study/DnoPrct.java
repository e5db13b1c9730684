package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.judge.Reward;
import io.alidade.learning.Drawing;
import io.alidade.learning.NashRounds;
import io.alidade.model.Policy;
import io.alidade.reference.PreviousStage;
import io.alidade.report.Chart;
import io.alidade.study.DrawnRounds.Answered;
import io.alidade.study.Verdict.Part;
import io.alidade.world.Lesson;
import io.alidade.world.LetterStrings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Do rounds of judged answers, a teacher's among them, take a small language model beyond its
/// teacher (DNO-Prct, Rosset et al. 2024, arXiv:2404.03715)?
public record DnoPrct() implements Study {
  private static final LetterStrings WORLD = new LetterStrings(16);
  private static final int SEEDS = 5;
  private static final int ROUNDS = 3;
  private static final double BETA = 0.1;
  private static final double RATE = 1e-4;
  private static final int TEACHER = 6; // pairs AB in the teacher's string: 5 of 6 points

  private static final String START = "start";
  private static final String PRACTICAL = "DNO-Prct";
  private static final String SPIN = "SPIN-style, the teacher always right";
  private static final String RESTRICTIVE = "DNO-Restrictive, the teacher where it wins";
  private static final String OFFLINE = "offline DPO on the start's answers";

  private static final String WIN = "win rate over the teacher";
  private static final String SCORE = "score";
  private static final String ROUND = "smallest win rate of a round over the one before";
  private static final String BEST = "win rate over the teacher, best round";
  private static final String BEYOND = "pairs with a student chosen, last round";

  @Override
  public List<String> recipes() {
    return List.of("dno-prct");
  }

  @Override
  public String claim() {
    return "Rounds of judging a model's answers beside a teacher's and learning from the pairs with a large margin, whoever wins them, take the model beyond its teacher, where always preferring the teacher cannot.";
  }

  @Override
  public String criterion() {
    return "Strings of 16 letters, three rounds of 300 prompts with 5 answers and a teacher's, an epoch of DPO in each: the final win rate over the teacher exceeds 50 % and that of the SPIN-style rounds, of DNO-Restrictive and of offline DPO in at least 4 of 5 seeds, and the win rate of each round over the one before is at least 50 % in every round of every seed.";
  }

  @Override
  public String remarks() {
    return """
    - The teacher's string is six times AB and then C: 5 of 6 points, where a pair is worth 2/3 of a point. The start, a transformer of two layers and width 64 that imitates random strings, writes 2 to 3 pairs at
      temperature 0.7 and top-p 0.95, at which all answers are drawn. Win rates are by the number of pairs, ties count one half, over 200 fresh prompts.
    - Pairs (floor 5, margins 2 and 1), old pairs (30 % of the round before, 15 % of the one before that) and rounds are the program's own (`NashRounds`). The detector of repetitions is off, since the best strings repeat
      themselves. 30 updates of 32 pairs a round, at 1e-4, are less than one pass over its pairs.
    - SPIN-style: the teacher against each of the five answers, whatever they score. DNO-Restrictive: the pairs of DNO-Prct with the teacher chosen. Offline DPO: all 900 prompts answered by the start, the pairs of DNO-Prct, as many updates
      in all, against the start.
    - Two pilots with seed 101 were too easy to tell anything: with a teacher of four pairs and 50 updates a round (at 3e-4 and at 1e-4) DNO-Prct and offline DPO both won against it on every prompt, from 0.13 at the start; SPIN-style
      rounds ended at 0.50 both times, DNO-Restrictive at 0.44 and 0.70. The teacher was made better and the rounds shorter before the first of the seeds above was run.
    - SPIN-style rounds pass their teacher here: what they learn from its string, pairs AB, goes on beyond it.\
    """;
  }

  /// What a judge of the paper's kind says of a string, 1 to 6 points: 1 for none of eight pairs, 5
  /// for six.
  private static double points(String text) {
    return Math.min(6, 1 + LetterStrings.score(text) * 2.0 / 3);
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var start = new LetterTrial(bench, WORLD);
    int samples = bench.size(5, 3);
    // The best strings repeat themselves, so that the detector of repetitions must be off.
    var drawing =
        new Drawing(
            Reward.of(DnoPrct::points), samples, WORLD.length(), 0.7, 0, 0.95, Optional.empty());
    var settings =
        new NashRounds(
            bench.size(ROUNDS, 2),
            bench.size(300, 32),
            bench.size(3, 1),
            true,
            true,
            bench.size(5, 1),
            2,
            1,
            0.3,
            1,
            /* best= */ false, // all rounds are measured below
            drawing);
    arm(bench, trial, start, settings, PRACTICAL, DnoPrct::all);
    arm(bench, trial, start, settings, SPIN, DnoPrct::imitated);
    arm(bench, trial, start, settings, RESTRICTIVE, DnoPrct::restricted);
    offline(bench, trial, start, settings);
    return trial;
  }

  /// Which pairs of a prompt's answers are learned from. The teacher's answer is the last one.
  @FunctionalInterface
  private interface Choice {
    List<int[]> of(NashRounds settings, double[] points, List<int[]> answers);
  }

  private static List<int[]> all(NashRounds settings, double[] points, List<int[]> answers) {
    return settings.pairs(points, answers);
  }

  private static List<int[]> imitated(NashRounds settings, double[] points, List<int[]> answers) {
    var pairs = new ArrayList<int[]>();
    for (int student = 0; student < points.length - 1; student++) {
      pairs.add(new int[] {points.length - 1, student});
    }
    return pairs;
  }

  private static List<int[]> restricted(NashRounds settings, double[] points, List<int[]> answers) {
    return settings.pairs(points, answers).stream()
        .filter(pair -> pair[0] == points.length - 1)
        .toList();
  }

  /// The pairs of one prompt.
  private static List<Group> pairs(NashRounds settings, Answered drawn, Choice choice) {
    var answers = new ArrayList<>(drawn.answers());
    answers.add(WORLD.template(TEACHER));
    var points = new double[answers.size()];
    for (int i = 0; i < points.length; i++) {
      points[i] = points(LetterStrings.text(answers.get(i)).text());
    }
    return choice.of(settings, points, answers).stream()
        .map(pair -> DrawnRounds.pair(drawn.prompt(), answers.get(pair[0]), answers.get(pair[1])))
        .toList();
  }

  private static void arm(
      Bench bench,
      Trial trial,
      LetterTrial start,
      NashRounds settings,
      String name,
      Choice choice) {
    bench.at(name, 0.2 * (trial.arms().size() + 1));
    var made = new ArrayList<List<Group>>(); // each round's own pairs
    var students = new ArrayList<Double>();
    DrawnRounds.Lessons lessons =
        (round, answered) -> {
          var own =
              answered.stream().flatMap(one -> pairs(settings, one, choice).stream()).toList();
          made.add(own);
          students.add(
              own.stream().filter(pair -> !taught(pair)).count()
                  / (double) Math.max(1, own.size()));
          var all = new ArrayList<>(own);
          for (int past = round - 1; past >= 0; past--) {
            for (int place :
                settings.again(round, past, made.get(past).size(), bench.seed("old"))) {
              all.add(made.get(past).get(place));
            }
          }
          return all;
        };
    int prompts = settings.promptsPerRound();
    try (var policy = start.copy();
        var drawn = rounds(bench, policy, settings, prompts * settings.rounds(), lessons)) {
      start.learn(
          policy,
          TinyTrial.dpo(BETA),
          Optional.of(new PreviousStage()),
          settings,
          drawn,
          bench.reduced() ? 4 * RATE : RATE,
          settings.numTrainEpochs() * Math.ceilDiv(prompts, 32));
      var measured = drawn.measured();
      if (name.equals(PRACTICAL)) {
        note(trial, START, measured.getFirst());
      }
      note(trial, name, measured.getLast());
      double least = 1;
      double best = 0;
      for (int round = 0; round < measured.size(); round++) {
        trial.point(name, round, wins(measured.get(round)));
        best = Math.max(best, wins(measured.get(round)));
        if (round > 0) {
          least = Math.min(least, wins(measured.get(round), measured.get(round - 1)));
        }
      }
      trial.note(name, BEST, best).note(name, ROUND, least).note(name, BEYOND, students.getLast());
    }
  }

  private static DrawnRounds rounds(
      Bench bench, Policy policy, NashRounds settings, int prompts, DrawnRounds.Lessons lessons) {
    return new DrawnRounds(
        policy,
        settings.drawing(),
        LetterStrings.prompts(prompts, bench.random("prompts")),
        LetterStrings.prompts(bench.size(200, 48), bench.random("held-out prompts")),
        bench.seed("draws"),
        lessons);
  }

  private static boolean taught(Group pair) {
    return java.util.Arrays.equals(pair.candidates().getFirst().tokens(), WORLD.template(TEACHER));
  }

  /// All prompts answered by the start at once, and as many steps as the rounds have together.
  private static void offline(Bench bench, Trial trial, LetterTrial start, NashRounds settings) {
    bench.at(OFFLINE, 0.9);
    int prompts = settings.promptsPerRound() * settings.rounds();
    int steps =
        settings.rounds()
            * settings.numTrainEpochs()
            * Math.ceilDiv(settings.promptsPerRound(), 32);
    try (var policy = start.copy();
        var frozen = start.start();
        var drawn = rounds(bench, policy, settings, prompts, (_, _) -> List.of())) {
      var pairs =
          drawn.drawn().stream()
              .flatMap(one -> pairs(settings, one, DnoPrct::all).stream())
              .toList();
      new Lesson(
              Lesson.cut(bench.reduced() ? 4 * RATE : RATE),
              32,
              steps,
              bench.seed("order"),
              bench.scratch().resolve("offline"))
          .teach(TinyTrial.dpo(BETA), policy, frozen, pairs);
      drawn.measure();
      note(trial, OFFLINE, drawn.measured().getLast());
    }
  }

  private static void note(Trial trial, String arm, List<Answered> held) {
    trial.note(arm, WIN, wins(held));
    trial.note(arm, SCORE, held.stream().mapToDouble(DnoPrct::score).average().orElse(Double.NaN));
  }

  private static double score(Answered one) {
    return LetterStrings.score(LetterStrings.text(one.answers().getFirst()).text());
  }

  /// How often answers have a higher score than the teacher's; ties count one half.
  private static double wins(List<Answered> held) {
    return held.stream()
        .mapToDouble(one -> (1 + Math.signum(score(one) - TEACHER)) / 2)
        .average()
        .orElse(Double.NaN);
  }

  /// How often answers have a higher score than others to the same prompts.
  private static double wins(List<Answered> held, List<Answered> others) {
    double sum = 0;
    for (int i = 0; i < held.size(); i++) {
      sum += (1 + Math.signum(score(held.get(i)) - score(others.get(i)))) / 2;
    }
    return sum / held.size();
  }

  @Override
  public Verdict judge(Results results) {
    var own = results.values(PRACTICAL, WIN);
    int above = 0;
    double least = 1;
    for (int i = 0; i < own.length; i++) {
      boolean highest = own[i] > 0.5;
      for (var other : List.of(SPIN, RESTRICTIVE, OFFLINE)) {
        highest &= own[i] > results.values(other, WIN)[i];
      }
      above += highest ? 1 : 0;
      least = Math.min(least, results.values(PRACTICAL, ROUND)[i]);
    }
    return Verdict.of(
        Part.atLeast(
            "seeds of %d in which it wins over the teacher, and more often than all others"
                .formatted(own.length),
            above,
            Math.ceil(own.length * 4.0 / SEEDS)),
        Part.atLeast("the smallest win rate of a round over the one before", least, 0.5));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Part.atLeast("score over the start's", reduced.gain(PRACTICAL, START, SCORE), 0));
  }

  @Override
  public List<Chart> figures(Results results) {
    return List.of(
        Chart.Lines.of("Win rate over the teacher", "round", "win rate", results.curves()));
  }
}
