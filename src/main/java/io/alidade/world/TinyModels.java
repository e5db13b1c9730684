package io.alidade.world;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.journal.Journal;
import io.alidade.learning.AdamW;
import io.alidade.learning.Constant;
import io.alidade.learning.Experience;
import io.alidade.learning.Session;
import io.alidade.learning.Settings;
import io.alidade.model.Drawn;
import io.alidade.model.FreshModel;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.Sampling;
import io.alidade.model.Scorer;
import io.alidade.objective.Objective;
import io.alidade.reference.Cached;
import io.alidade.reference.Frozen;
import io.alidade.reference.Reference;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.DoubleConsumer;
import java.util.function.IntFunction;
import java.util.random.RandomGenerator;

/// The models that learn [TinyPref], and what is done with them: GPTs of two layers, width 64, four
/// heads, 104,704 parameters, in a folder of their own.
///
/// @param folder of checkpoints and of likelihoods that were computed before
public record TinyModels(Path folder) {
  private static final int ROWS = 128; // scored at a time

  /// How a model is trained: AdamW with a constant rate after a warm-up, gradients cut at norm 1.
  ///
  /// @param steps how many
  /// @param batch groups in a step
  /// @param learningRate after the warm-up
  /// @param warmup steps of linear rise
  /// @param seed of the order of the data
  public record Course(int steps, int batch, double learningRate, int warmup, long seed) {}

  /// A model with random weights, trainable.
  public Policy fresh(long seed) {
    var config = new LinkedHashMap<String, Object>();
    config.put("model_type", "gpt2");
    config.put("architectures", List.of("GPT2LMHeadModel"));
    config.put("vocab_size", TinyPref.VOCABULARY);
    config.put("n_positions", 24);
    config.put("n_embd", 64);
    config.put("n_layer", 2);
    config.put("n_head", 4);
    config.put("tie_word_embeddings", false);
    config.put("bos_token_id", TinyPref.BOS);
    config.put("eos_token_id", TinyPref.EOS);
    var source = folder.resolve("fresh-config");
    Json.write(source.resolve("config.json"), config);
    var target = folder.resolve("fresh-" + seed);
    discard(target);
    FreshModel.write(source.resolve("config.json"), source, target, seed);
    return Policy.open(target, PolicySpec.trainable(Precision.FLOAT32));
  }

  /// Demonstrations without end, each a function of its number.
  ///
  /// @param count how many there are
  /// @param answer prompt and answer by number
  public static Groups demonstrations(int count, IntFunction<int[][]> answer) {
    return new Groups() {
      @Override
      public int count() {
        return count;
      }

      @Override
      public Group group(int index) {
        var both = answer.apply(index);
        return demonstration(index, both[0], both[1]);
      }
    };
  }

  private static Group demonstration(int index, int[] prompt, int[] answer) {
    return new Group(
        new Example.Row("tiny-pref", index + 1L), prompt, List.of(Completion.of(answer)), Map.of());
  }

  /// Trains a model. Likelihoods under the reference are computed once for each pair.
  ///
  /// @param reference the frozen model, if the objective needs one
  /// @param told of the share of steps done
  public void train(
      Policy policy,
      Objective objective,
      Optional<Policy> reference,
      Groups groups,
      Course course,
      DoubleConsumer told) {
    var settings =
        new Settings(
            course.batch(),
            1,
            course.batch(),
            course.steps(),
            1,
            Settings.Averaging.STEP,
            true,
            course.steps(),
            0,
            0,
            1,
            course.seed());
    var optimizer = new AdamW(course.learningRate(), 0.9, 0.999, 1e-8, 0, 1);
    var checkpoints = folder.resolve("checkpoints");
    discard(checkpoints);
    var needs = objective.needs();
    Optional<Scorer> frozen =
        needs.reference()
            ? Optional.of(scorer(policy, needs.referenceReadouts(), reference))
            : Optional.empty();
    try (var session =
        new Session(
            objective,
            policy,
            frozen,
            optimizer,
            new Constant(course.warmup()),
            settings,
            Experience.given(groups),
            checkpoints,
            Journal.silent())) {
      session.plan(1);
      while (session.unfinished()) {
        session.step();
        told.accept((double) session.done() / session.total());
      }
    } finally {
      frozen.ifPresent(Scorer::close);
    }
  }

  private Scorer scorer(Policy policy, Set<Readout> readouts, Optional<Policy> reference) {
    var frozen =
        reference.orElseThrow(
            () -> new IllegalArgumentException("the objective needs a reference, none was given"));
    var plain = new Frozen();
    var kept = readouts.equals(Set.of(Readout.LOG_LIKELIHOOD)) ? new Cached(plain) : plain;
    return kept.open(
        new Reference.Setting(
            frozen::frozenCopy, Optional.empty(), folder.resolve("likelihoods"), policy));
  }

  /// Prompts that nobody has seen.
  public static List<int[]> prompts(int count, RandomGenerator random) {
    var prompts = new ArrayList<int[]>();
    for (int i = 0; i < count; i++) {
      prompts.add(TinyPref.prompt(random));
    }
    return prompts;
  }

  /// An answer to each prompt, drawn from the model's own distribution.
  public static List<Drawn> answers(Policy policy, List<int[]> prompts, long seed) {
    return new Generator(policy, Sampling.plain(TinyPref.LONGEST, seed), Set.of(TinyPref.EOS))
        .generate(prompts);
  }

  /// Pairs of two answers that a model draws to each of some prompts, labelled by Bradley and
  /// Terry's model of the gold reward.
  ///
  /// @param count of pairs
  /// @param seed of the answers
  /// @param random of prompts and labels
  public static List<TinyPair> pairs(Policy policy, int count, long seed, RandomGenerator random) {
    return drawn(policy, count, seed, random).stream().map(pair -> pair.labelled(random)).toList();
  }

  private static List<TinyPair> drawn(Policy policy, int count, long seed, RandomGenerator random) {
    var prompts = new ArrayList<int[]>();
    for (var prompt : prompts(count, random)) {
      prompts.add(prompt);
      prompts.add(prompt);
    }
    var answers = answers(policy, prompts, seed);
    var pairs = new ArrayList<TinyPair>();
    for (int i = 0; i < count; i++) {
      pairs.add(
          new TinyPair(
              prompts.get(2 * i), answers.get(2 * i).tokens(), answers.get(2 * i + 1).tokens()));
    }
    return pairs;
  }

  /// A readout of every candidate, summed over its tokens, in order of groups and candidates.
  public static double[] totals(Scorer scorer, Groups groups, Readout readout) {
    var totals = new ArrayList<Double>();
    for (int at = 0; at < groups.count(); at += ROWS) {
      var members = new ArrayList<Group>();
      for (int g = at; g < Math.min(groups.count(), at + ROWS); g++) {
        members.add(groups.group(g));
      }
      var batch = new Batch(members);
      try (var _ = new Step()) {
        var values = scorer.score(batch, Set.of(readout), false).outputs().get(readout);
        if (values == null) {
          throw new IllegalStateException("the model did not report " + readout);
        }
        int candidates = batch.candidates();
        var numbers = Ops.toFloats(values);
        int width = numbers.length / candidates;
        for (int n = 0; n < candidates; n++) {
          double sum = 0;
          for (int u = 0; u < width; u++) {
            sum += numbers[n * width + u]; // 0 outside the mask
          }
          totals.add(sum);
        }
      }
    }
    return totals.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /// What a model answers to fresh prompts.
  ///
  /// @param reward mean gold reward
  /// @param divergence Monte-Carlo estimate of the sequence KL to the reference, nats an answer
  /// @param entropy mean entropy of a prediction, nats a token
  /// @param length mean tokens of an answer without its end
  public record Answers(double reward, double divergence, double entropy, double length) {}

  /// Draws an answer to each prompt and measures it.
  public static Answers measure(Policy policy, Policy reference, List<int[]> prompts, long seed) {
    var drawn = answers(policy, prompts, seed);
    var groups = new ArrayList<Group>();
    double reward = 0;
    double own = 0;
    double entropy = 0;
    int tokens = 0;
    int ends = 0;
    for (int i = 0; i < drawn.size(); i++) {
      var answer = drawn.get(i);
      groups.add(demonstration(i, prompts.get(i), answer.tokens()));
      reward += TinyPref.reward(prompts.get(i), answer.tokens());
      for (float logp : answer.logps()) {
        own += logp;
      }
      for (float one : answer.entropies()) {
        entropy += one;
      }
      tokens += answer.tokens().length;
      ends += answer.stop() == Drawn.Stop.END ? 1 : 0;
    }
    var all = Groups.of(groups);
    double other = sum(totals(reference, all, Readout.LOG_LIKELIHOOD));
    double count = drawn.size();
    return new Answers(
        reward / count, (own - other) / count, entropy / tokens, (tokens - ends) / count);
  }

  /// How a model sees pairs.
  ///
  /// @param chosen mean log-likelihood of chosen answers, nats
  /// @param rejected mean log-likelihood of rejected answers, nats
  /// @param accuracy share of pairs whose chosen answer gained more likelihood over the reference
  /// @param margin mean of that gain's difference, nats
  public record Ranking(double chosen, double rejected, double accuracy, double margin) {}

  /// Scores pairs with a model and its reference.
  public static Ranking rank(Policy policy, Policy reference, List<TinyPair> pairs) {
    var groups = TinyPair.groups(pairs);
    var own = totals(policy, groups, Readout.LOG_LIKELIHOOD);
    var other = totals(reference, groups, Readout.LOG_LIKELIHOOD);
    double chosen = 0;
    double rejected = 0;
    double margin = 0;
    int right = 0;
    for (int p = 0; p < pairs.size(); p++) {
      chosen += own[2 * p];
      rejected += own[2 * p + 1];
      double gain = own[2 * p] - other[2 * p] - (own[2 * p + 1] - other[2 * p + 1]);
      margin += gain;
      right += gain > 0 ? 1 : 0;
    }
    double count = pairs.size();
    return new Ranking(chosen / count, rejected / count, right / count, margin / count);
  }

  private static double sum(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum;
  }

  private static void discard(Path path) {
    try {
      AtomicFiles.delete(path);
      Files.createDirectories(path.toAbsolutePath().getParent());
    } catch (IOException e) {
      throw new UserException("cannot use %s: %s".formatted(path, e.getMessage()), e);
    }
  }
}
