package io.alidade.data;

import io.alidade.Check;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Pairs that go round in a circle, which no single reward of an answer explains (Zhang et al.
/// 2024, arXiv:2410.02197): among answers that were rated on several attributes, `y_1` is better
/// than `y_2` on the first attribute, `y_2` than `y_3` on the second, and so on until the last one
/// is better than `y_1` on the last. Each pair is labelled by its own attribute.
///
/// A list gives its first circle, in the order of its answers, and nothing where there is none.
///
/// @param attributes columns of ratings, one number an answer, the higher the better; as many as
///   the circle has answers, at least 3
public record CyclicPairs(List<String> attributes) implements Strategy {
  /// Checks the number and copies the list.
  public CyclicPairs {
    Check.atLeast("number of attributes", 3, attributes.size());
    if (attributes.stream().distinct().count() < attributes.size()) {
      throw new IllegalArgumentException("attributes must differ, were " + attributes);
    }
    attributes = List.copyOf(attributes);
  }

  @Override
  public Outline outline(Outline given) {
    var pairs = RankedPairs.ranked(given, "CyclicPairs", attributes.getFirst());
    attributes.forEach(attribute -> ScoredBy.carried(given, "CyclicPairs", attribute));
    return pairs.with(RankedPairs.GAP);
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    return rows.made(Form.PAIR, "CyclicPairs", (_, row) -> of(row));
  }

  /// The pairs of one list.
  List<Example> of(Example list) {
    var ratings =
        attributes.stream().map(name -> ScoredBy.values(list, Signal.perCandidate(name))).toList();
    var made = new ArrayList<Example>();
    circle(ratings, List.of())
        .ifPresent(answers -> {
          for (int at = 0; at < answers.size(); at++) {
            int better = answers.get(at);
            int worse = answers.get((at + 1) % answers.size());
            double gap = ratings.get(at)[better] - ratings.get(at)[worse];
            made.add(RankedPairs.pair(list, at + 1, better, worse, gap));
          }
        });
    return made;
  }

  /// The first way to go on from some answers to a whole circle.
  ///
  /// @param ratings of each attribute, of all answers
  private static Optional<List<Integer>> circle(List<double[]> ratings, List<Integer> begun) {
    int at = begun.size();
    if (at == ratings.size()) {
      var closing = ratings.getLast();
      boolean closes = closing[begun.getLast()] > closing[begun.getFirst()];
      return closes ? Optional.of(begun) : Optional.empty();
    }
    for (int answer = 0; answer < ratings.getFirst().length; answer++) {
      boolean follows =
          at == 0 || ratings.get(at - 1)[begun.getLast()] > ratings.get(at - 1)[answer];
      if (follows && !begun.contains(answer)) {
        var longer = new ArrayList<>(begun);
        longer.add(answer);
        var found = circle(ratings, longer);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }
}
