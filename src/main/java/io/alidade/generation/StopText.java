package io.alidade.generation;

import java.util.List;

/// Cuts arriving text at the first stop string, and holds back what may become one.
final class StopText {
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  /// @param stops none of them empty
  StopText(List<String> stops) {
    this.stops = List.copyOf(stops);
  }

  /// Takes a piece and gives out what is certain to come before any stop string.
  String add(String piece) {
    if (stopped) {
      return "";
    }
    held.append(piece);
    int first = first();
    if (first >= 0) {
      stopped = true;
      return take(first);
    }
    return take(held.length() - beginning());
  }

  /// Whether a stop string came.
  boolean stopped() {
    return stopped;
  }

  /// Gives out what was held back and became no stop string.
  String finish() {
    return stopped ? "" : take(held.length());
  }

  private int first() {
    return stops.stream().mapToInt(held::indexOf).filter(at -> at >= 0).min().orElse(-1);
  }

  /// Length of the longest end of the text that begins a stop string.
  private int beginning() {
    int longest = 0;
    for (var stop : stops) {
      for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
        if (held.indexOf(stop.substring(0, n), held.length() - n) >= 0) {
          longest = n;
        }
      }
    }
    return longest;
  }

  private String take(int length) {
    var text = held.substring(0, length);
    held.delete(0, length);
    return text;
  }
}
