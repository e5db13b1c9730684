package io.alidade.model.causal;

import java.util.ArrayList;
import java.util.List;

/// A run of neighbouring tokens of a [Layout], across its segments.
///
/// @param from index of the first one
/// @param count of them, at least 1
public record Stretch(int from, int count) {
  /// Checks the ranges.
  public Stretch {
    if (from < 0 || count < 1) {
      throw new IllegalArgumentException("no stretch: %d tokens from %d".formatted(count, from));
    }
  }

  /// All tokens.
  static Stretch of(Layout layout) {
    return new Stretch(0, layout.size());
  }

  /// Index after the last one.
  int end() {
    return from + count;
  }

  /// Those of ascending indices that lie in it, counted from its first token.
  public int[] own(int[] ascending) {
    return java.util.Arrays.stream(ascending)
        .filter(index -> index >= from && index < end())
        .map(index -> index - from)
        .toArray();
  }

  /// Cuts a layout into stretches that take about equally long.
  ///
  /// A token costs the numbers of weights that it is multiplied with, and so many more for each
  /// token that it attends to.
  ///
  /// @param parts at least 1, at most T
  static List<Stretch> cut(Layout layout, int parts, double weights, double perVisible) {
    var until = new double[layout.size() + 1]; // costs of the tokens before each
    int[] positions = layout.positions();
    for (int t = 0; t < positions.length; t++) {
      until[t + 1] = until[t] + weights + perVisible * (positions[t] + 1);
    }
    var stretches = new ArrayList<Stretch>();
    int from = 0;
    for (int part = 1; part <= parts; part++) {
      int latest = layout.size() - (parts - part); // each that follows has a token
      int end = part == parts ? latest : from + 1;
      while (end < latest && until[end] < until[layout.size()] * part / parts) {
        end++;
      }
      stretches.add(new Stretch(from, end - from));
      from = end;
    }
    return List.copyOf(stretches);
  }
}
