package io.alidade.reference;

import io.alidade.model.Scorer;

/// A frozen copy of the weights that training started from: the static reference of DPO (Rafailov
/// et al. 2023, arXiv:2305.18290).
public record Frozen() implements Reference {
  @Override
  public Scorer open(Setting setting) {
    return setting.start().get();
  }
}
