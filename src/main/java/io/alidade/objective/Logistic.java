package io.alidade.objective;

import static org.bytedeco.pytorch.global.torch.log_sigmoid;

import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/// The logistic loss of a margin, in the forms that overflow for no margin.
final class Logistic {
  private Logistic() {}

  /// `-log sigmoid(margin)`, element-wise.
  static Tensor loss(Tensor margin) {
    return log_sigmoid(margin).neg();
  }

  /// `-(1 - e) log sigmoid(margin) - e log sigmoid(-margin) = loss(margin) + e * margin`: the
  /// expected loss if a label is wrong with probability `e`.
  static Tensor smoothed(Tensor margin, double e) {
    return e == 0 ? loss(margin) : loss(margin).add(Ops.times(margin, e));
  }
}
