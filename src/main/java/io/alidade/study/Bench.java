package io.alidade.study;

import io.alidade.Check;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32;

/// What a study is given for one seed.
///
/// @param seed of everything random
/// @param reduced whether seconds must do, rather than minutes
/// @param scratch an empty folder of this trial, removed after it
/// @param shared a folder that all trials of all studies have in common, for what several of them
///   begin with; whatever is put there must be a function of its name, and appear at once or not
/// @param progress told what is being done and the share of it that is done, in `[0, 1]`
public record Bench(
    long seed, boolean reduced, Path scratch, Path shared, BiConsumer<String, Double> progress) {
  /// Checks the seed.
  public Bench {
    Check.atLeast("seed", 0, seed);
  }

  /// A bench that shares nothing with others.
  public Bench(long seed, boolean reduced, Path scratch, BiConsumer<String, Double> progress) {
    this(seed, reduced, scratch, scratch.resolve("shared"), progress);
  }

  /// A size: the first for the whole study, the second for its reduced form.
  public int size(int full, int small) {
    return reduced ? small : full;
  }

  /// A stream of random numbers of its own for each purpose, so that a change of one part of a
  /// study leaves the numbers of the others as they were.
  public RandomGenerator random(String purpose) {
    return new SplittableRandom(seed(purpose));
  }

  /// A seed of its own for each purpose, not negative.
  public long seed(String purpose) {
    var crc = new CRC32();
    crc.update(purpose.getBytes(StandardCharsets.UTF_8));
    return new SplittableRandom(seed * 0x9E3779B97F4A7C15L + crc.getValue()).nextLong() >>> 1;
  }

  /// Says how far the trial is.
  public void at(String what, double share) {
    progress.accept(what, share);
  }
}
