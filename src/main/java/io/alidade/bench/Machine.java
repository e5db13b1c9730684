package io.alidade.bench;

import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// What the machine gives this process.
public final class Machine {
  private Machine() {}

  /// A rate of matrix products.
  ///
  /// @param wall 10⁹ operations a second
  /// @param cpu 10⁹ operations a second of one processor
  public record Rate(double wall, double cpu) {
    /// Halfway between two.
    public Rate mean(Rate other) {
      return new Rate((wall + other.wall) / 2, (cpu + other.cpu) / 2);
    }
  }

  /// Halfway up a list, or between the two that are.
  static double median(List<Double> values) {
    var sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  /// Processor seconds of the whole process.
  static double cpuSeconds() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getProcessCpuTime() / 1e9
        : Double.NaN;
  }

  /// The rate of `[1024, 576] x [576, 1536]` in float32, measured for some tenths of a second: what
  /// the step could do if it were nothing but products of a good size.
  static Rate products(double seconds) {
    long rows = 1024;
    long in = 576;
    long out = 1536;
    try (var random = new Rng(0);
        var _ = new Step()) {
      return Grad.off(() -> {
        var x = random.normal(rows, in);
        var w = random.normal(out, in).t();
        for (int warm = 0; warm < 3; warm++) {
          x.mm(w).close();
        }
        double cpu = cpuSeconds();
        long start = System.nanoTime();
        int done = 0;
        double spent = 0;
        while (spent < seconds) {
          x.mm(w).close();
          done++;
          spent = (System.nanoTime() - start) / 1e9;
        }
        double billions = 2e-9 * rows * in * out * done;
        return new Rate(billions / spent, billions / (cpuSeconds() - cpu));
      });
    }
  }

  /// Bytes a second that this process reads from memory, measured for some tenths of a second: what
  /// drawing a few rows cannot pass.
  static double reading(double seconds) {
    long numbers = 64L << 20; // 256 MiB, more than caches hold
    try (var _ = new Step()) {
      return Grad.off(() -> {
        // Pages that were never written would all be the same one.
        var x = Ops.zeros(ScalarType.Float, numbers).fill_(new Scalar(1));
        x.sum().close();
        long start = System.nanoTime();
        double spent = 0;
        int done = 0;
        while (spent < seconds) {
          x.sum().close();
          done++;
          spent = (System.nanoTime() - start) / 1e9;
        }
        return 4.0 * numbers * done / spent;
      });
    }
  }

  /// Most memory that was resident at any time, bytes; absent where the system does not say.
  static OptionalLong peakResident() {
    var status = Path.of("/proc/self/status");
    try {
      for (var line : Files.readAllLines(status)) {
        if (line.startsWith("VmHWM:")) {
          return OptionalLong.of(Long.parseLong(line.replaceAll("[^0-9]", "")) << 10);
        }
      }
    } catch (IOException _) {
      return OptionalLong.empty(); // not Linux
    }
    return OptionalLong.empty();
  }

  /// Processor, threads and libraries in one line.
  static String description() {
    return "%s, Java %s, BLAS %s"
        .formatted(hardware(), System.getProperty("java.version", ""), blas());
  }

  /// Processor and system, without libraries.
  static String hardware() {
    var processor = System.getProperty("os.arch", "");
    try {
      for (var line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
        if (line.startsWith("model name")) {
          processor = line.substring(line.indexOf(':') + 1).strip();
          break;
        }
      }
    } catch (IOException _) {
      // Elsewhere the name of the instruction set has to do.
    }
    return "%s, %d processors, %s %s"
        .formatted(
            processor,
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("os.name", "").toLowerCase(Locale.ROOT),
            System.getProperty("os.arch", ""));
  }

  /// Which library computes products: the one that is loaded, whatever was asked for.
  private static String blas() {
    try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.anyMatch(line -> line.contains("libmkl_rt")) ? "MKL" : "OpenBLAS";
    } catch (IOException | java.io.UncheckedIOException _) {
      return "as configured";
    }
  }
}
