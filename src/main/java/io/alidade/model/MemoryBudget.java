package io.alidade.model;

import io.alidade.UserException;
import java.util.Locale;
import java.util.regex.Pattern;

/// How much memory a process that trains should stay within. Decides how many layers are computed
/// again in the backward pass, which changes no bit, and where that is not enough, into how many
/// pieces a batch is cut, which changes the order of sums.
///
/// @param bytes resident, of the whole process
public record MemoryBudget(long bytes) {
  /// Whatever is there.
  public static final MemoryBudget NONE = new MemoryBudget(Long.MAX_VALUE);

  /// Java, the library and small things, bytes.
  private static final long PROCESS = 450L << 20;

  private static final Pattern SIZE = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(?:([KMGT])(I)?)?B");

  /// A size with its unit: `4GiB` (powers of 1024), `500MB` (of 1000).
  ///
  /// @throws UserException if it is none
  public static MemoryBudget of(String text) {
    var match = SIZE.matcher(text.strip().toUpperCase(Locale.ROOT));
    if (!match.matches()) {
      throw new UserException(
          "memory must be a size with its unit, such as 4GiB or 500MB, was '%s'".formatted(text));
    }
    var unit = match.group(2);
    int power = unit == null ? 0 : 1 + "KMGT".indexOf(unit);
    return new MemoryBudget(
        Math.round(
            Double.parseDouble(match.group(1))
                * Math.pow(match.group(3) == null ? 1000 : 1024, power)));
  }

  /// How many tokens of a batch may be gone through at once so that this stays within the budget
  /// when all layers are computed again; as many as there are where the budget does not even hold
  /// the rest.
  ///
  /// @param layers of the model
  /// @param kept bytes that a layer keeps for its backward pass, a token
  /// @param input bytes of what comes into a layer, a token
  /// @param rest bytes of everything else
  long tokens(int layers, long kept, long input, long rest) {
    long left = bytes - PROCESS - rest;
    return bytes == Long.MAX_VALUE || left <= 0
        ? Long.MAX_VALUE
        : Math.max(1, left / (2 * kept + layers * input));
  }

  /// How many layers must be computed again so that a pass stays within the budget; all of them
  /// where even that is too little.
  ///
  /// @param layers of the model
  /// @param kept bytes that a layer keeps for its backward pass
  /// @param input bytes of what comes into a layer, which is all that remains of one that is
  ///   computed again
  /// @param rest bytes of everything else: weights, gradients, moments, probabilities
  int repeated(int layers, long kept, long input, long rest) {
    if (bytes == Long.MAX_VALUE) {
      return 0;
    }
    long work = 2 * kept; // the layer that is being computed, with its gradients
    long left = bytes - PROCESS - rest - work - layers * input;
    long more = Math.max(1, kept - input);
    return layers - Math.clamp(left / more, 0, layers);
  }
}
