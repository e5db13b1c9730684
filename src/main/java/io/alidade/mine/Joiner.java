package io.alidade.mine;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/// Joins releases or commits, oldest first, and keeps the changes that say something.
final class Joiner {
  private final int maxChars;
  private final Tally tally;
  private final List<Candidate> candidates = new ArrayList<>();

  private record Candidate(MethodPair pair, String chosenCode, String rejectedCode) {
    /// The same for a change and for its reversal.
    List<String> change() {
      boolean ordered = chosenCode.compareTo(rejectedCode) < 0;
      return List.of(
          pair.file(),
          pair.method(),
          ordered ? chosenCode : rejectedCode,
          ordered ? rejectedCode : chosenCode);
    }
  }

  Joiner(int maxChars, Tally tally) {
    this.maxChars = maxChars;
    this.tally = tally;
  }

  /// Methods by their key; of two equal keys, as in sources with errors, the first.
  static Map<String, SourceMethod> byKey(Collection<SourceMethod> methods) {
    var byKey = new HashMap<String, SourceMethod>(methods.size() * 2);
    methods.forEach(method -> byKey.putIfAbsent(method.key(), method));
    return byKey;
  }

  void join(Origin origin, Map<String, SourceMethod> older, Collection<SourceMethod> newer) {
    for (var after : newer) {
      var before = older.get(after.key());
      if (before != null && !before.body().equals(after.body())) {
        var outcome = outcome(before, after);
        tally.add(outcome);
        if (outcome == Outcome.KEPT) {
          var pair =
              new MethodPair(
                  origin,
                  after.file(),
                  after.method(),
                  after.prompt(),
                  after.body(),
                  before.body());
          candidates.add(new Candidate(pair, after.code(), before.code()));
        }
      }
    }
  }

  private Outcome outcome(SourceMethod before, SourceMethod after) {
    if (before.code().equals(after.code())) {
      return Outcome.COSMETIC;
    }
    if (!after.documented()) {
      return Outcome.UNDOCUMENTED;
    }
    if (before.empty() || after.empty()) {
      return Outcome.EMPTY;
    }
    int longest = Math.max(before.body().length(), after.body().length());
    return after.prompt().length() + longest > maxChars ? Outcome.TOO_LONG : Outcome.KEPT;
  }

  /// The pairs in order of time, each change of a method's code once, at its last occurrence.
  List<MethodPair> pairs() {
    var seen = new HashSet<List<String>>();
    var kept = new ArrayList<MethodPair>();
    for (var candidate : candidates.reversed()) {
      if (seen.add(candidate.change())) {
        kept.add(candidate.pair());
      } else {
        tally.move(Outcome.REPEATED);
      }
    }
    return kept.reversed();
  }
}
