package io.alidade.serve;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Why a request is not answered, in OpenAI's form.
final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String type;
  private final String param;
  private final String code;

  private Failure(int status, String type, String param, String code, String message) {
    super(message, null, false, false); // an answer, not an accident: no trace
    this.status = status;
    this.type = type;
    this.param = param;
    this.code = code;
  }

  /// A value that cannot be.
  ///
  /// @param param its name, or empty
  static Failure invalid(String param, String message) {
    return new Failure(400, "invalid_request_error", param, "", message);
  }

  /// The same with a code that programs look for.
  static Failure invalid(String param, String code, String message) {
    return new Failure(400, "invalid_request_error", param, code, message);
  }

  /// Something else than a value.
  static Failure of(int status, String code, String message) {
    var type =
        status == 429
            ? "rate_limit_error"
            : status >= 500 ? "server_error" : "invalid_request_error";
    return new Failure(status, type, "", code, message);
  }

  int status() {
    return status;
  }

  /// Seconds after which it may be worth trying again.
  Optional<Integer> retryAfter() {
    return status == 429 || status == 503 ? Optional.of(1) : Optional.empty();
  }

  /// The body of the response.
  Map<String, Object> json() {
    var error = new LinkedHashMap<String, Object>();
    error.put("message", String.valueOf(getMessage()));
    error.put("type", type);
    error.put("param", nullable(param));
    error.put("code", nullable(code));
    return Map.of("error", error);
  }

  private static Optional<String> nullable(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }
}
