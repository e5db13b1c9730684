package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.batch.Readout;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import io.alidade.model.SaveOptions;
import io.alidade.objective.Mapl;
import io.alidade.objective.Sft;
import io.alidade.study.Verdict.Part;
import io.alidade.world.InstructedStrings;
import io.alidade.world.InstructedStrings.Made;
import io.alidade.world.Lesson;
import io.alidade.world.SmallModel;
import io.alidade.world.TinyModels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/// Does a small language model learn to obey several instructions at once from pairs that know
/// nothing of instructions (MAPL, Sun et al. 2025, arXiv:2505.12845)?
public record MultiLevelLanguage() implements Study {
  private static final double BETA = 0.1;
  private static final double RATE = 3e-4;
  private static final int BATCH = 16;
  private static final int STEPS = 200;

  private static final String START = "start";
  private static final String DPO = "DPO on the pairs";
  private static final String MAPL = "DPO and MAPL";
  private static final String PLUS = "DPO on pairs with obeyed instructions alone";
  private static final String ACCURACY = "accuracy on held-out pairs";
  private static final String LOGIT = "logit of one answer under two prompts, before training";

  @Override
  public List<String> recipes() {
    return List.of("mapl");
  }

  @Override
  public String claim() {
    return "Rows made of a model's own pairs, one answer under two prompts and two answers under two prompts, teach a language model to obey several instructions at once, which DPO on the pairs does not, and it ranks the pairs as well.";
  }

  @Override
  public String criterion() {
    return "Strings of up to 10 letters under up to 4 of 5 kinds of instructions, 1000 pairs of the start's answers to the bare prompt, 200 steps of 16 pairs: with MAPL all of 3 instructions are obeyed at least 10 points more often than after DPO on the pairs, and accuracy on held-out pairs is at most 2 points below DPO's.";
  }

  @Override
  public String remarks() {
    return """
    - Stage 2 of the experiment on the page of the system, smaller: a transformer of two layers and width 64 (0.1 million weights), strings of eight letters, instructions as two tokens each (at most and at least so many letters, a letter that
      must or must not be there, the first letter). A third of the demonstrations was chosen to obey, so that the start knows of instructions and obeys now and then.
    - Pairs are two answers of the start to the bare prompt, ordered by how many neighbours follow each other in the alphabet. Each is made into two rows of one answer under two prompts and one of two answers under two prompts (patterns A and B
      evenly, up to ten attempts); the objective is the program's own (`Mapl`), a step takes 16 pairs with what is made of them. All arms take 200 steps at 3e-4, beta 0.1.
    - "Obeyed instructions alone" is DPO on the pairs under the prompt that the better answer obeys and the worse one does not; the gap to it is reported and nothing is asked of it.
    - No pilot was run and nothing was changed after the first seed.\
    """;
  }

  private static String obeyed(int instructions) {
    return "obeys all of %d".formatted(instructions);
  }

  /// What the arms of a trial have in common.
  private record Setting(Bench bench, Trial trial, Path begin, Policy start, List<Made> held) {
    void learn(String arm, List<Group> groups, int rows, double share) {
      bench.at(arm, share);
      try (var policy = SmallModel.trainable(begin)) {
        new Lesson(
                Lesson.cut(bench.size(1, 4) * RATE),
                BATCH * rows,
                bench.size(STEPS, 6),
                bench.seed("order"),
                bench.scratch().resolve("lessons"))
            .teach(new Mapl(BETA, 1, 1, 1), policy, start, groups);
        measure(arm, policy);
      }
    }

    void measure(String arm, Policy policy) {
      for (int count = 1; count <= 4; count++) {
        var prompts =
            new InstructedStrings(bench.random("prompts " + count))
                .prompts(bench.size(250, 24), count);
        var drawn = drawn(policy, prompts, bench.seed("answers"));
        trial.note(
            arm,
            obeyed(count),
            IntStream.range(0, prompts.size())
                .mapToDouble(p -> InstructedStrings.obeys(prompts.get(p), drawn.get(p)) ? 1 : 0)
                .average()
                .orElse(Double.NaN));
      }
      trial.note(arm, ACCURACY, accuracy(policy, held.stream().map(Made::plain).toList()));
    }

    /// The share of pairs whose chosen answer gained more likelihood; nothing has at the start.
    private double accuracy(Policy policy, List<Group> pairs) {
      var gaps = gaps(policy, pairs);
      return IntStream.range(0, gaps.length)
          .mapToDouble(p -> (1 + Math.signum(gaps[p])) / 2)
          .average()
          .orElse(Double.NaN);
    }

    /// By how much more the first candidate of each pair gained over the start than the second.
    private double[] gaps(Policy policy, List<Group> pairs) {
      var own = TinyModels.totals(policy, Groups.of(pairs), Readout.LOG_LIKELIHOOD);
      var other = TinyModels.totals(start, Groups.of(pairs), Readout.LOG_LIKELIHOOD);
      return IntStream.range(0, pairs.size())
          .mapToDouble(p -> own[2 * p] - other[2 * p] - own[2 * p + 1] + other[2 * p + 1])
          .toArray();
    }
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var begin = begin(bench);
    try (var start = SmallModel.frozen(begin)) {
      var pairs = pairs(bench, start, "pairs", bench.size(1000, 64));
      var setting =
          new Setting(bench, trial, begin, start, pairs(bench, start, "held", bench.size(400, 40)));
      setting.measure(START, start);
      var intra = pairs.stream().flatMap(made -> made.intra().stream()).toList();
      trial.note(START, LOGIT, Results.mean(setting.gaps(start, intra)));
      var rows = new ArrayList<>(pairs.stream().map(Made::plain).toList());
      setting.learn(DPO, List.copyOf(rows), 1, 0.3);
      setting.learn(PLUS, pairs.stream().flatMap(m -> m.plus().stream()).toList(), 1, 0.4);
      pairs.forEach(made -> rows.addAll(made.intra()));
      pairs.forEach(made -> rows.addAll(made.inter()));
      setting.learn(MAPL, rows, 4, 0.5);
    }
    return trial;
  }

  /// A model that imitates the demonstrations.
  private static Path begin(Bench bench) {
    var fresh = bench.scratch().resolve("fresh");
    new SmallModel(
            InstructedStrings.VOCABULARY,
            64,
            2,
            InstructedStrings.PROMPT + InstructedStrings.LONGEST + 1,
            1.0 / 8)
        .write(fresh, bench.seed("weights"));
    int steps = bench.size(400, 15);
    try (var policy = SmallModel.trainable(fresh)) {
      new Lesson(
              Lesson.cut(bench.size(1, 3) * 1e-3),
              32,
              steps,
              bench.seed("start"),
              bench.scratch().resolve("lessons"))
          .teach(
              new Sft(),
              policy,
              new InstructedStrings(bench.random("demonstrations")).demonstrations(32 * steps));
      var begin = bench.scratch().resolve("start");
      policy.save(begin, SaveOptions.PLAIN);
      return begin;
    }
  }

  private static List<int[]> drawn(Policy policy, List<int[]> prompts, long seed) {
    return new Generator(
            policy,
            Sampling.plain(InstructedStrings.LONGEST + 1, seed),
            Set.of(InstructedStrings.END))
        .generate(prompts).stream().map(io.alidade.model.Drawn::tokens).toList();
  }

  /// Pairs of two answers to the bare prompt, the better one first, with the rows made of them.
  private static List<Made> pairs(Bench bench, Policy start, String purpose, int count) {
    var prompts = new ArrayList<int[]>();
    for (int i = 0; i < 3 * count; i++) {
      prompts.add(InstructedStrings.plain());
    }
    var answers = drawn(start, prompts, bench.seed(purpose));
    var world = new InstructedStrings(bench.random(purpose));
    var made = new ArrayList<Made>();
    for (int i = 0; i + 1 < answers.size() && made.size() < count; i += 2) {
      var one = answers.get(i);
      var other = answers.get(i + 1);
      double gap = InstructedStrings.quality(one) - InstructedStrings.quality(other);
      if (gap != 0) {
        made.add(world.made(made.size(), gap > 0 ? one : other, gap > 0 ? other : one));
      }
    }
    return made;
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atLeast(
            "obeys all of 3 instructions, MAPL over DPO on the pairs",
            results.gain(MAPL, DPO, obeyed(3)),
            0.10),
        Part.atLeast(
            "accuracy on held-out pairs, over DPO's", results.gain(MAPL, DPO, ACCURACY), -0.02));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Part.atLeast("accuracy of DPO on held-out pairs", reduced.mean(DPO, ACCURACY), 0.5));
  }
}
