package io.alidade.model;

import io.alidade.model.causal.Architecture;
import io.alidade.model.causal.Weights;
import io.alidade.tensor.NativeMemory;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Reordered;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The weights of a policy as drawing uses them: matrices in the order in which few rows are
/// multiplied fastest, at the price of a second copy of them.
///
/// Copies of frozen weights are kept with them, so that a chat or a server makes them once. Those
/// of weights in training would be outdated by the next update, and take memory from it: they are
/// made anew for each [Decoder] and freed with it.
final class DrawingWeights implements Weights, AutoCloseable {
  /// Bytes of weights below which the call costs more than the order saves.
  private static final long SMALL_MODEL = 8L << 20;

  /// Rows are computed alike in any company if no operation's blocks straddle them.
  private static final int BLOCK = 32;

  private final Architecture architecture;
  private final Parameters parameters;
  private final Reorderings passing = new Reorderings();
  private final Map<String, long[]> shapes;

  private DrawingWeights(Architecture architecture, Parameters parameters) {
    this.architecture = architecture;
    this.parameters = parameters;
    shapes = architecture.shapes();
  }

  /// For a model that gains by it (large, float32, of even widths) on a machine with memory for the
  /// second copy.
  static Optional<DrawingWeights> of(Architecture architecture, Parameters parameters) {
    return parameters.drawOnly() || gains(parameters)
        ? Optional.of(new DrawingWeights(architecture, parameters))
        : Optional.empty();
  }

  private static boolean gains(Parameters parameters) {
    var matrices = parameters.base().values().stream().filter(weight -> weight.dim() == 2).toList();
    long bytes = matrices.stream().mapToLong(Tensor::nbytes).sum();
    boolean large = bytes >= SMALL_MODEL && bytes <= NativeMemory.physical() / 4;
    boolean fits = matrices.stream().allMatch(DrawingWeights::fits);
    return large && fits && Reordered.alike();
  }

  private static boolean fits(Tensor weight) {
    return weight.scalar_type().intern() == ScalarType.Float
        && weight.size(0) % BLOCK == 0
        && weight.size(1) % BLOCK == 0;
  }

  @Override
  public Optional<Tensor> few(String module, Tensor x) {
    return Optional.of(copy(module + ".weight").times(x));
  }

  private Reordered copy(String name) {
    boolean turned = architecture.transposed() && !name.equals(architecture.names().head());
    var copies = parameters.stays(name) ? parameters.reorderings() : passing;
    return copies.of(name, () -> turned ? parameters.get(name).t() : parameters.get(name));
  }

  /// One product is faster than several of its parts. Where some of the modules stay as they are
  /// and others are trained, the parts of these are computed apart.
  @Override
  public Optional<List<Tensor>> few(List<String> modules, Tensor x) {
    var names = modules.stream().map(module -> module + ".weight").toList();
    boolean stay = names.stream().anyMatch(parameters::stays);
    var all = joint(names, stay).times(x);
    var parts = new ArrayList<Tensor>();
    long from = 0;
    for (int i = 0; i < modules.size(); i++) {
      var name = names.get(i);
      long width = Objects.requireNonNull(shapes.get(name))[0];
      boolean apart = stay && !parameters.stays(name);
      parts.add(apart ? copy(name).times(x) : all.narrow(1, from, width));
      from += width;
    }
    return Optional.of(parts);
  }

  private Reordered joint(List<String> names, boolean stay) {
    return (stay ? parameters.reorderings() : passing)
        .of(
            String.join(" ", names),
            () ->
                Ops.concatenate(
                    names.stream()
                        .map(name -> stay ? parameters.base(name) : parameters.get(name))
                        .toList(),
                    0));
  }

  /// Factors of an adapter, too, must treat a row alike in any company.
  private Tensor factor(String name, Tensor factor, Tensor x) {
    return passing.of(name, () -> factor).times(x);
  }

  /// Makes all copies, and frees each weight that nothing but its product needs as soon as its copy
  /// is there.
  void alone() {
    for (int layer = 0; layer < architecture.layers(); layer++) {
      for (var modules : architecture.siblings(layer)) {
        var names = modules.stream().map(module -> module + ".weight").toList();
        if (names.stream().allMatch(parameters::stays)) {
          try (var _ = new Step()) {
            joint(names, true);
          }
          names.forEach(parameters::release);
        }
      }
    }
    for (var module : architecture.linearModules()) {
      var name = module + ".weight";
      if (parameters.stays(name) && !parameters.released(name)) {
        copy(name);
        parameters.release(name);
      }
    }
  }

  @Override
  public Tensor get(String name) {
    return parameters.get(name);
  }

  @Override
  public Tensor adapt(String module, Tensor input, Tensor output, long draw) {
    var lora = parameters.lora();
    return lora == null ? output : lora.adapt(module, input, output, this::factor);
  }

  @Override
  public Tensor adaptBack(String module, Tensor input, Tensor gradient, Tensor sum, long draw) {
    return parameters.adaptBack(module, input, gradient, sum, draw);
  }

  @Override
  public Tensor adaptRows(String module, Tensor rows, Tensor output) {
    var lora = parameters.lora();
    return lora == null ? output : lora.adaptRows(module, rows, output, this::factor);
  }

  @Override
  public void adaptRowsBack(String module, Tensor rows, Tensor gradient) {
    parameters.adaptRowsBack(module, rows, gradient);
  }

  @Override
  public void close() {
    passing.close();
  }
}
