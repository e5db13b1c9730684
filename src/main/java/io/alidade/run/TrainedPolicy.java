package io.alidade.run;

import io.alidade.model.Head;
import io.alidade.model.MemoryBudget;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.SaveOptions;
import io.alidade.recipe.Plan;
import io.alidade.recipe.Wiring;
import java.nio.file.Path;
import java.util.Optional;

/// The model that a plan trains: how it is opened, whole or under an adapter, from where training
/// starts or from a checkpoint, and how it is left.
///
/// @param model folder of the checkpoint that training starts from
record TrainedPolicy(Plan plan, Path model) {
  /// The policy, trainable.
  ///
  /// @param latest the run's last checkpoint, from which it goes on
  Policy open(Optional<Path> latest) {
    return open(start(), latest);
  }

  /// Another model of the same checkpoint, with another head, trainable.
  Policy beside(Head head) {
    return open(start().with(head), Optional.empty());
  }

  /// The model as it is before training, not trainable.
  Policy frozen() {
    return Policy.open(model, start());
  }

  private PolicySpec start() {
    var scale = plan.scale();
    var head = Wiring.head(plan.recipe());
    // A head of one output may have any width that the checkpoint says, and be refused for it.
    int outputs = plan.recipe().objective().needs().outputs();
    return PolicySpec.frozen(scale.dtype())
        .with(head)
        .seeded(scale.seed())
        .withOutputs(head == Head.REWARD && outputs > 1 ? outputs : 0);
  }

  private Policy open(PolicySpec start, Optional<Path> latest) {
    var scale = plan.scale();
    var spec =
        new PolicySpec(
            start.precision(),
            start.head(),
            Optional.empty(),
            Optional.empty(),
            true,
            scale.gradientCheckpointing(),
            scale.memory().map(MemoryBudget::of).orElse(MemoryBudget.NONE),
            scale.seed(),
            start.outputs());
    if (scale.adapter().isPresent()) {
      return Policy.open(
          model,
          latest.isPresent()
              ? spec.withAdapter(latest.get())
              : spec.with(scale.adapter().get().spec()));
    }
    return Policy.open(latest.orElse(model), spec);
  }

  /// Writes what was trained: the adapter if there is one, or else the model.
  void save(Policy policy, Path folder) {
    if (plan.scale().adapter().isPresent()) {
      policy.saveAdapter(folder, plan.scale().model().orElse(""));
    } else {
      policy.save(folder, SaveOptions.PLAIN);
    }
  }
}
