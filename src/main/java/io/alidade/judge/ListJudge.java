package io.alidade.judge;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.judge.chat.ChatClient;
import io.alidade.judge.chat.Endpoint;
import io.alidade.judge.chat.Patience;
import io.alidade.judge.chat.Price;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/// A language model that reads all answers to a question at once and gives points to each, as
/// direct Nash optimization has its answers judged (Rosset et al. 2024, arXiv:2404.03715, section
/// 5): 1 to 6.
///
/// Judges favour places of a list as they favour the first of two; so the order is drawn anew for
/// each question, by the seed, and with several readings for each of them. An answer is worth the
/// mean of its points; differences of points count as log-odds. Answers that are equal are shown
/// once. An answer that gets no points, or points out of range, is unknown; the others stand.
///
/// @param endpoint where the model is
/// @param template what it is asked, with `{prompt}` and `{answers}` in it; its verdict on answer
///   `n` is `[[n: points]]`, of which the last one counts
/// @param least points that an answer can get
/// @param most points that an answer can get, more than `least`
/// @param readings of each list, each in an order of its own, at least 1
/// @param patience how often and how fast it is asked
/// @param price what it costs
/// @param cache folder in which answers are remembered for this run and later ones
/// @param seed of its draws, of the orders and of waits
public record ListJudge(
    Endpoint endpoint,
    @Default(ListJudge.USUAL) String template,
    @Default("1") double least,
    @Default("6") double most,
    @Default("1") int readings,
    Patience patience,
    Price price,
    Optional<String> cache,
    long seed)
    implements Judge {
  /// What the judge is asked where nothing else is wanted, on the six points of the paper's judge
  /// (relevance, coverage, usefulness, clarity, knowledge, and nothing left to wish). As YAML.
  static final String USUAL =
      """
      |
        Please act as an impartial judge and rate the answers below to the same question. Give each
        answer 1 to 6 points by this scale, in which a higher number includes what the lower ones ask:
        1 it has nothing to do with the question; 2 it is about the question, but answers little of it;
        3 it answers the main part of the question; 4 it answers the question well and is written clearly;
        5 it answers all of the question, correctly and to the point; 6 nothing about it could be better.
        Do not let the order of the answers or their length decide. Explain in a sentence for each answer,
        then give your verdict on every answer on a line of its own: [[1: points]], [[2: points]], and so on.

        [Question]
        {prompt}

        {answers}
      """;

  /// Checks template and ranges.
  public ListJudge {
    for (var place : new String[] {"{prompt}", "{answers}"}) {
      if (!template.contains(place)) {
        throw new IllegalArgumentException("template must contain %s".formatted(place));
      }
    }
    Check.finite("least", least);
    Check.finite("most", most);
    if (most <= least) {
      throw new IllegalArgumentException(
          "most must be above least %s, was %s".formatted(least, most));
    }
    Check.atLeast("readings", 1, readings);
  }

  @Override
  public Sitting open(Consumer<String> log) {
    var client = new ChatClient(endpoint, patience, price, cache.map(Path::of), log);
    return new ListSitting(this, client, log);
  }
}
