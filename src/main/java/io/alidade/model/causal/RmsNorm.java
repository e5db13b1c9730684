package io.alidade.model.causal;

import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/// `y = x r w` over the last dimension, with `r = 1 / sqrt(mean(x²) + epsilon)` (Zhang and Sennrich
/// 2019, arXiv:1910.07467); the statistics in at least float32. With gradient `g` of `y`:
///
///     dw = sum g x r          dx = r g w - x r³ mean(g w x)
///
/// @param epsilon keeps the root from zero
/// @param fromOne whether weights are counted from 1, and the whole product is computed in at least
///   float32, as Gemma does
record RmsNorm(double epsilon, boolean fromOne) {
  /// The norm of the last dimension.
  Tensor of(Tensor x, Tensor weight) {
    var wide = x.to(Parts.wide(Ops.type(x)));
    var unit = wide.mul(inverse(wide));
    return fromOne
        ? unit.mul_(Ops.plus(weight.to(unit.scalar_type()), 1)).to(x.scalar_type())
        : unit.to(x.scalar_type()).mul_(weight);
  }

  private Tensor inverse(Tensor wide) {
    var length =
        org.bytedeco.pytorch.global.torch.linalg_vector_norm(
            wide,
            Ops.scalar(2),
            new long[] {-1},
            /* keepdim= */ true,
            new org.bytedeco.pytorch.ScalarTypeOptional());
    return Ops.plus(Ops.times(length.square_(), 1.0 / wide.size(wide.dim() - 1)), epsilon).rsqrt_();
  }

  /// Adds to the gradient of the weight and gives the one of `x`, in its shape.
  Tensor back(Tensor gradient, Tensor x, Tensor weight) {
    long width = x.size(x.dim() - 1);
    var type = Parts.wide(Ops.type(x));
    var g = gradient.to(type).reshape(-1, width);
    var wide = x.to(type).reshape(-1, width);
    var scale = fromOne ? Ops.plus(weight.to(type), 1) : weight.detach().to(type);
    var r = inverse(wide); // [R, 1]
    var product = g.mul(wide); // [R, width]
    if (weight.requires_grad()) {
      Grad.add(weight, product.t().mv(r.squeeze(1)).to(weight.scalar_type()));
    }
    var mean = Ops.times(product.mv(scale), 1.0 / width).unsqueeze(1); // [R, 1]
    var dx = g.mul(scale).mul_(r);
    return dx.addcmul_(wide, mean.mul_(r).mul_(r).mul_(r), Ops.scalar(-1))
        .to(x.scalar_type())
        .reshape(Ops.shape(x));
  }
}
