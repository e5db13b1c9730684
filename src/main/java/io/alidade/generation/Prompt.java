package io.alidade.generation;

/// A prompt as a model reads it.
///
/// @param ids at least one
/// @param chat whether a chat template wrote it; an answer to plain text begins where that text
///   ends, with a space if need be
public record Prompt(int[] ids, boolean chat) {}
