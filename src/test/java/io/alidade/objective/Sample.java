package io.alidade.objective;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/// A batch made from sums of log-likelihoods, spread evenly over the tokens, in float64. The sums
/// are leaves, so gradients can be asked of them.
///
/// @param sizes candidates of each group
/// @param mask `[N, U]`
/// @param share `[N, U]`, what part of a sum each token has
/// @param reference `[N]` sums, none for an objective without reference
/// @param signals what the data say
/// @param memory what the objective remembered
/// @param policy `[N]`, the leaf
record Sample(
    int[] sizes,
    Tensor mask,
    Tensor share,
    Optional<Tensor> reference,
    Map<Signal, Tensor> signals,
    Map<String, Double> memory,
    Tensor policy) {
  /// @param sizes candidates of each group
  /// @param policy `[N]` sums
  /// @param reference `[N]` sums, none for an objective without reference
  /// @param lengths `[N]` tokens
  static Sample of(
      int[] sizes,
      double[] policy,
      Optional<double[]> reference,
      double[] lengths,
      Map<Signal, double[]> signals,
      Map<String, Double> memory) {
    int n = policy.length;
    int units = (int) java.util.Arrays.stream(lengths).max().orElse(1);
    var mask = new double[n * units];
    for (int i = 0; i < n; i++) {
      java.util.Arrays.fill(mask, i * units, i * units + (int) lengths[i], 1);
    }
    var maskTensor = Ops.doubles(mask, n, units);
    var sample =
        new Sample(
            sizes,
            maskTensor,
            maskTensor.div(Ops.atLeast(Ops.doubles(lengths, n, 1), 1)),
            reference.map(r -> Ops.doubles(r, n)),
            Map.of(),
            memory,
            Grad.leaf(Ops.doubles(policy, n)));
    for (var entry : signals.entrySet()) {
      sample = sample.with(entry.getKey(), entry.getValue());
    }
    return sample;
  }

  /// What the objective sees, with a graph of its own.
  Scored batch() {
    return new Scored(
        sizes,
        mask,
        Map.of(Readout.LOG_LIKELIHOOD, policy.unsqueeze(1).mul(share)),
        reference.map(r -> r.unsqueeze(1).mul(share)),
        signals,
        memory);
  }

  /// Pairs, given side by side.
  static Sample pairs(
      double[] chosen,
      double[] rejected,
      Optional<double[]> referenceChosen,
      Optional<double[]> referenceRejected,
      double[] chosenLengths,
      double[] rejectedLengths) {
    return of(
        sizes(chosen.length, 2),
        interleave(chosen, rejected),
        referenceChosen.map(r -> interleave(r, referenceRejected.orElseThrow())),
        interleave(chosenLengths, rejectedLengths),
        Map.of(),
        Map.of());
  }

  /// One pair with a reference.
  static Sample pair(
      double chosen,
      double rejected,
      double referenceChosen,
      double referenceRejected,
      int chosenLength,
      int rejectedLength) {
    return of(
        new int[] {2},
        new double[] {chosen, rejected},
        Optional.of(new double[] {referenceChosen, referenceRejected}),
        new double[] {chosenLength, rejectedLength},
        Map.of(),
        Map.of());
  }

  /// One pair with a reference, of one token each.
  static Sample pair(double chosen, double rejected, double refChosen, double refRejected) {
    return pair(chosen, rejected, refChosen, refRejected, 1, 1);
  }

  /// One pair without reference, given as sums.
  static Sample alone(double chosen, double rejected, int chosenLength, int rejectedLength) {
    return of(
        new int[] {2},
        new double[] {chosen, rejected},
        Optional.empty(),
        new double[] {chosenLength, rejectedLength},
        Map.of(),
        Map.of());
  }

  /// The same with a signal added or replaced.
  Sample with(Signal signal, double... values) {
    var shape = signal.scope() == Signal.Scope.UNIT ? Ops.shape(mask) : new long[] {values.length};
    var all = new HashMap<>(signals);
    all.put(signal, Ops.doubles(values, shape));
    return new Sample(sizes, mask, share, reference, all, memory, policy);
  }

  double value(Objective objective) {
    return Ops.number(objective.loss(batch()).value());
  }

  /// Gradient with respect to the sums, `[N]`.
  double[] gradient(Objective objective) {
    return Ops.toDoubles(gradient(objective.loss(batch())));
  }

  Tensor gradient(Loss loss) {
    return Grad.of(loss.value(), List.of(policy)).getFirst();
  }

  static int[] sizes(int groups, int candidates) {
    var sizes = new int[groups];
    java.util.Arrays.fill(sizes, candidates);
    return sizes;
  }

  static double[] interleave(double[] first, double[] second) {
    var both = new double[first.length * 2];
    for (int i = 0; i < first.length; i++) {
      both[2 * i] = first[i];
      both[2 * i + 1] = second[i];
    }
    return both;
  }
}
