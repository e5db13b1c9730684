package io.alidade.model.causal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Packed tokens of several sequences, without padding, and who continues whom.
///
/// Tokens lie one after the other; a segment is a run of them. A segment without a prefix starts a
/// sequence; one with a prefix continues it, so that several candidates share one prompt. Within a
/// segment each token attends to itself and what is before it, and to the whole prefix.
///
/// The children of a prefix follow it directly and without a gap.
public final class Layout {
  /// A run of tokens.
  ///
  /// @param start index of its first token among all
  /// @param length number of tokens, at least 1
  /// @param prefix index of the segment that it continues, or -1
  /// @param span length of the longest sequence that the segment is part of; rotary scalings that
  ///   depend on the length go by it
  public record Segment(int start, int length, int prefix, int span) {}

  private final int[] tokens;
  private final int[] positions;
  private final List<Segment> segments;

  private Layout(int[] tokens, int[] positions, List<Segment> segments) {
    this.tokens = tokens;
    this.positions = positions;
    this.segments = List.copyOf(segments);
  }

  /// One sequence by itself.
  public static Layout of(int... tokens) {
    return of(List.of(tokens));
  }

  /// Sequences that have nothing in common.
  public static Layout of(List<int[]> sequences) {
    var builder = new Builder();
    sequences.forEach(tokens -> builder.root(tokens, tokens.length));
    return builder.build();
  }

  /// One token each of several sequences that a cache holds the rest of.
  ///
  /// @param positions of each token in its sequence, from 0
  public static Layout steps(int[] tokens, int[] positions) {
    var segments = new ArrayList<Segment>();
    for (int i = 0; i < tokens.length; i++) {
      segments.add(new Segment(i, 1, -1, positions[i] + 1));
    }
    return new Layout(tokens.clone(), positions.clone(), segments);
  }

  /// Ids of all tokens, `[T]`.
  public int[] tokens() {
    return tokens.clone();
  }

  /// Position of each token in its sequence, from 0, `[T]`.
  int[] positions() {
    return positions.clone();
  }

  /// The runs, in the order of the tokens.
  List<Segment> segments() {
    return segments;
  }

  /// T, the number of tokens.
  public int size() {
    return tokens.length;
  }

  /// Puts segments one after the other.
  public static final class Builder {
    private int[] tokens = new int[64];
    private int[] positions = new int[64];
    private int size;
    private final List<Segment> segments = new ArrayList<>();

    /// Appends a segment that starts a sequence.
    ///
    /// @return its index
    public int root(int[] ids, int span) {
      return add(ids, ids.length, -1, 0, span);
    }

    /// Appends the first `length` ids as a continuation of the last root.
    ///
    /// @return its index
    public int child(int prefix, int[] ids, int length, int span) {
      return add(ids, length, prefix, segments.get(prefix).length, span);
    }

    private int add(int[] ids, int length, int prefix, int firstPosition, int span) {
      if (length < 1) {
        throw new IllegalStateException("a segment without tokens");
      }
      if (size + length > tokens.length) {
        int room = Math.max(size + length, 2 * tokens.length);
        tokens = Arrays.copyOf(tokens, room);
        positions = Arrays.copyOf(positions, room);
      }
      segments.add(new Segment(size, length, prefix, span));
      for (int i = 0; i < length; i++) {
        tokens[size] = ids[i];
        positions[size++] = firstPosition + i;
      }
      return segments.size() - 1;
    }

    /// Index of the token that will be appended next.
    public int size() {
      return size;
    }

    /// Where a segment starts.
    public Segment segment(int index) {
      return segments.get(index);
    }

    /// The finished layout.
    public Layout build() {
      return new Layout(Arrays.copyOf(tokens, size), Arrays.copyOf(positions, size), segments);
    }
  }
}
