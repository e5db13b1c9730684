package io.alidade.model.adapter;

import io.alidade.Check;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// A low-rank adapter (Hu et al. 2021, arXiv:2106.09685): each target `W` acts as `W + scale B A`,
/// with `A` of r rows drawn at random and `B` zero at first.
///
/// @param r rank, at least 1
/// @param alpha the scale is `alpha / r`
/// @param dropout probability with which inputs of `A` are dropped in training, in [0, 1)
/// @param targets which modules it reaches
/// @param rslora whether the scale is `alpha / sqrt(r)` instead (Kalajdzievski 2023,
///   arXiv:2312.03732)
/// @param modulesToSave further modules that are trained whole and saved with the adapter, by name
/// @param rankPattern ranks of single modules, by the regular expression that matches the end of
///   their names; the first that matches counts
/// @param alphaPattern alphas of single modules, likewise
/// @param layersToTransform numbers of the layers that targets by name are looked for in; none for
///   all
/// @param excluded modules that are left out although they are targets
public record LoraSpec(
    int r,
    double alpha,
    double dropout,
    Targets targets,
    boolean rslora,
    List<String> modulesToSave,
    SequencedMap<String, Integer> rankPattern,
    SequencedMap<String, Double> alphaPattern,
    List<Integer> layersToTransform,
    Optional<Targets.Chosen> excluded) {
  /// Checks ranges.
  public LoraSpec {
    Check.atLeast("r", 1, r);
    Check.positive("alpha", alpha);
    Check.belowFrom("dropout", 0, 1, dropout);
    modulesToSave = List.copyOf(modulesToSave);
    rankPattern = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(rankPattern));
    alphaPattern = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(alphaPattern));
    layersToTransform = List.copyOf(layersToTransform);
    rankPattern.keySet().forEach(regex -> Targets.expression("rank_pattern", regex));
    alphaPattern.keySet().forEach(regex -> Targets.expression("alpha_pattern", regex));
    rankPattern.values().forEach(rank -> Check.atLeast("rank_pattern", 1, rank));
    alphaPattern.values().forEach(value -> Check.positive("alpha_pattern", value));
    layersToTransform.forEach(layer -> Check.atLeast("layers_to_transform", 0, layer));
    if (!layersToTransform.isEmpty() && targets instanceof Targets.Pattern) {
      throw new IllegalArgumentException(
          "layers_to_transform goes with names of modules; an expression says the layers itself");
    }
  }

  /// An adapter without dropout and without exceptions.
  ///
  /// @param r rank, at least 1
  /// @param alpha over `r` is what the adapter is multiplied by; positive
  public static LoraSpec of(int r, double alpha, Targets targets) {
    return new LoraSpec(
        r,
        alpha,
        0,
        targets,
        false,
        List.of(),
        new LinkedHashMap<>(),
        new LinkedHashMap<>(),
        List.of(),
        Optional.empty());
  }

  /// The rank for a module.
  int rank(String module) {
    return forModule(rankPattern, module, r);
  }

  /// What the product is multiplied by for a module.
  double scale(String module) {
    int rank = rank(module);
    return forModule(alphaPattern, module, alpha) / (rslora ? Math.sqrt(rank) : rank);
  }

  private static <T> T forModule(Map<String, T> pattern, String module, T otherwise) {
    for (var entry : pattern.entrySet()) {
      if (module.matches("(.*\\.)?(" + entry.getKey() + ")")) {
        return entry.getValue();
      }
    }
    return otherwise;
  }
}
