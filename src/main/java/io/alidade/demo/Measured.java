package io.alidade.demo;

import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.batch.Readout;
import io.alidade.mine.JavaSyntax;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.Sampling;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import io.alidade.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/// What the demonstration measures of a model on held-out pairs.
///
/// @param libraries pairs of libraries that were held out
/// @param classes pairs of classes that were held out of the libraries learned from, if there are
///   any
/// @param parsed share of sampled bodies that javac parses, in `[0, 1]`
/// @param bodies a greedy body for each of the first prompts
record Measured(
    Likelihoods libraries, Optional<Likelihoods> classes, double parsed, List<String> bodies) {
  /// How likely the bodies of pairs are.
  ///
  /// @param preferred share of pairs whose chosen body is more likely per token than the rejected
  ///   one, in `[0, 1]`
  /// @param margins log-likelihood of the chosen body less that of the rejected one, nats
  record Likelihoods(double preferred, double[] margins) {
    /// Implicit-reward accuracy: the share of pairs whose margin has grown since, in `[0, 1]`.
    double gained(Likelihoods before) {
      int grown = 0;
      for (int i = 0; i < margins.length; i++) {
        grown += margins[i] > before.margins[i] ? 1 : 0;
      }
      return (double) grown / margins.length;
    }
  }

  private static final int BATCH = 16;

  /// Measures a checkpoint.
  ///
  /// @param held pairs of held-out libraries
  /// @param classes pairs of held-out classes, if there are any
  /// @param sampled prompts that bodies are sampled for
  /// @param shown prompts whose greedy bodies are kept
  static Measured of(
      Path model,
      Tokenizer tokenizer,
      Groups held,
      Optional<? extends Groups> classes,
      int sampled,
      int shown,
      long seed) {
    try (var policy = Policy.open(model, PolicySpec.frozen(Precision.FLOAT32))) {
      var prompts = prompts(held, sampled);
      var drawn =
          generate(policy, tokenizer, prompts, new Sampling(MAX_BODY, 0.7, 0, 0.95, 0, 1, seed));
      int parsed = 0;
      for (int i = 0; i < drawn.size(); i++) {
        var prompt = tokenizer.decode(prompts.get(i), true);
        parsed += JavaSyntax.parses(prompt, drawn.get(i)) ? 1 : 0;
      }
      var bodies =
          generate(
              policy,
              tokenizer,
              prompts.subList(0, Math.min(shown, prompts.size())),
              Sampling.greedy(MAX_BODY));
      return new Measured(
          likelihoods(policy, held),
          classes.map(groups -> likelihoods(policy, groups)),
          (double) parsed / drawn.size(),
          bodies);
    }
  }

  private static final int MAX_BODY = 128;

  /// The prompts of pairs, spread evenly over the held-out set so that every library has its share.
  static List<int[]> prompts(Groups held, int count) {
    var prompts = new ArrayList<int[]>();
    int most = Math.min(count, held.count());
    for (int i = 0; i < most; i++) {
      prompts.add(held.group((int) ((long) i * held.count() / most)).prompt());
    }
    return prompts;
  }

  private static List<String> generate(
      Policy policy, Tokenizer tokenizer, List<int[]> prompts, Sampling sampling) {
    Set<Integer> ends = tokenizer.eos().isPresent() ? Set.of(tokenizer.eos().getAsInt()) : Set.of();
    return new Generator(policy, sampling, ends)
        .generate(prompts).stream().map(d -> tokenizer.decode(d.tokens(), true)).toList();
  }

  private static Likelihoods likelihoods(Policy policy, Groups held) {
    int right = 0;
    var margins = new double[held.count()];
    for (int from = 0; from < held.count(); from += BATCH) {
      var groups = new ArrayList<Group>();
      for (int i = from; i < Math.min(held.count(), from + BATCH); i++) {
        groups.add(held.group(i));
      }
      var batch = new Batch(groups);
      try (var _ = new Step()) {
        var outputs = policy.score(batch, Set.of(Readout.LOG_LIKELIHOOD), false).outputs();
        var units = Ops.toDoubles(Objects.requireNonNull(outputs.get(Readout.LOG_LIKELIHOOD)));
        int width = batch.units();
        for (int g = 0; g < groups.size(); g++) {
          int first = groups.get(g).candidates().get(0).tokens().length;
          int second = groups.get(g).candidates().get(1).tokens().length;
          double chosen = sum(units, 2 * g * width, first);
          double rejected = sum(units, (2 * g + 1) * width, second);
          right += chosen / first > rejected / second ? 1 : 0;
          margins[from + g] = chosen - rejected;
        }
      }
    }
    return new Likelihoods((double) right / held.count(), margins);
  }

  private static double sum(double[] units, int from, int count) {
    double sum = 0;
    for (int i = from; i < from + count; i++) {
      sum += units[i];
    }
    return sum;
  }
}
