package io.alidade.tensor;

import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorType;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch;

/// Kernels of the library that have no function of their own in its Java form and are called by
/// name.
public final class Fused {
  private Fused() {}

  /// One update of AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2) in one pass
  /// over memory. All tensors are of one shape and type.
  ///
  /// @param weight is updated
  /// @param gradient is divided by `divisor`, in place
  /// @param first moment, is updated
  /// @param second moment, is updated
  /// @param step number of this update, from 1
  public static void adamW(
      Tensor weight,
      Tensor gradient,
      Tensor first,
      Tensor second,
      long step,
      double rate,
      double beta1,
      double beta2,
      double decay,
      double epsilon,
      double divisor) {
    if (divisor != 1 && Ops.type(weight) == torch.ScalarType.Double) {
      gradient.div_(new Scalar(divisor)); // the kernel would take it as float32
      adamW(weight, gradient, first, second, step, rate, beta1, beta2, decay, epsilon, 1);
      return;
    }
    try (var _ = new Step()) {
      var stack = new IValueVector();
      stack.push_back(list(weight));
      stack.push_back(list(gradient));
      stack.push_back(list(first));
      stack.push_back(list(second));
      stack.push_back(list());
      stack.push_back(list(number((double) step)));
      for (double constant : new double[] {rate, beta1, beta2, decay, epsilon}) {
        stack.push_back(new IValue(constant));
      }
      stack.push_back(new IValue(false)); // amsgrad
      stack.push_back(new IValue(false)); // maximize
      stack.push_back(divisor == 1 ? new IValue() : new IValue(number(divisor)));
      stack.push_back(new IValue()); // nothing tells of infinities
      Dispatcher.singleton().findSchemaOrThrow("aten::_fused_adamw_", "").callBoxed(stack);
    }
  }

  /// Backward through a softmax over the last dimension, `P ⊙ (dP − rowsum(P ⊙ dP))`, in one pass.
  ///
  /// @param gradient dP
  /// @param probabilities P, of the same shape and type
  public static Tensor softmaxBack(Tensor gradient, Tensor probabilities) {
    var stack = new IValueVector();
    stack.push_back(new IValue(gradient));
    stack.push_back(new IValue(probabilities));
    stack.push_back(new IValue(-1L)); // the dimension
    stack.push_back(new IValue((long) Ops.type(probabilities).value)); // of the input
    Dispatcher.singleton().findSchemaOrThrow("aten::_softmax_backward_data", "").callBoxed(stack);
    return stack.get(0).toTensor();
  }

  private static Tensor number(double value) {
    return torch.full(new long[] {}, new Scalar(value), new TensorOptions(torch.ScalarType.Float));
  }

  private static IValue list(Tensor... tensors) {
    var list = new GenericList(new Type.TypePtr(TensorType.get()));
    for (var tensor : tensors) {
      list.push_back(new IValue(tensor));
    }
    return new IValue(list);
  }
}
