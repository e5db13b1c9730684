package io.alidade.model;

import io.alidade.UserException;
import io.alidade.model.causal.Attention;
import io.alidade.model.causal.KeyValueCache;
import io.alidade.model.causal.Layout;
import io.alidade.model.causal.PackedAttention;
import io.alidade.model.causal.Weights;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A batch of rows that grow together by one token a [#step()]; rows join it and leave it at any
/// time.
///
/// A row's numbers do not depend on its company. Where weights can be ordered for it
/// ([Reordered][io.alidade.tensor.Reordered]), matrix products are the same for any number of rows;
/// elsewhere they are always of [#TILE] rows, filled up with rows of nothing, since the sums of
/// libraries come in another order for each height. A prompt is read by itself, and each row
/// attends over a cache of its own length. So equal prompt, sampling, seed and stream give equal
/// bits, alone or among any others, from the start or late.
///
/// Not for use by several threads at once.
public final class Decoder implements AutoCloseable {
  /// Rows of a matrix product of fixed height. Eight take hardly longer than one, which waits for
  /// weights from memory.
  static final int TILE = 8;

  /// Most rows of a matrix product of any height. What more would gain is little against the memory
  /// of their caches.
  private static final int MOST = 32;

  /// What is asked of a row.
  ///
  /// @param sampling how tokens are chosen, and how many
  /// @param stream of random numbers under the sampling's seed
  /// @param ends tokens that end the row; empty to go on to the full length
  /// @param processors of logits, applied after the repetition penalty
  /// @param alternatives how many of the most likely tokens to report at each place
  public record Request(
      Sampling sampling,
      long stream,
      Set<Integer> ends,
      List<LogitsProcessor> processors,
      int alternatives) {
    /// Copies the lists.
    public Request {
      ends = Set.copyOf(ends);
      processors = List.copyOf(processors);
    }

    /// Without processors and alternatives.
    public static Request of(Sampling sampling, long stream, Set<Integer> ends) {
      return new Request(sampling, stream, ends, List.of(), 0);
    }
  }

  /// A token that could have been.
  ///
  /// @param logp log-probability under the model's own distribution, nats
  public record Alternative(int id, float logp) {}

  /// A token at its place.
  ///
  /// @param logp log-probability under the model's own distribution, nats
  /// @param entropy of that distribution, nats
  /// @param alternatives the most likely ones, as many as asked for, the most likely first
  public record Token(int id, float logp, float entropy, List<Alternative> alternatives) {}

  /// Told of a row as it grows.
  public interface Listener {
    /// A new token.
    ///
    /// @return whether the row should go on
    boolean token(Token token);

    /// The row has left the batch.
    void ended(Drawn drawn);
  }

  /// A prompt that has been read, from which any number of rows can begin.
  public static final class Prefix implements AutoCloseable {
    private final int[] prompt;
    private final KeyValueCache cache;
    private final Seen seen;

    Prefix(int[] prompt, KeyValueCache cache, Seen seen) {
      this.prompt = prompt;
      this.cache = cache;
      this.seen = seen;
    }

    @Override
    public void close() {
      cache.close();
    }
  }

  /// A row at work.
  private static final class Row {
    final Request request;
    final Listener listener;
    final Chooser chooser;
    final int[] prompt;
    KeyValueCache cache;
    int[] tokens = new int[16];
    float[] logps = new float[16];
    float[] entropies = new float[16];
    int count;
    boolean ended;

    Row(Request request, Listener listener, Chooser chooser, int[] prompt, KeyValueCache cache) {
      this.request = request;
      this.listener = listener;
      this.chooser = chooser;
      this.prompt = prompt;
      this.cache = cache;
    }

    /// Prompt and all that was drawn.
    int[] all() {
      int[] all = Arrays.copyOf(prompt, prompt.length + count);
      System.arraycopy(tokens, 0, all, prompt.length, count);
      return all;
    }

    /// Chooses from what was seen, and ends if that was the last.
    void grow(Seen seen, int row) {
      int id = chooser.next(seen.logits(), row * seen.size(), seen.size());
      var token = seen.token(row, id, request.alternatives);
      add(token);
      boolean more = listener.token(token);
      if (request.ends.contains(id)) {
        end(Drawn.Stop.END);
      } else if (!more) {
        end(Drawn.Stop.LISTENER);
      } else if (count >= request.sampling.maxNewTokens()) {
        end(Drawn.Stop.LENGTH);
      }
    }

    private void add(Token token) {
      if (count == tokens.length) {
        tokens = Arrays.copyOf(tokens, 2 * count);
        logps = Arrays.copyOf(logps, 2 * count);
        entropies = Arrays.copyOf(entropies, 2 * count);
      }
      tokens[count] = token.id();
      logps[count] = token.logp();
      entropies[count++] = token.entropy();
    }

    private void end(Drawn.Stop stop) {
      ended = true;
      cache.close();
      listener.ended(
          new Drawn(
              Arrays.copyOf(tokens, count),
              Arrays.copyOf(logps, count),
              Arrays.copyOf(entropies, count),
              stop));
    }
  }

  private final Policy policy;
  private final Optional<DrawingWeights> ordered;
  private final List<Row> rows = new ArrayList<>();

  /// An empty batch.
  public Decoder(Policy policy) {
    this.policy = policy;
    ordered = policy.drawingWeights();
  }

  /// With how many rows at work a step is used best.
  int best() {
    return ordered.isPresent() ? MOST : 2 * TILE; // one tile is full while the other waits
  }

  /// Number of rows at work.
  public int active() {
    return rows.size();
  }

  /// Reads a prompt.
  ///
  /// @throws UserException if it is empty or holds a token that the model does not know
  public Prefix read(int[] prompt) {
    return read(List.of(prompt)).getFirst();
  }

  /// Reads prompts. With weights in the order of drawing, several that are short are read in one
  /// pass; what is read of one is the same in any company.
  ///
  /// @return what was read of each, in order
  /// @throws UserException if one is empty or holds a token that the model does not know
  public List<Prefix> read(List<int[]> prompts) {
    prompts.forEach(prompt -> check(policy, prompt, 0, "the prompt"));
    return new PromptReader(policy, weights(), ordered.isPresent()).read(prompts);
  }

  private Attention packed(Layout layout) {
    return PackedAttention.of(policy.architecture(), layout, policy.spec().precision().type());
  }

  /// What the model says of the tokens of a prompt, from its second on.
  ///
  /// @param alternatives how many of the most likely tokens to report at each place
  public List<Token> read(int[] prompt, int alternatives) {
    check(policy, prompt, 0, "the prompt");
    var tokens = new ArrayList<Token>();
    try (var _ = new Step()) {
      var layout = Layout.of(prompt);
      var all =
          ordered
              .map(w -> policy.logits(w, layout, packed(layout), upTo(prompt.length)))
              .orElseGet(() -> policy.logits(prompt));
      for (int at = 1; at < prompt.length; at++) {
        try (var _ = new Step()) {
          tokens.add(Seen.of(all.narrow(0, at - 1, 1)).token(0, prompt[at], alternatives));
        }
      }
    }
    return tokens;
  }

  /// Begins a row. Its first token is chosen at once.
  ///
  /// @throws UserException if prompt and new tokens pass the model's positions
  public void join(Prefix prefix, Request request, Listener listener) {
    int newTokens = request.sampling().maxNewTokens();
    check(policy, prefix.prompt, newTokens, "the prompt");
    var chooser =
        new Chooser(request.sampling(), request.processors(), prefix.prompt, request.stream());
    try (var _ = new Step()) {
      var cache = Natives.call(() -> prefix.cache.copy(prefix.prompt.length + newTokens));
      var row = new Row(request, listener, chooser, prefix.prompt, cache);
      rows.add(row);
      row.grow(prefix.seen, 0);
    }
    rows.removeIf(row -> row.ended);
  }

  /// Grows every row by one token. Rows that end tell their listeners and are gone.
  public void step() {
    int height = ordered.isPresent() ? MOST : TILE;
    var usual = new ArrayList<Row>();
    for (var row : rows) {
      if (policy.architecture().readsAgain(row.cache.length() + 1)) {
        readAgain(row);
      } else {
        usual.add(row);
      }
    }
    for (int from = 0; from < usual.size(); from += height) {
      var tile = usual.subList(from, Math.min(usual.size(), from + height));
      try (var _ = new Step()) {
        var seen = Natives.call(() -> next(tile));
        for (int r = 0; r < tile.size(); r++) {
          tile.get(r).grow(seen, r);
        }
      }
    }
    rows.removeIf(row -> row.ended);
  }

  /// Grows a row by one token, all of whose keys turn otherwise from this length on.
  private void readAgain(Row row) {
    int room = row.prompt.length + row.request.sampling().maxNewTokens();
    try (var prefix = read(row.all())) {
      row.cache.close();
      try (var _ = new Step()) {
        row.cache = Natives.call(() -> prefix.cache.copy(room));
      }
      row.grow(prefix.seen, 0);
    }
  }

  private Seen next(List<Row> tile) {
    int height = ordered.isPresent() ? tile.size() : TILE;
    var tokens = new int[height];
    var positions = new int[height];
    for (int r = 0; r < tile.size(); r++) {
      var row = tile.get(r);
      tokens[r] = row.tokens[row.count - 1];
      positions[r] = row.cache.length();
    }
    var caches = tile.stream().map(row -> row.cache).toList();
    var layout = Layout.steps(tokens, positions);
    var logits = policy.logits(weights(), layout, KeyValueCache.next(caches), upTo(height));
    caches.forEach(KeyValueCache::advance);
    return Seen.inTiles(logits);
  }

  private Weights weights() {
    return ordered.<Weights>map(w -> w).orElse(policy.weights());
  }

  private static int[] upTo(int count) {
    var all = new int[count];
    Arrays.setAll(all, i -> i);
    return all;
  }

  /// Checks that a model can continue a prompt.
  ///
  /// @param newTokens to be drawn at most
  /// @param name of the prompt in messages
  /// @throws UserException if it cannot
  public static void check(Policy policy, int[] prompt, int newTokens, String name) {
    if (prompt.length == 0) {
      throw new UserException(name + " is empty; give it at least a beginning-of-sequence token");
    }
    int vocabulary = policy.config().vocabSize();
    for (int token : prompt) {
      if (token < 0 || token >= vocabulary) {
        throw new UserException(
            "%s holds token %d, the model knows 0 to %d; tokenizer and model do not belong together"
                .formatted(name, token, vocabulary - 1));
      }
    }
    var limit = policy.positionLimit();
    if (limit.isPresent() && prompt.length + newTokens > limit.get()) {
      throw new UserException(
          "%s of %d tokens and %d new ones pass the model's %d positions; lower max_new_tokens"
              .formatted(name, prompt.length, newTokens, limit.get()));
    }
  }

  /// Takes all rows out of the batch without telling anyone.
  @Override
  public void close() {
    rows.forEach(row -> {
      if (!row.ended) {
        row.cache.close();
      }
    });
    rows.clear();
    ordered.ifPresent(DrawingWeights::close);
  }
}
