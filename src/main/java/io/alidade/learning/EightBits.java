package io.alidade.learning;

import java.util.Arrays;

/// Numbers in blocks as eight bits each: a code for the number relative to the largest of its block
/// (Dettmers et al. 2022, arXiv:2110.02861, section 2).
///
/// Codes stand for values that lie denser the smaller they are. Of the bits after the sign, leading
/// zeros give a power of ten, a one ends them, and what is left is a fraction: with `k` zeros and
/// `f` bits left, the middles of `2^f` equal parts of `[0.1, 1]`, times `10^-k`. So relative
/// precision is highest near 1 and seven decades are spanned. Zero and one are codes of their own.
final class EightBits {
  /// For numbers of either sign.
  static final EightBits SIGNED = new EightBits(true);

  /// For numbers that are not negative, with a bit more for their fraction.
  static final EightBits UNSIGNED = new EightBits(false);

  /// Leading zeros that are possible.
  private static final int DECADES = 7;

  /// A float's exponent and the seven highest bits of its fraction, of numbers from 0 to 1. No two
  /// codes meet within a step of it.
  private static final int SHIFT = 16;

  private final float[] values = new float[256]; // ascending

  // By sign and shifted bits: the code at the low end of the step's magnitudes, that of its high
  // end, and the magnitude from which on it is the latter.
  private final byte[] low = new byte[1 << (32 - SHIFT)];
  private final byte[] high = new byte[low.length];
  private final float[] bound = new float[low.length];

  private EightBits(boolean signed) {
    int at = 0;
    for (int zeros = 0; zeros < DECADES; zeros++) {
      int parts = 1 << (DECADES - 1 - zeros + (signed ? 0 : 1));
      for (int part = 0; part < parts; part++) {
        double value = (0.1 + 0.9 * (part + 0.5) / parts) * Math.pow(10, -zeros);
        values[at++] = (float) value;
        if (signed) {
          values[at++] = (float) -value;
        }
      }
    }
    values[at++] = 0;
    values[at++] = 1;
    Arrays.fill(values, at, values.length, 1); // what is left over is never met
    Arrays.sort(values);
    int steps = (Float.floatToRawIntBits(1f) >>> SHIFT) + 1;
    for (int step = 0; step < steps; step++) {
      fill(step, 1);
      fill(step | low.length / 2, -1);
    }
  }

  private void fill(int at, int sign) {
    float from = Float.intBitsToFloat(at << SHIFT);
    int code = nearest(from);
    int next = Math.clamp(code + sign, 0, values.length - 1);
    low[at] = (byte) code;
    high[at] = (byte) next;
    bound[at] = Math.abs((values[code] + values[next]) / 2);
  }

  /// The slow way, for the table: the code of the nearest value, the smaller of two.
  private int nearest(float x) {
    int best = 0;
    for (int code = 1; code < values.length; code++) {
      if (Math.abs(values[code] - x) < Math.abs(values[best] - x)) {
        best = code;
      }
    }
    return best;
  }

  /// What a code stands for, in `[-1, 1]`.
  float value(byte code) {
    return values[code & 0xFF];
  }

  /// The code whose value is nearest.
  ///
  /// @param x in `[-1, 1]`, not negative for [#UNSIGNED]
  byte code(float x) {
    int step = Float.floatToRawIntBits(x) >>> SHIFT;
    return Math.abs(x) > bound[step] ? high[step] : low[step];
  }

  /// Reads a block.
  void read(byte[] codes, int count, float largest, float[] into) {
    for (int i = 0; i < count; i++) {
      into[i] = values[codes[i] & 0xFF] * largest;
    }
  }

  /// Writes a block.
  ///
  /// @return the largest magnitude in it
  float write(float[] from, int count, byte[] codes) {
    float largest = 0;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, Math.abs(from[i]));
    }
    if (largest < Float.MIN_NORMAL) { // its inverse may be infinite
      Arrays.fill(codes, 0, count, code(0));
      return 0;
    }
    float scale = 1 / largest;
    for (int i = 0; i < count; i++) {
      codes[i] = code(from[i] * scale); // beyond 1 by a rounding at most, which is the same step
    }
    return largest;
  }
}
