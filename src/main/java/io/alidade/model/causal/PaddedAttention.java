package io.alidade.model.causal;

import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import io.alidade.model.causal.Layout.Segment;
import io.alidade.tensor.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Attention over a [Layout] of many short runs, with gradients: every root with its children is
/// padded to the longest, and all are computed as one product. A product of one's own for each, as
/// [PackedAttention] has it, would cost more in calls than in arithmetic.
public final class PaddedAttention implements Attention {
  /// Up to so many tokens, padding is cheaper than a call.
  private static final int SHORT = 64;

  /// Fewer runs than this are not worth copying.
  private static final int FEW = 4;

  /// A root and its children, neighbours in the layout.
  private record Run(int from, int count, List<Segment> segments) {}

  private final Layout layout;
  private final List<Run> runs;
  private final int longest;
  private final Tensor rows; // [B * L], index of the token in each padded place
  private final Tensor places; // [T], padded place of each token
  private final Map<Settings, Tensor> masks = new HashMap<>(); // [B, 1, L, L]

  private PaddedAttention(
      Architecture architecture, Layout layout, ScalarType type, List<Run> runs, int longest) {
    this.layout = layout;
    this.runs = runs;
    this.longest = longest;
    var rows = new int[runs.size() * longest];
    var places = new int[layout.size()];
    for (int b = 0; b < runs.size(); b++) {
      var run = runs.get(b);
      for (int i = 0; i < longest; i++) {
        rows[b * longest + i] = run.from + Math.min(i, run.count - 1);
        if (i < run.count) {
          places[run.from + i] = b * longest + i;
        }
      }
    }
    this.rows = Ops.indices(rows);
    this.places = Ops.indices(places);
    for (int layer = 0; layer < architecture.layers(); layer++) {
      masks.computeIfAbsent(architecture.attention(layer), settings -> mask(settings).to(type));
    }
  }

  /// The attention that suits a layout: this one if it has many runs and all are short, else
  /// [PackedAttention]. Must be called outside the steps of single layers.
  ///
  /// @param type of the queries
  public static Attention of(Architecture architecture, Layout layout, ScalarType type) {
    var runs = runs(layout);
    int longest = runs.stream().mapToInt(Run::count).max().orElse(0);
    return padded(runs, longest)
        ? new PaddedAttention(architecture, layout, type, runs, longest)
        : PackedAttention.of(architecture, layout, type);
  }

  /// How many places the attention of [#of] computes for the tokens of a layout, padding included.
  public static long places(Layout layout) {
    var runs = runs(layout);
    int longest = runs.stream().mapToInt(Run::count).max().orElse(0);
    return padded(runs, longest) ? (long) runs.size() * longest : layout.size();
  }

  private static boolean padded(List<Run> runs, int longest) {
    return runs.size() >= FEW && longest <= SHORT;
  }

  private static List<Run> runs(Layout layout) {
    var runs = new ArrayList<Run>();
    var segments = layout.segments();
    for (int i = 0; i < segments.size(); ) {
      int end = i + 1;
      while (end < segments.size() && segments.get(end).prefix() == i) {
        end++;
      }
      var own = segments.subList(i, end);
      int from = own.getFirst().start();
      runs.add(new Run(from, own.getLast().start() + own.getLast().length() - from, own));
      i = end;
    }
    return runs;
  }

  /// What is added to the scores, `[B, 1, L, L]`: 0 where a query sees a key, minus infinity
  /// elsewhere. A padding query, which nobody reads, sees the first key, so that nothing becomes
  /// NaN.
  private Tensor mask(Settings settings) {
    var mask = new float[runs.size() * longest * longest];
    Arrays.fill(mask, Float.NEGATIVE_INFINITY);
    var positions = layout.positions();
    int window = settings.window();
    for (int b = 0; b < runs.size(); b++) {
      var run = runs.get(b);
      int prefix = run.segments.getFirst().length();
      for (var segment : run.segments) {
        for (int t = segment.start(); t < segment.start() + segment.length(); t++) {
          int row = (b * longest + t - run.from) * longest;
          for (int key = run.from; key <= t; key++) {
            boolean seen = key >= segment.start() || key < run.from + prefix;
            boolean near = window == 0 || positions[t] - positions[key] < window;
            if (seen && near) {
              mask[row + key - run.from] = 0;
            }
          }
        }
      }
      for (int i = run.count; i < longest; i++) {
        mask[(b * longest + i) * longest] = 0;
      }
    }
    return Ops.floats(mask, runs.size(), 1, longest, longest);
  }

  @Override
  public Tensor attend(int layer, Tensor query, Tensor key, Tensor value, Settings settings) {
    var mask = masks.get(settings);
    if (mask == null) {
      throw new IllegalStateException("a kind of attention that no layer declares");
    }
    var q = padded(query);
    var k = padded(key);
    var v = padded(value);
    var mixed =
        settings.softCap() > 0
            ? PackedAttention.capped(q, k, v, mask, settings)
            : scaled_dot_product_attention(
                q,
                k,
                v,
                new TensorOptional(mask),
                0,
                false,
                new DoubleOptional(settings.scale()),
                q.size(1) != k.size(1));
    var flat =
        mixed.transpose(1, 2).reshape((long) runs.size() * longest, query.size(1) * value.size(2));
    return torch.embedding(flat, places);
  }

  /// `[T, heads, d]` to `[B, heads, L, d]`.
  private Tensor padded(Tensor x) {
    // As an embedding, since the gradient of index_select adds row by row.
    return torch
        .embedding(x.reshape(x.size(0), x.size(1) * x.size(2)), rows)
        .view(runs.size(), longest, x.size(1), x.size(2))
        .transpose(1, 2);
  }
}
