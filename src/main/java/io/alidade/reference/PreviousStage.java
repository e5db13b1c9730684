package io.alidade.reference;

import io.alidade.model.Scorer;

/// The policy as it was when the present stage began: before the first stage the model that
/// training starts from, afterwards what the stage before made of it (Curry-DPO, arXiv:2403.07230).
public record PreviousStage() implements Reference {
  @Override
  public Scorer open(Setting setting) {
    return new Following(setting.policy(), 1, 0);
  }

  @Override
  public boolean moves() {
    return true;
  }
}
