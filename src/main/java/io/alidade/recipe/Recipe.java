package io.alidade.recipe;

import io.alidade.Default;
import io.alidade.data.Strategy;
import io.alidade.learning.Learning;
import io.alidade.learning.Optimizer;
import io.alidade.learning.Schedule;
import io.alidade.objective.Objective;
import io.alidade.reference.Reference;
import java.util.List;
import java.util.Optional;

/// What a paper says: the method, with its scientific parameters and their sources. What a machine
/// affords stands in a [Scale]; the two share no component.
///
/// @param paper where it was published
/// @param axes where it stands among other methods
/// @param claim what it promises, in a sentence that an evaluation can refute
/// @param strategies what is made of the rows of the data before the objective sees them, in order
/// @param objective what is minimised
/// @param reference the frozen model that the objective compares with, if it does
/// @param learning in which order examples are drawn and steps taken
/// @param optimizer how a gradient becomes an update
/// @param schedule how the learning rate changes over the steps
public record Recipe(
    Paper paper,
    Axes axes,
    String claim,
    @Default("[]") List<Strategy> strategies,
    Objective objective,
    Optional<Reference> reference,
    Learning learning,
    Optimizer optimizer,
    Schedule schedule) {
  /// Where a method was published.
  ///
  /// @param title in full
  /// @param arxiv identifier such as `2305.18290`, if it is there
  public record Paper(String title, Optional<String> arxiv) {
    /// Checks the form of the identifier.
    public Paper {
      if (arxiv.isPresent() && !arxiv.get().matches("\\d{4}\\.\\d{4,5}")) {
        throw new IllegalArgumentException(
            "arxiv must look like \"2305.18290\", was " + arxiv.get());
      }
    }
  }

  /// The four axes of Xiao et al. (2024, arXiv:2410.15595): data strategy, learning framework,
  /// constraint mechanism, model property.
  public record Axes(String data, String learning, String constraint, String model) {}
}
