package io.alidade.data;

import io.alidade.UserException;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Signal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Cuts an encoded row to the limit.
final class Limit {
  private Limit() {}

  static Fitted fit(EncodedRow row, Encoding encoding) {
    int most = encoding.maxLength().orElse(Integer.MAX_VALUE);
    int prompt = row.prompt().length;
    int longest = row.candidates().stream().mapToInt(c -> c.tokens().length).max().orElse(0);
    boolean fits = longest <= most - prompt;
    if (!fits && encoding.layout() == Layout.WHOLE) {
      return new Fitted.Dropped(row.row(), Fitted.Reason.TOO_LONG);
    }
    if (encoding.truncation() == Truncation.KEEP_START && prompt >= most) {
      return new Fitted.Dropped(row.row(), Fitted.Reason.PROMPT_FILLS_LIMIT);
    }
    boolean start = encoding.truncation() == Truncation.KEEP_START;
    var candidates = new ArrayList<Completion>();
    int cut = 0;
    for (var candidate : row.candidates()) {
      var kept =
          fits
              ? candidate
              : start ? start(candidate, most - prompt) : end(row.prompt(), candidate, most);
      if (kept.scoredTokens() == 0) {
        return new Fitted.Dropped(row.row(), Fitted.Reason.NOTHING_SCORED);
      }
      candidates.add(kept);
      cut += Math.max(0, prompt + candidate.tokens().length - most);
    }
    // Cut from the start, candidates keep different parts of the prompt and can no longer share it.
    var shared = fits || start ? row.prompt() : new int[0];
    return new Fitted.Kept(
        new Group(row.row(), shared, candidates, signals(row, candidates, fits || start)),
        cut,
        row.boundaryMoved());
  }

  private static Completion start(Completion candidate, int room) {
    int length = Math.min(room, candidate.tokens().length);
    return new Completion(
        Arrays.copyOf(candidate.tokens(), length), Arrays.copyOf(candidate.scored(), length));
  }

  /// The last tokens of prompt and candidate; nothing predicts the first of them.
  private static Completion end(int[] prompt, Completion candidate, int most) {
    int all = prompt.length + candidate.tokens().length;
    int[] tokens = Arrays.copyOf(prompt, all);
    System.arraycopy(candidate.tokens(), 0, tokens, prompt.length, candidate.tokens().length);
    boolean[] scored = new boolean[all];
    System.arraycopy(candidate.scored(), 0, scored, prompt.length, candidate.scored().length);
    int from = Math.max(0, all - most);
    scored[from] = false;
    return new Completion(
        Arrays.copyOfRange(tokens, from, all), Arrays.copyOfRange(scored, from, all));
  }

  /// Unit signals follow the tokens that were kept; others stay as they are.
  private static Map<Signal, double[]> signals(
      EncodedRow row, List<Completion> kept, boolean keptStart) {
    var signals = new LinkedHashMap<Signal, double[]>();
    row.signals()
        .forEach((signal, values) ->
            signals.put(
                signal,
                signal.scope() == Signal.Scope.UNIT
                    ? units(row, signal, values, kept, keptStart)
                    : values));
    return signals;
  }

  private static double[] units(
      EncodedRow row, Signal signal, double[] values, List<Completion> kept, boolean keptStart) {
    int tokens = row.candidates().stream().mapToInt(c -> c.tokens().length).sum();
    if (values.length != tokens) {
      throw new UserException(
          "%s: column '%s' has %d numbers for %d tokens; give one a token"
              .formatted(row.row(), signal.name(), values.length, tokens));
    }
    double[] out = new double[kept.stream().mapToInt(c -> c.tokens().length).sum()];
    int from = 0;
    int to = 0;
    for (int c = 0; c < kept.size(); c++) {
      int had = row.candidates().get(c).tokens().length;
      int has = kept.get(c).tokens().length;
      // Aligned at the start, or at the end with places of the prompt before.
      int skip = keptStart ? 0 : has - had;
      for (int t = 0; t < has; t++) {
        int place = t - skip;
        out[to + t] = place >= 0 && place < had ? values[from + place] : 0;
      }
      from += had;
      to += has;
    }
    return out;
  }
}
