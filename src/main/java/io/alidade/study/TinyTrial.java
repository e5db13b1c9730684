package io.alidade.study;

import io.alidade.batch.Groups;
import io.alidade.constraint.ReverseKl;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.SaveOptions;
import io.alidade.objective.Dpo;
import io.alidade.objective.Objective;
import io.alidade.objective.Sft;
import io.alidade.world.TinyModels;
import io.alidade.world.TinyPair;
import io.alidade.world.TinyPref;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.DoubleConsumer;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.random.RandomGenerator;

/// A trial on [TinyPref]: a start that all arms share, the pairs that it draws, and arms that learn
/// from them.
///
/// The sizes are those of the bench that the studies of this family have in common: 700 steps of
/// fine-tuning on 128 demonstrations each at 1e-3, 3000 pairs, 300 steps on 32 pairs each at 3e-4
/// after 20 steps of warm-up, 512 fresh prompts.
final class TinyTrial implements AutoCloseable {
  static final String REWARD = "gold reward";
  static final String KL = "KL, nats an answer";
  static final String ENTROPY = "entropy, nats a token";
  static final String LENGTH = "length, tokens";
  static final String CHOSEN = "chosen log-likelihood";
  static final String REJECTED = "rejected log-likelihood";
  static final String ACCURACY = "accuracy";
  static final String MARGIN = "margin, nats";

  private final Bench bench;
  private final TinyModels models;
  private final Path begin; // folder of the start
  private final Policy start;
  private final Trial trial;
  private final List<int[]> prompts;
  private final double arms;
  private double done;

  /// The bench with the plain language.
  ///
  /// @param arms how many will be trained, for the progress
  static TinyTrial of(Bench bench, double arms) {
    return new TinyTrial(bench, arms, "plain", 700, 128, random -> demonstration(0.4, random));
  }

  /// A prompt and an answer of the data.
  static int[][] demonstration(double probability, RandomGenerator random) {
    var prompt = TinyPref.prompt(random);
    return new int[][] {prompt, TinyPref.answer(prompt, probability, random)};
  }

  /// The bench with demonstrations of another kind. A start is computed once a seed, for all
  /// studies that begin with it.
  ///
  /// @param kind of the demonstrations
  /// @param steps of fine-tuning in the full form
  /// @param batch demonstrations in each
  /// @param answer draws prompt and answer
  TinyTrial(
      Bench bench,
      double arms,
      String kind,
      int steps,
      int batch,
      Function<RandomGenerator, int[][]> answer) {
    this.bench = bench;
    this.arms = arms + 4; // the start costs about as much as four arms
    models = new TinyModels(bench.scratch());
    trial = Trial.of(bench.seed());
    prompts = TinyModels.prompts(bench.size(512, 64), bench.random("prompts"));
    int count = bench.size(steps, 40);
    int size = bench.size(batch, 32);
    long seed = bench.seed("demonstrations");
    IntFunction<int[][]> numbered =
        index -> answer.apply(new SplittableRandom(seed + index * 0x9E3779B97F4A7C15L));
    // A change of the code that computes it gives a start another name.
    begin =
        bench
            .shared()
            .resolve(
                "tiny-%s-%d-%dx%d-%s".formatted(kind, bench.seed(), count, size, Engine.version()));
    if (!Files.exists(begin)) {
      try (var fresh = models.fresh(bench.seed("weights"))) {
        models.train(
            fresh,
            new Sft(),
            Optional.empty(),
            TinyModels.demonstrations(count * size, numbered),
            new TinyModels.Course(count, size, bench.reduced() ? 3e-3 : 1e-3, 0, seed),
            share -> bench.at("fine-tuning the start", 4 * share / this.arms));
        fresh.save(begin, SaveOptions.PLAIN);
      }
    }
    done = 4;
    start = Policy.open(begin, PolicySpec.frozen(Precision.FLOAT32));
  }

  Policy start() {
    return start;
  }

  TinyModels models() {
    return models;
  }

  Bench bench() {
    return bench;
  }

  /// Pairs that the start draws, labelled as Bradley and Terry's model has it.
  List<TinyPair> pairs(String purpose, int full, int small) {
    return TinyModels.pairs(
        start, bench.size(full, small), bench.seed(purpose + " draws"), bench.random(purpose));
  }

  /// The course of the bench.
  TinyModels.Course course() {
    return course(300, 3e-4);
  }

  /// Another number of steps, or another rate.
  TinyModels.Course course(int steps, double rate) {
    return course(steps, 30, rate);
  }

  /// Another number of steps for each form.
  TinyModels.Course course(int steps, int small, double rate) {
    return new TinyModels.Course(
        bench.size(steps, small),
        32,
        bench.reduced() ? 4 * rate : rate,
        bench.size(20, 2),
        bench.seed("order"));
  }

  /// A policy that learned from pairs, beginning as the start.
  Policy learned(Objective objective, Groups groups, TinyModels.Course course) {
    var policy = copy();
    learn(policy, objective, start, groups, course, 1, _ -> {});
    return policy;
  }

  /// Trains a policy further.
  ///
  /// @param reference the frozen model
  /// @param weight what this costs, in arms
  /// @param watch told of the share of steps that is done, after each
  void learn(
      Policy policy,
      Objective objective,
      Policy reference,
      Groups groups,
      TinyModels.Course course,
      double weight,
      DoubleConsumer watch) {
    models.train(
        policy,
        objective,
        Optional.of(reference),
        groups,
        course,
        share -> {
          bench.at("an arm", (done + weight * share) / arms);
          watch.accept(share);
        });
    done += weight;
  }

  /// A trainable copy of the start.
  Policy copy() {
    return Policy.open(begin, PolicySpec.trainable(Precision.FLOAT32));
  }

  /// The start with a reward head of its own.
  Policy rewardModel() {
    return Policy.open(
        begin,
        PolicySpec.trainable(Precision.FLOAT32).with(Head.REWARD).seeded(bench.seed("head")));
  }

  /// Mean gold reward of answers to the fresh prompts.
  TinyModels.Answers answers(Policy policy) {
    return TinyModels.measure(policy, start, prompts, bench.seed("answers"));
  }

  /// Measures answers to the fresh prompts and notes them.
  TinyModels.Answers noteAnswers(String arm, Policy policy) {
    var answers = answers(policy);
    trial.note(arm, REWARD, answers.reward());
    trial.note(arm, KL, answers.divergence());
    trial.note(arm, ENTROPY, answers.entropy());
    trial.note(arm, LENGTH, answers.length());
    return answers;
  }

  /// Measures how likely the start finds pairs and notes it; it gains nothing over itself.
  void noteStart(String arm, List<TinyPair> pairs) {
    noteAnswers(arm, start);
    var ranking = TinyModels.rank(start, start, pairs);
    trial.note(arm, CHOSEN, ranking.chosen());
    trial.note(arm, REJECTED, ranking.rejected());
  }

  /// Measures how a policy ranks pairs and notes it.
  void noteRanking(String arm, Policy policy, List<TinyPair> pairs) {
    var ranking = TinyModels.rank(policy, start, pairs);
    trial.note(arm, CHOSEN, ranking.chosen());
    trial.note(arm, REJECTED, ranking.rejected());
    trial.note(arm, ACCURACY, ranking.accuracy());
    trial.note(arm, MARGIN, ranking.margin());
  }

  /// Trains an arm, measures it on fresh prompts and on pairs, and notes it.
  void arm(String arm, Objective objective, Groups groups, List<TinyPair> held) {
    try (var policy = learned(objective, groups, course())) {
      noteAnswers(arm, policy);
      noteRanking(arm, policy, held);
    }
  }

  /// DPO with the reverse KL.
  static Dpo dpo(double beta) {
    return new Dpo(beta, new ReverseKl());
  }

  Trial trial() {
    return trial;
  }

  @Override
  public void close() {
    start.close();
  }
}
