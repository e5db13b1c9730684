package io.alidade.tensor;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// A copy of a weight matrix in the order in which oneDNN reads it, for products of few rows.
///
/// The general product brings a weight into such an order anew each time, which for few rows takes
/// longer than the product itself. It also sums each row in an order that depends on how many rows
/// there are; this one does not, so a row has the same bits in any company ([#alike()]).
public final class Reordered implements AutoCloseable {
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

  private Reordered(IValue weight, long bytes) {
    this.weight = weight;
    this.bytes = bytes;
  }

  /// Memory that it takes, about: what the weight takes.
  public long bytes() {
    return bytes;
  }

  /// A copy of a weight.
  ///
  /// @param weight `[out, in]`, float32
  public static Reordered of(Tensor weight) {
    return Natives.call(() -> {
      try (var _ = new PointerScope()) {
        var stack = new IValueVector();
        stack.push_back(new IValue(weight.detach()));
        stack.push_back(new IValue(ROWS));
        handle("mkldnn::_reorder_linear_weight").callBoxed(stack);
        return new Reordered(keep(new IValue(stack.get(0).toTensor())), weight.nbytes());
      }
    });
  }

  /// Whether this machine has the product, and the bits of a row do not depend on how many others
  /// there are. What a kernel does is not promised by the library; so it is tried.
  public static boolean alike() {
    return Alike.HERE;
  }

  private static final class Alike {
    static final boolean HERE = tried();

    private static boolean tried() {
      Natives.load();
      if (!torch.hasMKLDNN()) {
        return false;
      }
      try (var _ = new Step();
          var weight = of(numbers(96, 1056))) {
        var x = numbers(130, 1056);
        var all = weight.times(x);
        for (int rows : new int[] {1, 2, 3, 7, 8, 12, 17, 32, 33, 64, 129}) {
          var fewer = weight.times(x.narrow(0, 0, rows).contiguous());
          if (!fewer.equal(all.narrow(0, 0, rows))) {
            return false;
          }
        }
        return true;
      }
    }

    private static Tensor numbers(int rows, int columns) {
      var values = new SplittableRandom(1).doubles((long) rows * columns, -1, 1).toArray();
      return Ops.doubles(values, rows, columns).to(torch.ScalarType.Float);
    }
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

  /// `x Wᵀ`, `[T, in] → [T, out]`, without a graph.
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
