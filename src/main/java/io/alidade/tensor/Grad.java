package io.alidade.tensor;

import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/// Gradient mode and reverse-mode differentiation, with the mode restored whatever happens. The
/// mode is a property of the thread.
public final class Grad {
  private Grad() {}

  /// Runs `work` without recording gradients.
  public static <T> T off(Supplier<T> work) {
    return with(false, work);
  }

  /// Runs `work` recording gradients, also inside [#off(Supplier)].
  public static <T> T on(Supplier<T> work) {
    return with(true, work);
  }

  private static <T> T with(boolean enabled, Supplier<T> work) {
    Natives.load();
    boolean before = GradMode.is_enabled();
    GradMode.set_enabled(enabled);
    try {
      return Natives.call(work);
    } finally {
      GradMode.set_enabled(before);
    }
  }

  /// A leaf with the same storage that gradients stop at and can be asked of.
  public static Tensor leaf(Tensor value) {
    return value.detach().set_requires_grad(true);
  }

  /// The gradient of a scalar with respect to leaves; zeros where the scalar does not depend on a
  /// leaf.
  ///
  /// @param scalar one element
  /// @param leaves tensors that require gradients
  /// @return one tensor a leaf, of its shape
  public static List<Tensor> of(Tensor scalar, List<Tensor> leaves) {
    if (!scalar.requires_grad()) {
      return leaves.stream().map(torch::zeros_like).toList();
    }
    var vector = new TensorVector(leaves.toArray(Tensor[]::new));
    var gradients =
        torch.grad(
            new TensorVector(scalar),
            vector,
            new TensorVector(),
            new BoolOptional(),
            /* create_graph= */ false,
            /* allow_unused= */ true);
    return java.util.stream.IntStream.range(0, leaves.size())
        .mapToObj(i -> {
          var gradient = new Tensor(gradients.get(i));
          return gradient.defined() ? gradient : torch.zeros_like(leaves.get(i));
        })
        .toList();
  }

  /// Propagates given gradients from outputs into the `grad` of every leaf beneath them
  /// (vector-Jacobian product), adding to what is there.
  ///
  /// @param outputs tensors with a graph
  /// @param gradients one a output, of its shape
  public static void backward(List<Tensor> outputs, List<Tensor> gradients) {
    torch.backward(
        new TensorVector(outputs.toArray(Tensor[]::new)),
        new TensorVector(gradients.toArray(Tensor[]::new)),
        new BoolOptional(),
        /* create_graph= */ false,
        new TensorVector());
  }

  /// The gradient gathered in a leaf, as an owning handle.
  ///
  /// @throws IllegalStateException if nothing has been propagated to it
  public static Tensor gathered(Tensor leaf) {
    var gradient = new Tensor(leaf.grad());
    if (!gradient.defined()) {
      throw new IllegalStateException("no gradient has reached this tensor");
    }
    return gradient;
  }

  /// Adds to the gradient gathered in a leaf; becomes it where there is none yet.
  public static void add(Tensor leaf, Tensor gradient) {
    Shares.inTurn(
        leaf,
        () -> {
          var sum = new Tensor(leaf.grad());
          if (sum.defined()) {
            sum.add_(gradient);
          } else {
            leaf.mutable_grad().put(gradient);
          }
        });
  }

  /// Adds the product `[m, k] x [k, n]` to the gradient gathered in a leaf `[m, n]`, in place.
  public static void addProduct(Tensor leaf, Tensor left, Tensor right) {
    Shares.inTurn(
        leaf,
        () -> {
          var sum = new Tensor(leaf.grad());
          if (sum.defined()) {
            sum.addmm_(left, right);
          } else {
            leaf.mutable_grad().put(left.mm(right));
          }
        });
  }

  /// Adds rows to the gradient gathered in a table.
  ///
  /// @param index which row of the table each belongs to, `[T]` int64
  /// @param rows `[T, width]`
  public static void addRows(Tensor leaf, Tensor index, Tensor rows) {
    Shares.inTurn(
        leaf,
        () -> {
          var sum = new Tensor(leaf.grad());
          if (!sum.defined()) {
            sum = torch.zeros_like(leaf.detach());
            leaf.mutable_grad().put(sum);
          }
          sum.index_add_(0, index, rows);
        });
  }

  /// The Euclidean norm of what is gathered in leaves, all together; 0 if nothing is. In float64
  /// where a leaf is, else in float32.
  public static double norm(List<Tensor> leaves) {
    try (var _ = new Step()) {
      var gathered = leaves.stream().filter(Grad::has).map(Grad::gathered).toList();
      boolean wide = gathered.stream().anyMatch(g -> Ops.type(g) == torch.ScalarType.Double);
      var type = wide ? torch.ScalarType.Double : torch.ScalarType.Float;
      var norms = gathered.stream().map(g -> torch.norm(g).to(type)).toList();
      return norms.isEmpty() ? 0 : Ops.number(torch.norm(Ops.stack(norms)));
    }
  }

  /// Whether a leaf has a gathered gradient.
  public static boolean has(Tensor leaf) {
    return new Tensor(leaf.grad()).defined();
  }

  /// Forgets the gradient gathered in a leaf and frees its memory.
  public static void clear(Tensor leaf) {
    leaf.mutable_grad().reset();
  }
}
