package io.alidade.store;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The name of something unfinished: `TARGET.KIND-HOST-PID-START-N`.
///
/// @param target the name it will have or had
/// @param kind [#PARTIAL] or [#REPLACED]
/// @param host the machine whose process made it
/// @param pid that process
/// @param start when that process started, milliseconds; tells a reused pid
record Leftover(String target, String kind, String host, long pid, long start) {
  /// Being written.
  static final String PARTIAL = "partial";

  /// Moved aside to make room.
  static final String REPLACED = "replaced";

  private static final Pattern NAME =
      Pattern.compile(
          "(.+)\\.(partial|replaced)-([A-Za-z0-9.]+)-([0-9]{1,18})-([0-9]{1,18})-[0-9]+");
  private static final AtomicLong COUNT = new AtomicLong();
  private static final String HOST = Host.name();

  /// A fresh name for this process.
  static String name(String target, String kind) {
    var self = ProcessHandle.current();
    return "%s.%s-%s-%d-%d-%d"
        .formatted(target, kind, HOST, self.pid(), started(self), COUNT.incrementAndGet());
  }

  /// The parts of a name, or null if it is not one of ours.
  static @Nullable Leftover parse(String name) {
    var match = NAME.matcher(name);
    return match.matches()
        ? new Leftover(
            match.group(1),
            match.group(2),
            match.group(3),
            Long.parseLong(match.group(4)),
            Long.parseLong(match.group(5)))
        : null;
  }

  /// A path with the names that things will have once they are complete.
  static Path shown(Path path) {
    Path shown = path.isAbsolute() ? path.getRoot() : Path.of("");
    for (var part : path) {
      var leftover = parse(part.toString());
      shown = shown.resolve(leftover == null ? part.toString() : leftover.target());
    }
    return shown;
  }

  /// Whether its process surely ended; another machine's processes cannot be seen, so never theirs.
  boolean dead() {
    return host.equals(HOST)
        && ProcessHandle.of(pid).map(process -> started(process) != start).orElse(true);
  }

  private static long started(ProcessHandle process) {
    return process.info().startInstant().map(java.time.Instant::toEpochMilli).orElse(0L);
  }
}
