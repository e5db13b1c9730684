package io.alidade.template;

import java.util.AbstractList;

/// Python's `range`.
final class Range extends AbstractList<Object> {
  /// More elements than this and the reference refuses.
  private static final long MOST = 100_000;

  final long start;
  final long stop;
  final long step;
  private final int size;

  Range(long start, long stop, long step) {
    if (step == 0) {
      throw new TemplateException("range() arg 3 must not be zero");
    }
    this.start = start;
    this.stop = stop;
    this.step = step;
    double count = Math.ceil(((double) stop - (double) start) / step);
    if (count > MOST) {
      throw new TemplateException(
          "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + MOST + ").");
    }
    size = (int) Math.max(0, count);
  }

  @Override
  public Object get(int index) {
    return start + step * index;
  }

  @Override
  public int size() {
    return size;
  }
}
