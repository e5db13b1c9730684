package io.alidade.demo;

import io.alidade.data.EncodedGroups;
import io.alidade.data.Encoding;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.data.Rows;
import io.alidade.objective.Needs;
import io.alidade.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/// Pairs that are measured on.
///
/// @param libraries of libraries that are held out
/// @param classes of classes that are held out of the others, where pairs were mined
record Held(EncodedGroups libraries, Optional<EncodedGroups> classes) implements AutoCloseable {
  /// Reads them from a folder of mined or planted pairs.
  ///
  /// @param maxLength tokens of a prompt with a body
  static Held of(Path data, Tokenizer tokenizer, int maxLength) {
    var encoder = new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, maxLength));
    var libraries = read(data.resolve("test.jsonl"), encoder);
    boolean complete = false;
    try {
      var classes =
          Optional.of(data.resolve("test-classes.jsonl"))
              .filter(Held::holdsRows)
              .map(file -> read(file, encoder));
      complete = true;
      return new Held(libraries, classes);
    } finally {
      if (!complete) {
        libraries.close();
      }
    }
  }

  private static boolean holdsRows(Path file) {
    try {
      return Files.exists(file) && Files.size(file) > 0;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static EncodedGroups read(Path file, RowEncoder encoder) {
    return EncodedGroups.of(Rows.open(file).as(Needs.Feedback.PAIRS), encoder, OptionalInt.empty());
  }

  /// What a model makes of them.
  ///
  /// @param sampled bodies that are drawn for javac
  /// @param shown prompts whose greedy bodies are kept
  Measured measured(Path model, Tokenizer tokenizer, int sampled, int shown, long seed) {
    return Measured.of(model, tokenizer, libraries, classes, sampled, shown, seed);
  }

  @Override
  public void close() {
    libraries.close();
    classes.ifPresent(EncodedGroups::close);
  }
}
