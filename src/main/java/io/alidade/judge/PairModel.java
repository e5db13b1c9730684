package io.alidade.judge;

import io.alidade.Check;
import io.alidade.UserException;
import io.alidade.example.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// A model that reads two answers at once and gives the log-odds that the first is better (Jiang et
/// al. 2023, arXiv:2306.02561). Each pair is read in both orders, and half the difference counts,
/// so that a liking for the first place cancels.
///
/// @param model a checkpoint whose reward head has one output, a run, or `org/name`
/// @param template the text that it reads, with `{prompt}`, `{a}` and `{b}` in it
/// @param temperature what its output is divided by to become log-odds, positive
/// @param maxLength tokens of the text; longer ones are not judged
public record PairModel(
    String model, String template, double temperature, Optional<Integer> maxLength)
    implements Judge {
  /// Checks the ranges.
  public PairModel {
    Check.positive("temperature", temperature);
    maxLength.ifPresent(length -> Check.atLeast("max_length", 2, length));
    for (var place : new String[] {"{prompt}", "{a}", "{b}"}) {
      if (!template.contains(place)) {
        throw new IllegalArgumentException("template must contain %s".formatted(place));
      }
    }
  }

  @Override
  public Sitting open(Consumer<String> log) {
    var reader = new RewardReader(model, RewardModel.limit(maxLength), log);
    return new Sitting() {
      @Override
      public List<Verdict> judge(List<Case> cases) {
        return cases.stream().map(one -> verdict(reader, one)).toList();
      }

      @Override
      public void close() {
        reader.close();
      }
    };
  }

  private Verdict verdict(RewardReader reader, Case one) {
    int size = one.answers().size();
    var texts = new ArrayList<Text>();
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size; j++) {
        if (i != j) {
          texts.add(new Text.Plain(text(one, i, j)));
        }
      }
    }
    var outputs =
        reader
            .outputs(List.of(new Case(one.row(), new Text.Plain(""), texts, Map.of())))
            .getFirst();
    var table = new double[size][size];
    int at = 0;
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size; j++) {
        if (i != j) {
          double said = outputs[at][0];
          if (outputs[at].length != 1 && !Double.isNaN(said)) {
            throw new UserException(
                "%s: the head has %d outputs, a model of pairs has one"
                    .formatted(reader.name(), outputs[at].length));
          }
          table[i][j] += said / temperature / 2;
          table[j][i] -= said / temperature / 2;
          at++;
        }
      }
    }
    return new Verdict.Scores(table);
  }

  private String text(Case one, int first, int second) {
    return Templates.filled(
        template,
        Map.of(
            "prompt", Case.words(one.prompt()), "a", one.answer(first), "b", one.answer(second)));
  }
}
