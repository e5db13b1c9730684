package io.alidade.data;

import io.alidade.Check;
import java.util.OptionalInt;

/// How rows become ids.
///
/// @param layout what the objective reads
/// @param maxLength most tokens of prompt and completion together, at least 2; none where absent
/// @param truncation which side survives the limit
/// @param assistantOnlyLoss whether, of conversations to imitate, only the assistant's turns are
///   scored
public record Encoding(
    Layout layout, OptionalInt maxLength, Truncation truncation, boolean assistantOnlyLoss) {
  /// Checks the range.
  public Encoding {
    maxLength.ifPresent(length -> Check.atLeast("max_length", 2, length));
  }

  /// A limit from the start, everything scored: what most recipes say.
  public static Encoding of(Layout layout, int maxLength) {
    return new Encoding(layout, OptionalInt.of(maxLength), Truncation.KEEP_START, false);
  }

  /// No limit.
  public static Encoding unlimited(Layout layout) {
    return new Encoding(layout, OptionalInt.empty(), Truncation.KEEP_START, false);
  }
}
