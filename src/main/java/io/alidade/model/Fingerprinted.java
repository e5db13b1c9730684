package io.alidade.model;

/// A model that is known by its content.
public interface Fingerprinted {
  /// A hash of everything that its likelihoods depend on beside the tokens: weights in use,
  /// configuration, precision. Hexadecimal, usable as a file name.
  String fingerprint();
}
