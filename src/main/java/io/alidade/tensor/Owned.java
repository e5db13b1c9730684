package io.alidade.tensor;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/// A tensor that outlives the step in which it was made: a weight, a key/value cache, a running
/// average. Held in a named field and closed by its owner.
public final class Owned implements AutoCloseable {
  private final Tensor tensor;

  private Owned(Tensor tensor) {
    this.tensor = tensor;
  }

  /// Keeps a tensor beyond the current step. The storage is shared with `tensor`, the handle is
  /// new.
  public static Owned keep(Tensor tensor) {
    var handle = new Tensor(tensor);
    handle.retainReference();
    var scope = PointerScope.getInnerScope();
    if (scope != null) {
      scope.detach(handle);
    }
    return new Owned(handle);
  }

  /// The tensor, valid until [#close()].
  public Tensor tensor() {
    return tensor;
  }

  @Override
  public void close() {
    if (!tensor.isNull()) {
      tensor.releaseReference();
    }
  }
}
