package io.alidade.objective;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Random batches that hold exactly what an objective declares, kept as plain numbers group by
/// group so that they can be reordered, split, padded and disturbed.
///
/// @param needs what the objective declared
/// @param groups the batch
record World(Needs needs, List<Group> groups) {
  /// Size of a hidden state.
  private static final int HIDDEN = 3;

  /// One group.
  ///
  /// @param mask `[K][U_k]`
  /// @param readouts `[K][U_k]`; `[K][1]` for a reward, `[K][U_k * HIDDEN]` for hidden states
  /// @param reference `[K][U_k]` by readout
  /// @param signals as in an example: 1, K, or one number a unit flattened
  record Group(
      double[][] mask,
      Map<Readout, double[][]> readouts,
      Map<Readout, double[][]> reference,
      Map<Signal, double[]> signals) {
    int size() {
      return mask.length;
    }
  }

  /// What an objective sees, and the tensors that gradients can be asked of.
  record Built(Scored batch, Map<Readout, Tensor> leaves) {}

  static World random(Needs needs, int groups, RandomGenerator random) {
    var made = new ArrayList<Group>();
    for (int g = 0; g < groups; g++) {
      int size =
          switch (needs.feedback()) {
            case DEMONSTRATIONS, LABELLED, PAIRS -> needs.candidates();
            case RANKINGS, ROLLOUTS -> needs.candidates() + random.nextInt(3);
          };
      var mask = new double[size][];
      for (int k = 0; k < size; k++) {
        mask[k] = new double[random.nextInt(1, 5)];
        for (int u = 0; u < mask[k].length; u++) {
          mask[k][u] = u > 0 && random.nextInt(6) == 0 ? 0 : 1;
        }
      }
      var readouts = new EnumMap<Readout, double[][]>(Readout.class);
      for (var readout : needs.readouts()) {
        readouts.put(readout, values(readout, needs.outputs(), mask, random));
      }
      var reference = new EnumMap<Readout, double[][]>(Readout.class);
      for (var readout : needs.referenceReadouts()) {
        reference.put(readout, values(readout, needs.outputs(), mask, random));
      }
      var signals = new LinkedHashMap<Signal, double[]>();
      for (var signal : needs.signals()) {
        int count =
            switch (signal.scope()) {
              case GROUP -> 1;
              case CANDIDATE -> size;
              case UNIT -> java.util.Arrays.stream(mask).mapToInt(m -> m.length).sum();
            };
        signals.put(signal, signal(signal.name(), count, random));
      }
      made.add(new Group(mask, readouts, reference, signals));
    }
    return new World(needs, made);
  }

  private static double[][] values(
      Readout readout, int outputs, double[][] mask, RandomGenerator random) {
    return switch (readout) {
      case REWARD, PROMPT -> like(new double[mask.length][outputs], random, -2, 2);
      case HIDDEN -> {
        var wide = new double[mask.length][];
        java.util.Arrays.setAll(wide, k -> new double[mask[k].length * HIDDEN]);
        yield like(wide, random, -1, 1);
      }
      case LIKELIEST, LIKELIEST_UNITS -> {
        var wide = new double[mask.length][];
        java.util.Arrays.setAll(wide, k -> new double[mask[k].length * Readout.MOST]);
        yield like(wide, random, -9, -1);
      }
      case LOG_LIKELIHOOD, COLLISION, RIVAL -> like(mask, random, -2, -0.05);
      default -> like(mask, random, 0.05, 2);
    };
  }

  /// Values that a signal of this name may take; most are free.
  private static double[] signal(String name, int count, RandomGenerator random) {
    var values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] =
          switch (name) {
            case "label" -> random.nextInt(2);
            case "rank" -> i + 1;
            case "relevance" -> random.nextInt(3);
            case "step" -> 1 + random.nextInt(3);
            case "item" -> random.nextInt(4) - 1;
            case "advantage" -> random.nextDouble(-1, 1);
            case "flip_rate" -> random.nextDouble(0.4);
            case "old_logps", "ref_chosen_logps", "ref_rejected_logps" ->
                random.nextDouble(-2, -0.05);
            default -> random.nextDouble(0.05, 1);
          };
    }
    return values;
  }

  private static double[][] like(
      double[][] shape, RandomGenerator random, double low, double high) {
    var values = new double[shape.length][];
    for (int k = 0; k < shape.length; k++) {
      values[k] = random.doubles(shape[k].length, low, high).toArray();
    }
    return values;
  }

  World of(List<Group> some) {
    return new World(needs, some);
  }

  /// The batch as tensors.
  ///
  /// @param padding further units that are masked out and hold arbitrary numbers
  Built build(ScalarType type, int padding) {
    int n = groups.stream().mapToInt(Group::size).sum();
    int units =
        padding
            + groups.stream()
                .flatMap(g -> java.util.Arrays.stream(g.mask))
                .mapToInt(m -> m.length)
                .max()
                .orElse(1);
    var mask = table(groups.stream().map(Group::mask).toList(), n, units, 0, type);
    var leaves = new EnumMap<Readout, Tensor>(Readout.class);
    for (var readout : needs.readouts()) {
      leaves.put(
          readout,
          Grad.leaf(
              readout(
                  readout,
                  groups.stream().map(g -> g.readouts.getOrDefault(readout, g.mask)).toList(),
                  n,
                  units,
                  padding,
                  type)));
    }
    var frozen = new EnumMap<Readout, Tensor>(Readout.class);
    for (var readout : needs.referenceReadouts()) {
      frozen.put(
          readout,
          readout(
              readout,
              groups.stream().map(g -> g.reference.getOrDefault(readout, g.mask)).toList(),
              n,
              units,
              padding,
              type));
    }
    var signals = new LinkedHashMap<Signal, Tensor>();
    for (var signal : needs.signals()) {
      signals.put(signal, signal(signal, n, units, padding, type));
    }
    return new Built(
        new Scored(
            groups.stream().mapToInt(Group::size).toArray(),
            mask,
            new EnumMap<>(leaves),
            frozen,
            signals,
            Map.of()),
        leaves);
  }

  private Tensor readout(
      Readout readout, List<double[][]> rows, int n, int units, int padding, ScalarType type) {
    double filler = padding > 0 ? -7 : 0;
    return switch (readout) {
      case REWARD, PROMPT -> table(rows, n, needs.outputs(), filler, type);
      case LIKELIEST, LIKELIEST_UNITS ->
          table(rows, n, units * Readout.MOST, filler, type).view(n, units, Readout.MOST);
      case HIDDEN -> table(rows, n, units * HIDDEN, filler, type).view(n, units, HIDDEN);
      default -> table(rows, n, units, filler, type);
    };
  }

  private Tensor signal(Signal signal, int n, int units, int padding, ScalarType type) {
    return switch (signal.scope()) {
      case GROUP, CANDIDATE -> {
        var flat =
            groups.stream()
                .flatMapToDouble(
                    g -> java.util.Arrays.stream(g.signals.getOrDefault(signal, new double[0])))
                .toArray();
        yield Ops.doubles(flat, flat.length).to(type);
      }
      case UNIT -> {
        var rows = new ArrayList<double[][]>();
        for (var group : groups) {
          var flat = group.signals.getOrDefault(signal, new double[0]);
          var table = new double[group.size()][];
          int from = 0;
          for (int k = 0; k < table.length; k++) {
            table[k] = java.util.Arrays.copyOfRange(flat, from, from + group.mask[k].length);
            from += table[k].length;
          }
          rows.add(table);
        }
        yield table(rows, n, units, padding > 0 ? 5 : 0, type);
      }
    };
  }

  private static Tensor table(
      List<double[][]> rows, int n, int columns, double filler, ScalarType type) {
    var flat = new double[n * columns];
    java.util.Arrays.fill(flat, filler);
    int at = 0;
    for (var group : rows) {
      for (var row : group) {
        System.arraycopy(row, 0, flat, at, row.length);
        at += columns;
      }
    }
    return Ops.doubles(flat, n, columns).to(type);
  }
}
