package io.alidade.template;

import java.util.Iterator;
import java.util.Map;

/// What `keys`, `values` and `items` of a dict give: iterable, with a length, without indices.
record View(Kind kind, Map<?, ?> dict) {
  enum Kind {
    KEYS,
    VALUES,
    ITEMS
  }

  Iterator<Object> iterator() {
    var entries = dict.entrySet().stream();
    return switch (kind) {
      case KEYS -> entries.<Object>map(Map.Entry::getKey).iterator();
      case VALUES -> entries.<Object>map(Map.Entry::getValue).iterator();
      case ITEMS -> entries.<Object>map(e -> Tuple.of(e.getKey(), e.getValue())).iterator();
    };
  }
}
