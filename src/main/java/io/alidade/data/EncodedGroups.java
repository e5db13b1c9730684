package io.alidade.data;

import io.alidade.UserException;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The rows of a data set as a model reads them, without those that leave nothing to learn.
///
/// All rows are encoded once at the start, on all processors: that finds every bad row before the
/// first step, and tells which rows are dropped. With a [TokenCache] their ids lie in a file that
/// is mapped, and a later run finds them there. Without, they are kept in memory as long as they
/// are few; of a data set larger than that, rows are encoded again when they are asked for.
public final class EncodedGroups implements Groups {
  /// Ids kept at most: 256 MiB, and with what Java adds to short rows half of the heap at worst. An
  /// exhausted heap would end the process inside the tokenizer's native code.
  private static final long KEPT_TOKENS =
      Math.min(64L << 20, Runtime.getRuntime().maxMemory() / 32);

  private static final int CHUNK = 1024;

  private final Rows rows;
  private final RowEncoder encoder;
  private final OptionalInt mismatched;
  private final int[] kept;
  private final Optional<List<EncodedRow>> memory;
  private final Optional<TokenFile> file;
  private final Summary summary;

  /// What became of the rows.
  ///
  /// @param rows how many were read
  /// @param kept how many are left
  /// @param dropped how many are not, by reason
  /// @param cut how many of those left lost tokens to the limit
  /// @param boundaryMoved how many of those left tokenize differently from their prompt alone
  /// @param tokens of those left, as a model reads them, prompts counted once a candidate
  public record Summary(
      int rows,
      int kept,
      Map<Fitted.Reason, Integer> dropped,
      int cut,
      int boundaryMoved,
      long tokens) {}

  private EncodedGroups(
      Rows rows,
      RowEncoder encoder,
      OptionalInt mismatched,
      int[] kept,
      Optional<List<EncodedRow>> memory,
      Optional<TokenFile> file,
      Summary summary) {
    this.rows = rows;
    this.encoder = encoder;
    this.mismatched = mismatched;
    this.kept = kept;
    this.memory = memory;
    this.file = file;
    this.summary = summary;
  }

  /// Encodes all rows.
  ///
  /// @param mismatched for KTO, the size of the micro-batch within which completions are lent to
  ///   the next prompt as a second candidate
  /// @throws UserException at the first row in file order that cannot be read, rendered or
  ///   tokenized, or if no row is left
  public static EncodedGroups of(Rows rows, RowEncoder encoder, OptionalInt mismatched) {
    return of(rows, encoder, mismatched, KEPT_TOKENS);
  }

  static EncodedGroups of(Rows rows, RowEncoder encoder, OptionalInt mismatched, long keptTokens) {
    var tally = new Tally(rows, encoder, keptTokens);
    tally.all(index -> encoded(rows, encoder, index), _ -> {});
    return new EncodedGroups(
        rows,
        encoder,
        mismatched,
        tally.kept(),
        tally.keeping ? Optional.of(tally.memory) : Optional.empty(),
        Optional.empty(),
        tally.summary());
  }

  /// Encodes all rows, or reads the ids that an earlier run has kept.
  ///
  /// @throws UserException as without a cache
  public static EncodedGroups of(
      Rows rows, RowEncoder encoder, OptionalInt mismatched, TokenCache cache) {
    var path = cache.file(rows, encoder);
    if (path.isEmpty()) {
      return of(rows, encoder, mismatched);
    }
    var found = cache.read(path.get(), rows.count());
    var tally = new Tally(rows, encoder, found.isPresent() ? 0 : KEPT_TOKENS);
    if (found.isPresent()) {
      var whole = found.get();
      try {
        tally.all(index -> whole.row(index, rows.place(index)), _ -> {});
      } catch (RuntimeException | Error failure) {
        whole.close(); // nobody else will
        throw failure;
      }
    } else {
      found =
          cache.keep(
              path.get(),
              rows.count(),
              sink -> tally.all(index -> encoded(rows, encoder, index), sink));
    }
    boolean inMemory = found.isEmpty() && tally.keeping;
    return new EncodedGroups(
        rows,
        encoder,
        mismatched,
        tally.kept(),
        inMemory ? Optional.of(tally.memory) : Optional.empty(),
        found,
        tally.summary());
  }

  private static EncodedRow encoded(Rows rows, RowEncoder encoder, int index) {
    var example = rows.row(index);
    if (Contextual.undecided(example)) {
      throw Contextual.refused(example.row().toString());
    }
    return encoder.encode(example);
  }

  /// What becomes of the rows, counted as they pass.
  private static final class Tally {
    private final Rows rows;
    private final RowEncoder encoder;
    private final long keptTokens;
    private final int[] indices;
    private int left;
    private final List<EncodedRow> memory = new ArrayList<>();
    private boolean keeping = true;
    private long held;
    private final Map<Fitted.Reason, Integer> dropped = new EnumMap<>(Fitted.Reason.class);
    private int cut;
    private int moved;
    private long tokens;

    /// @param keptTokens rows are held in memory until they have more than this
    Tally(Rows rows, RowEncoder encoder, long keptTokens) {
      this.rows = rows;
      this.encoder = encoder;
      this.keptTokens = keptTokens;
      indices = new int[rows.count()];
    }

    /// Takes all rows, several at once, and hands them on in order.
    void all(IntFunction<EncodedRow> source, Consumer<EncodedRow> sink) {
      for (int from = 0; from < rows.count(); from += CHUNK) {
        int first = from;
        var outcomes =
            IntStream.range(from, Math.min(rows.count(), from + CHUNK))
                .parallel()
                .mapToObj(i -> outcome(source, encoder, i))
                .toList();
        for (int i = 0; i < outcomes.size(); i++) {
          switch (outcomes.get(i)) {
            case Outcome.Bad(var why) -> throw why;
            case Outcome.Good(var row, var fitted) -> {
              sink.accept(row);
              add(first + i, row, fitted);
            }
          }
        }
      }
      if (left == 0) {
        throw new UserException(
            "%s: no row is left to learn from, of %d: %s; raise max_length or check the data"
                .formatted(
                    rows.place(0).file(),
                    rows.count(),
                    dropped.entrySet().stream()
                        .map(entry -> "%,d because %s".formatted(entry.getValue(), entry.getKey()))
                        .collect(Collectors.joining(", "))));
      }
    }

    private void add(int index, EncodedRow row, Fitted fitted) {
      switch (fitted) {
        case Fitted.Dropped(_, var reason) -> dropped.merge(reason, 1, Integer::sum);
        case Fitted.Kept(var group, int lost, boolean boundary) -> {
          indices[left++] = index;
          cut += lost > 0 ? 1 : 0;
          moved += boundary ? 1 : 0;
          tokens += group.tokens();
          held += row.prompt().length;
          held += row.candidates().stream().mapToLong(c -> c.tokens().length).sum();
          keeping &= held <= keptTokens;
          if (keeping) {
            memory.add(row);
          } else {
            memory.clear();
          }
        }
      }
    }

    int[] kept() {
      return Arrays.copyOf(indices, left);
    }

    Summary summary() {
      return new Summary(rows.count(), left, Map.copyOf(dropped), cut, moved, tokens);
    }
  }

  private sealed interface Outcome {
    record Good(EncodedRow row, Fitted fitted) implements Outcome {}

    record Bad(UserException why) implements Outcome {}
  }

  /// Rows are read side by side, but the first bad one in file order is the one to report.
  private static Outcome outcome(IntFunction<EncodedRow> source, RowEncoder encoder, int index) {
    try {
      var row = source.apply(index);
      return new Outcome.Good(row, encoder.fit(row));
    } catch (UserException why) {
      return new Outcome.Bad(why);
    }
  }

  @Override
  public int count() {
    return kept.length;
  }

  @Override
  public Group group(int index) {
    var row = row(index);
    if (mismatched.isPresent()) {
      int size = mismatched.getAsInt();
      int start = index / size * size;
      int last = Math.min(start + size, kept.length) - 1;
      row = MismatchedCompletions.lend(row(index == start ? last : index - 1), row);
    }
    return switch (encoder.fit(row)) {
      case Fitted.Kept(var group, _, _) -> group;
      case Fitted.Dropped(var place, var reason) ->
          throw new UserException(
              "%s: %s once it borrows the completion of another row; raise max_length"
                  .formatted(place, reason));
    };
  }

  private EncodedRow row(int index) {
    if (file.isPresent()) {
      return file.get().row(kept[index], rows.place(kept[index]));
    }
    return memory.isPresent() ? memory.get().get(index) : encoder.encode(rows.row(kept[index]));
  }

  /// What became of the rows.
  public Summary summary() {
    return summary;
  }

  @Override
  public void close() {
    file.ifPresent(TokenFile::close);
  }
}
