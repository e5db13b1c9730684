package io.alidade.batch;

import io.alidade.example.Signal;
import java.util.ArrayList;
import java.util.List;

/// Groups that are scored together. Candidates are numbered group by group, so that those of a
/// group are neighbours.
///
/// Sizes used throughout: G groups, N candidates in all, U tokens of the longest candidate.
///
/// @param groups at least one
public record Batch(List<Group> groups) {
  /// A batch of at least one group.
  public Batch {
    if (groups.isEmpty()) {
      throw new IllegalArgumentException("a batch without groups");
    }
    groups = List.copyOf(groups);
  }

  /// Splits it into neighbouring groups of about the same work.
  ///
  /// @param most how many parts there may be, at least 1
  /// @return that many parts, or one a group if there are fewer
  public List<Batch> parts(int most) {
    int count = Math.min(most, groups.size());
    long all = groups.stream().mapToLong(Group::distinctTokens).sum();
    var parts = new ArrayList<Batch>();
    int from = 0;
    long before = 0; // tokens of the groups up to the current one
    for (int to = 1; to <= groups.size() && parts.size() < count; to++) {
      before += groups.get(to - 1).distinctTokens();
      long next = to < groups.size() ? groups.get(to).distinctTokens() : 0;
      int missing = count - parts.size() - 1;
      // A part ends where another group would take it further beyond its end than it falls short.
      boolean full = 2 * before * count + next * count > 2 * all * (parts.size() + 1);
      if (to == groups.size() || groups.size() - to == missing || (full && missing > 0)) {
        parts.add(new Batch(groups.subList(from, to)));
        from = to;
      }
    }
    return parts;
  }

  /// N, the number of candidates of all groups.
  public int candidates() {
    return groups.stream().mapToInt(g -> g.candidates().size()).sum();
  }

  /// U, the number of tokens of the longest candidate, at least 1.
  public int units() {
    return Math.max(
        1,
        groups.stream()
            .flatMap(g -> g.candidates().stream())
            .mapToInt(c -> c.tokens().length)
            .max()
            .orElse(1));
  }

  /// The numbers of a signal laid out as its scope demands: `[G]`, `[N]` or `[N, U]`, padded with
  /// 0.
  ///
  /// @throws IllegalStateException if a group does not carry the signal
  public double[] signal(Signal signal) {
    int units = units();
    var out =
        new double
            [switch (signal.scope()) {
              case GROUP -> groups.size();
              case CANDIDATE -> candidates();
              case UNIT -> candidates() * units;
            }];
    int at = 0;
    for (var group : groups) {
      var values = group.signals().get(signal);
      if (values == null) {
        throw new IllegalStateException(
            "%s: no signal '%s'; the row or a strategy must provide it"
                .formatted(group.row(), signal.name()));
      }
      switch (signal.scope()) {
        case GROUP -> out[at++] = values[0];
        case CANDIDATE -> {
          System.arraycopy(values, 0, out, at, group.candidates().size());
          at += group.candidates().size();
        }
        case UNIT -> {
          int from = 0;
          for (var candidate : group.candidates()) {
            int length = candidate.tokens().length;
            System.arraycopy(values, from, out, at, length);
            from += length;
            at += units;
          }
        }
      }
    }
    return out;
  }

  /// Which units count: 1 where a token is scored, 0 elsewhere and in the padding; `[N, U]` row by
  /// row.
  public double[] mask() {
    int units = units();
    var mask = new double[candidates() * units];
    int at = 0;
    for (var group : groups) {
      for (var candidate : group.candidates()) {
        for (int u = 0; u < candidate.tokens().length; u++) {
          mask[at + u] = candidate.scored()[u] ? 1 : 0;
        }
        at += units;
      }
    }
    return mask;
  }

  /// The rows of this batch, for messages to the user.
  public String rows() {
    return String.join(", ", groups.stream().map(g -> g.row().toString()).toList());
  }
}
