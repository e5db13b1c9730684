package io.alidade.model;

import io.alidade.model.causal.KeyValueCache;
import io.alidade.model.causal.Layout;
import io.alidade.model.causal.PackedAttention;
import io.alidade.model.causal.Weights;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.List;

/// Reads the prompts that rows begin with.
///
/// @param weights of the policy, in the order in which it draws
/// @param together whether rows are alike in any company, so that prompts may share a pass
record PromptReader(Policy policy, Weights weights, boolean together) {
  /// Most tokens of several prompts that are read in one pass; rows of up to so many are computed
  /// alike in any company.
  private static final int MOST_READ = 256;

  /// What was read of each, in order.
  List<Decoder.Prefix> read(List<int[]> prompts) {
    var read = new ArrayList<Decoder.Prefix>();
    boolean complete = false;
    try {
      for (int from = 0, to; from < prompts.size(); from = to) {
        to = from + 1;
        int tokens = prompts.get(from).length;
        while (together && to < prompts.size() && tokens + prompts.get(to).length <= MOST_READ) {
          tokens += prompts.get(to++).length;
        }
        var some = prompts.subList(from, to);
        read.addAll(Natives.call(() -> inOnePass(some)));
      }
      complete = true;
      return read;
    } finally {
      if (!complete) {
        read.forEach(Decoder.Prefix::close);
      }
    }
  }

  private List<Decoder.Prefix> inOnePass(List<int[]> prompts) {
    int layers = policy.architecture().layers();
    var caches = prompts.stream().map(prompt -> new KeyValueCache(layers, prompt.length)).toList();
    boolean complete = false;
    try (var _ = new Step()) {
      var layout = Layout.of(prompts);
      var last = new int[prompts.size()];
      for (int i = 0, end = 0; i < last.length; i++) {
        end += prompts.get(i).length;
        last[i] = end - 1;
      }
      var attention =
          KeyValueCache.reading(
              caches,
              prompts,
              PackedAttention.of(policy.architecture(), layout, policy.spec().precision().type()));
      var logits = policy.logits(weights, layout, attention, last);
      var read = new ArrayList<Decoder.Prefix>();
      for (int i = 0; i < last.length; i++) {
        var seen = Seen.of(logits.narrow(0, i, 1));
        read.add(new Decoder.Prefix(prompts.get(i).clone(), caches.get(i), seen));
      }
      complete = true;
      return read;
    } finally {
      if (!complete) {
        caches.forEach(KeyValueCache::close);
      }
    }
  }
}
