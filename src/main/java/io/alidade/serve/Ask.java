package io.alidade.serve;

import io.alidade.example.Text;
import io.alidade.model.LogitsProcessor;
import io.alidade.model.Sampling;
import java.util.List;
import java.util.Optional;

/// A request for answers, as it was asked.
///
/// @param model its name
/// @param chat whether it is a conversation
/// @param prompts one conversation, or texts or ids to continue
/// @param samples answers to each prompt
/// @param draws how tokens are drawn, over what the model's makers say
/// @param stops strings that end an answer
/// @param stream whether pieces are sent as they come
/// @param usage whether a stream ends with the count of tokens
/// @param logprobs whether likelihoods of tokens are reported, and how many alternatives of each
/// @param echo whether the prompt is part of the answer
/// @param processors of logits
record Ask(
    String model,
    boolean chat,
    List<Asked> prompts,
    int samples,
    Draws draws,
    List<String> stops,
    boolean stream,
    boolean usage,
    Optional<Integer> logprobs,
    boolean echo,
    List<LogitsProcessor> processors) {
  /// What is to be continued.
  sealed interface Asked {
    /// A conversation or a text.
    record Words(Text text) implements Asked {}

    /// Tokens.
    record Ids(List<Integer> ids) implements Asked {}
  }

  /// What was said of drawing.
  ///
  /// @param newTokens drawn at most; 0 only scores
  record Draws(
      Optional<Integer> newTokens,
      Optional<Double> temperature,
      Optional<Double> topP,
      Optional<Integer> topK,
      Optional<Double> minP,
      Optional<Double> repetitionPenalty,
      Optional<Long> seed) {
    /// These over those of a model.
    ///
    /// @param tokens drawn at most
    /// @param otherwise seed if none was given
    Sampling over(Sampling model, int tokens, long otherwise) {
      return new Sampling(
          tokens,
          temperature.orElse(model.temperature()),
          topK.orElse(model.topK()),
          topP.orElse(model.topP()),
          minP.orElse(model.minP()),
          repetitionPenalty.orElse(model.repetitionPenalty()),
          seed.orElse(otherwise));
    }
  }
}
