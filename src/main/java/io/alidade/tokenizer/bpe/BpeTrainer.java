package io.alidade.tokenizer.bpe;

import io.alidade.UserException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.regex.Pattern;

/// Learns byte-level byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909; bytes as in
/// Radford et al. 2019): starting from the 256 bytes, the most frequent pair of neighbours becomes
/// a token, again and again. Words are counted once and pair counts kept up to date, so a merge
/// costs what it changes. Ties go to the pair whose tokens are older, so the same text gives the
/// same tokenizer, whatever the order of the files.
public final class BpeTrainer {
  /// End of text, padding, and the marks of a turn in a conversation.
  public static final List<String> SPECIALS =
      List.of("<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>");

  /// Longest token, in bytes: longer ones are licence texts and rulers.
  private static final int MAX_BYTES = 24;

  private static final int FIRST = SPECIALS.size() + 256;
  private static final Pattern SPLIT =
      Pattern.compile(BpeTokenizer.SPLIT, Pattern.UNICODE_CHARACTER_CLASS);

  private final int vocabulary;
  private final Map<String, long[]> words = new HashMap<>();
  private long bytes;

  /// @param vocabulary number of tokens to end with, specials and bytes included
  public BpeTrainer(int vocabulary) {
    if (vocabulary < FIRST || vocabulary > 1 << 20) {
      throw new UserException(
          "--vocab must be between %d (bytes and special tokens) and %d, was %d"
              .formatted(FIRST, 1 << 20, vocabulary));
    }
    this.vocabulary = vocabulary;
  }

  /// Counts the words of a text.
  public void add(String text) {
    var matcher = SPLIT.matcher(text);
    while (matcher.find()) {
      words.computeIfAbsent(matcher.group(), word -> new long[1])[0]++;
    }
    bytes += text.getBytes(StandardCharsets.UTF_8).length;
  }

  /// Bytes of text counted so far, in UTF-8.
  public long bytes() {
    return bytes;
  }

  /// Learns the merges; fewer than asked for where the text gives no more.
  public BpeTokenizer train() {
    if (words.isEmpty()) {
      throw new UserException("no text to train a tokenizer on; name files that are not empty");
    }
    return new Training().run();
  }

  /// A pair of neighbours as one number: the left id above the right.
  private static long pair(int left, int right) {
    return (long) left << 32 | right;
  }

  private record Best(long pair, long count) {}

  /// The state of one training: words as arrays of ids, and where each pair stands.
  private final class Training {
    private final List<int[]> spelled = new ArrayList<>();
    private final List<Long> counts = new ArrayList<>();
    private final List<String> tokens = new ArrayList<>(SPECIALS);
    private final List<Integer> lengths = new ArrayList<>();
    private final List<BpeTokenizer.Merge> merges = new ArrayList<>();
    private final Map<Long, Pair> pairs = new HashMap<>();

    // Counts in the queue may be outdated; the newest entry of a pair is right (see next()).
    private final PriorityQueue<Best> queue =
        new PriorityQueue<>(
            Comparator.comparingLong(Best::count).reversed().thenComparingLong(Best::pair));

    private static final class Pair {
      private long count;
      private final IntSet words = new IntSet();
    }

    BpeTokenizer run() {
      SPECIALS.forEach(special -> lengths.add(Integer.MAX_VALUE / 2));
      for (int b = 0; b < 256; b++) {
        tokens.add(String.valueOf(ByteAlphabet.character(b)));
        lengths.add(1);
      }
      spell();
      pairs.forEach((pair, state) -> queue.add(new Best(pair, state.count)));
      while (tokens.size() < vocabulary) {
        var best = next();
        if (best == 0) {
          break;
        }
        merge(best);
      }
      return new BpeTokenizer(SPECIALS, List.copyOf(tokens), List.copyOf(merges));
    }

    private void spell() {
      // Sorted, so that nothing depends on the order of a hash table.
      words.entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(word -> {
            var utf8 = word.getKey().getBytes(StandardCharsets.UTF_8);
            var ids = new int[utf8.length];
            for (int i = 0; i < ids.length; i++) {
              ids[i] = SPECIALS.size() + (utf8[i] & 0xff);
            }
            spelled.add(ids);
            counts.add(word.getValue()[0]);
            for (int i = 0; i + 1 < ids.length; i++) {
              change(ids[i], ids[i + 1], word.getValue()[0], spelled.size() - 1);
            }
          });
    }

    /// The most frequent pair that occurs at least twice and gives no over-long token, or 0.
    private long next() {
      while (!queue.isEmpty()) {
        var best = queue.poll();
        var state = pairs.get(best.pair());
        if (state == null || state.count <= 1) {
          continue;
        }
        if (state.count != best.count()) {
          queue.add(new Best(best.pair(), state.count));
        } else if (length(best.pair()) <= MAX_BYTES) {
          return best.pair();
        }
      }
      return 0;
    }

    private int length(long pair) {
      return lengths.get((int) (pair >>> 32)) + lengths.get((int) pair);
    }

    private void merge(long best) {
      int left = (int) (best >>> 32);
      int right = (int) best;
      int joined = tokens.size();
      tokens.add(tokens.get(left) + tokens.get(right));
      lengths.add(lengths.get(left) + lengths.get(right));
      merges.add(new BpeTokenizer.Merge(tokens.get(left), tokens.get(right)));
      var state = pairs.remove(best);
      if (state == null) {
        throw new IllegalStateException("a pair that was queued is unknown");
      }
      var touched = new LinkedHashSet<Long>();
      for (int word : state.words.values()) {
        respell(word, left, right, joined, touched);
      }
      pairs.remove(best);
      for (var pair : touched) {
        var changed = pairs.get(pair);
        if (changed != null && changed.count > 0) {
          queue.add(new Best(pair, changed.count));
        }
      }
    }

    private void respell(int word, int left, int right, int joined, Set<Long> touched) {
      var ids = spelled.get(word);
      var shorter = new int[ids.length];
      int n = 0;
      boolean found = false;
      for (int i = 0; i < ids.length; i++) {
        if (i + 1 < ids.length && ids[i] == left && ids[i + 1] == right) {
          shorter[n++] = joined;
          i++;
          found = true;
        } else {
          shorter[n++] = ids[i];
        }
      }
      if (!found) {
        return; // an earlier merge took the pair apart
      }
      long count = counts.get(word);
      for (int i = 0; i + 1 < ids.length; i++) {
        change(ids[i], ids[i + 1], -count, word);
      }
      var after = Arrays.copyOf(shorter, n);
      spelled.set(word, after);
      for (int i = 0; i + 1 < n; i++) {
        change(after[i], after[i + 1], count, word);
        if (after[i] == joined || after[i + 1] == joined) {
          touched.add(pair(after[i], after[i + 1]));
        }
      }
    }

    private void change(int left, int right, long by, int word) {
      var state = pairs.computeIfAbsent(pair(left, right), pair -> new Pair());
      state.count += by;
      if (by > 0) {
        state.words.add(word);
      }
    }
  }
}
