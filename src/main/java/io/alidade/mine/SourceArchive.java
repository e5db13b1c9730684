package io.alidade.mine;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// A `-sources.jar`, read without trust: nothing is written to disk, entries whose name leaves the
/// archive or that are too large are skipped and counted, and the sum of what is read is bounded.
final class SourceArchive {
  /// A source file above this many bytes is generated, or a bomb.
  static final int MAX_FILE = 4 << 20;

  /// More than this many bytes of source in one archive is refused.
  private static final long MAX_TOTAL = 1L << 30;

  private static final int MAX_ENTRIES = 200_000;

  private SourceArchive() {}

  /// The methods of one archive.
  ///
  /// @param methods in archive order
  /// @param files Java files seen
  /// @param failures files that did not parse
  /// @param skipped entries refused for their name or size
  record Parsed(List<SourceMethod> methods, int files, int failures, int skipped) {}

  static Parsed read(Path jar) {
    return read(jar, MAX_TOTAL);
  }

  static Parsed read(Path jar, long maxTotal) {
    var reader = new MethodReader();
    var methods = new ArrayList<SourceMethod>();
    int files = 0;
    int failures = 0;
    int skipped = 0;
    long total = 0;
    try (var zip = new ZipFile(jar.toFile())) {
      if (zip.size() > MAX_ENTRIES) {
        throw new UserException(
            "%s: %d entries, more than the %d that are read from one archive; leave the library out"
                .formatted(jar, zip.size(), MAX_ENTRIES));
      }
      for (var entry :
          (Iterable<ZipEntry>) () -> zip.stream().map(ZipEntry.class::cast).iterator()) {
        if (!isJava(entry.getName())) {
          continue;
        }
        if (!isSafe(entry.getName())) {
          skipped++;
          continue;
        }
        // The declared size may lie, so what counts is what comes out.
        byte[] bytes;
        try (var in = zip.getInputStream(entry)) {
          bytes = in.readNBytes(MAX_FILE + 1);
        }
        if (bytes.length > MAX_FILE) {
          skipped++;
          total += MAX_FILE;
        } else {
          total += bytes.length;
          files++;
          var read = reader.read(entry.getName(), text(bytes));
          if (read.isPresent()) {
            methods.addAll(read.get());
          } else {
            failures++;
          }
        }
        if (total > maxTotal) {
          throw new UserException(
              "%s: more than %d bytes of source when unpacked; leave the library out"
                  .formatted(jar, maxTotal));
        }
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new UserException(
          "%s: not a readable archive (%s); delete the file and run again"
              .formatted(jar, e.getMessage()),
          e);
    }
    return new Parsed(List.copyOf(methods), files, failures, skipped);
  }

  private static boolean isJava(String name) {
    return name.endsWith(".java")
        && !name.startsWith("META-INF/") // other versions of the same classes
        && !name.endsWith("package-info.java")
        && !name.endsWith("module-info.java");
  }

  /// A relative path of plain names.
  static boolean isSafe(String name) {
    if (name.startsWith("/") || name.indexOf('\\') >= 0 || name.indexOf(':') >= 0) {
      return false;
    }
    for (var part : name.split("/", -1)) {
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        return false;
      }
    }
    return name.chars().noneMatch(Character::isISOControl);
  }

  /// UTF-8, or ISO 8859-1 where the bytes are not UTF-8, as in sources older than the habit.
  static String text(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return new String(bytes, StandardCharsets.ISO_8859_1);
    }
  }
}
