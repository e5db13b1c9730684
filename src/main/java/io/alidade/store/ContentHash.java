package io.alidade.store;

import io.alidade.UserException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;

/// SHA-256 of content, as 64 lower-case hexadecimal digits: for provenance, and for cache keys that
/// change exactly when the content does.
public final class ContentHash {
  private ContentHash() {}

  /// The digest of a file's bytes (what `sha256sum` prints), or of a folder.
  ///
  /// A folder's digest covers the relative path, size and digest of every regular file below it, in
  /// the order of the paths' UTF-8 bytes; links are followed, empty folders and dates do not count.
  public static String of(Path fileOrFolder) {
    try {
      return Files.isDirectory(fileOrFolder)
          ? folder(fileOrFolder)
          : hex(digest("SHA-256", new byte[0], fileOrFolder));
    } catch (IOException failure) {
      throw Reading.failed(fileOrFolder, failure);
    } catch (UncheckedIOException failure) {
      throw new UserException(
          fileOrFolder + ": cannot be read: " + Shown.firstLine(failure), failure);
    }
  }

  /// The digest of several texts, in order; each is set off by its length, so that `("ab", "c")`
  /// and `("a", "bc")` differ.
  public static String of(List<String> parts) {
    var digest = algorithm("SHA-256");
    for (var part : parts) {
      var bytes = part.getBytes(StandardCharsets.UTF_8);
      digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
      digest.update(bytes);
    }
    return hex(digest);
  }

  /// The digest git gives a file: SHA-1 over `blob SIZE\0` and the bytes, 40 digits.
  static String gitBlob(Path file) throws IOException {
    var prefix = ("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII);
    return hex(digest("SHA-1", prefix, file));
  }

  private static String folder(Path folder) throws IOException {
    record Child(String name, Path file) {}
    List<Child> children = new ArrayList<>();
    try (var walk = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
      walk.filter(Files::isRegularFile)
          .forEach(file -> {
            var name = folder.relativize(file).toString().replace('\\', '/');
            children.add(new Child(name, file));
          });
    }
    children.sort(
        Comparator.comparing(
            child -> child.name().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned));
    var digest = algorithm("SHA-256");
    for (var child : children) {
      var content = hex(digest("SHA-256", new byte[0], child.file()));
      digest.update(
          (content + " " + Files.size(child.file()) + " ").getBytes(StandardCharsets.US_ASCII));
      digest.update(child.name().getBytes(StandardCharsets.UTF_8));
      digest.update((byte) '\n');
    }
    return hex(digest);
  }

  private static MessageDigest digest(String algorithm, byte[] prefix, Path file)
      throws IOException {
    var digest = algorithm(algorithm);
    digest.update(prefix);
    try (var in = Files.newInputStream(file)) {
      var buffer = new byte[1 << 16];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    return digest;
  }

  private static MessageDigest algorithm(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has " + name, impossible);
    }
  }

  private static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }
}
