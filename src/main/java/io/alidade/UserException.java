package io.alidade;

/// Something the user can put right: a bad file, value or command. Its message is one line that
/// names the thing, the value and what to do next; the command line prints it without a stack trace
/// and exits non-zero.
public final class UserException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /// A failure described by one complete line.
  public UserException(String message) {
    super(message);
  }

  /// A failure with the error that revealed it; the cause is kept for `--stacktrace`.
  public UserException(String message, Throwable cause) {
    super(message, cause);
  }
}
