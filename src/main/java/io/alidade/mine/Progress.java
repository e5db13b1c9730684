package io.alidade.mine;

/// Hears how far a run is. Called from several threads.
@FunctionalInterface
public interface Progress {
  /// Hears nothing.
  Progress SILENT = (library, what, done, of) -> {};

  /// A step is done.
  ///
  /// @param library the library or repository at work
  /// @param what what was done last, such as `read 1.2.0`
  /// @param done steps done of this library, from 1
  /// @param of steps of this library
  void step(String library, String what, int done, int of);
}
