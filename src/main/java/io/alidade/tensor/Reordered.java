package io.alidade.tensor;

import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// A copy of a weight matrix in the order in which a library's kernel reads it, for products of few
/// rows.
///
/// The general product brings a weight into such an order anew each time, which for few rows takes
/// longer than the product itself. It also sums each row in an order that depends on how many rows
/// there are; these do not, so a row has the same bits in any company ([#alike()]).
public sealed interface Reordered extends AutoCloseable permits Panels, Blocked {
  /// A copy of a weight.
  ///
  /// @param weight `[out, in]`, float32
  static Reordered of(Tensor weight) {
    return Natives.call(() -> Order.HERE.orElse(Blocked::of).apply(weight));
  }

  /// Whether this machine has the product, and the bits of a row do not depend on how many others
  /// there are. What a kernel does is not promised by its library; so it is tried.
  static boolean alike() {
    return Order.HERE.isPresent();
  }

  /// `x Wᵀ`, `[T, in] → [T, out]`, without a graph.
  Tensor times(Tensor x);

  /// Memory that it takes, about: what the weight takes.
  long bytes();

  @Override
  void close();

  /// The fastest of the orders that this machine has.
  final class Order {
    static final Optional<Function<Tensor, Reordered>> HERE = tried();

    private Order() {}

    private static Optional<Function<Tensor, Reordered>> tried() {
      Natives.load();
      if (Panels.here() && alike(Panels::of)) {
        return Optional.of(Panels::of);
      }
      return torch.hasMKLDNN() && alike(Blocked::of) ? Optional.of(Blocked::of) : Optional.empty();
    }

    private static boolean alike(Function<Tensor, Reordered> order) {
      return alike(order, 96, 1056) && alike(order, 8, 288) && alike(order, 192, 8);
    }

    private static boolean alike(Function<Tensor, Reordered> order, int out, int in) {
      try (var _ = new Step();
          var weight = order.apply(numbers(out, in))) {
        var x = numbers(130, in);
        var all = weight.times(x);
        double off = Ops.number(all.sub(x.matmul(numbers(out, in).t())).abs_().max());
        boolean alike = off < 1e-3;
        for (int rows : new int[] {1, 2, 3, 7, 8, 12, 17, 32, 33, 64, 129}) {
          var fewer = weight.times(x.narrow(0, 0, rows).contiguous());
          alike &= fewer.equal(all.narrow(0, 0, rows));
        }
        return alike;
      }
    }

    private static Tensor numbers(int rows, int columns) {
      var values = new SplittableRandom(1).doubles((long) rows * columns, -1, 1).toArray();
      return Ops.doubles(values, rows, columns).to(torch.ScalarType.Float);
    }
  }
}
