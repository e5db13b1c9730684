package io.alidade.study;

import io.alidade.judge.code.PassMatrix;
import io.alidade.judge.code.PassMatrix.ChosenTest;
import io.alidade.study.Verdict.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// Whether programs and tests that judge each other find right programs, although tests are often
/// wrong (DSTC).
public record Dstc() implements Study {
  private static final String RANDOM = "passing against failing, at random";
  private static final String MINIMAX = "DSTC";
  private static final String HARDEST = "DSTC, hardest test";
  private static final String BOTH = "chosen right and rejected wrong, ";
  private static final String CHOSEN = "chosen test valid, ";
  private static final String REJECTED = "rejected test valid, ";
  private static final int SIDE = 10; // programs, and tests

  /// How good a model is.
  ///
  /// @param program chance that a program is right
  /// @param test chance that a test is valid
  private record Model(double program, double test) {
    String name() {
      return String.format(java.util.Locale.ROOT, "programs %.1f, tests %.1f", program, test);
    }
  }

  private static final List<Model> MODELS = List.of(new Model(0.4, 0.6), new Model(0.2, 0.5));

  @Override
  public List<String> recipes() {
    return List.of("dstc");
  }

  @Override
  public String claim() {
    return "Selecting by the whole matrix of programs and tests gives pairs that are right far more often than a passing program against a failing one, and tests that are valid.";
  }

  @Override
  public String criterion() {
    return "Mean over seeds, for models whose programs are right with 0.4 and 0.2 and whose tests are valid with 0.6 and 0.5: the chosen program is right and the rejected one wrong at least 1.4 times as often as with random selection, and the chosen test is valid more often than the hardest one that the program passes.";
  }

  @Override
  public String remarks() {
    return """
    A simulation of the labels alone; no model is trained, so it says nothing of pass@1. Ten programs and ten tests an instruction, 6000 instructions. A valid test passes right programs always and wrong program i
    with probability min(1, 1.2 u_i (1 - h_j)), u from Beta(2, 2), h uniform; an invalid one passes right programs with 0.02 and wrong ones with 0.1. Random selection takes a passing and a
    failing combination of one instruction. Shares are of the instructions that give a pair.\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    for (var model : MODELS) {
      var random = bench.random(model.name());
      var minimax = new Tally();
      var hardest = new Tally();
      var chance = new Tally();
      int draws = bench.size(6000, 1000);
      for (int n = 0; n < draws; n++) {
        if (n % 500 == 0) {
          bench.at(model.name(), (double) n / draws);
        }
        draw(model, random, minimax, hardest, chance);
      }
      note(trial, RANDOM, model, chance);
      note(trial, MINIMAX, model, minimax);
      note(trial, HARDEST, model, hardest);
    }
    return trial;
  }

  private static void note(Trial trial, String arm, Model model, Tally tally) {
    trial.note(arm, BOTH + model.name(), tally.both / tally.pairs);
    trial.note(arm, CHOSEN + model.name(), tally.chosen / tally.pairs);
    trial.note(arm, REJECTED + model.name(), tally.rejected / tally.pairs);
  }

  /// What was found of selected pairs.
  private static final class Tally {
    private double pairs;
    private double both;
    private double chosen;
    private double rejected;

    void add(boolean programs, boolean chosenTest, boolean rejectedTest) {
      pairs++;
      both += programs ? 1 : 0;
      chosen += chosenTest ? 1 : 0;
      rejected += rejectedTest ? 1 : 0;
    }
  }

  private static void draw(
      Model model, RandomGenerator random, Tally minimax, Tally hardest, Tally chance) {
    var right = new boolean[SIDE];
    var valid = new boolean[SIDE];
    var luck = new double[SIDE];
    var hardness = new double[SIDE];
    for (int i = 0; i < SIDE; i++) {
      right[i] = random.nextDouble() < model.program;
      valid[i] = random.nextDouble() < model.test;
      luck[i] = median(random.nextDouble(), random.nextDouble(), random.nextDouble()); // Beta(2, 2)
      hardness[i] = random.nextDouble();
    }
    var passes = new boolean[SIDE][SIDE];
    for (int i = 0; i < SIDE; i++) {
      for (int j = 0; j < SIDE; j++) {
        double p =
            valid[j]
                ? right[i] ? 1 : Math.min(1, 1.2 * luck[i] * (1 - hardness[j]))
                : right[i] ? 0.02 : 0.1;
        passes[i][j] = random.nextDouble() < p;
      }
    }
    var matrix = new PassMatrix(passes, new int[SIDE], new int[SIDE]);
    add(minimax, matrix, ChosenTest.MOST_PASSED, right, valid);
    add(hardest, matrix, ChosenTest.HARDEST, right, valid);
    matrix.random(random).ifPresent(s -> add(chance, s, right, valid));
  }

  private static void add(
      Tally tally, PassMatrix matrix, ChosenTest test, boolean[] right, boolean[] valid) {
    matrix.select(test, 1).ifPresent(s -> add(tally, s, right, valid));
  }

  private static void add(Tally tally, PassMatrix.Selected s, boolean[] right, boolean[] valid) {
    tally.add(
        right[s.chosen()] && !right[s.rejected()], valid[s.chosenTest()], valid[s.rejectedTest()]);
  }

  private static double median(double a, double b, double c) {
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }

  @Override
  public Verdict judge(Results results) {
    var parts = new ArrayList<Part>();
    for (var model : MODELS) {
      parts.add(
          Part.atLeast(
              "right pairs over random ones, " + model.name(),
              results.mean(MINIMAX, BOTH + model.name())
                  / results.mean(RANDOM, BOTH + model.name()),
              1.4));
      parts.add(
          Part.atLeast(
              "valid chosen tests over the hardest ones', " + model.name(),
              results.gain(MINIMAX, HARDEST, CHOSEN + model.name()),
              0));
    }
    return new Verdict(parts);
  }

  @Override
  public Verdict direction(Results reduced) {
    return judge(reduced);
  }
}
