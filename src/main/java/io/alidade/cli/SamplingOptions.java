package io.alidade.cli;

import io.alidade.model.Sampling;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How text is drawn; what is not said is as the model's generation_config.json has it.
final class SamplingOptions {
  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      description = "Tokens drawn at most (default: the model's own, or 256).")
  private @Nullable Integer maxNewTokens;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description =
          "Logits are divided by it; 0 takes the most likely token (default: the model's own, or 1).")
  private @Nullable Double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Only the K most likely tokens, 0 for all (default: the model's own, or 0).")
  private @Nullable Integer topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description =
          "Only the fewest tokens whose probabilities reach P (default: the model's own, or 1).")
  private @Nullable Double topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description =
          "Only tokens at least P times as likely as the most likely one (default: the model's own,"
              + " or 0).")
  private @Nullable Double minP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "X",
      description =
          "Makes tokens seen before less likely where above 1 (default: the model's own, or 1).")
  private @Nullable Double repetitionPenalty;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End the answer before this text; may be given several times.")
  private List<String> stops = new ArrayList<>();

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Seed of the draws (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(names = "--greedy", description = "Take the most likely token each time.")
  private boolean greedy;

  long seed() {
    return seed;
  }

  List<String> stops() {
    return stops;
  }

  /// The options over what the model's makers say.
  Sampling over(Sampling model) {
    return Arguments.checked(() ->
        new Sampling(
            maxNewTokens == null ? model.maxNewTokens() : maxNewTokens,
            greedy ? 0 : temperature == null ? model.temperature() : temperature,
            topK == null ? model.topK() : topK,
            topP == null ? model.topP() : topP,
            minP == null ? model.minP() : minP,
            repetitionPenalty == null ? model.repetitionPenalty() : repetitionPenalty,
            seed));
  }
}
