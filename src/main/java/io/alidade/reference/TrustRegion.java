package io.alidade.reference;

import io.alidade.Check;
import io.alidade.model.Scorer;

/// A reference that is drawn after the policy every so many steps (TR-DPO, Gorbatovski et al. 2024,
/// arXiv:2404.09656), as TRL's `sync_ref_model` does it.
///
///     ref ← alpha·policy + (1 - alpha)·ref      after each refModelSyncSteps-th step
///
/// `alpha` below 1 is the paper's soft update, usually every step; `alpha` of 1 is its hard update.
///
/// @param refModelMixupAlpha `alpha`, in `(0, 1]`; TRL's default is 0.6
/// @param refModelSyncSteps steps between two updates, at least 1; TRL's default is 512
public record TrustRegion(double refModelMixupAlpha, int refModelSyncSteps) implements Reference {
  /// Checks the ranges.
  public TrustRegion {
    Check.positive("ref_model_mixup_alpha", refModelMixupAlpha);
    Check.between("ref_model_mixup_alpha", 0, 1, refModelMixupAlpha);
    Check.atLeast("ref_model_sync_steps", 1, refModelSyncSteps);
  }

  @Override
  public Scorer open(Setting setting) {
    return new Following(setting.policy(), refModelMixupAlpha, refModelSyncSteps);
  }

  @Override
  public boolean moves() {
    return true;
  }
}
