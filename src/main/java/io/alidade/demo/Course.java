package io.alidade.demo;

import io.alidade.mine.MavenArchive;
import java.util.List;
import java.util.function.Supplier;

/// What is learned from, and how much of everything.
///
/// @param archive where libraries are
/// @param libraries to learn from, `group:artifact`
/// @param heldOut to measure on
/// @param steps of training
/// @param sampled bodies that are drawn for javac
/// @param planted names of each planted method, where nothing can be mined
record Course(
    Supplier<MavenArchive> archive,
    List<String> libraries,
    List<String> heldOut,
    int steps,
    int sampled,
    int planted) {
  /// Copies the lists.
  Course {
    libraries = List.copyOf(libraries);
    heldOut = List.copyOf(heldOut);
  }
}
