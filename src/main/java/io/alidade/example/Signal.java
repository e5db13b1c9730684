package io.alidade.example;

/// A named quantity that comes with the data or is computed before training: a margin, a label, a
/// reward, a token weight. Its scope fixes its shape, so files, batches and caches carry it with no
/// code of its own.
///
/// @param name the column in a data file, and the key in a batch; paths such as `segment/winner`
///   are fine
/// @param scope what one number belongs to
public record Signal(String name, Scope scope) {
  /// What one number of a signal belongs to. With G groups, N candidates in all and at most U units
  /// a candidate, the shapes are `[G]`, `[N]`, `[N, U]`.
  public enum Scope {
    /// One number a prompt and its candidates.
    GROUP,
    /// One number a candidate.
    CANDIDATE,
    /// One number a unit of a candidate (a token, a frame, a segment).
    UNIT
  }

  /// A signal with one number a group, shape `[G]`.
  public static Signal perGroup(String name) {
    return new Signal(name, Scope.GROUP);
  }

  /// A signal with one number a candidate, shape `[N]`.
  public static Signal perCandidate(String name) {
    return new Signal(name, Scope.CANDIDATE);
  }

  /// A signal with one number a unit, shape `[N, U]`.
  public static Signal perUnit(String name) {
    return new Signal(name, Scope.UNIT);
  }
}
