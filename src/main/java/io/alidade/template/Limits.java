package io.alidade.template;

import io.alidade.UserException;

/// How much work one template may do. Templates come with downloaded models, so none is trusted to
/// end; a limit that is hit becomes a [UserException] that names it.
///
/// @param iterations passes through loops and elements visited by filters, per rendering
/// @param characters length of the output, and of any one text or list made on the way
/// @param depth nesting of macro calls and recursive loops, and of expressions and blocks
/// @param nodes size of the parsed template, in nodes of its syntax tree
public record Limits(long iterations, int characters, int depth, int nodes) {
  /// Far above what published templates need: two million iterations, 64 Mi characters, 200 deep.
  public static final Limits DEFAULT = new Limits(2_000_000, 64 << 20, 200, 200_000);

  /// Checks that every limit is positive.
  public Limits {
    if (iterations <= 0 || characters <= 0 || depth <= 0 || nodes <= 0) {
      throw new IllegalArgumentException("limits must be positive");
    }
  }

  static UserException exceeded(String limit, long value) {
    return new UserException(
        "the chat template exceeds the limit '"
            + limit
            + "' of "
            + value
            + "; use another template or raise the limit");
  }
}
