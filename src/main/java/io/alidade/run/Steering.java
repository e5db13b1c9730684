package io.alidade.run;

import io.alidade.UserException;
import io.alidade.example.Direction;
import io.alidade.example.DirectionLine;
import io.alidade.example.Example;
import io.alidade.example.Text;
import io.alidade.generation.Answer;
import io.alidade.generation.Neighborhood;
import io.alidade.generation.Prompt;
import io.alidade.generation.TextGenerator;
import io.alidade.judge.Case;
import io.alidade.judge.Directional;
import io.alidade.judge.Sitting;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// Answers along a direction by the consensus of its neighbourhood (RPS, Mao et al. 2025,
/// arXiv:2510.20498): one answer to each of k directions nearby, of which the one that is best
/// along the direction itself is kept.
///
/// @param generator of answers
/// @param line how a direction stands before a prompt
/// @param neighborhood the k directions
/// @param objectives what each answer earned by each objective, from a judge's verdict
/// @param sitting that judge at work, on the prompt without a direction
/// @param seed of the directions; answers are drawn as the generator's own seed says
public record Steering(
    TextGenerator generator,
    DirectionLine line,
    Neighborhood neighborhood,
    Directional objectives,
    Sitting sitting,
    long seed) {
  /// A candidate that was drawn.
  ///
  /// @param direction that stood in its prompt
  /// @param answer as drawn
  /// @param rewards one an objective, in units of its deviation
  /// @param worth along the direction that was asked for
  public record Candidate(Direction direction, Answer answer, double[] rewards, double worth) {}

  /// All candidates of a prompt, with the one that was kept.
  ///
  /// @param best place of the one kept
  public record Chosen(List<Candidate> candidates, int best) {
    /// The one that was kept.
    public Candidate kept() {
      return candidates.get(best);
    }
  }

  /// Answers one prompt.
  ///
  /// @param cells further columns of the row, which the judge may read
  /// @param number of the prompt, from 0: with the seeds it decides directions and draws, so that a
  ///   prompt gets the same answer whatever stands beside it
  /// @throws UserException if no answer could be judged
  public Chosen answer(Example example, Map<String, Object> cells, Direction target, int number) {
    int k = neighborhood.count();
    var directions =
        neighborhood.around(
            target, new SplittableRandom(seed * 0x9E3779B97F4A7C15L + number).split());
    var asked = TextGenerator.asked(example);
    var prompts = new ArrayList<Prompt>();
    for (var direction : directions) {
      prompts.add(
          generator.prompt(
              new Example(
                  example.row(),
                  line.before(direction, asked),
                  List.of(),
                  Map.of(),
                  example.extras())));
    }
    var answers = generator.draw(prompts, Math.multiplyExact(number, k), (_, _) -> {});
    var columns = new LinkedHashMap<>(cells);
    columns.put(objectives.column(), target.components());
    var verdict =
        sitting.judge(
            new Case(
                example.row(),
                asked,
                answers.stream().map(answer -> text(asked, answer.text())).toList(),
                columns));
    double[][] rewards = objectives.rewards(verdict);
    int best = Neighborhood.best(target, directions, rewards);
    if (best < 0) {
      throw new UserException(
          "%s: none of %d answers could be judged, so that none can be chosen"
              .formatted(example.row(), k));
    }
    return new Chosen(
        IntStream.range(0, k)
            .mapToObj(i ->
                new Candidate(
                    directions.get(i), answers.get(i), rewards[i], target.project(rewards[i])))
            .toList(),
        best);
  }

  private static Text text(Text asked, String answer) {
    return switch (asked) {
      case Text.Plain _ -> new Text.Plain(answer);
      case Text.Chat _ -> new Text.Chat(List.of(TextGenerator.message("assistant", answer)));
    };
  }

  /// A line for a file: the answer that was kept, and everything that it was chosen from.
  public static Map<String, Object> cells(Object prompt, Direction target, Chosen chosen) {
    var cells = new LinkedHashMap<String, Object>();
    var kept = chosen.kept();
    cells.put("prompt", prompt);
    cells.put("completion", kept.answer().text());
    cells.put("direction", target.components());
    cells.put("worth", kept.worth());
    cells.put("chosen", chosen.best() + 1);
    cells.put(
        "candidates",
        chosen.candidates().stream()
            .map(candidate -> {
              var one = new LinkedHashMap<String, Object>();
              one.put("direction", candidate.direction().components());
              one.put("text", candidate.answer().text());
              one.put("rewards", candidate.rewards());
              one.put("worth", candidate.worth());
              return one;
            })
            .toList());
    return cells;
  }
}
