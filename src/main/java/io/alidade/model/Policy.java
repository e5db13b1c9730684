package io.alidade.model;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.causal.Architecture;
import io.alidade.model.causal.Architectures;
import io.alidade.model.causal.Attention;
import io.alidade.model.causal.Layout;
import io.alidade.model.causal.ModelConfig;
import io.alidade.model.causal.Weights;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// A causal language model from a Hugging Face checkpoint: scores candidates, gives gradients, is
/// written back. Not for use by several threads at once.
public final class Policy implements Trainee, Fingerprinted {
  private final Path folder;
  private final ModelConfig config;
  private final PolicySpec spec;
  private final Architecture architecture;
  private final Parameters parameters;
  private final Passes passes;
  private final PolicyFiles files;
  private boolean training;
  private final DropoutStream dropout;
  private long tokensRead;
  private @Nullable String fingerprint;
  private Optional<Passes.Beside> compared = Optional.empty();

  private Policy(
      Path folder,
      ModelConfig config,
      PolicySpec spec,
      Architecture architecture,
      Parameters parameters) {
    this.folder = folder;
    this.config = config;
    this.spec = spec;
    this.architecture = architecture;
    this.parameters = parameters;
    passes = new Passes(folder, config, spec, architecture, parameters);
    files = new PolicyFiles(folder, config, spec, architecture, parameters);
    dropout = new DropoutStream(spec.seed());
  }

  /// Opens a checkpoint folder. Its memory is that of the weights in the precision asked for, at
  /// any moment of loading.
  ///
  /// @throws UserException if the folder holds no checkpoint that is supported and whole
  public static Policy open(Path folder, PolicySpec spec) {
    var config = ModelConfig.read(folder);
    var architecture = Architectures.of(config);
    var parameters =
        Checkpoint.read(
            folder,
            architecture,
            spec,
            spec.outputs() > 0 ? spec.outputs() : config.labels(),
            config.initializerRange());
    boolean complete = false;
    try {
      spec.lora().ifPresent(lora -> AdapterFiles.fresh(parameters, lora, architecture, spec));
      spec.adapter().ifPresent(from -> AdapterFiles.read(parameters, from, architecture, spec));
      var policy = new Policy(folder, config, spec, architecture, parameters);
      if (spec.trainable()) {
        policy.candidates().values().forEach(weight -> weight.set_requires_grad(true));
      }
      complete = true;
      return policy;
    } finally {
      if (!complete) {
        parameters.close();
      }
    }
  }

  /// The configuration it was opened with.
  public ModelConfig config() {
    return config;
  }

  /// How it was opened.
  public PolicySpec spec() {
    return spec;
  }

  /// Its layers as functions.
  Architecture architecture() {
    return architecture;
  }

  /// Longest sequence that can be read at all, if positions are learned.
  Optional<Integer> positionLimit() {
    return architecture.positionLimit();
  }

  /// Whether there is an adapter.
  public boolean adapted() {
    return parameters.lora() != null;
  }

  /// The weights that gradients are gathered in: leaves, by their names in a checkpoint (PEFT's for
  /// an adapter). Valid as long as the policy is, and until [#merge()].
  @Override
  public SequencedMap<String, Tensor> trainable() {
    var trainable = candidates();
    trainable.values().removeIf(tensor -> !tensor.requires_grad());
    return trainable;
  }

  /// What would be trained: the adapter if there is one, or else everything.
  private SequencedMap<String, Tensor> candidates() {
    var lora = parameters.lora();
    return lora == null ? parameters.base() : AdapterFiles.named(parameters, lora, architecture);
  }

  /// Switches the dropout of an adapter on or off; it is off at first, and only ever acts on
  /// differentiable scoring.
  @Override
  public void training(boolean on) {
    training = on;
  }

  /// Starts the random stream behind dropout anew.
  public void seed(long seed) {
    dropout.seed(seed);
  }

  @Override
  public byte[] randomState() {
    return dropout.state();
  }

  @Override
  public void restoreRandomState(byte[] state) {
    dropout.restore(state);
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    return score(parameters, batch, readouts, differentiable);
  }

  private Scoring score(
      Weights weights, Batch batch, Set<Readout> readouts, boolean differentiable) {
    var whole = passes.packed(batch, readouts);
    var pieces =
        differentiable ? passes.footprint().pieces(batch, whole, trainable()) : List.of(batch);
    var packed =
        pieces.size() == 1
            ? List.of(whole)
            : pieces.stream().map(piece -> passes.packed(piece, batch.units(), readouts)).toList();
    var draws = packed.stream().map(parts -> draws(parts, differentiable)).toList();
    if (differentiable) {
      tokensRead += packed.stream().flatMap(List::stream).mapToLong(Packed::tokens).sum();
    }
    Pieces.Pass pass =
        (piece, back) ->
            passes.score(
                weights,
                packed.get(piece),
                draws.get(piece),
                readouts,
                back,
                compared,
                trainable());
    return pieces.size() == 1
        ? pass.score(0, differentiable)
        : new Pieces(pieces.stream().map(Batch::candidates).toList(), pass);
  }

  /// What fixes the random numbers of each part.
  private long[] draws(List<Packed> parts, boolean differentiable) {
    return parts.stream()
        .mapToLong(part -> !training || !differentiable || part.isEmpty() ? 0 : dropout.next())
        .toArray();
  }

  /// How it reads batches.
  Passes passes() {
    return passes;
  }

  /// How many tokens it has read for differentiable scoring since it was opened, whatever was
  /// padding included.
  public long tokensRead() {
    return tokensRead;
  }

  /// Logits at every position of one sequence, `[T, V]`, float32 (float64 for a float64 model).
  public Tensor logits(int... tokens) {
    return passes.logits(tokens);
  }

  /// Hidden states of one sequence after the embedding and after each layer, the last one after the
  /// final norm; each `[T, hidden]`.
  List<Tensor> hiddenStates(int... tokens) {
    return passes.hiddenStates(tokens);
  }

  /// Logits of some tokens of a layout under any attention, `[rows, V]`, without dropout.
  ///
  /// @param weights of this policy, in any order
  /// @param rows indices of tokens
  Tensor logits(Weights weights, Layout layout, Attention attention, int[] rows) {
    return passes.logits(weights, layout, attention, rows);
  }

  /// The weights as they are.
  Weights weights() {
    return parameters;
  }

  /// From now on it only draws, in little more memory than its weights take once: matrices that are
  /// frozen are kept in the order of drawing and no other. For small models, other precisions than
  /// float32 and weights in training nothing changes.
  public void drawOnly() {
    Natives.call(() -> {
      drawingWeights()
          .ifPresent(weights -> {
            weights.alone();
            weights.close();
          });
      return this;
    });
  }

  /// The weights in the order in which few rows are multiplied fastest, for a model that gains by
  /// it.
  Optional<DrawingWeights> drawingWeights() {
    return DrawingWeights.of(architecture, parameters);
  }

  /// The same weights with the adapter off and no gradients: the reference of a run that trains an
  /// adapter. Valid as long as this policy is; closing it does nothing.
  ///
  /// @throws IllegalStateException if there is no adapter
  public Scorer withoutAdapter() {
    if (parameters.lora() == null) {
      throw new IllegalStateException("there is no adapter to switch off");
    }
    return new BelowAdapter(this);
  }

  /// Scores with the adapter off.
  Scoring scoreBelow(Batch batch, Set<Readout> readouts) {
    return score(parameters.withoutAdapter(), batch, readouts, false);
  }

  /// SHA-256 of configuration and weights with the adapter off.
  String fingerprintBelow() {
    return Fingerprint.of(config.json(), new TreeMap<>(parameters.base()));
  }

  /// Lets predictions be compared with those of a frozen model of the same architecture, for the
  /// readout of the divergence. That model must stay open as long.
  ///
  /// @throws UserException if the reference is not a model at hand
  public void compareWith(Scorer reference) {
    compared =
        Optional.of(
            switch (reference) {
              case Policy other -> new Passes.Beside(other.architecture, other.parameters);
              case BelowAdapter _ -> new Passes.Beside(architecture, parameters.withoutAdapter());
              default ->
                  throw new UserException(
                      "the objective compares whole predictions with the reference, so likelihoods that were kept do not do; use reference: Frozen, or AdaptersOff with an adapter");
            });
  }

  /// A second model to be trained beside this one, with the same values: a copy of the adapter on
  /// the same weights in the same memory, where there is one, or else of all weights.
  Policy twin() {
    var twin = new Policy(folder, config, spec, architecture, parameters.trainedCopy());
    twin.dropout.restore(dropout.state());
    twin.candidates().values().forEach(weight -> weight.set_requires_grad(true));
    return twin;
  }

  /// The same weights under an adapter from a folder. The memory of the weights is shared, so many
  /// adapters cost little more than one; each policy is closed by itself.
  ///
  /// @throws UserException if the adapter does not fit
  /// @throws IllegalStateException if there is an adapter already, or the weights are trained
  public Policy beside(Path adapter) {
    if (parameters.lora() != null || spec.trainable()) {
      throw new IllegalStateException("an adapter goes beside frozen weights without another");
    }
    var other = spec.withAdapter(adapter);
    var shared = parameters.sharing();
    boolean complete = false;
    try {
      AdapterFiles.read(shared, adapter, architecture, other);
      complete = true;
      return new Policy(folder, config, other, architecture, shared);
    } finally {
      if (!complete) {
        shared.close();
      }
    }
  }

  /// The same weights, in the same memory, under another adapter, trainable.
  ///
  /// @param changed what the present adapter's specification becomes
  /// @param factors by PEFT's names
  Policy withAdapter(UnaryOperator<LoraSpec> changed, Map<String, Tensor> factors) {
    var shared = parameters.sharing();
    boolean complete = false;
    try {
      var lora = changed.apply(parameters.adapter().spec());
      shared.put(AdapterFiles.of(lora, factors, shared, architecture, spec.head()));
      complete = true;
    } finally {
      if (!complete) {
        shared.close();
      }
    }
    var policy = new Policy(folder, config, spec, architecture, shared);
    policy.candidates().values().forEach(weight -> weight.set_requires_grad(true));
    return policy;
  }

  /// A copy with weights of its own, without gradients.
  public Policy frozenCopy() {
    return new Policy(folder, config, spec.copied(), architecture, parameters.copy());
  }

  /// A frozen copy of what is trained: of the adapter alone, where there is one. Valid as long as
  /// this policy is.
  public Policy follower() {
    return new Policy(folder, config, spec.copied(), architecture, parameters.trainedCopy());
  }

  /// Moves the weights of a [#follower()] towards those of the policy that it follows: `w ← (1 -
  /// alpha) w + alpha w'`.
  ///
  /// @param alpha in `(0, 1]`; 1 copies
  public void approach(Policy policy, double alpha) {
    var theirs = policy.candidates();
    Grad.off(() -> {
      changeable()
          .forEach((name, weight) -> {
            try (var _ = new Step()) {
              var target = Objects.requireNonNull(theirs.get(name), name);
              if (alpha == 1) {
                weight.copy_(target);
              } else {
                weight.mul_(new Scalar(1 - alpha)).add_(target, new Scalar(alpha));
              }
            }
          });
      return alpha;
    });
    changed();
  }

  /// The weights of a [#follower()] that move, by name; they share memory with it.
  public SequencedMap<String, Tensor> changeable() {
    return candidates();
  }

  /// Copies weights into those that [#changeable()] names.
  ///
  /// @throws UserException if one is missing or of another shape
  public void put(Map<String, Tensor> weights) {
    Grad.off(() -> {
      changeable()
          .forEach((name, weight) -> {
            var value = weights.get(name);
            if (value == null || !Arrays.equals(Ops.shape(value), Ops.shape(weight))) {
              throw new UserException(
                  "the checkpoint's reference lacks '%s' in its shape; it belongs to another model or adapter"
                      .formatted(name));
            }
            weight.copy_(value);
          });
      return weights;
    });
    changed();
  }

  /// SHA-256 of configuration and weights in use. Computed once for a policy that is not trained,
  /// each time for one that is.
  @Override
  public String fingerprint() {
    if (fingerprint != null) {
      return fingerprint;
    }
    var content = parameters.fingerprint(config);
    if (trainable().isEmpty()) {
      fingerprint = content;
    }
    return content;
  }

  /// Adds the adapter to the weights below and forgets it. Nothing is trainable afterwards.
  ///
  /// @throws IllegalStateException if there is no adapter
  public void merge() {
    if (parameters.lora() == null) {
      throw new IllegalStateException("there is no adapter to merge");
    }
    parameters.merge(architecture.transposed());
    parameters.base().values().forEach(weight -> weight.set_requires_grad(false));
    changed();
  }

  private void changed() {
    fingerprint = null;
    if (parameters.lora()
        == null) { // else the weights below, which others may share, are as before
      parameters.reorderings().clear();
    }
  }

  /// Writes a checkpoint folder that `transformers` loads, replacing it as a whole.
  ///
  /// @throws IllegalStateException if an adapter is on top: merge it, or save it by itself
  public void save(Path target, SaveOptions options) {
    files.save(target, options);
  }

  /// Writes the adapter in PEFT's layout, replacing the folder as a whole.
  public void saveAdapter(Path target) {
    saveAdapter(target, folder.toString());
  }

  /// The same, naming the model below as given, for example by its name on a hub.
  ///
  /// @throws IllegalStateException if there is no adapter
  public void saveAdapter(Path target, String base) {
    files.saveAdapter(target, base);
  }

  /// Writes what training changes into a folder that exists: the adapter, or else the model.
  @Override
  public void checkpoint(Path into) {
    files.checkpoint(into);
  }

  @Override
  public void close() {
    parameters.close();
  }
}
