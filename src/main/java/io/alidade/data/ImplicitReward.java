package io.alidade.data;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.example.Signal;
import java.util.Optional;

/// Gives each answer the reward that a policy trained with DPO implies, `beta (log p(answer) - log
/// p_ref(answer))` summed over tokens (Rafailov et al. 2023, arXiv:2305.18290; as a margin reward
/// of MODPO, Zhou et al. 2023). With the same `beta` it is on the scale of the objective that reads
/// it.
///
/// @param column the signal's name
/// @param model folder or hub name of the policy, or of an adapter on the model that training
///   starts from; it must read the same tokens. Where it is absent, the data must carry the column
/// @param reference the model that the policy started from; the one that this training starts from
///   if absent
/// @param beta of the policy's training, reward units per nat, positive
public record ImplicitReward(
    @Default("reward") String column,
    Optional<String> model,
    Optional<String> reference,
    double beta)
    implements Strategy {
  /// Checks the range.
  public ImplicitReward {
    Check.positive("beta", beta);
  }

  @Override
  public Outline outline(Outline given) {
    return ModelScores.outline(
        given, "ImplicitReward", model.isPresent(), Signal.perCandidate(column));
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    if (model.isEmpty()) {
      return rows;
    }
    var policy = setting.models().apply(model.get());
    var before = reference.map(setting.models()).orElse(setting.start());
    var encoder = setting.encoder();
    double[][] rewards = ModelScores.likelihoods("ImplicitReward", policy, rows, encoder, setting);
    double[][] frozen =
        ModelScores.likelihoods("ImplicitReward (reference)", before, rows, encoder, setting);
    for (int i = 0; i < rewards.length; i++) {
      for (int k = 0; k < rewards[i].length; k++) {
        rewards[i][k] = beta * (rewards[i][k] - frozen[i][k]);
      }
    }
    return ModelScores.with(rows, "ImplicitReward", Signal.perCandidate(column), rewards);
  }
}
