package io.alidade.model;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.model.causal.Architecture;
import io.alidade.model.causal.Attention;
import io.alidade.model.causal.Layout;
import io.alidade.model.causal.ModelConfig;
import io.alidade.model.causal.PaddedAttention;
import io.alidade.model.causal.Pass;
import io.alidade.model.causal.Weights;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Phase;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import org.bytedeco.pytorch.Tensor;

/// How a policy's model reads a batch: packed, spread over threads, layers kept or computed again.
///
/// @param folder of the checkpoint, for messages
record Passes(
    Path folder,
    ModelConfig config,
    PolicySpec spec,
    Architecture architecture,
    Parameters parameters) {
  /// Weights of the same architecture that predictions are compared with.
  record Beside(Architecture architecture, Weights weights) {}

  /// Packs a batch.
  List<Packed> packed(Batch batch, Set<Readout> readouts) {
    return packed(batch, batch.units(), readouts);
  }

  /// Packs a piece of a batch.
  ///
  /// @param units U of the whole
  List<Packed> packed(Batch batch, int units, Set<Readout> readouts) {
    boolean prompts = readouts.contains(Readout.PROMPT);
    boolean toTheEnd = prompts || readouts.contains(Readout.REWARD);
    return Packed.of(batch, units, architecture, config.vocabSize(), toTheEnd, prompts);
  }

  /// Scores what was packed.
  ///
  /// @param draws fixes the random numbers of each part; 0 for none
  /// @param compared what predictions are compared with
  /// @param trainable what gathers gradients
  /// @throws UserException if the model does not report a readout
  Scoring score(
      Weights weights,
      List<Packed> packed,
      long[] draws,
      Set<Readout> readouts,
      boolean differentiable,
      Optional<Beside> compared,
      Map<String, Tensor> trainable) {
    readouts.forEach(readout -> offered(readout, compared.isPresent()));
    var chunks = chunks(packed);
    int repeated = differentiable ? footprint().repeated(packed, trainable) : 0;
    var against = compared.filter(_ -> readouts.contains(Readout.DIVERGENCE));
    IntFunction<Scoring> share =
        i -> {
          var part = packed.get(i);
          var placement = part.placement();
          Optional<Trunk.Run> run;
          Optional<Tensor> hidden;
          try (var _ = Phase.FORWARD.begin()) {
            var trunk =
                placement.layout().map(layout -> trunk(weights, layout, part, draws[i], trainable));
            int[] rows = placement.needed();
            run = trunk.filter(_ -> differentiable).map(t -> t.run(rows, repeated));
            hidden = run.map(Trunk.Run::hidden).or(() -> trunk.map(t -> t.frozen(rows)));
          }
          var other =
              against.flatMap(
                  beside -> placement.layout().map(layout -> beside(beside, layout, placement)));
          return new PackedScoring(
              placement.amongNeeded(),
              projection(weights, draws[i]),
              other,
              chunks,
              heads(weights),
              run,
              hidden,
              readouts,
              part.candidates(),
              part.units(),
              new PackedScoring.Widths(
                  architecture.hiddenSize(), Math.min(Readout.MOST, config.vocabSize())),
              part.extent());
        };
    return packed.size() == 1
        ? share.apply(0)
        : SharedScoring.of(packed.stream().map(Packed::candidates).toList(), share, differentiable);
  }

  /// The same number for every share, so that they take turns at the head's gradient.
  private PackedScoring.Chunks chunks(List<Packed> packed) {
    var projection = projection(parameters, 0);
    int most = packed.stream().mapToInt(p -> p.placement().rows().length).max().orElse(0);
    int all = packed.stream().mapToInt(p -> p.placement().rows().length).sum();
    return new PackedScoring.Chunks(
        projection.chunks(most, config.vocabSize()), projection.keeps(all, config.vocabSize()));
  }

  /// What the reference's predictions are made of, at the tokens of a placement.
  private PackedScoring.Other beside(Beside beside, Layout layout, Placement placement) {
    try (var _ = Phase.REFERENCE.begin()) {
      var type = spec.precision().type();
      var pass =
          new Pass(
              beside.architecture(),
              beside.weights(),
              layout,
              PaddedAttention.of(beside.architecture(), layout, type),
              type,
              0);
      var hidden = Grad.off(() -> frozen(pass, Ops.indices(placement.needed())));
      return new PackedScoring.Other(projection(beside.weights(), 0), hidden);
    }
  }

  private void offered(Readout readout, boolean compared) {
    boolean offered =
        switch (readout) {
          case REWARD, PROMPT -> spec.head() == Head.REWARD;
          case VALUE -> spec.head() == Head.VALUE;
          case HIDDEN -> true;
          case LOG_LIKELIHOOD,
              ENTROPY,
              COLLISION,
              LOG_NORMALIZER,
              MEAN_LOGIT,
              TOP_ONE,
              LIKELIEST,
              LIKELIEST_UNITS ->
              spec.head() != Head.REWARD;
          case DIVERGENCE -> spec.head() != Head.REWARD && compared;
          case RIVAL -> false; // a team's
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

  /// A pass without shares.
  Pass pass(Weights weights, Layout layout, long draw) {
    var type = spec.precision().type();
    return new Pass(
        architecture, weights, layout, PaddedAttention.of(architecture, layout, type), type, draw);
  }

  /// Logits at every position of one sequence, `[T, V]`.
  ///
  /// @throws UserException if the model cannot read the tokens
  Tensor logits(int... tokens) {
    return Grad.off(() -> {
      var hidden = Trunk.frozen(architecture, pass(parameters, Layout.of(checked(tokens)), 0));
      return projection(parameters, 0).logits(hidden);
    });
  }

  /// Logits of some tokens of a layout under any attention, `[rows, V]`.
  ///
  /// @param weights of this model, in any order
  /// @param rows indices of tokens
  Tensor logits(Weights weights, Layout layout, Attention attention, int[] rows) {
    return Grad.off(() -> {
      var type = spec.precision().type();
      var pass = new Pass(architecture, weights, layout, attention, type, 0);
      var hidden = Trunk.frozen(architecture, pass).index_select(0, Ops.indices(rows));
      return projection(weights, 0).logits(hidden);
    });
  }

  /// Hidden states of one sequence, each `[T, hidden]`.
  ///
  /// @throws UserException if the model cannot read the tokens
  List<Tensor> hiddenStates(int... tokens) {
    return Trunk.all(architecture, pass(parameters, Layout.of(checked(tokens)), 0));
  }

  private int[] checked(int[] tokens) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("a sequence without tokens");
    }
    for (int token : tokens) {
      if (token < 0 || token >= config.vocabSize()) {
        throw new UserException(
            "%s: token id %d is outside the vocabulary of %d"
                .formatted(folder, token, config.vocabSize()));
      }
    }
    architecture
        .positionLimit()
        .filter(limit -> tokens.length > limit)
        .ifPresent(limit -> {
          throw new UserException(
              "%s: %d tokens, but the model reads at most %d"
                  .formatted(folder, tokens.length, limit));
        });
    return tokens;
  }

  /// The layers over a layout.
  private interface Layers {
    /// Hidden states of some tokens, by ascending indices, `[R, hidden]`, without going backward.
    Tensor frozen(int[] rows);

    /// The same with a way back.
    ///
    /// @param repeated how many layers are computed again on that way
    Trunk.Run run(int[] rows, int repeated);
  }

  private Layers trunk(
      Weights weights, Layout layout, Packed part, long draw, Map<String, Tensor> trainable) {
    var written = architecture.written();
    if (!part.stretches().isEmpty()) {
      return stretches(weights, layout, part, draw);
    }
    return new Layers() {
      @Override
      public Tensor frozen(int[] rows) {
        return Passes.this.frozen(pass(weights, layout, draw), Ops.indices(rows));
      }

      @Override
      public Trunk.Run run(int[] rows, int repeated) {
        var indices = Ops.indices(rows);
        if (written.isPresent()) {
          return Trunk.written(written.get(), pass(weights, layout, draw), indices, repeated);
        }
        var leaves = new Leaves(parameters, trainable);
        var pass = pass(leaves, layout, draw);
        // Of recorded layers all are computed again, or none.
        return Trunk.chosen(Trunk.recorded(architecture, pass, leaves, repeated > 0), indices);
      }
    };
  }

  private Layers stretches(Weights weights, Layout layout, Packed part, long draw) {
    var side =
        new Stretches(
            architecture.written().orElseThrow(),
            part.stretches(),
            i -> {
              // Random numbers of its own: equal ones would drop the same inputs in each stretch.
              long own = draw == 0 ? 0 : (draw + (i + 1) * 0x9E3779B97F4A7C15L) | 1;
              var type = spec.precision().type();
              return Pass.of(architecture, weights, layout, part.stretches().get(i), type, own);
            });
    return new Layers() {
      @Override
      public Tensor frozen(int[] rows) {
        return side.frozen(rows);
      }

      @Override
      public Trunk.Run run(int[] rows, int repeated) {
        return side.run(rows, repeated);
      }
    };
  }

  private Tensor frozen(Pass pass, Tensor rows) {
    var written = architecture.written();
    return written.isPresent()
        ? written.get().frozen(pass, rows)
        : Trunk.frozen(architecture, pass).index_select(0, rows);
  }

  /// What passes of this model take.
  Footprint footprint() {
    return new Footprint(config, spec, architecture, parameters);
  }

  /// The projection to the vocabulary.
  Projection projection(Weights weights, long draw) {
    var name = architecture.names().head();
    var module = name.substring(0, name.length() - ".weight".length());
    return new Projection(
        new Projection.Table() {
          @Override
          public Tensor weight() {
            return weights.get(name);
          }

          @Override
          public Tensor times(Tensor hidden) {
            return weights
                .few(module, hidden)
                .orElseGet(() -> Projection.Table.super.times(hidden));
          }
        },
        new Projection.Adapter() {
          @Override
          public Tensor of(Tensor hidden, Tensor logits) {
            return weights.adapt(module, hidden, logits, draw);
          }

          @Override
          public Tensor back(Tensor hidden, Tensor gradient, Tensor sum) {
            return weights.adaptBack(module, hidden, gradient, sum, draw);
          }
        },
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
}
