package io.alidade.model;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Example;
import io.alidade.model.causal.Architecture;
import io.alidade.model.causal.Layout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/// Where the tokens of a batch lie when they are packed, and which hidden state predicts which
/// unit.
///
/// The prompt of a group is there once. The tokens after the last scored one are left out, unless
/// the last token's state itself is asked for.
///
/// @param layout the packed tokens; absent if nothing needs to be computed
/// @param rows index of the token whose hidden state predicts each scored unit, `[S]`
/// @param cells where that unit stands in a flat `[N * U]`, `[S]`
/// @param targets id of that unit, `[S]`
/// @param last index of the last token of each candidate, `[N]`; empty if not asked for
/// @param before index of the last token of each candidate's prompt, `[N]`; empty if not asked for
record Placement(
    Optional<Layout> layout, int[] rows, int[] cells, int[] targets, int[] last, int[] before) {

  /// Packs a batch.
  ///
  /// @param units U; that of the whole where the batch is a part
  /// @param toTheEnd whether the last token of each candidate is needed
  /// @param prompts whether the last token of each prompt is needed
  static Placement of(
      Architecture architecture,
      int vocabulary,
      Batch batch,
      int units,
      boolean toTheEnd,
      boolean prompts) {
    var packer = new Packer(architecture, vocabulary, units, toTheEnd, prompts);
    batch.groups().forEach(packer::add);
    return packer.done();
  }

  /// The tokens whose hidden states are looked at, each once, in order.
  int[] needed() {
    return IntStream.of(asked()).distinct().sorted().toArray();
  }

  /// Rows, then last tokens, then those of prompts: the tokens whose hidden states are read.
  int[] asked() {
    return IntStream.concat(
            IntStream.of(rows), IntStream.concat(IntStream.of(last), IntStream.of(before)))
        .toArray();
  }

  /// The same with tokens counted among those that are [#needed()].
  Placement amongNeeded() {
    int[] needed = needed();
    IntUnaryOperator index = token -> Arrays.binarySearch(needed, token);
    return new Placement(
        layout,
        IntStream.of(rows).map(index).toArray(),
        cells,
        targets,
        IntStream.of(last).map(index).toArray(),
        IntStream.of(before).map(index).toArray());
  }

  private static final class Packer {
    private final Architecture architecture;
    private final int vocabulary;
    private final int units;
    private final boolean toTheEnd;
    private final boolean prompts;
    private final Layout.Builder layout = new Layout.Builder();
    private final List<Integer> rows = new ArrayList<>();
    private final List<Integer> cells = new ArrayList<>();
    private final List<Integer> targets = new ArrayList<>();
    private final List<Integer> last = new ArrayList<>();
    private final List<Integer> beforehand = new ArrayList<>();
    private int candidate;

    Packer(
        Architecture architecture, int vocabulary, int units, boolean toTheEnd, boolean prompts) {
      this.architecture = architecture;
      this.vocabulary = vocabulary;
      this.units = units;
      this.toTheEnd = toTheEnd;
      this.prompts = prompts;
    }

    void add(Group group) {
      check(group.row(), group.prompt());
      if (prompts && group.prompt().length == 0) {
        throw new UserException(group.row() + ": no prompt, whose end is to be read");
      }
      var candidates = group.candidates();
      candidates.forEach(c -> check(group.row(), c.tokens()));
      int longest =
          group.prompt().length
              + candidates.stream().mapToInt(c -> c.tokens().length).max().orElse(0);
      architecture
          .positionLimit()
          .filter(limit -> longest > limit)
          .ifPresent(limit -> {
            throw new UserException(
                "%s: %d tokens, but the model reads at most %d; lower max_length"
                    .formatted(group.row(), longest, limit));
          });
      if (sharable(group, longest)) {
        shared(group, longest);
      } else {
        candidates.forEach(c -> alone(group, c));
      }
    }

    private boolean sharable(Group group, int longest) {
      return group.prompt().length > 0
          && group.candidates().size() > 1
          && group.candidates().stream()
              .allMatch(c ->
                  architecture.sameRotation(longest, group.prompt().length + c.tokens().length));
    }

    private void shared(Group group, int span) {
      int[] prompt = group.prompt();
      if (!toTheEnd && group.candidates().stream().allMatch(c -> c.scoredTokens() == 0)) {
        candidate += group.candidates().size();
        return;
      }
      int root = layout.root(prompt, span);
      int before = layout.size() - 1; // the last token of the prompt
      for (var completion : group.candidates()) {
        int used = used(completion);
        int start = layout.size();
        if (used > 0) {
          layout.child(root, completion.tokens(), used, span);
        }
        place(completion, u -> u == 0 ? before : start + u - 1);
        if (toTheEnd) {
          last.add(used > 0 ? start + used - 1 : before);
        }
        if (prompts) {
          beforehand.add(before);
        }
        candidate++;
      }
    }

    private void alone(Group group, Completion completion) {
      int[] prompt = group.prompt();
      int used = used(completion);
      boolean needed = toTheEnd || completion.scoredTokens() > 0;
      int length = prompt.length + used;
      if (toTheEnd && length == 0) {
        throw new UserException(group.row() + ": a candidate without any token has no reward");
      }
      if (needed) {
        int start = layout.size();
        var whole = Arrays.copyOf(prompt, length);
        System.arraycopy(completion.tokens(), 0, whole, prompt.length, used);
        layout.root(whole, prompt.length + completion.tokens().length);
        place(completion, u -> start + prompt.length + u - 1);
        if (toTheEnd) {
          last.add(start + length - 1);
        }
        if (prompts) {
          beforehand.add(start + prompt.length - 1);
        }
      }
      candidate++;
    }

    private void place(Completion completion, IntUnaryOperator row) {
      for (int u = 0; u < completion.tokens().length; u++) {
        if (completion.scored()[u]) {
          rows.add(row.applyAsInt(u));
          cells.add(candidate * units + u);
          targets.add(completion.tokens()[u]);
        }
      }
    }

    /// How many tokens of a completion must be read.
    private int used(Completion completion) {
      if (toTheEnd) {
        return completion.tokens().length;
      }
      int end = completion.tokens().length - 1;
      while (end > 0 && !completion.scored()[end]) {
        end--;
      }
      return Math.max(end, 0); // the last scored token itself predicts nothing that is scored
    }

    private void check(Example.Row row, int[] tokens) {
      for (int token : tokens) {
        if (token < 0 || token >= vocabulary) {
          throw new UserException(
              "%s: token id %d is outside the model's vocabulary of %d; is the tokenizer the model's?"
                  .formatted(row, token, vocabulary));
        }
      }
    }

    Placement done() {
      return new Placement(
          layout.size() == 0 ? Optional.empty() : Optional.of(layout.build()),
          ints(rows),
          ints(cells),
          ints(targets),
          ints(last),
          ints(beforehand));
    }

    private static int[] ints(List<Integer> list) {
      return list.stream().mapToInt(Integer::intValue).toArray();
    }
  }
}
