package io.alidade.data;

import io.alidade.batch.Completion;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import java.util.List;
import java.util.Map;

/// A row as ids, before any limit.
///
/// @param row where it came from
/// @param prompt ids shared by all candidates
/// @param candidates the rest of each candidate's ids, with what is scored
/// @param signals as in [Example]; a unit signal has a number a token
/// @param boundaryMoved whether a candidate tokenized together with the prompt does not begin with
///   the prompt's own ids: tokens merge across the boundary, and the model reads a split it would
///   not make itself
public record EncodedRow(
    Example.Row row,
    int[] prompt,
    List<Completion> candidates,
    Map<Signal, double[]> signals,
    boolean boundaryMoved) {}
