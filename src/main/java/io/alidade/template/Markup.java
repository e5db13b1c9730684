package io.alidade.template;

/// A string marked as safe HTML: what is added to it gets escaped.
record Markup(String text) {
  static String escape(Object value) {
    return value instanceof Markup markup
        ? markup.text
        : Values.str(value)
            .replace("&", "&amp;")
            .replace(">", "&gt;")
            .replace("<", "&lt;")
            .replace("'", "&#39;")
            .replace("\"", "&#34;");
  }
}
