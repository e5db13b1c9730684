package io.alidade.model;

import java.nio.ByteBuffer;

/// The random stream behind dropout: one number for each pass, from which its masks are drawn.
final class DropoutStream {
  private long draws; // one more for each pass

  DropoutStream(long seed) {
    draws = seed;
  }

  void seed(long seed) {
    draws = seed;
  }

  /// The random numbers of the next pass; never 0.
  long next() {
    // SplitMix64's finaliser (Steele et al. 2014), so that neighbouring states have unlike streams.
    long z = ++draws * 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return (z ^ (z >>> 31)) | 1;
  }

  byte[] state() {
    return ByteBuffer.allocate(Long.BYTES).putLong(draws).array();
  }

  void restore(byte[] state) {
    draws = ByteBuffer.wrap(state).getLong();
  }
}
