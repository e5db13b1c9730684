package io.alidade.learning;

import io.alidade.UserException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/// Tensors of several models in one map, told apart by the beginnings of their names.
final class Parts {
  private Parts() {}

  /// The tensors of one model, under the names that it has for them.
  ///
  /// @throws UserException if there are none
  static SequencedMap<String, Tensor> of(Map<String, Tensor> all, String prefix) {
    var part = new LinkedHashMap<String, Tensor>();
    all.forEach((name, tensor) -> {
      if (name.startsWith(prefix)) {
        part.put(name.substring(prefix.length()), tensor);
      }
    });
    if (part.isEmpty()) {
      throw new UserException(
          "optimizer: no parameter belongs to a '%s' model; this optimizer goes with a loop that trains two models"
              .formatted(prefix.substring(0, prefix.length() - 1)));
    }
    return part;
  }

  /// All of them together.
  static SequencedMap<String, Tensor> joined(Map<String, SequencedMap<String, Tensor>> parts) {
    var all = new LinkedHashMap<String, Tensor>();
    new TreeMap<>(parts)
        .forEach((prefix, part) -> part.forEach((name, tensor) -> all.put(prefix + name, tensor)));
    return all;
  }
}
