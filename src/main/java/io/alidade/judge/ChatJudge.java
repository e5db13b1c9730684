package io.alidade.judge;

import io.alidade.judge.chat.ChatClient;
import io.alidade.judge.chat.Endpoint;
import io.alidade.judge.chat.Patience;
import io.alidade.judge.chat.Price;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/// A language model as judge of pairs (Zheng et al. 2023, arXiv:2306.05685): it reads question and
/// two answers, and says `[[A]]`, `[[B]]`, or `[[C]]` for a tie.
///
/// Judges favour the answer that they read first; so each pair is shown in both orders, and only
/// what is said twice counts.
///
/// @param endpoint where the model is
/// @param template what it is asked, with `{prompt}`, `{a}` and `{b}` in it
/// @param swap whether each pair is shown in both orders
/// @param disagreement what becomes of a pair that is judged differently in the two orders
/// @param patience how often and how fast it is asked
/// @param price what it costs
/// @param cache folder in which answers are remembered for this run and later ones
/// @param seed of its draws and of waits
public record ChatJudge(
    Endpoint endpoint,
    String template,
    boolean swap,
    Disagreement disagreement,
    Patience patience,
    Price price,
    Optional<String> cache,
    long seed)
    implements Judge {
  /// What becomes of a pair that is judged differently in the two orders.
  public enum Disagreement {
    /// Neither answer wins.
    TIE,
    /// Nothing is known of the pair.
    UNKNOWN
  }

  /// Checks the template.
  public ChatJudge {
    for (var place : new String[] {"{prompt}", "{a}", "{b}"}) {
      if (!template.contains(place)) {
        throw new IllegalArgumentException("template must contain %s".formatted(place));
      }
    }
  }

  /// What the judge is asked where nothing else is wanted, after Zheng et al. 2023, figure 5.
  static String usualTemplate() {
    return """
    Please act as an impartial judge and evaluate the quality of the answers of two assistants to \
    the question below. Choose the assistant that follows the question and helps better. Do not \
    let the order of the answers, their length or the names of the assistants decide. Be as \
    objective as possible. Explain in a few sentences, then give your verdict: [[A]] if assistant A \
    is better, [[B]] if assistant B is better, [[C]] for a tie.

    [Question]
    {prompt}

    [Answer of assistant A]
    {a}
    [End of answer A]

    [Answer of assistant B]
    {b}
    [End of answer B]
    """;
  }

  @Override
  public Sitting open(Consumer<String> log) {
    var client = new ChatClient(endpoint, patience, price, cache.map(Path::of), log);
    return new ChatSitting(this, client, log);
  }
}
