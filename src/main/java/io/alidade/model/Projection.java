package io.alidade.model;

import io.alidade.batch.Readout;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// From hidden states to what is said of the vocabulary, for a chunk of rows at a time. Gradients
/// with respect to the logits are written down rather than recorded, so that no chunk keeps more
/// than its probabilities.
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
/// | divergence `K`, with the reference's `q` | `sum p (log p - log q)` | `p (log p - log q - K)` |
/// | top one | `z_y >= max z` | none |
/// | likeliest, at `k` | `z_k - Z` | `1_k - p` |
///
/// @param table the weight; asked only where logits are
/// @param adapter what is added to the logits
/// @param cap logits are `cap tanh(z / cap)`; 0 for none
/// @param wide the type that everything after the product is computed in
record Projection(Table table, Adapter adapter, double cap, ScalarType wide) {
  /// The readouts that come from logits.
  static final Set<Readout> OF_LOGITS =
      Set.of(
          Readout.LOG_LIKELIHOOD,
          Readout.ENTROPY,
          Readout.COLLISION,
          Readout.LOG_NORMALIZER,
          Readout.MEAN_LOGIT,
          Readout.TOP_ONE,
          Readout.LIKELIEST,
          Readout.LIKELIEST_UNITS,
          Readout.DIVERGENCE);

  /// Readouts whose gradients need probabilities alone.
  private static final Set<Readout> OF_PROBABILITIES =
      Set.of(Readout.LOG_LIKELIHOOD, Readout.LOG_NORMALIZER, Readout.LIKELIEST);

  /// Bytes of logits at a time.
  private static final long CHUNK = 64L << 20;

  /// Bytes of probabilities that may be kept from reading to [#backward], so that the product need
  /// not be computed again.
  private static final long KEPT = 256L << 20;

  /// A row for each token of the vocabulary.
  interface Table {
    /// `[V, hidden]`; its gradient is gathered if it requires one.
    Tensor weight();

    /// `[R, hidden] → [R, V]`, without a graph.
    default Tensor times(Tensor hidden) {
      return hidden.mm(weight().detach().t());
    }
  }

  /// What an adapter adds to the product.
  interface Adapter {
    /// Logits `[R, V]` with what the adapter adds.
    Tensor of(Tensor hidden, Tensor logits);

    /// Adds to the gradients of the adapter.
    ///
    /// @param gradient of the logits, `[R, V]`
    /// @param sum the gradient of the hidden states through the product; may be overwritten
    /// @return the whole gradient of the hidden states
    Tensor back(Tensor hidden, Tensor gradient, Tensor sum);
  }

  /// What is kept of a chunk: probabilities before they are normalised.
  ///
  /// @param exponentials `exp(z - max z)`, `[R, V]`
  /// @param sum of each row, `[R, 1]`
  record Kept(Tensor exponentials, Tensor sum) {
    void close() {
      exponentials.close();
      sum.close();
    }
  }

  /// What a chunk says.
  ///
  /// @param values by readout, each `[R]`, or `[R, K]` of the likeliest
  record Read(Map<Readout, Tensor> values, Kept kept) {}

  /// In how many chunks to project so many rows to a vocabulary.
  int chunks(int rows, int vocabulary) {
    long most = Math.max(16, CHUNK / (vocabulary * bytes(wide)));
    return (int) Math.ceilDiv(rows, most);
  }

  private static long bytes(ScalarType wide) {
    return wide == ScalarType.Double ? 8 : 4;
  }

  /// Whether probabilities of so many rows may be kept, and are of use.
  boolean keeps(int rows, int vocabulary) {
    return cap == 0 && (long) rows * vocabulary * bytes(wide) <= KEPT;
  }

  /// Logits as they count, `[R, V]`, without a graph.
  Tensor logits(Tensor hidden) {
    return Grad.off(() -> capped(product(hidden)));
  }

  private Tensor product(Tensor hidden) {
    return adapter.of(hidden, table.times(hidden));
  }

  private Tensor capped(Tensor raw) {
    var logits = raw.to(wide);
    return cap == 0 ? logits : Ops.times(Ops.times(logits, 1 / cap).tanh(), cap);
  }

  /// Readouts of a chunk, without a graph. As few passes over `[R, V]` as what is asked for allows.
  ///
  /// @param hidden `[R, hidden]`
  /// @param targets `[R]` int64
  /// @param other log-probabilities of the reference, `[R, V]`, for the divergence
  Read read(Tensor hidden, Tensor targets, Set<Readout> readouts, Optional<Tensor> other) {
    return Grad.off(() -> {
      var z = capped(product(hidden));
      var values = new EnumMap<Readout, Tensor>(Readout.class);
      if (readouts.contains(Readout.DIVERGENCE)) {
        var logP = torch.log_softmax(z, 1);
        values.put(Readout.DIVERGENCE, logP.exp().mul_(logP.sub(other.orElseThrow())).sum(1));
      }
      if (readouts.contains(Readout.MEAN_LOGIT)) {
        values.put(Readout.MEAN_LOGIT, z.mean(1));
      }
      var most = z.amax(new long[] {1}, /* keepdim= */ true); // [R, 1]
      z.sub_(most);
      var target = z.gather(1, targets.unsqueeze(1)); // [R, 1], relative to the largest
      if (readouts.contains(Readout.TOP_ONE)) {
        values.put(Readout.TOP_ONE, target.ge(Ops.scalar(0)).to(wide).squeeze(1));
      }
      boolean entropy = readouts.contains(Readout.ENTROPY);
      var top =
          readouts.contains(Readout.LIKELIEST) || readouts.contains(Readout.LIKELIEST_UNITS)
              ? Optional.of(Ops.largest(z, (int) Math.min(Readout.MOST, z.size(1))))
              : Optional.<Ops.Largest>empty();
      var e = entropy ? z.exp() : z.exp_();
      var sum = e.sum(new long[] {1}, /* keepdim= */ true, new ScalarTypeOptional());
      var log = sum.log();
      if (readouts.contains(Readout.LOG_LIKELIHOOD)) {
        values.put(Readout.LOG_LIKELIHOOD, target.sub(log).squeeze(1));
      }
      top.ifPresent(largest -> {
        values.put(Readout.LIKELIEST, largest.values().sub(log));
        values.put(Readout.LIKELIEST_UNITS, largest.places().to(wide));
      });
      if (readouts.contains(Readout.LOG_NORMALIZER)) {
        values.put(Readout.LOG_NORMALIZER, most.add(log).squeeze(1));
      }
      if (entropy) {
        values.put(Readout.ENTROPY, log.squeeze(1).sub(z.mul_(e).sum(1).div_(sum.squeeze(1))));
      }
      if (readouts.contains(Readout.COLLISION)) {
        var square = e.square().sum(1); // sum exp(2 z), relative to the largest
        values.put(Readout.COLLISION, square.log_().sub(Ops.times(log.squeeze(1), 2)));
      }
      return new Read(values, new Kept(e, sum));
    });
  }

  /// Adds to the gradient of the weight and returns the one of the hidden states.
  ///
  /// @param hidden `[R, hidden]`
  /// @param targets `[R]` int64
  /// @param gradients by readout, each `[R]`, or `[R, K]` of the likeliest
  /// @param likeliest which they were, `[R, K]` int64, if they have a gradient
  /// @param kept what [#read] kept of these rows; is overwritten
  /// @param other log-probabilities of the reference, `[R, V]`, for the divergence
  Tensor backward(
      Tensor hidden,
      Tensor targets,
      Map<Readout, Tensor> gradients,
      Optional<Tensor> likeliest,
      Optional<Kept> kept,
      Optional<Tensor> other) {
    return Grad.off(() -> {
      var toLogits =
          kept.isPresent() && OF_PROBABILITIES.containsAll(gradients.keySet())
              ? ofKept(kept.get(), targets, gradients, likeliest)
              : ofLogits(product(hidden), targets, gradients, likeliest, other);
      var gradient = toLogits.to(hidden.scalar_type());
      var weight = table.weight();
      if (weight.requires_grad()) {
        Grad.addProduct(weight, gradient.t(), hidden);
      }
      return adapter.back(hidden, gradient, gradient.mm(weight.detach()));
    });
  }

  private static Tensor ofKept(
      Kept kept, Tensor targets, Map<Readout, Tensor> gradients, Optional<Tensor> likeliest) {
    var toTarget = Optional.ofNullable(gradients.get(Readout.LOG_LIKELIHOOD));
    var toLikeliest = Optional.ofNullable(gradients.get(Readout.LIKELIEST));
    var toNormaliser = Optional.ofNullable(gradients.get(Readout.LOG_NORMALIZER));
    var all =
        Stream.of(toTarget.map(Tensor::neg), toLikeliest.map(g -> g.sum(1).neg()), toNormaliser)
            .flatMap(Optional::stream)
            .reduce(Tensor::add); // what multiplies the probabilities
    if (all.isEmpty()) {
      return kept.exponentials.zero_();
    }
    var gradient = kept.exponentials.mul_(all.get().unsqueeze(1).div(kept.sum));
    toTarget.ifPresent(g -> gradient.scatter_add_(1, targets.unsqueeze(1), g.unsqueeze(1)));
    toLikeliest.ifPresent(g -> gradient.scatter_add_(1, likeliest.orElseThrow(), g));
    return gradient;
  }

  private Tensor ofLogits(
      Tensor raw,
      Tensor targets,
      Map<Readout, Tensor> gradients,
      Optional<Tensor> likeliest,
      Optional<Tensor> other) {
    var logits = capped(raw);
    var normaliser = logits.logsumexp(new long[] {1}, /* keepdim= */ true); // [R, 1]
    var logP = logits.sub(normaliser);
    var p = logP.exp();
    Tensor sum = null;
    for (var entry : gradients.entrySet()) {
      var g = entry.getValue().unsqueeze(1); // [R, 1]
      var one =
          switch (entry.getKey()) {
            case LOG_LIKELIHOOD -> p.mul(g).neg_().scatter_add_(1, targets.unsqueeze(1), g);
            case ENTROPY -> {
              var entropy = p.mul(logP).sum(new long[] {1}, true, new ScalarTypeOptional()).neg();
              yield p.mul(logP.add(entropy)).mul_(g).neg_();
            }
            case COLLISION -> Ops.times(torch.softmax(Ops.times(logits, 2), 1).sub(p).mul_(g), 2);
            case LOG_NORMALIZER -> p.mul(g);
            case MEAN_LOGIT -> Ops.times(g, 1.0 / logits.size(1)).expand_as(logits);
            case LIKELIEST ->
                p.mul(entry.getValue().sum(new long[] {1}, true, new ScalarTypeOptional()))
                    .neg_()
                    .scatter_add_(1, likeliest.orElseThrow(), entry.getValue());
            case TOP_ONE, LIKELIEST_UNITS -> null;
            case DIVERGENCE -> {
              var ratio = logP.sub(other.orElseThrow());
              var divergence = p.mul(ratio).sum(new long[] {1}, true, new ScalarTypeOptional());
              yield p.mul(ratio.sub(divergence)).mul_(g);
            }
            case RIVAL, VALUE, HIDDEN, REWARD, PROMPT ->
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
}
