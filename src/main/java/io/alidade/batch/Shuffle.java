package io.alidade.batch;

import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/// Random orders by Fisher and Yates: each equally likely where the numbers drawn are.
public final class Shuffle {
  private Shuffle() {}

  /// The numbers from 0 in a random order.
  ///
  /// @param count how many
  /// @param below draws a number from 0 to below its argument
  public static int[] of(int count, IntUnaryOperator below) {
    return of(IntStream.range(0, count).toArray(), below);
  }

  /// Brings numbers into a random order, in place.
  ///
  /// @param below draws a number from 0 to below its argument
  /// @return the same array
  public static int[] of(int[] values, IntUnaryOperator below) {
    for (int i = values.length - 1; i > 0; i--) {
      int j = below.applyAsInt(i + 1);
      int swap = values[i];
      values[i] = values[j];
      values[j] = swap;
    }
    return values;
  }
}
