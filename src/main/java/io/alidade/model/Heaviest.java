package io.alidade.model;

/// The heaviest of many weights, by number or by sum, found by partition (Hoare 1961, "Algorithm
/// 65: Find") in time proportional to their number: nothing is put in order.
final class Heaviest {
  private static final int FEW = 24;

  private double[] weights = {};
  private int[] order = {};
  private int held; // how many are held; the first of `order`, once it has been made
  private boolean made;
  private int boundary; // the lightest that is held

  /// Begins with all of these.
  void all(double[] of) {
    weights = of;
    held = of.length;
    made = false;
    boundary = -1;
  }

  /// Whether a weight is among those held.
  boolean holds(int index) {
    return boundary < 0 || index == boundary || heavier(index, boundary);
  }

  /// Holds only the `count` heaviest of those held; returns their sum.
  double most(int count) {
    return select(true, count);
  }

  /// Holds only the fewest of those held whose sum reaches a mass, at least one; returns their sum.
  double reaching(double mass) {
    return select(false, mass);
  }

  private double select(boolean byCount, double wanted) {
    make();
    double need = wanted;
    int from = 0;
    int to = held;
    while (to - from > FEW) {
      int middle = partition(from, to);
      double before = measure(byCount, from, middle);
      double own = byCount ? 1 : weights[order[middle]];
      if (before >= need && middle > from) {
        to = middle;
      } else if (before + own >= need) {
        return hold(middle + 1);
      } else {
        need -= before + own;
        from = middle + 1;
      }
    }
    sort(from, to);
    int at = from;
    for (; at < to; at++) {
      need -= byCount ? 1 : weights[order[at]];
      if (need <= 0) {
        return hold(at + 1);
      }
    }
    return hold(to); // all of them, or rounding used up the mass
  }

  private void make() {
    if (!made) {
      if (order.length < weights.length) {
        order = new int[weights.length];
      }
      held = 0;
      for (int i = 0; i < weights.length; i++) {
        if (weights[i] > 0) {
          order[held++] = i;
        }
      }
      made = true;
    }
  }

  private double hold(int count) {
    held = count;
    boundary = order[0];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += weights[order[i]];
      if (heavier(boundary, order[i])) {
        boundary = order[i];
      }
    }
    return sum;
  }

  private double measure(boolean byCount, int from, int to) {
    if (byCount) {
      return to - from;
    }
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += weights[order[i]];
    }
    return sum;
  }

  /// Puts what is heavier than a middle one before it, and the rest behind; returns its place.
  private int partition(int from, int to) {
    int last = to - 1;
    swap(median(from, from + (to - from) / 2, last), last);
    int pivot = order[last];
    int place = from;
    for (int i = from; i < last; i++) {
      if (heavier(order[i], pivot)) {
        swap(i, place++);
      }
    }
    swap(place, last);
    return place;
  }

  private int median(int a, int b, int c) {
    boolean ab = heavier(order[a], order[b]);
    boolean bc = heavier(order[b], order[c]);
    boolean ac = heavier(order[a], order[c]);
    return ab == bc ? b : ab == ac ? c : a;
  }

  private void sort(int from, int to) {
    for (int i = from + 1; i < to; i++) {
      for (int at = i; at > from && heavier(order[at], order[at - 1]); at--) {
        swap(at, at - 1);
      }
    }
  }

  private void swap(int one, int other) {
    int kept = order[one];
    order[one] = order[other];
    order[other] = kept;
  }

  /// Whether one is heavier than the other, and of equals the first.
  private boolean heavier(int one, int other) {
    return weights[one] > weights[other] || (weights[one] == weights[other] && one < other);
  }
}
