package io.alidade.report;

/// What a model wrote before and after training, to the same prompt with the same seed.
///
/// @param prompt what both answer
/// @param before what the model wrote that training started from
/// @param after what the tuned model wrote
/// @param note on how they were drawn, such as `temperature 0.7, seed 1`; may be empty
public record Sample(String prompt, String before, String after, String note) {}
