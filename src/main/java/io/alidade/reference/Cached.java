package io.alidade.reference;

import io.alidade.model.Scorer;

/// Another reference whose likelihoods are computed once and kept on disk, keyed by the content of
/// weights and tokens, for this run and every later one.
///
/// @param of the reference to ask where the cache does not know
public record Cached(Reference of) implements Reference {
  /// Checks that what is kept stays true.
  public Cached {
    if (of.moves()) {
      throw new IllegalArgumentException(
          "of must be a reference that stays as it is, was %s, which follows the policy"
              .formatted(of.getClass().getSimpleName()));
    }
  }

  @Override
  public Scorer open(Setting setting) {
    return new LikelihoodCache(setting.cache(), () -> of.open(setting));
  }
}
