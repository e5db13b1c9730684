package io.alidade.judge.code;

import io.alidade.Check;

/// What foreign code may use up.
///
/// @param seconds wall time of one test, positive; the start of the process does not count
/// @param heapMegabytes of the Java heap, at least 8; the whole process gets a gibibyte of address
///   space more
/// @param outputKilobytes that a process may print before it is ended, at least 1
/// @param fileMegabytes that it may write into its temporary folder, at least 1
/// @param threads of the process, those of the Java machine included, at least 24
/// @param sourceKilobytes of a program or a test, at least 1
public record Limits(
    double seconds,
    int heapMegabytes,
    int outputKilobytes,
    int fileMegabytes,
    int threads,
    int sourceKilobytes) {
  /// Checks the ranges.
  public Limits {
    Check.positive("seconds", seconds);
    Check.atLeast("heap_megabytes", 8, heapMegabytes);
    Check.atLeast("output_kilobytes", 1, outputKilobytes);
    Check.atLeast("file_megabytes", 1, fileMegabytes);
    Check.atLeast("threads", 24, threads);
    Check.atLeast("source_kilobytes", 1, sourceKilobytes);
  }

  /// Three seconds a test, 128 MiB of heap, 256 KiB of output, 8 MiB of files, 48 threads, 256 KiB
  /// of source.
  public static Limits usual() {
    return new Limits(3, 128, 256, 8, 48, 256);
  }

  /// The same with another time for a test.
  public Limits withSeconds(double other) {
    return new Limits(
        other, heapMegabytes, outputKilobytes, fileMegabytes, threads, sourceKilobytes);
  }
}
