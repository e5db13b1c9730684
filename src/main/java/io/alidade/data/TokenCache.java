package io.alidade.data;

import io.alidade.UserException;
import io.alidade.store.AtomicFiles;
import io.alidade.store.ContentHash;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// A folder of encoded rows that later runs read instead of tokenizing again.
///
/// A file is named after everything that its ids depend on: the content of the data files, which of
/// their rows and in which order, what is made of them, the tokenizer's files with the chat
/// template, what is scored, and the limit on tokens. Whatever changes, another file is looked for.
/// Rows that a strategy makes, and templates that write today's date, are not kept.
///
/// The folder may be deleted at any time. A file that is damaged is said to be and written anew; a
/// folder that cannot be written is said to be, and the run goes on without.
///
/// @param folder of the files
/// @param say told what could not be kept or read
public record TokenCache(Path folder, Consumer<String> say) {
  /// Where the ids of these rows are, or would be.
  Optional<Path> file(Rows rows, RowEncoder encoder) {
    var kept = rows.identity();
    var how = encoder.identity();
    return kept.isPresent() && how.isPresent()
        ? Optional.of(folder.resolve(ContentHash.of(List.of(kept.get(), how.get())) + ".ids"))
        : Optional.empty();
  }

  /// Rows that were kept.
  Optional<TokenFile> read(Path file, int rows) {
    return switch (TokenFile.open(file, rows)) {
      case TokenFile.Found.Absent() -> Optional.empty();
      case TokenFile.Found.Whole(var whole) -> Optional.of(whole);
      case TokenFile.Found.Damaged(var why) -> {
        say.accept(
            "%s: the kept ids are damaged (%s); the rows are tokenized again".formatted(file, why));
        yield Optional.empty();
      }
    };
  }

  /// Runs work that hands rows over, and keeps them.
  ///
  /// @param work is done to its end whether or not the rows can be kept
  /// @return the rows that are kept now
  Optional<TokenFile> keep(Path file, int rows, Consumer<Consumer<EncodedRow>> work) {
    var keeping = new Keeping(work);
    try {
      AtomicFiles.sweep(folder);
      TokenWriter.write(file, keeping::to);
      return read(file, rows);
    } catch (UserException failure) {
      if (keeping.failed) {
        throw failure; // of the rows, not of the file
      }
      say.accept("ids of rows are not kept: " + failure.getMessage());
      if (!keeping.done) {
        work.accept(row -> {});
      }
      return Optional.empty();
    }
  }

  /// Work that is done once, and whose own failures are told from those of the file.
  private static final class Keeping {
    private final Consumer<Consumer<EncodedRow>> work;
    private boolean done;
    private boolean failed;

    Keeping(Consumer<Consumer<EncodedRow>> work) {
      this.work = work;
    }

    void to(TokenWriter.Sink sink) throws IOException {
      var broken = new IOException[1];
      try {
        work.accept(row -> {
          if (broken[0] == null) {
            try {
              sink.add(row);
            } catch (IOException failure) {
              broken[0] = failure;
            }
          }
        });
        done = true;
      } catch (UserException failure) {
        failed = true;
        throw failure;
      }
      if (broken[0] != null) {
        throw broken[0];
      }
    }
  }
}
