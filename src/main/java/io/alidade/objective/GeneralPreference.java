package io.alidade.objective;

import io.alidade.Check;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/// General preference model from pairs (Zhang et al. 2024, arXiv:2410.02197).
///
/// `-log sigmoid((s(v_w, v_l) - margin) / tau)`, with `s(a, b) = sum_l lambda_l (a[2l] b[2l+1] -
/// a[2l+1] b[2l])` over the blocks of two places of the head's outputs: a skew-symmetric form, so
/// that preferences may run in a circle. With one block and vectors `(r, 1)` that are not
/// normalised it is [BradleyTerry].
///
/// Without gates `lambda` is 1. With them the head has an output more for each block, behind those
/// of the vector, read at the end of the prompt: `lambda = softmax(gates)`, as in the authors'
/// inference code, so that the prompt decides which blocks count. The paper's `D(x)` on both sides
/// would make it `lambda^2`.
///
/// The gradient with respect to `v_w` is `-sigmoid(-(s - margin) / tau) / tau` times `v_l` turned
/// by a right angle in each block. Scores of 0 cost `ln 2` without margin; with two outputs this is
/// a saddle where all vectors lie on a line.
///
/// @param dimension places of a vector, even, at least 2
/// @param tau what scores are divided by, positive
/// @param normalised whether vectors are brought to length 1
/// @param margin whether each pair carries a `margin` in units of the score
/// @param gated whether the prompt weighs the blocks
public record GeneralPreference(
    int dimension, double tau, boolean normalised, boolean margin, boolean gated)
    implements Objective {
  /// By how much the score of a pair shall exceed 0.
  static final Signal MARGIN = Signal.perGroup("margin");

  /// Keeps a vector of length 0 from division by 0.
  private static final double SHORTEST = 1e-12;

  /// Checks the ranges.
  public GeneralPreference {
    Check.atLeast("dimension", 2, dimension);
    Check.positive("tau", tau);
    if (dimension % 2 != 0) {
      throw new IllegalArgumentException("dimension must be even, was " + dimension);
    }
  }

  @Override
  public Needs needs() {
    var plain = Needs.pairs().withoutReference();
    var needs =
        gated
            ? plain.readingOnly(Readout.REWARD, Readout.PROMPT).outputs(dimension / 2 * 3)
            : plain.readingOnly(Readout.REWARD).outputs(dimension);
    return margin ? needs.with(MARGIN) : needs;
  }

  @Override
  public Loss loss(Scored batch) {
    var all = batch.readout(Readout.REWARD); // [N, 2k], or [N, 3k] with gates
    if (all.size(1) != needs().outputs()) {
      throw new IllegalStateException(
          "a reward head with %d outputs is needed, this one has %d"
              .formatted(needs().outputs(), all.size(1)));
    }
    var outputs = all.narrow(1, 0, dimension);
    var vector = normalised ? unit(outputs) : outputs; // [N, 2k]
    var areas = areas(batch.chosen(vector), batch.rejected(vector)); // [G, k]
    var score = (gated ? areas.mul(gates(batch)) : areas).sum(1); // [G]
    var excess = margin ? score.sub(batch.signal(MARGIN)) : score; // [G]
    return Loss.mean(Logistic.loss(Ops.times(excess, 1 / tau)))
        .metric("accuracy", score.gt(Ops.scalar(0)).to(score.scalar_type()))
        .metric("margin", score);
  }

  private static Tensor unit(Tensor vectors) {
    var length = Ops.plus(vectors.square().sum(1), SHORTEST).sqrt(); // [N]
    return vectors.div(length.unsqueeze(1));
  }

  /// `lambda(x)`, `[G, k]`; both answers of a pair have the same prompt.
  private Tensor gates(Scored batch) {
    var logits = batch.readout(Readout.PROMPT).narrow(1, dimension, dimension / 2); // [N, k]
    return batch.chosen(logits).softmax(1);
  }

  private Tensor areas(Tensor one, Tensor other) {
    var a = one.view(-1, dimension / 2, 2); // [G, k, 2]
    var b = other.view(-1, dimension / 2, 2); // [G, k, 2]
    return a.select(2, 0).mul(b.select(2, 1)).sub(a.select(2, 1).mul(b.select(2, 0))); // [G, k]
  }
}
