package io.alidade.tensor;

import io.alidade.UserException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/// Memory outside the Java heap, where tensors live: whether what is planned can fit, and what an
/// allocation that failed means. Loads no native library.
public final class NativeMemory {
  /// What libtorch and the C++ library say when there is no more.
  private static final Pattern EXHAUSTED =
      Pattern.compile(
          "can't allocate memory|not enough memory|bad_alloc|bad allocation|out of memory",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern ASKED = Pattern.compile("tried to allocate (\\d{1,18}) bytes");

  private NativeMemory() {}

  /// One line about a failure, if it is an allocation outside the heap that failed.
  public static Optional<String> exhausted(Throwable failure) {
    for (var at = failure; at != null; at = at.getCause()) {
      var text = String.valueOf(at.getMessage());
      if (!(at instanceof UserException) && EXHAUSTED.matcher(text).find()) {
        var asked = ASKED.matcher(text);
        return Optional.of(
            exhausted(
                asked.find() ? Optional.of(Long.parseLong(asked.group(1))) : Optional.empty()));
      }
    }
    return Optional.empty();
  }

  /// The line about an allocation of so many bytes, where that is known.
  static String exhausted(Optional<Long> bytes) {
    return "out of memory for tensors"
        + bytes.map(b -> ": %s more could not be had".formatted(shown(b))).orElse("")
        + "; take a smaller per_device_train_batch_size, --batch or max_length,"
        + " gradient_checkpointing=true, dtype=bfloat16, an adapter, or a smaller model";
  }

  /// Whether it is Java's heap that is exhausted, which other settings govern.
  static boolean heap(OutOfMemoryError failure) {
    var text = String.valueOf(failure.getMessage());
    return !text.startsWith("Cannot allocate new") && !text.startsWith("Physical memory");
  }

  /// Bytes of memory of this machine or container.
  public static long physical() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getTotalMemorySize()
        : Long.MAX_VALUE;
  }

  /// The most bytes that this process has held, where the system tells.
  public static OptionalLong peak() {
    var status = Path.of("/proc/self/status");
    try (var lines = Files.lines(status)) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10) // in KiB
          .findFirst();
    } catch (IOException | UncheckedIOException _) {
      return OptionalLong.empty(); // not Linux
    }
  }

  /// A number of bytes for people.
  public static String shown(long bytes) {
    return bytes < 1L << 30
        ? "%d MiB".formatted(Math.max(1, bytes >> 20))
        : String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
  }
}
