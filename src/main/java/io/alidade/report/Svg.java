package io.alidade.report;

import java.util.Locale;

/// Text of an SVG in the making.
final class Svg {
  private final StringBuilder out = new StringBuilder();

  /// A number with as many digits as a picture needs.
  static String px(double value) {
    var text = String.format(Locale.ROOT, "%.1f", value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  /// Text that stands for itself in HTML and SVG.
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  Svg add(String markup) {
    out.append(markup);
    return this;
  }

  Svg line(String css, double x1, double y1, double x2, double y2) {
    out.append(
        "<line class=\"%s\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>"
            .formatted(css, px(x1), px(y1), px(x2), px(y2)));
    return this;
  }

  Svg text(String css, String anchor, double x, double y, String text) {
    out.append(
        "<text class=\"%s\" text-anchor=\"%s\" x=\"%s\" y=\"%s\">%s</text>"
            .formatted(css, anchor, px(x), px(y), escape(text)));
    return this;
  }

  Svg rect(String css, double x, double y, double width, double height) {
    out.append(
        "<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"1.5\"/>"
            .formatted(css, px(x), px(y), px(Math.max(0, width)), px(Math.max(0, height))));
    return this;
  }

  Svg circle(String css, double x, double y, double radius) {
    out.append(
        "<circle class=\"%s\" cx=\"%s\" cy=\"%s\" r=\"%s\"/>"
            .formatted(css, px(x), px(y), px(radius)));
    return this;
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
