package io.alidade.generation;

import io.alidade.UserException;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.Sampling;
import io.alidade.model.causal.ModelConfig;
import io.alidade.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/// A checkpoint and its tokenizer, opened as one and checked to belong together. Weights are not
/// trained. Not for use by several threads at once.
public final class LanguageModel implements AutoCloseable {
  private final Located located;
  private final Policy policy;
  private final Tokenizer tokenizer;
  private final GenerationConfig generation;

  private LanguageModel(
      Located located, Policy policy, Tokenizer tokenizer, GenerationConfig generation) {
    this.located = located;
    this.policy = policy;
    this.tokenizer = tokenizer;
    this.generation = generation;
  }

  /// Opens a model in float32.
  ///
  /// @param location see [Located#find(String, Optional)]
  public static LanguageModel open(String location) {
    return open(Located.find(location, Optional.empty()), Precision.FLOAT32);
  }

  /// Opens a model.
  ///
  /// @param precision of the weights in memory, whatever the files hold
  /// @throws UserException if the checkpoint or its tokenizer cannot be read, or the tokenizer has
  ///   more tokens than the model knows
  public static LanguageModel open(Located located, Precision precision) {
    int vocabulary = ModelConfig.read(located.folder()).vocabSize();
    var tokenizer = Tokenizer.load(located.tokenizer());
    boolean complete = false;
    try {
      fit(tokenizer, vocabulary, located.folder());
      var generation = GenerationConfig.read(located.folder());
      var spec = PolicySpec.frozen(precision).with(located.head());
      var policy =
          Policy.open(located.folder(), located.adapter().map(spec::withAdapter).orElse(spec));
      complete = true;
      return new LanguageModel(located, policy, tokenizer, generation);
    } finally {
      if (!complete) {
        tokenizer.close();
      }
    }
  }

  /// The same weights, in the same memory, under an adapter. Each of them is closed by itself.
  ///
  /// @param adapter see [Located#find(String, Optional)]
  /// @throws UserException if the adapter does not fit, or its tokenizer cannot be read
  public LanguageModel beside(String adapter) {
    if (located.adapter().isPresent()) {
      throw new UserException(
          "%s: is under an adapter already; name the model below it"
              .formatted(located.adapter().get()));
    }
    var other = Located.find(located.folder().toString(), Optional.of(adapter));
    if (other.head() != located.head()) {
      throw new UserException(
          "%s: an adapter for another task than the model's".formatted(other.adapter().get()));
    }
    var own = Tokenizer.load(other.tokenizer());
    boolean complete = false;
    try {
      fit(own, policy.config().vocabSize(), located.folder());
      var under = policy.beside(other.adapter().orElseThrow());
      complete = true;
      return new LanguageModel(other, under, own, generation);
    } finally {
      if (!complete) {
        own.close();
      }
    }
  }

  /// Checks that a model knows every id of a tokenizer.
  ///
  /// @param vocabulary number of ids that the model knows
  /// @param model its name in the message
  public static void fit(Tokenizer tokenizer, int vocabulary, Path model) {
    if (tokenizer.size() > vocabulary) {
      throw new UserException(
          "%s: the tokenizer has ids up to %d, but %s knows 0 to %d; they do not belong together,"
                  .formatted(tokenizer.folder(), tokenizer.size() - 1, model, vocabulary - 1)
              + " use the tokenizer that the model was made with");
    }
  }

  /// Where it came from.
  public Located located() {
    return located;
  }

  /// The weights.
  public Policy policy() {
    return policy;
  }

  /// The tokenizer.
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /// Whether it gives rewards instead of likelihoods.
  public boolean rewards() {
    return policy.spec().head() == Head.REWARD;
  }

  /// How its makers draw from it: what `generation_config.json` says, and for what it does not say,
  /// the model's own distribution, 256 new tokens and seed 0.
  public Sampling sampling() {
    return generation.sampling();
  }

  /// Ids that end an answer: those of `generation_config.json`, or else of `config.json`, and the
  /// tokenizer's end-of-sequence token.
  public Set<Integer> ends() {
    return generation.ends(policy.config(), tokenizer);
  }

  @Override
  public void close() {
    policy.close();
    tokenizer.close();
  }
}
