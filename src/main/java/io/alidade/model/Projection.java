package io.alidade.model;

import io.alidade.batch.Readout;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// From hidden states to what is said of the vocabulary, for a chunk of rows at a time. Gradients
/// with respect to the logits are written down rather than recorded, so that no chunk keeps more
/// than its logits.
///
/// With logits `z`, log-normaliser `Z`, probabilities `p = exp(z - Z)` and the target's index `y`:
///
/// | readout | value | gradient with respect to `z` |
/// |---|---|---|
/// | log-likelihood | `z_y - Z` | `1_y - p` |
/// | entropy `H` | `Z - sum p z` | `-p (z - Z + H)` |
/// | collision `C` | `log sum exp(2 z) - 2 Z` | `2 (softmax(2 z) - p)` |
/// | log-normaliser | `Z` | `p` |
/// | mean logit | `mean z` | `1 / V` |
/// | top one | `argmax z = y` | none |
///
/// @param head hidden states `[R, hidden]` to logits `[R, V]`, with a graph where recorded
/// @param cap logits are `cap tanh(z / cap)`; 0 for none
/// @param wide the type that everything after the product is computed in
record Projection(UnaryOperator<Tensor> head, double cap, ScalarType wide) {
  /// The readouts that come from logits.
  static final Set<Readout> OF_LOGITS =
      Set.of(
          Readout.LOG_LIKELIHOOD,
          Readout.ENTROPY,
          Readout.COLLISION,
          Readout.LOG_NORMALIZER,
          Readout.MEAN_LOGIT,
          Readout.TOP_ONE);

  /// Bytes of logits at a time.
  private static final long CHUNK = 64L << 20;

  /// How many rows to project at a time for a vocabulary.
  static int rows(int vocabulary, ScalarType wide) {
    return (int) Math.max(16, CHUNK / (vocabulary * (wide == ScalarType.Double ? 8L : 4L)));
  }

  /// Logits as they count, `[R, V]`, without a graph.
  Tensor logits(Tensor hidden) {
    return Grad.off(() -> capped(head.apply(hidden)));
  }

  private Tensor capped(Tensor raw) {
    var logits = raw.to(wide);
    return cap == 0 ? logits : Ops.times(Ops.times(logits, 1 / cap).tanh(), cap);
  }

  /// Readouts of a chunk, each `[R]`, without a graph.
  ///
  /// @param hidden `[R, hidden]`
  /// @param targets `[R]` int64
  Map<Readout, Tensor> read(Tensor hidden, Tensor targets, Set<Readout> readouts) {
    return Grad.off(() -> {
      var logits = capped(head.apply(hidden));
      var normaliser = logits.logsumexp(1); // [R]
      var values = new EnumMap<Readout, Tensor>(Readout.class);
      for (var readout : readouts) {
        values.put(readout, value(readout, logits, normaliser, targets));
      }
      return values;
    });
  }

  private static Tensor value(Readout readout, Tensor logits, Tensor normaliser, Tensor targets) {
    return switch (readout) {
      case LOG_LIKELIHOOD -> logits.gather(1, targets.unsqueeze(1)).squeeze(1).sub(normaliser);
      case ENTROPY -> {
        var p = logits.sub(normaliser.unsqueeze(1)).exp_();
        yield normaliser.sub(p.mul_(logits).sum(1));
      }
      case COLLISION -> Ops.times(logits, 2).logsumexp(1).sub(Ops.times(normaliser, 2));
      case LOG_NORMALIZER -> normaliser;
      case MEAN_LOGIT -> logits.mean(1);
      case TOP_ONE ->
          logits
              .argmax(new org.bytedeco.pytorch.LongOptional(1), false)
              .eq(targets)
              .to(logits.scalar_type());
      case VALUE, HIDDEN, REWARD ->
          throw new IllegalStateException(readout + " does not come from logits");
    };
  }

  /// Adds to the gradients of the head and returns the one of the hidden states.
  ///
  /// @param hidden `[R, hidden]`
  /// @param targets `[R]` int64
  /// @param gradients by readout, each `[R]`
  Tensor backward(Tensor hidden, Tensor targets, Map<Readout, Tensor> gradients) {
    var leaf = Grad.leaf(hidden);
    var raw = Grad.on(() -> head.apply(leaf));
    Grad.backward(
        List.of(raw),
        List.of(Grad.off(() -> ofLogits(raw.detach(), targets, gradients)).to(raw.scalar_type())));
    return Grad.gathered(leaf);
  }

  private Tensor ofLogits(Tensor raw, Tensor targets, Map<Readout, Tensor> gradients) {
    var logits = capped(raw);
    var normaliser = logits.logsumexp(new long[] {1}, /* keepdim= */ true); // [R, 1]
    var logP = logits.sub(normaliser);
    var p = logP.exp();
    Tensor sum = null;
    for (var entry : gradients.entrySet()) {
      var g = entry.getValue().unsqueeze(1); // [R, 1]
      var one =
          switch (entry.getKey()) {
            case LOG_LIKELIHOOD -> p.mul(g).neg().scatter_add_(1, targets.unsqueeze(1), g);
            case ENTROPY -> {
              var entropy = p.mul(logP).sum(new long[] {1}, true, none()).neg();
              yield p.mul(logP.add(entropy)).mul_(g).neg();
            }
            case COLLISION -> Ops.times(torch.softmax(Ops.times(logits, 2), 1).sub(p).mul_(g), 2);
            case LOG_NORMALIZER -> p.mul(g);
            case MEAN_LOGIT -> Ops.times(g, 1.0 / logits.size(1)).expand_as(logits);
            case TOP_ONE -> null;
            case VALUE, HIDDEN, REWARD ->
                throw new IllegalStateException(entry.getKey() + " does not come from logits");
          };
      if (one != null) {
        sum = sum == null ? one : sum.add(one);
      }
    }
    if (sum == null) {
      return torch.zeros_like(logits);
    }
    // d/dz of cap tanh(z / cap) is 1 - tanh².
    return cap == 0 ? sum : sum.mul(Ops.plus(Ops.times(logits, 1 / cap).square().neg(), 1));
  }

  private static org.bytedeco.pytorch.ScalarTypeOptional none() {
    return new org.bytedeco.pytorch.ScalarTypeOptional();
  }
}
