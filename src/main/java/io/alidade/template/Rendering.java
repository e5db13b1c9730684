package io.alidade.template;

import java.util.List;

/// What a template made of its variables.
///
/// @param text the rendered text
/// @param generations what `{% generation %}` blocks wrote, in order, not overlapping, in offsets
///   of `text`; empty also where a template changed such a block's text after capturing it (in a
///   macro or a set block), so that its place is not known
public record Rendering(String text, List<Span> generations) {
  /// Keeps its own copy of the spans.
  public Rendering {
    generations = List.copyOf(generations);
  }
}
