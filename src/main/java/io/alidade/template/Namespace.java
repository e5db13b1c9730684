package io.alidade.template;

import java.util.LinkedHashMap;
import java.util.Map;

/// The one thing a template may change: an object whose attributes `set` can assign.
final class Namespace {
  final Map<String, Object> attributes = new LinkedHashMap<>();
}
