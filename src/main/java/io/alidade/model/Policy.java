package io.alidade.model;

import static org.bytedeco.pytorch.global.torch.linear;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.model.causal.Architecture;
import io.alidade.model.causal.Architectures;
import io.alidade.model.causal.Layout;
import io.alidade.model.causal.ModelConfig;
import io.alidade.model.causal.PackedAttention;
import io.alidade.model.causal.Pass;
import io.alidade.model.causal.Weights;
import io.alidade.tensor.Grad;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/// A causal language model from a Hugging Face checkpoint: scores candidates, gives gradients, is
/// written back. Not for use by several threads at once.
public final class Policy implements Scorer {
  private final Path folder;
  private final ModelConfig config;
  private final PolicySpec spec;
  private final Architecture architecture;
  private final Parameters parameters;
  private long draws;

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
    draws = spec.seed();
  }

  /// Opens a checkpoint folder. Its memory is that of the weights in the precision asked for, at
  /// any moment of loading.
  ///
  /// @throws UserException if the folder holds no checkpoint that is supported and whole
  public static Policy open(Path folder, PolicySpec spec) {
    var config = ModelConfig.read(folder);
    var architecture = Architectures.of(config);
    var parameters =
        Checkpoint.read(folder, architecture, spec, config.labels(), config.initializerRange());
    if (spec.trainable()) {
      parameters.base().values().forEach(weight -> weight.set_requires_grad(true));
    }
    return new Policy(folder, config, spec, architecture, parameters);
  }

  /// The configuration it was opened with.
  public ModelConfig config() {
    return config;
  }

  /// How it was opened.
  public PolicySpec spec() {
    return spec;
  }

  /// The weights that gradients are gathered in: leaves, by their names in a checkpoint (PEFT's for
  /// an adapter). Valid as long as the policy is.
  public SequencedMap<String, Tensor> trainable() {
    return spec.trainable() ? parameters.base() : new LinkedHashMap<>();
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    return score(parameters, batch, readouts, differentiable);
  }

  private Scoring score(
      Weights weights, Batch batch, Set<Readout> readouts, boolean differentiable) {
    readouts.forEach(this::offered);
    var placement =
        Placement.of(architecture, config.vocabSize(), batch, readouts.contains(Readout.REWARD));
    var pass = placement.layout().map(layout -> pass(weights, layout));
    var run = pass.filter(_ -> differentiable).map(this::run);
    var hidden = run.map(Trunk.Run::hidden).or(() -> pass.map(p -> Trunk.frozen(architecture, p)));
    return new PackedScoring(
        placement,
        projection(weights),
        config.vocabSize(),
        heads(weights),
        run,
        hidden,
        readouts,
        batch.candidates(),
        batch.units());
  }

  private void offered(Readout readout) {
    boolean offered =
        switch (readout) {
          case REWARD -> spec.head() == Head.REWARD;
          case VALUE -> spec.head() == Head.VALUE;
          case HIDDEN -> true;
          case LOG_LIKELIHOOD, ENTROPY, COLLISION, LOG_NORMALIZER, MEAN_LOGIT, TOP_ONE ->
              spec.head() != Head.REWARD;
        };
    if (!offered) {
      throw new UserException(
          "%s: a model with a %s head does not report %s; open it with another head"
              .formatted(folder, lower(spec.head()), lower(readout)));
    }
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
  }

  private Pass pass(Weights weights, Layout layout) {
    var type = spec.precision().type();
    return new Pass(
        architecture,
        weights,
        layout,
        new PackedAttention(architecture, layout, type),
        type,
        draws++);
  }

  private Trunk.Run run(Pass pass) {
    return spec.gradientCheckpointing()
        ? Trunk.checkpointed(architecture, pass)
        : Trunk.recorded(architecture, pass);
  }

  private Projection projection(Weights weights) {
    var names = architecture.names();
    var name = architecture.tied() ? names.embedding() : names.head();
    return new Projection(
        hidden -> linear(hidden, weights.get(name)),
        architecture.logitCap(),
        spec.precision().wide());
  }

  private PackedScoring.Linear heads(Weights weights) {
    var heads = new EnumMap<Readout, Tensor>(Readout.class);
    switch (spec.head()) {
      case REWARD -> heads.put(Readout.REWARD, weights.get(Checkpoint.REWARD));
      case VALUE -> heads.put(Readout.VALUE, weights.get(Checkpoint.VALUE));
      case LANGUAGE -> {}
    }
    return new PackedScoring.Linear(heads);
  }

  /// Logits at every position of one sequence, `[T, V]`, float32 (float64 for a float64 model).
  public Tensor logits(int... tokens) {
    return Grad.off(() -> {
      var hidden = Trunk.frozen(architecture, pass(parameters, Layout.of(tokens)));
      return projection(parameters).logits(hidden);
    });
  }

  /// Hidden states of one sequence after the embedding and after each layer, the last one after the
  /// final norm; each `[T, hidden]`.
  public List<Tensor> hiddenStates(int... tokens) {
    return Trunk.all(architecture, pass(parameters, Layout.of(tokens)));
  }

  @Override
  public void close() {
    parameters.close();
  }
}
