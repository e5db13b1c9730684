package io.alidade.model;

import io.alidade.UserException;
import io.alidade.model.causal.KeyValueCache;
import io.alidade.model.causal.Layout;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Draws continuations of prompts from a policy: prompts are read once each, then every row grows
/// by one token at a time over a key/value cache. Rows that are finished cost nothing more.
public final class Generator {
  /// Why a row ended.
  public enum Stop {
    /// It drew a token that ends a sequence.
    END,
    /// It reached the number of new tokens.
    LENGTH,
    /// Its listener had enough.
    LISTENER
  }

  /// A continuation.
  ///
  /// @param tokens new tokens, a final end token included
  /// @param logps log-probability of each under the model's own distribution, nats
  /// @param stop why it ended
  public record Drawn(int[] tokens, float[] logps, Stop stop) {}

  /// Told of every token as it is drawn.
  @FunctionalInterface
  public interface Listener {
    /// @param row number of the prompt in the list
    /// @param token the new one
    /// @return whether the row should go on
    boolean token(int row, int token);
  }

  private static final int DEFAULT_BATCH = 16;

  private final Policy policy;
  private final Sampling sampling;
  private final Set<Integer> ends;
  private final Listener listener;

  /// A generator.
  ///
  /// @param ends tokens that end a row; empty to go on to the full length
  /// @param listener told of every token
  public Generator(Policy policy, Sampling sampling, Set<Integer> ends, Listener listener) {
    this.policy = policy;
    this.sampling = sampling;
    this.ends = Set.copyOf(ends);
    this.listener = listener;
  }

  /// A generator that nobody listens to.
  public Generator(Policy policy, Sampling sampling, Set<Integer> ends) {
    this(policy, sampling, ends, (_, _) -> true);
  }

  /// One continuation of each prompt, in their order. Equal prompts are read once.
  ///
  /// @throws UserException if a prompt is empty or holds a token that the model does not know
  public List<Drawn> generate(List<int[]> prompts) {
    return generate(prompts, 0);
  }

  /// The same for a part of a longer list.
  ///
  /// @param first number of the first prompt, which with the seed decides the draws
  public List<Drawn> generate(List<int[]> prompts, int first) {
    var drawn = new ArrayList<Drawn>();
    for (int from = 0; from < prompts.size(); from += DEFAULT_BATCH) {
      int number = first + from;
      var part = prompts.subList(from, Math.min(prompts.size(), from + DEFAULT_BATCH));
      drawn.addAll(Natives.call(() -> batch(part, number)));
    }
    return drawn;
  }

  /// A row at work.
  private static final class Row {
    final int number;
    final Chooser chooser;
    int[] tokens = new int[16];
    float[] logps = new float[16];
    int count;
    Stop stop = Stop.LENGTH;

    Row(int number, Chooser chooser) {
      this.number = number;
      this.chooser = chooser;
    }

    void add(int token, float logp) {
      if (count == tokens.length) {
        tokens = Arrays.copyOf(tokens, 2 * count);
        logps = Arrays.copyOf(logps, 2 * count);
      }
      tokens[count] = token;
      logps[count++] = logp;
    }

    Drawn drawn() {
      return new Drawn(Arrays.copyOf(tokens, count), Arrays.copyOf(logps, count), stop);
    }
  }

  private List<Drawn> batch(List<int[]> prompts, int first) {
    var rows = new ArrayList<Row>();
    var builder = new Layout.Builder();
    var source = new int[prompts.size()];
    Map<List<Integer>, Integer> known = new HashMap<>();
    for (int r = 0; r < source.length; r++) {
      int[] prompt = checked(prompts.get(r), first + r);
      rows.add(new Row(first + r, new Chooser(sampling, prompt, first + r)));
      source[r] =
          known.computeIfAbsent(
              IntStream.of(prompt).boxed().toList(), _ -> builder.root(prompt, prompt.length));
    }
    int longest = prompts.stream().mapToInt(p -> p.length).max().orElse(0);
    try (var cache =
        new KeyValueCache(policy.layers(), source.length, longest + sampling.maxNewTokens())) {
      var layout = builder.build();
      try (var _ = new Step()) {
        var last =
            IntStream.of(source)
                .map(s -> layout.segments().get(s).start() + layout.segments().get(s).length() - 1)
                .toArray();
        choose(rows, policy.read(layout, last, cache, source));
      }
      grow(new ArrayList<>(rows), cache);
    }
    return rows.stream().map(Row::drawn).toList();
  }

  private void grow(List<Row> active, KeyValueCache cache) {
    drop(active, cache);
    for (int n = 1; n < sampling.maxNewTokens() && !active.isEmpty(); n++) {
      try (var _ = new Step()) {
        var tokens = active.stream().mapToInt(row -> row.tokens[row.count - 1]).toArray();
        choose(active, policy.next(Layout.steps(tokens, cache.lengths()), cache));
      }
      drop(active, cache);
    }
  }

  /// Takes finished rows out of the work.
  private static void drop(List<Row> active, KeyValueCache cache) {
    var going =
        IntStream.range(0, active.size()).filter(r -> active.get(r).stop == Stop.LENGTH).toArray();
    if (going.length < active.size()) {
      if (going.length > 0) {
        try (var _ = new Step()) {
          cache.keep(going);
        }
      }
      active.removeIf(row -> row.stop != Stop.LENGTH);
    }
  }

  /// @param logits `[rows, V]`
  private void choose(List<Row> rows, Tensor logits) {
    int size = (int) logits.size(1);
    var numbers = Ops.toFloats(logits);
    var chosen = new int[rows.size()];
    for (int r = 0; r < chosen.length; r++) {
      chosen[r] = rows.get(r).chooser.next(numbers, r * size, size);
    }
    var logps =
        Ops.toFloats(
            torch.log_softmax(logits, 1).gather(1, Ops.indices(chosen).unsqueeze(1)).squeeze(1));
    for (int r = 0; r < chosen.length; r++) {
      var row = rows.get(r);
      row.add(chosen[r], logps[r]);
      if (ends.contains(chosen[r])) {
        row.stop = Stop.END;
      }
      if (!listener.token(row.number, chosen[r]) && row.stop == Stop.LENGTH) {
        row.stop = Stop.LISTENER;
      }
    }
  }

  private int[] checked(int[] prompt, int row) {
    if (prompt.length == 0) {
      throw new UserException(
          "prompt %d is empty; give it at least a beginning-of-sequence token".formatted(row + 1));
    }
    int vocabulary = policy.config().vocabSize();
    for (int token : prompt) {
      if (token < 0 || token >= vocabulary) {
        throw new UserException(
            "prompt %d holds token %d, the model knows 0 to %d; tokenizer and model do not belong together"
                .formatted(row + 1, token, vocabulary - 1));
      }
    }
    var limit = policy.positionLimit();
    if (limit.isPresent() && prompt.length + sampling.maxNewTokens() > limit.get()) {
      throw new UserException(
          "prompt %d of %d tokens and %d new ones pass the model's %d positions; lower max_new_tokens"
              .formatted(row + 1, prompt.length, sampling.maxNewTokens(), limit.get()));
    }
    return prompt;
  }
}
