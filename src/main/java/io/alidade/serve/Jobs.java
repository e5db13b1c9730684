package io.alidade.serve;

import io.alidade.UserException;
import io.alidade.generation.LanguageModel;
import io.alidade.generation.Prompt;
import io.alidade.generation.Stops;
import io.alidade.generation.TextGenerator;
import io.alidade.model.Decoder;
import io.alidade.model.LogitsProcessor;
import io.alidade.model.Sampling;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;

/// Makes jobs of requests: renders and counts prompts, and checks them against model and limits.
final class Jobs {
  /// New tokens of a completion that does not say, as OpenAI's.
  private static final int COMPLETION = 16;

  private final Limits limits;
  private final SecureRandom seeds = new SecureRandom();

  Jobs(Limits limits) {
    this.limits = limits;
  }

  /// @throws Failure if the model cannot or must not do what is asked
  Job job(Ask ask, LanguageModel model) {
    try {
      return checked(ask, model);
    } catch (UserException | IllegalArgumentException failure) {
      throw Failure.invalid(
          ask.chat() ? "messages" : "prompt", String.valueOf(failure.getMessage()));
    }
  }

  private Job checked(Ask ask, LanguageModel model) {
    int choices = ask.prompts().size() * ask.samples();
    if (choices > limits.rows() + limits.queue()) {
      throw Failure.invalid(
          ask.chat() ? "n" : "prompt",
          "%d answers are asked for at once; this server takes %d"
              .formatted(choices, limits.rows() + limits.queue()));
    }
    var generator = new TextGenerator(model, model.sampling(), List.of());
    var prompts = new ArrayList<Prompt>();
    for (var asked : ask.prompts()) {
      var prompt =
          switch (asked) {
            case Ask.Asked.Words(var text) -> generator.prompt(text);
            case Ask.Asked.Ids(var ids) ->
                new Prompt(ids.stream().mapToInt(Integer::intValue).toArray(), false);
          };
      Decoder.check(model.policy(), prompt.ids(), 0, "the prompt");
      prompts.add(prompt);
    }
    int vocabulary = model.policy().config().vocabSize();
    for (var processor : ask.processors()) {
      if (processor instanceof LogitsProcessor.Bias(var bias)
          && bias.keySet().stream().anyMatch(id -> id < 0 || id >= vocabulary)) {
        throw Failure.invalid(
            "logit_bias", "'logit_bias' names tokens beyond 0 to %d".formatted(vocabulary - 1));
      }
    }
    int newTokens = newTokens(ask, model, prompts);
    var sampling =
        ask.draws().over(usual(ask, model), Math.max(1, newTokens), seeds.nextLong() >>> 1);
    return new Job(
        ask,
        prompts,
        Stops.of(model, ask.stops()),
        sampling,
        newTokens > 0,
        System::nanoTime,
        limits.request());
  }

  private static Sampling usual(Ask ask, LanguageModel model) {
    var usual = model.sampling();
    return ask.chat() ? usual : usual.lasting(COMPLETION);
  }

  /// How many tokens are drawn at most, for the longest of the prompts.
  private int newTokens(Ask ask, LanguageModel model, List<Prompt> prompts) {
    int longest = prompts.stream().mapToInt(prompt -> prompt.ids().length).max().orElse(0);
    int context = context(model);
    if (longest > limits.promptTokens() || longest >= context) {
      throw Failure.invalid(
          ask.chat() ? "messages" : "prompt",
          "context_length_exceeded",
          "the prompt has %d tokens; this server takes %d"
              .formatted(longest, Math.min(limits.promptTokens(), context - 1)));
    }
    int most = Math.min(limits.newTokens(), context - longest);
    int asked =
        ask.draws().newTokens().orElseGet(() -> Math.min(most, usual(ask, model).maxNewTokens()));
    if (asked > most) {
      throw Failure.invalid(
          "max_tokens",
          "context_length_exceeded",
          "%d new tokens after a prompt of %d are too many; at most %d are drawn here"
              .formatted(asked, longest, most));
    }
    return asked;
  }

  private static int context(LanguageModel model) {
    var config = model.policy().config().json();
    for (var key : List.of("max_position_embeddings", "n_positions")) {
      if (config.path(key).isInt()) {
        return config.path(key).intValue();
      }
    }
    return Integer.MAX_VALUE;
  }
}
