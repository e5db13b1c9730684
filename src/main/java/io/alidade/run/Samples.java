package io.alidade.run;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.batch.Readout;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import io.alidade.model.Scorer;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import io.alidade.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// What a model says to a few held-out prompts: for the reader of a report, and for the distance
/// that it has moved from its reference.
final class Samples {
  /// Prompts drawn for the estimate of the divergence.
  private static final int PROMPTS = 16;

  private final Supplier<Policy> policy;
  private final Tokenizer tokenizer;
  private final List<Group> prompts;
  private final int newTokens;
  private final long seed;

  /// @param policy the model that is served at the moment
  /// @param held groups whose prompts are used, the first ones that have one
  /// @param newTokens drawn for each prompt at most
  Samples(Supplier<Policy> policy, Tokenizer tokenizer, Groups held, int newTokens, long seed) {
    this.policy = policy;
    this.tokenizer = tokenizer;
    this.newTokens = newTokens;
    this.seed = seed;
    prompts = new ArrayList<>();
    for (int i = 0; i < held.count() && prompts.size() < PROMPTS; i++) {
      var group = held.group(i);
      if (group.prompt().length > 0) {
        prompts.add(group);
      }
    }
  }

  /// A prompt and the most likely answer to it, as text.
  record Said(String prompt, String answer) {}

  /// Greedy answers to the first prompts.
  List<Said> greedy(int count) {
    var some = prompts.subList(0, Math.min(count, prompts.size()));
    var drawn =
        new Generator(policy.get(), Sampling.greedy(newTokens), ends())
            .generate(some.stream().map(Group::prompt).toList());
    var said = new ArrayList<Said>();
    for (int i = 0; i < drawn.size(); i++) {
      said.add(
          new Said(
              tokenizer.decode(some.get(i).prompt(), true),
              tokenizer.decode(drawn.get(i).tokens(), true)));
    }
    return said;
  }

  /// The divergence of policy from reference, `KL(pi || pi_ref)`, nats a completion: the mean
  /// log-ratio over completions that the policy draws (an unbiased estimate; a few prompts make it
  /// rough).
  Optional<Double> divergence(Scorer reference) {
    if (prompts.isEmpty()) {
      return Optional.empty();
    }
    var drawn =
        new Generator(policy.get(), Sampling.plain(newTokens, seed), ends())
            .generate(prompts.stream().map(Group::prompt).toList());
    var groups = new ArrayList<Group>();
    for (int i = 0; i < drawn.size(); i++) {
      groups.add(
          new Group(
              prompts.get(i).row(),
              prompts.get(i).prompt(),
              List.of(Completion.of(drawn.get(i).tokens())),
              Map.of()));
    }
    var batch = new Batch(groups);
    try (var _ = new Step()) {
      double sum = total(policy.get(), batch) - total(reference, batch);
      return Optional.of(sum / groups.size());
    }
  }

  private static double total(Scorer scorer, Batch batch) {
    var outputs = scorer.score(batch, Set.of(Readout.LOG_LIKELIHOOD), false).outputs();
    var likelihood = java.util.Objects.requireNonNull(outputs.get(Readout.LOG_LIKELIHOOD));
    return Ops.number(likelihood.sum());
  }

  private Set<Integer> ends() {
    return tokenizer.eos().isPresent() ? Set.of(tokenizer.eos().getAsInt()) : Set.of();
  }
}
