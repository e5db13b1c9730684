package io.alidade.reference;

import io.alidade.UserException;
import io.alidade.model.Scorer;

/// The policy's own base weights with its adapter switched off: a reference without a second copy
/// of the weights.
public record AdaptersOff() implements Reference {
  @Override
  public Scorer open(Setting setting) {
    return setting
        .adaptersOff()
        .orElseThrow(() ->
            new UserException(
                "reference AdaptersOff: the policy has no adapter, so it would be its own"
                    + " reference; set adapter, or use reference: Frozen"));
  }
}
