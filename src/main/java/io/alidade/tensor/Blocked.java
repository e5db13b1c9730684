package io.alidade.tensor;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;

/// A copy of a weight matrix in the order in which oneDNN reads it.
final class Blocked implements Reordered {
  /// For how many rows the order is chosen. One would choose another kernel, whose sums differ from
  /// those for several.
  private static final long ROWS = 32;

  /// What every product passes besides its operands.
  private record Call(OperatorHandle product, IValue nothing, IValue plain, IValue empty) {
    static final Call OF = kept();

    private static Call kept() {
      Natives.load();
      try (var _ = new PointerScope()) {
        var product = handle("mkldnn::_linear_pointwise");
        var arguments = product.schema().arguments();
        var numbers = new Argument(arguments.position(4)).type().get().containedType(0);
        return new Call(
            keep(product),
            keep(new IValue()),
            keep(new IValue("none")),
            keep(new IValue(new GenericList(numbers))));
      }
    }
  }

  private final IValue weight;
  private final long bytes;

  private Blocked(IValue weight, long bytes) {
    this.weight = weight;
    this.bytes = bytes;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  static Reordered of(Tensor weight) {
    return Natives.call(() -> {
      try (var _ = new PointerScope()) {
        var stack = new IValueVector();
        stack.push_back(new IValue(weight.detach()));
        stack.push_back(new IValue(ROWS));
        handle("mkldnn::_reorder_linear_weight").callBoxed(stack);
        return new Blocked(keep(new IValue(stack.get(0).toTensor())), weight.nbytes());
      }
    });
  }

  private static OperatorHandle handle(String name) {
    return Dispatcher.singleton().findSchemaOrThrow(name, "");
  }

  private static <P extends Pointer> P keep(P pointer) {
    pointer.retainReference();
    var scope = PointerScope.getInnerScope();
    if (scope != null) {
      scope.detach(pointer);
    }
    return pointer;
  }

  @Override
  public Tensor times(Tensor x) {
    var stack = new IValueVector();
    stack.push_back(new IValue(x));
    stack.push_back(weight);
    stack.push_back(Call.OF.nothing); // no bias
    stack.push_back(Call.OF.plain); // nothing after it
    stack.push_back(Call.OF.empty);
    stack.push_back(Call.OF.nothing);
    Call.OF.product.callBoxed(stack);
    return stack.get(0).toTensor();
  }

  @Override
  public void close() {
    if (!weight.isNull()) {
      weight.releaseReference();
    }
  }
}
