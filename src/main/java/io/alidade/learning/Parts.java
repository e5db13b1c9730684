package io.alidade.learning;

import io.alidade.UserException;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

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

  /// The norm of the gathered gradients of all parameters; 0 if there are none.
  static double norm(List<Tensor> parameters) {
    return Grad.off(() -> {
      try (var _ = new Step()) {
        var norms = new ArrayList<Tensor>();
        for (var weight : parameters) {
          if (Grad.has(weight)) {
            norms.add(torch.norm(Grad.gathered(weight)).to(ScalarType.Float));
          }
        }
        return norms.isEmpty() ? 0 : Ops.number(torch.norm(Ops.stack(norms)));
      }
    });
  }
}
