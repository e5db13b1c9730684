package io.alidade.model;

import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.model.causal.Architecture;
import io.alidade.model.causal.Layout;
import io.alidade.model.causal.PaddedAttention;
import io.alidade.model.causal.Stretch;
import io.alidade.tensor.Natives;
import java.util.List;

/// A part of a batch that is read in one pass.
///
/// @param units U of the whole batch
/// @param stretches of its tokens that are computed side by side; none where one thread reads all
record Packed(Placement placement, int candidates, int units, List<Stretch> stretches) {
  /// Fewer tokens than this are not worth a thread that waits for others in each layer.
  private static final int LEAST = 32;

  /// How much longer than the mean the longest part may be.
  private static final double UNEVEN = 1.2;

  int tokens() {
    return placement.layout().map(Layout::size).orElse(0);
  }

  /// What is computed in one pass; of stretches nothing is padded.
  Scoring.Extent extent() {
    return placement
        .layout()
        .map(layout ->
            new Scoring.Extent(
                layout.size(),
                stretches.isEmpty() ? PaddedAttention.places(layout) : layout.size()))
        .orElse(Scoring.Extent.NONE);
  }

  boolean isEmpty() {
    return placement.layout().isEmpty();
  }

  /// Packs a batch: a part of its groups for each thread, or, where these would keep some threads
  /// waiting, a stretch of its tokens.
  ///
  /// @param units U of the whole, where the batch is a piece of one
  /// @param toTheEnd whether the last token of each candidate is needed
  /// @param prompts whether the last token of each prompt is needed
  static List<Packed> of(
      Batch batch,
      int units,
      Architecture architecture,
      int vocabulary,
      boolean toTheEnd,
      boolean prompts) {
    int threads = Natives.threads();
    var written = architecture.written();
    var parts = batch.parts(threads);
    boolean cut = written.isPresent() && threads > 1 && uneven(parts, threads);
    return (cut ? List.of(batch) : parts)
        .stream()
            .map(part -> {
              var placement =
                  Placement.of(architecture, vocabulary, part, units, toTheEnd, prompts);
              var stretches =
                  placement
                      .layout()
                      .filter(layout -> cut && layout.size() >= 2 * LEAST)
                      .map(layout ->
                          written
                              .orElseThrow()
                              .cut(layout, Math.min(threads, layout.size() / LEAST)));
              return new Packed(placement, part.candidates(), units, stretches.orElse(List.of()));
            })
            .toList();
  }

  private static boolean uneven(List<Batch> parts, int threads) {
    var tokens =
        parts.stream()
            .mapToInt(part -> part.groups().stream().mapToInt(Group::distinctTokens).sum());
    var all = tokens.summaryStatistics();
    return parts.size() < threads || all.getMax() > UNEVEN * all.getAverage();
  }
}
