package io.alidade.model.causal;

import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.layer_norm;
import static org.bytedeco.pytorch.global.torch.relu;
import static org.bytedeco.pytorch.global.torch.silu;

import io.alidade.tensor.Ops;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// What several families are made of.
final class Parts {
  private Parts() {}

  /// `x / sqrt(mean(x²) + epsilon) * weight` over the last dimension (Zhang and Sennrich 2019,
  /// arXiv:1910.07467); the statistics in at least float32.
  static Tensor rmsNorm(Tensor x, Tensor weight, double epsilon) {
    return weight.mul(unit(x, epsilon).to(x.scalar_type()));
  }

  private static Tensor unit(Tensor x, double epsilon) {
    var wide = x.to(wide(Ops.type(x)));
    return wide.mul(Ops.plus(meanSquare(wide), epsilon).rsqrt());
  }

  private static Tensor meanSquare(Tensor x) {
    return x.square()
        .mean(new long[] {-1}, /* keepdim= */ true, new org.bytedeco.pytorch.ScalarTypeOptional());
  }

  /// Layer normalization with weight and bias over the last dimension (Ba et al. 2016,
  /// arXiv:1607.06450).
  static Tensor layerNorm(Pass pass, String module, Tensor x, double epsilon) {
    return layer_norm(
        x,
        new long[] {x.size(x.dim() - 1)},
        new TensorOptional(pass.weight(module + ".weight")),
        new TensorOptional(pass.weight(module + ".bias")),
        epsilon,
        /* cudnn_enable= */ false);
  }

  /// `x * factor`, the factor rounded to the type of `x` as the reference rounds it.
  static Tensor scaled(Tensor x, double factor) {
    return x.mul(Ops.doubles(new double[] {factor}, 1).to(x.scalar_type()));
  }

  /// The type that statistics are computed in.
  static ScalarType wide(ScalarType type) {
    return type == ScalarType.Double ? ScalarType.Double : ScalarType.Float;
  }

  /// An activation by the name that a configuration gives it.
  static Activation activation(ModelConfig config, String key, String otherwise) {
    var name = config.text(key, otherwise);
    return switch (name) {
      case "silu", "swish" -> with(x -> silu(x), (gradient, x) -> torch.silu_backward(gradient, x));
      case "gelu" -> with(x -> gelu(x), (gradient, x) -> torch.gelu_backward(gradient, x));
      // The same tanh approximation (Hendrycks and Gimpel 2016, arXiv:1606.08415) by four names.
      case "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python_tanh" ->
          with(x -> gelu(x, "tanh"), (gradient, x) -> torch.gelu_backward(gradient, x, "tanh"));
      case "relu" -> with(x -> relu(x), (gradient, x) -> gradient.mul(x.gt(Ops.scalar(0))));
      default ->
          throw config.bad(
              key,
              "is '%s', which is unknown; known: silu, gelu, gelu_new, gelu_pytorch_tanh, relu"
                  .formatted(name));
    };
  }

  private static Activation with(UnaryOperator<Tensor> function, BinaryOperator<Tensor> back) {
    return new Activation() {
      @Override
      public Tensor of(Tensor x) {
        return function.apply(x);
      }

      @Override
      public Tensor back(Tensor gradient, Tensor x) {
        return back.apply(gradient, x);
      }
    };
  }
}
