package io.alidade.template;

import java.util.ArrayList;
import java.util.List;

/// Text being written, with the generation blocks in it.
final class Output {
  private final Limits limits;
  private final StringBuilder text = new StringBuilder();
  final List<Span> generations = new ArrayList<>();

  Output(Limits limits) {
    this.limits = limits;
  }

  void write(String part) {
    if (part.length() > limits.characters() - text.length()) {
      throw Limits.exceeded("characters", limits.characters());
    }
    text.append(part);
  }

  int length() {
    return text.length();
  }

  String text() {
    return text.toString();
  }
}
