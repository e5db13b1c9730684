package io.alidade.bench;

import io.alidade.generation.Throughput;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;

/// Drawing as a plain loop lays it out, to measure [DrawBench] against: all prompts are read at
/// once, each new token is the likeliest, and keys and values grow by concatenation, as in
/// `transformers`' `generate` with a `DynamicCache`. A stand-in for how it works, **not** a
/// measurement of it.
///
/// @param rows R, drawn together
/// @param promptTokens of each row
/// @param newTokens of each row
/// @param rounds measured, after one that is not
record PlainDraw(Shape shape, int rows, int promptTokens, int newTokens, int rounds) {
  /// Measures; the first round warms up and is not among those returned.
  Throughput measure(PlainLlama llama) {
    var measured = new ArrayList<Throughput.Round>();
    for (int round = 0; round <= rounds; round++) {
      measured.add(draw(llama, prompts(round)).round());
    }
    return new Throughput(
        rows, promptTokens, newTokens, List.copyOf(measured.subList(1, measured.size())));
  }

  private int[] prompts(int round) {
    return new Random(round).ints((long) rows * promptTokens, 3, shape.vocabulary).toArray();
  }

  /// What was drawn.
  ///
  /// @param tokens ids, row by row
  record Drawn(long[][] tokens, Throughput.Round round) {}

  /// Draws greedily; nothing ends a row early.
  ///
  /// @param prompts ids, row by row
  Drawn draw(PlainLlama llama, int[] prompts) {
    return Grad.off(() -> {
      try (var past = new Cache();
          var _ = new Step()) {
        var tokens = new long[rows][newTokens];
        var ids = Ops.indices(prompts).view(rows, promptTokens);
        long start = System.nanoTime();
        long read = start;
        double spent = 0;
        for (int t = 0; t < newTokens; t++) {
          var seen = ids;
          ids = Step.inner(() -> next(llama, seen, past));
          past.length += (int) seen.size(1);
          var values = Ops.toLongs(ids);
          for (int row = 0; row < rows; row++) {
            tokens[row][t] = values[row];
          }
          if (t == 0) {
            read = System.nanoTime();
            spent = Machine.cpuSeconds();
          }
        }
        return new Drawn(
            tokens,
            new Throughput.Round(
                (read - start) / 1e9,
                (System.nanoTime() - read) / 1e9,
                Machine.cpuSeconds() - spent,
                Step.residentBytes()));
      }
    });
  }

  /// The likeliest next token of each row, `[R, 1]`.
  private static Tensor next(PlainLlama llama, Tensor ids, Cache past) {
    var hidden = llama.hidden(ids, past);
    var last = llama.logits(hidden.select(1, hidden.size(1) - 1)); // [R, V]
    return last.argmax(new LongOptional(-1), /* keepdim= */ true);
  }

  /// Grows by a copy of what is there, as a dynamic cache does.
  private static final class Cache implements PlainLlama.Past, AutoCloseable {
    private final List<Owned> keys = new ArrayList<>();
    private final List<Owned> values = new ArrayList<>();
    private int length;

    @Override
    public Tensor with(int layer, boolean keys, Tensor fresh) {
      var kept = keys ? this.keys : values;
      if (layer == kept.size()) {
        kept.add(Owned.keep(fresh));
        return fresh;
      }
      var before = kept.get(layer);
      var grown = Ops.concatenate(List.of(before.tensor(), fresh), 2);
      kept.set(layer, Owned.keep(grown));
      before.close();
      return grown;
    }

    @Override
    public int length() {
      return length;
    }

    @Override
    public void close() {
      keys.forEach(Owned::close);
      values.forEach(Owned::close);
    }
  }
}
