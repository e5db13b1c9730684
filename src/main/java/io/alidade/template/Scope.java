package io.alidade.template;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Variables of one block. Reading looks outwards; assigning stays here.
final class Scope {
  private final @Nullable Scope outer;
  private @Nullable Map<String, Object> variables;

  Scope(@Nullable Scope outer) {
    this.outer = outer;
  }

  /// The value of a name, or null where no scope has it.
  @Nullable Object find(String name) {
    for (var scope = this; scope != null; scope = scope.outer) {
      if (scope.variables != null) {
        var value = scope.variables.get(name);
        if (value != null) {
          return value;
        }
      }
    }
    return null;
  }

  void put(String name, Object value) {
    if (variables == null) {
      variables = new HashMap<>();
    }
    variables.put(name, value);
  }
}
