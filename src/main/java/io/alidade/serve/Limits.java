package io.alidade.serve;

import io.alidade.Check;
import java.time.Duration;

/// What a server takes on.
///
/// @param bodyBytes largest body of a request
/// @param promptTokens longest prompt
/// @param newTokens most tokens drawn for one answer
/// @param rows answers that are drawn together, of each model
/// @param queue answers that wait, of each model; what comes on top is turned away
/// @param body time in which a body must have come
/// @param request time in which an answer must be done; it is cut after that
/// @param heartbeat how long a client that waits hears nothing; what it is sent then shows whether
///   it is still there
public record Limits(
    long bodyBytes,
    int promptTokens,
    int newTokens,
    int rows,
    int queue,
    Duration body,
    Duration request,
    Duration heartbeat) {
  /// Checks the ranges.
  public Limits {
    Check.atLeast("promptTokens", 1, promptTokens);
    Check.atLeast("newTokens", 1, newTokens);
    Check.atLeast("rows", 1, rows);
    Check.atLeast("queue", 0, queue);
    if (bodyBytes < 1 || body.isNegative() || request.isNegative() || heartbeat.isNegative()) {
      throw new IllegalArgumentException("limits of size and time must be positive");
    }
  }

  /// One mebibyte, 2,048 tokens in, 1,024 out, 16 answers at once and 64 waiting, ten minutes.
  public static Limits usual() {
    return new Limits(
        1 << 20,
        2048,
        1024,
        16,
        64,
        Duration.ofSeconds(20),
        Duration.ofMinutes(10),
        Duration.ofSeconds(2));
  }
}
