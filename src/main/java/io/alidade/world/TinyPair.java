package io.alidade.world;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;

/// Two answers to a prompt of [TinyPref], the one that was preferred first.
///
/// @param prompt its tokens
/// @param chosen tokens of the preferred answer
/// @param rejected tokens of the other
public record TinyPair(int[] prompt, int[] chosen, int[] rejected) {
  /// Gold reward of the chosen answer minus that of the rejected one: negative for a wrong label.
  public double margin() {
    return TinyPref.reward(prompt, chosen) - TinyPref.reward(prompt, rejected);
  }

  /// The pair with the other label.
  @SuppressWarnings("ArgumentSelectionDefectChecker") // swapping them is its purpose
  public TinyPair flipped() {
    return new TinyPair(prompt, rejected, chosen);
  }

  /// The pair labelled anew as Bradley and Terry's model has it: the first is preferred with
  /// probability `sigmoid(r1 - r2)`.
  public TinyPair labelled(RandomGenerator random) {
    return random.nextDouble() < 1 / (1 + Math.exp(-margin())) ? this : flipped();
  }

  /// Some pairs, of which each label is wrong with a probability.
  public static List<TinyPair> flipped(
      List<TinyPair> pairs, double probability, RandomGenerator random) {
    return pairs.stream()
        .map(pair -> random.nextDouble() < probability ? pair.flipped() : pair)
        .toList();
  }

  /// The pairs as a model reads them.
  public static Groups groups(List<TinyPair> pairs) {
    return groups(pairs, Map.of());
  }

  /// The pairs with a number each.
  ///
  /// @param signals number of a pair by its name
  public static Groups groups(
      List<TinyPair> pairs, Map<Signal, ToDoubleFunction<TinyPair>> signals) {
    var groups = new ArrayList<Group>();
    for (var pair : pairs) {
      var values = new java.util.HashMap<Signal, double[]>();
      signals.forEach(
          (signal, value) -> values.put(signal, new double[] {value.applyAsDouble(pair)}));
      groups.add(
          new Group(
              new Example.Row("tiny-pref", groups.size() + 1L),
              pair.prompt,
              List.of(Completion.of(pair.chosen), Completion.of(pair.rejected)),
              values));
    }
    return Groups.of(groups);
  }
}
