package io.alidade.data;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Weights of the tokens of structured answers (TAB-PO, 2026, as its authors' code defines them):
/// those that carry a label, and those in which the two answers differ, weigh more.
///
/// An answer is JSON. A token weighs the largest of 1 and the weights of the fields whose value it
/// overlaps; then a token that differs from the one at its place in the other answer is multiplied
/// by `diff`. The scale of the weights within an answer is left to the objective.
///
/// @param fields weight by the name of a field, positive; values of that name count wherever they
///   stand in the answer
/// @param match whether a value counts where it stands as the value of its field, or wherever its
///   text occurs in the answer, as in the authors' code
/// @param diff factor of tokens that differ, positive; 1 for none
/// @param alignment how the tokens of the two answers are set against each other
/// @param column the signal's name
public record TokenWeights(
    Map<String, Double> fields,
    Match match,
    double diff,
    Alignment alignment,
    @Default("token_weight") String column)
    implements Strategy {
  /// Where a value counts.
  public enum Match {
    /// As the value of its field.
    FIELD,
    /// Wherever its text occurs: the authors' code.
    ANYWHERE
  }

  /// How tokens are set against each other.
  public enum Alignment {
    /// The first against the first, and so on, up to the shorter length: the authors' code, in
    /// which everything after an insertion differs.
    POSITION,
    /// By a longest common subsequence: what is not in it differs.
    SUBSEQUENCE
  }

  /// Checks the ranges.
  public TokenWeights {
    fields.forEach((name, weight) -> Check.positive("fields." + name, weight));
    Check.positive("diff", diff);
    fields = Collections.unmodifiableMap(new TreeMap<>(fields));
  }

  @Override
  public Outline outline(Outline given) {
    var signal = Signal.perUnit(column);
    if (given.form() != Form.PAIR) {
      throw new UserException(
          "%s: strategy TokenWeights compares the answers of pairs, these rows are %s; make pairs first (RankedPairs)"
              .formatted(given.source(), given.form().words()));
    }
    if (given.signals().contains(signal)) {
      throw new UserException(
          "%s has a column '%s' already, and strategy TokenWeights would compute it; remove the strategy or rename the column"
              .formatted(given.source(), column));
    }
    return given.with(signal);
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    return rows.made(Form.PAIR, "TokenWeights", (_, row) -> List.of(of(row, setting.encoder())));
  }

  /// A pair with its weights.
  Example of(Example pair, RowEncoder encoder) {
    var spans = encoder.spans(pair);
    var tokens = encoder.encode(pair).candidates();
    double[][] weights = new double[2][];
    for (int k = 0; k < 2; k++) {
      weights[k] = labelled(RowEncoder.answer(pair.candidates().get(k)), spans.get(k));
    }
    boost(weights[0], weights[1], tokens.get(0).tokens(), tokens.get(1).tokens());
    double[] flat = Arrays.stream(weights).flatMapToDouble(Arrays::stream).toArray();
    return ModelScores.with(pair, Signal.perUnit(column), flat);
  }

  /// One weight a token, for the labels that it overlaps.
  double[] labelled(String answer, RowEncoder.Span[] spans) {
    double[] weights = new double[spans.length];
    Arrays.fill(weights, 1);
    fields.forEach((field, weight) -> {
      for (var value : places(answer, field)) {
        for (int t = 0; t < spans.length; t++) {
          if (spans[t].overlaps(value.start(), value.end())) {
            weights[t] = Math.max(weights[t], weight);
          }
        }
      }
    });
    return weights;
  }

  /// Where the values of a field stand in an answer. The answer need not be whole JSON: a model's
  /// answer is often cut.
  private List<RowEncoder.Span> places(String answer, String field) {
    var name = Pattern.quote("\"" + field + "\"");
    var pattern =
        Pattern.compile(name + "\\s*:\\s*(?:\"((?:[^\"\\\\]|\\\\.)*)\"|([^\\s\",\\[\\]{}]+))");
    var places = new ArrayList<RowEncoder.Span>();
    var matcher = pattern.matcher(answer);
    while (matcher.find()) {
      int group = matcher.group(1) != null ? 1 : 2;
      var value = matcher.group(group);
      if (value.isEmpty()) {
        continue;
      }
      if (match == Match.FIELD) {
        places.add(new RowEncoder.Span(matcher.start(group), matcher.end(group)));
      } else {
        for (int at = answer.indexOf(value); at >= 0; at = answer.indexOf(value, at + 1)) {
          places.add(new RowEncoder.Span(at, at + value.length()));
        }
      }
    }
    return places;
  }

  /// Multiplies the weights of tokens that differ.
  void boost(double[] chosen, double[] rejected, int[] chosenIds, int[] rejectedIds) {
    switch (alignment) {
      case POSITION -> {
        for (int t = 0; t < Math.min(chosenIds.length, rejectedIds.length); t++) {
          if (chosenIds[t] != rejectedIds[t]) {
            chosen[t] *= diff;
            rejected[t] *= diff;
          }
        }
      }
      case SUBSEQUENCE -> {
        boolean[][] common = common(chosenIds, rejectedIds);
        for (int t = 0; t < chosen.length; t++) {
          chosen[t] *= common[0][t] ? 1 : diff;
        }
        for (int t = 0; t < rejected.length; t++) {
          rejected[t] *= common[1][t] ? 1 : diff;
        }
      }
    }
  }

  /// Which tokens of each belong to a longest common subsequence.
  private static boolean[][] common(int[] left, int[] right) {
    int[][] longest = new int[left.length + 1][right.length + 1]; // of what is left from i and j on
    for (int i = left.length - 1; i >= 0; i--) {
      for (int j = right.length - 1; j >= 0; j--) {
        longest[i][j] =
            left[i] == right[j]
                ? longest[i + 1][j + 1] + 1
                : Math.max(longest[i + 1][j], longest[i][j + 1]);
      }
    }
    boolean[][] common = {new boolean[left.length], new boolean[right.length]};
    int i = 0;
    int j = 0;
    while (i < left.length && j < right.length) {
      if (left[i] == right[j]) {
        common[0][i++] = true;
        common[1][j++] = true;
      } else if (longest[i + 1][j] >= longest[i][j + 1]) {
        i++;
      } else {
        j++;
      }
    }
    return common;
  }
}
