package io.alidade.model.causal;

import io.alidade.model.causal.Layout.Segment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Which queries of a [Layout] meet which keys.
///
/// A root segment attends to itself, causally. The children of a root attend to it and to
/// themselves. As a root and its children are neighbours, their keys are one slice without a copy;
/// a mask keeps the children apart. Where that would waste much (many long children), each child is
/// computed by itself over a copy of the root's keys.
final class AttentionPlan {
  /// Wasted score computations that are still cheaper than copying keys.
  private static final double WASTE = 2;

  /// One product of queries with keys.
  ///
  /// @param from first query
  /// @param count number of queries
  /// @param prefix first key of a prefix that is concatenated before `keysFrom`, or -1
  /// @param prefixCount its length
  /// @param keysFrom first key of the main run
  /// @param keysCount its length
  /// @param segments whose tokens are the queries
  record Call(
      int from,
      int count,
      int prefix,
      int prefixCount,
      int keysFrom,
      int keysCount,
      List<Segment> segments) {
    /// Plain causal attention of a segment to itself.
    boolean causal() {
      return prefix < 0 && from == keysFrom && count == keysCount && segments.size() == 1;
    }

    /// What is left of it for the queries of a stretch, which see no key after the last of them.
    Optional<Call> within(Stretch stretch) {
      int first = Math.max(from, stretch.from());
      int end = Math.min(from + count, stretch.end());
      return first >= end
          ? Optional.empty()
          : Optional.of(
              new Call(
                  first, end - first, prefix, prefixCount, keysFrom, end - keysFrom, segments));
    }

    /// The same without its first keys.
    ///
    /// @param fewer keys of the main run, as there is no prefix
    Call without(int fewer) {
      return new Call(
          from, count, prefix, prefixCount, keysFrom + fewer, keysCount - fewer, segments);
    }

    int keys() {
      return prefixCount + keysCount;
    }
  }

  private final Layout layout;
  private final Stretch stretch;
  private final List<Call> calls = new ArrayList<>();

  /// @param stretch whose queries are planned
  AttentionPlan(Layout layout, Stretch stretch) {
    this.layout = layout;
    this.stretch = stretch;
    var segments = layout.segments();
    for (int i = 0; i < segments.size(); ) {
      var root = segments.get(i);
      if (root.prefix() >= 0) {
        throw new IllegalStateException("a continuation that does not follow its prefix");
      }
      add(new Call(root.start(), root.length(), -1, 0, root.start(), root.length(), List.of(root)));
      int end = i + 1;
      while (end < segments.size() && segments.get(end).prefix() == i) {
        end++;
      }
      children(root, segments.subList(i + 1, end));
      i = end;
    }
  }

  /// The products, by their first query.
  List<Call> calls() {
    return calls;
  }

  private void add(Call call) {
    call.within(stretch).ifPresent(calls::add);
  }

  private void children(Segment root, List<Segment> children) {
    if (children.isEmpty()) {
      return;
    }
    long total = children.stream().mapToLong(Segment::length).sum();
    long least =
        children.stream().mapToLong(c -> (long) c.length() * (root.length() + c.length())).sum();
    if (total * (root.length() + total) <= WASTE * least) {
      int count = (int) total;
      add(
          new Call(
              children.getFirst().start(),
              count,
              -1,
              0,
              root.start(),
              root.length() + count,
              List.copyOf(children)));
      return;
    }
    for (var child : children) {
      add(
          new Call(
              child.start(),
              child.length(),
              root.start(),
              root.length(),
              child.start(),
              child.length(),
              List.of(child)));
    }
  }

  /// What a call adds to its scores, `[queries, keys]`: 0 where a query sees a key, minus infinity
  /// elsewhere. Every query sees itself.
  float[] mask(Call call, int window) {
    var mask = new float[call.count * call.keys()];
    Arrays.fill(mask, Float.NEGATIVE_INFINITY);
    var positions = layout.positions();
    int row = 0;
    for (var segment : call.segments) {
      int end = Math.min(segment.start() + segment.length(), call.from + call.count);
      for (int t = Math.max(segment.start(), call.from); t < end; t++, row++) {
        for (int column = 0; column < call.keys(); column++) {
          int key =
              column < call.prefixCount
                  ? call.prefix + column
                  : call.keysFrom + column - call.prefixCount;
          boolean own = key >= segment.start() && key <= t;
          boolean ofPrefix =
              segment.prefix() >= 0 && in(layout.segments().get(segment.prefix()), key);
          boolean near = window == 0 || positions[t] - positions[key] < window;
          if ((own || ofPrefix) && near) {
            mask[row * call.keys() + column] = 0;
          }
        }
      }
    }
    return mask;
  }

  private static boolean in(Segment segment, int token) {
    return token >= segment.start() && token < segment.start() + segment.length();
  }
}
