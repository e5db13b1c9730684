package io.alidade.template;

/// A rendering that failed: the template refused the conversation with `raise_exception`, or an
/// expression met values it cannot work with. The caller knows which row it was rendering and
/// should say so.
public final class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final String reason;
  private final int line;

  TemplateException(String reason) {
    this(reason, 0);
  }

  private TemplateException(String reason, int line) {
    super(line == 0 ? reason : "chat template, line " + line + ": " + reason);
    this.reason = reason;
    this.line = line;
  }

  TemplateException at(int templateLine) {
    if (line != 0 || templateLine == 0) {
      return this;
    }
    var located = new TemplateException(reason, templateLine);
    located.setStackTrace(getStackTrace());
    return located;
  }

  /// What went wrong, without the line; for `raise_exception`, the template's own words.
  public String reason() {
    return reason;
  }

  /// The template's line, from 1, or 0 where the failure has none.
  public int line() {
    return line;
  }
}
