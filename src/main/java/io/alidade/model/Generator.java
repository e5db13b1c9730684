package io.alidade.model;

import io.alidade.UserException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Draws continuations of many prompts from a policy, through a [Decoder] that is kept full: as
/// soon as a row ends, the next one takes its place, whatever their lengths.
public final class Generator {
  /// A continuation among many.
  ///
  /// @param prompt number of its prompt in the list
  /// @param number which of the samples of that prompt it is
  /// @param drawn what was drawn
  public record Sample(int prompt, int number, Drawn drawn) {}

  /// Told of every token as it is drawn.
  @FunctionalInterface
  public interface Listener {
    /// @param row number of the prompt in the list
    /// @param token the new one
    /// @return whether the row should go on
    boolean token(int row, int token);
  }

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
    var drawn = new ArrayList<@Nullable Drawn>(Collections.nCopies(prompts.size(), null));
    sample(prompts, 1, first, sample -> drawn.set(sample.prompt(), sample.drawn()));
    return drawn.stream().map(java.util.Objects::requireNonNull).toList();
  }

  /// Several continuations of each prompt, told as each one ends, in no particular order. Prompts
  /// are read once each. Sample `s` of prompt `p` has the stream of random numbers `(first + p) *
  /// samples + s`, so it is the same whoever else is drawn.
  ///
  /// @param samples of each prompt, at least 1
  /// @param first number of the first prompt in a longer list
  /// @throws UserException if a prompt is empty or holds a token that the model does not know;
  ///   nothing has been drawn then
  public void sample(List<int[]> prompts, int samples, int first, Consumer<Sample> finished) {
    Map<List<Integer>, Integer> uses = new HashMap<>();
    for (int p = 0; p < prompts.size(); p++) {
      Decoder.check(policy, prompts.get(p), sampling.maxNewTokens(), "prompt " + (first + p + 1));
      uses.merge(key(prompts.get(p)), samples, Integer::sum);
    }
    Map<List<Integer>, Decoder.Prefix> read = new HashMap<>();
    int next = 0;
    int all = prompts.size() * samples;
    try (var decoder = new Decoder(policy)) {
      while (next < all || decoder.active() > 0) {
        for (; next < all && decoder.active() < decoder.best(); next++) {
          var key = key(prompts.get(next / samples));
          if (!read.containsKey(key)) {
            int free = Math.min(all - next, decoder.best() - decoder.active());
            read(decoder, prompts.subList(next / samples, (next + free - 1) / samples + 1), read);
          }
          var prefix = java.util.Objects.requireNonNull(read.get(key));
          join(decoder, prefix, next / samples, next % samples, samples, first, finished);
          if (uses.merge(key, -1, Integer::sum) == 0) {
            read.remove(key);
            prefix.close();
          }
        }
        decoder.step();
      }
    } finally {
      read.values().forEach(Decoder.Prefix::close);
    }
  }

  private void join(
      Decoder decoder,
      Decoder.Prefix prefix,
      int prompt,
      int number,
      int samples,
      int first,
      Consumer<Sample> finished) {
    int row = (first + prompt) * samples + number;
    decoder.join(
        prefix,
        Decoder.Request.of(sampling, row, ends),
        new Decoder.Listener() {
          @Override
          public boolean token(Decoder.Token token) {
            return listener.token(row, token.id());
          }

          @Override
          public void ended(Drawn drawn) {
            finished.accept(new Sample(prompt, number, drawn));
          }
        });
  }

  /// Reads those of some prompts that have not been, all together.
  private static void read(
      Decoder decoder, List<int[]> prompts, Map<List<Integer>, Decoder.Prefix> read) {
    var missing = new LinkedHashMap<List<Integer>, int[]>();
    prompts.forEach(prompt -> missing.put(key(prompt), prompt));
    missing.keySet().removeAll(read.keySet());
    var prefixes = decoder.read(List.copyOf(missing.values()));
    int at = 0;
    for (var key : missing.keySet()) {
      read.put(key, prefixes.get(at++));
    }
  }

  private static List<Integer> key(int[] prompt) {
    return IntStream.of(prompt).boxed().toList();
  }
}
