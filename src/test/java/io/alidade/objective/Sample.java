package io.alidade.objective;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/// A batch made from sums of log-likelihoods, spread evenly over the tokens, in float64. The sums
/// are leaves, so gradients can be asked of them.
///
/// @param batch what the objective sees
/// @param policy `[N]`, the leaf
record Sample(Scored batch, Tensor policy) {
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
    var share = maskTensor.div(Ops.atLeast(Ops.doubles(lengths, n, 1), 1)); // [N, U]
    var leaf = Grad.leaf(Ops.doubles(policy, n));
    var tensors = new LinkedHashMap<Signal, Tensor>();
    signals.forEach((signal, values) ->
        tensors.put(
            signal,
            signal.scope() == Signal.Scope.UNIT
                ? Ops.doubles(values, n, units)
                : Ops.doubles(values, values.length)));
    return new Sample(
        new Scored(
            sizes,
            maskTensor,
            Map.of(Readout.LOG_LIKELIHOOD, leaf.unsqueeze(1).mul(share)),
            reference.map(r -> Ops.doubles(r, n).unsqueeze(1).mul(share)),
            tensors,
            memory),
        leaf);
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
  static Sample pair(double chosen, double rejected, int chosenLength, int rejectedLength) {
    return of(
        new int[] {2},
        new double[] {chosen, rejected},
        Optional.empty(),
        new double[] {chosenLength, rejectedLength},
        Map.of(),
        Map.of());
  }

  /// The same with signals added.
  Sample with(Signal signal, double... values) {
    var shape =
        signal.scope() == Signal.Scope.UNIT ? Ops.shape(batch.mask()) : new long[] {values.length};
    return new Sample(batch.withSignal(signal, Ops.doubles(values, shape)), policy);
  }

  double value(Objective objective) {
    return Ops.number(objective.loss(batch).value());
  }

  /// Gradient with respect to the sums, `[N]`.
  double[] gradient(Objective objective) {
    return Ops.toDoubles(gradient(objective.loss(batch)));
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
