package io.alidade.store;

import io.alidade.UserException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Files and folders that appear whole or not at all.
///
/// Content is written beside its target, forced to the disk and renamed onto it, so that a reader,
/// a crash, a kill or a full disk sees the old content or the new one. The name beside is
/// `NAME.partial-HOST-PID-START-N`: [#sweep] can tell the leftovers of dead runs from the work of
/// living ones. Failures are a [UserException] of one line, and leave the target as it was.
public final class AtomicFiles {
  private AtomicFiles() {}

  /// Something that fills a target and may fail in its input or output.
  @FunctionalInterface
  public interface Fill<T> {
    /// Writes the whole content to `target`; need not close it.
    void to(T target) throws IOException;
  }

  /// Writes one file through a buffered stream, replacing what was there. Missing parent folders
  /// are made.
  public static void write(Path target, Fill<OutputStream> fill) {
    channel(
        target,
        channel -> {
          var out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
          fill.to(out);
          out.flush();
        });
  }

  /// Writes one UTF-8 text file, replacing what was there.
  public static void text(Path target, String content) {
    write(target, out -> out.write(content.getBytes(StandardCharsets.UTF_8)));
  }

  /// Writes one UTF-8 text file line by line, replacing what was there.
  ///
  /// @param lines hands each line, without its end, to what it is given
  public static void lines(Path target, Consumer<Consumer<String>> lines) {
    write(
        target,
        out ->
            lines.accept(line -> {
              try {
                out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
              } catch (IOException failure) {
                throw new UncheckedIOException(failure);
              }
            }));
  }

  /// Writes one file through its channel, replacing what was there.
  public static void channel(Path target, Fill<FileChannel> fill) {
    var partial = beside(target, Leftover.PARTIAL);
    try {
      try {
        Files.createDirectories(parent(target));
        try (var channel =
            FileChannel.open(partial, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
          fill.to(channel);
          channel.force(true);
        }
        rename(partial, target);
        forceFolder(parent(target));
      } catch (Throwable failure) {
        discard(partial, failure);
        throw failure;
      }
    } catch (IOException | UncheckedIOException | ReadOnlyFileSystemException failure) {
      throw failed(target, failure);
    }
  }

  /// Fills a new folder, then renames it to `target`.
  ///
  /// An existing target is moved aside first and deleted last; when the process dies between the
  /// two renames, [#sweep] of the parent puts the old folder back.
  public static void folder(Path target, Fill<Path> fill) {
    var partial = beside(target, Leftover.PARTIAL);
    var replaced = beside(target, Leftover.REPLACED);
    try {
      try {
        Files.createDirectories(partial);
        fill.to(partial);
        forceTree(partial);
        boolean exists = Files.exists(target);
        if (exists) {
          rename(target, replaced);
        }
        try {
          rename(partial, target);
        } catch (IOException failure) {
          if (exists) {
            rename(replaced, target);
          }
          throw failure;
        }
        forceFolder(parent(target));
        if (exists) {
          delete(replaced);
        }
      } catch (Throwable failure) {
        discard(partial, failure);
        throw failure;
      }
    } catch (IOException | UncheckedIOException | ReadOnlyFileSystemException failure) {
      throw failed(target, failure);
    }
  }

  /// Removes what dead processes of this machine left half-written directly in `folder`, and puts
  /// back a folder whose replacement they did not finish. Leaves the files of living processes.
  ///
  /// @return how many leftovers were dealt with
  public static int sweep(Path folder) {
    if (!Files.isDirectory(folder)) {
      return 0;
    }
    int swept = 0;
    try (var children = Files.newDirectoryStream(folder)) {
      for (var child : children) {
        var leftover = Leftover.parse(child.getFileName().toString());
        if (leftover == null || !leftover.dead()) {
          continue;
        }
        var target = folder.resolve(leftover.target());
        if (leftover.kind().equals(Leftover.REPLACED) && !Files.exists(target)) {
          rename(child, target);
        } else {
          delete(child);
        }
        swept++;
      }
    } catch (IOException failure) {
      throw failed(folder, failure);
    }
    return swept;
  }

  /// Deletes a file or a folder with all it holds (links are removed, not followed); absent is
  /// fine.
  public static void delete(Path path) throws IOException {
    if (!Files.isDirectory(path, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
      Files.deleteIfExists(path);
      return;
    }
    Files.walkFileTree(
        path,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /// One line about why `target` could not be written, and what to do about it.
  static UserException failed(Path target, Exception failure) {
    Throwable cause = failure instanceof UncheckedIOException io ? io.getCause() : failure;
    cause = cause == null ? failure : cause;
    var detail = String.valueOf(cause.getMessage());
    String why;
    if (detail.contains("No space left")
        || detail.contains("not enough space")
        || detail.contains("quota exceeded")) {
      why = "the disk is full" + free(target) + "; free some space or choose another folder";
    } else if (detail.contains("File too large")) {
      why = "files may not be so large here; raise the limit (ulimit -f) or choose another disk";
    } else if (cause instanceof AccessDeniedException || detail.contains("Permission denied")) {
      why = "permission denied; make the folder writable or choose another one";
    } else if (cause instanceof ReadOnlyFileSystemException || detail.contains("Read-only")) {
      why = "the file system is read-only; choose another folder";
    } else if (cause instanceof NotDirectoryException
        || detail.contains("Not a directory")
        || cause instanceof java.nio.file.FileAlreadyExistsException) {
      why = "a file stands where a folder is needed; choose another folder (" + detail + ")";
    } else if (cause instanceof NoSuchFileException missing) {
      why = "missing " + missing.getFile();
    } else {
      why = Shown.firstLine(cause);
    }
    return new UserException("cannot write " + Leftover.shown(target) + ": " + why, failure);
  }

  private static String free(Path target) {
    var at = target.toAbsolutePath();
    while (at.getParent() != null && !Files.exists(at)) {
      at = at.getParent(); // the target itself may not exist yet; its parent's disk is the same
    }
    try {
      return " (" + (Files.getFileStore(at).getUsableSpace() >> 20) + " MiB free)";
    } catch (IOException unknown) {
      return "";
    }
  }

  private static Path beside(Path target, String kind) {
    return parent(target).resolve(Leftover.name(target.getFileName().toString(), kind));
  }

  private static Path parent(Path target) {
    var parent = target.toAbsolutePath().getParent();
    if (parent == null || target.getFileName() == null) {
      throw new UserException("cannot write " + target + ": it has no parent folder");
    }
    return parent;
  }

  private static void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /// The clean-up's own failure must not hide the first one.
  private static void discard(Path partial, Throwable failure) {
    try {
      delete(partial);
    } catch (IOException second) {
      failure.addSuppressed(second);
    }
  }

  private static void forceTree(Path folder) throws IOException {
    try (var walk = Files.walk(folder)) {
      for (var path : (Iterable<Path>) walk::iterator) {
        if (Files.isSymbolicLink(path)) {
          continue;
        }
        if (Files.isDirectory(path)) {
          forceFolder(path);
        } else {
          try (var channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.force(true);
          }
        }
      }
    }
  }

  /// Makes a rename last. Windows cannot open folders and orders its renames itself.
  private static void forceFolder(Path folder) throws IOException {
    if (java.io.File.separatorChar == '\\') {
      return;
    }
    try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
