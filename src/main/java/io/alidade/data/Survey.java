package io.alidade.data;

import io.alidade.UserException;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Text;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/// What is in a data set: a look at every row before anything is trained.
///
/// @param form of the rows
/// @param columns names, as the first row has them
/// @param ignored columns that play no part
/// @param rows how many rows were looked at
/// @param bad what is wrong with rows that cannot be used, in file order
/// @param repeated rows with the same prompt and candidates as an earlier one, with that one
/// @param tied rows whose candidates are all the same
/// @param blank rows with a candidate of nothing but white space
/// @param lengths by part (`prompt`, `chosen` …, `row` for the prompt with its longest candidate),
///   in tokens or, without an encoder, in characters
/// @param dropped rows that the limit leaves nothing of, by reason; empty without an encoder
/// @param cut rows that lose tokens to the limit; 0 without an encoder
/// @param boundaryMoved rows that tokenize differently from their prompt alone
/// @param preview the first row that can be used
public record Survey(
    Form form,
    List<String> columns,
    Set<String> ignored,
    int rows,
    List<String> bad,
    Map<Example.Row, Example.Row> repeated,
    List<Example.Row> tied,
    List<Example.Row> blank,
    Map<String, int[]> lengths,
    Map<Fitted.Reason, Integer> dropped,
    int cut,
    int boundaryMoved,
    Optional<Example> preview) {
  private static final int CHUNK = 1024;

  /// Looks at rows.
  ///
  /// @param encoder to count tokens and try the chat template; characters are counted without
  public static Survey of(Rows rows, Optional<RowEncoder> encoder) {
    var bad = new ArrayList<String>();
    var seen = new HashMap<ByteBuffer, Example.Row>();
    var repeated = new LinkedHashMap<Example.Row, Example.Row>();
    var tied = new ArrayList<Example.Row>();
    var blank = new ArrayList<Example.Row>();
    var lengths = new LinkedHashMap<String, IntList>();
    var dropped = new EnumMap<Fitted.Reason, Integer>(Fitted.Reason.class);
    int cut = 0;
    int moved = 0;
    Optional<Example> preview = Optional.empty();
    for (int from = 0; from < rows.count(); from += CHUNK) {
      var looks =
          IntStream.range(from, Math.min(rows.count(), from + CHUNK))
              .parallel()
              .mapToObj(i -> look(rows, encoder, i))
              .toList();
      for (var look : looks) {
        if (!(look instanceof Look.Good(var example, var key, var parts, var fitted))) {
          bad.add(((Look.Bad) look).message());
          continue;
        }
        preview = preview.or(() -> Optional.of(example));
        var first = seen.putIfAbsent(key, example.row());
        if (first != null) {
          repeated.put(example.row(), first);
        }
        if (example.candidates().size() > 1
            && example.candidates().stream().distinct().count() == 1) {
          tied.add(example.row());
        }
        if (example.candidates().stream()
            .anyMatch(c -> c instanceof Text.Plain(var text) && text.isBlank())) {
          blank.add(example.row());
        }
        parts.forEach((part, size) -> lengths.computeIfAbsent(part, _ -> new IntList()).add(size));
        switch (fitted.orElse(null)) {
          case null -> {}
          case Fitted.Dropped(_, var reason) -> dropped.merge(reason, 1, Integer::sum);
          case Fitted.Kept(_, int lost, boolean boundary) -> {
            cut += lost > 0 ? 1 : 0;
            moved += boundary ? 1 : 0;
          }
        }
      }
    }
    var sizes = new LinkedHashMap<String, int[]>();
    lengths.forEach((part, list) -> sizes.put(part, list.sorted()));
    return new Survey(
        rows.form(),
        rows.columns(),
        preview.map(example -> Columns.ignored(example, rows.columns())).orElse(Set.of()),
        rows.count(),
        bad,
        repeated,
        tied,
        blank,
        sizes,
        dropped,
        cut,
        moved,
        preview);
  }

  private sealed interface Look {
    record Good(
        Example example, ByteBuffer key, Map<String, Integer> parts, Optional<Fitted> fitted)
        implements Look {}

    record Bad(String message) implements Look {}
  }

  private static Look look(Rows rows, Optional<RowEncoder> encoder, int index) {
    try {
      var example = rows.row(index);
      var parts = new LinkedHashMap<String, Integer>();
      Optional<Fitted> fitted = Optional.empty();
      int prompt;
      int[] candidates;
      if (encoder.isPresent()) {
        var row = encoder.get().encode(example);
        prompt = row.prompt().length;
        candidates = row.candidates().stream().mapToInt(c -> c.tokens().length).toArray();
        fitted = Optional.of(encoder.get().fit(row));
      } else {
        prompt = characters(example.prompt());
        candidates = example.candidates().stream().mapToInt(Survey::characters).toArray();
      }
      parts.put("prompt", prompt);
      for (int c = 0; c < candidates.length; c++) {
        parts.put(name(rows.form(), c), candidates[c]);
      }
      parts.put("row", prompt + Arrays.stream(candidates).max().orElse(0));
      return new Look.Good(example, key(example, rows.form()), parts, fitted);
    } catch (UserException why) {
      return new Look.Bad(String.valueOf(why.getMessage()));
    }
  }

  private static String name(Form form, int candidate) {
    return switch (form) {
      case PAIR -> candidate == 0 ? "chosen" : "rejected";
      case RANKING -> candidate == 0 ? "best" : "others";
      case LABELLED, DEMONSTRATION, PROMPT -> "completion";
    };
  }

  /// A digest of what a row says, whatever else it carries.
  private static ByteBuffer key(Example example, Form form) {
    var said =
        new Example(example.row(), example.prompt(), example.candidates(), Map.of(), Map.of());
    var hash =
        io.alidade.store.ContentHash.of(
            List.of(
                new String(
                    Cells.OWN.writeValueAsBytes(Columns.write(said, form)),
                    java.nio.charset.StandardCharsets.UTF_8)));
    return ByteBuffer.wrap(HexFormat.of().parseHex(hash), 0, 16);
  }

  private static int characters(Text text) {
    return switch (text) {
      case Text.Plain(var plain) -> plain.codePointCount(0, plain.length());
      case Text.Chat(var messages) ->
          messages.stream()
              .mapToInt(m ->
                  m.fields().get("content") instanceof String s
                      ? s.codePointCount(0, s.length())
                      : 0)
              .sum();
    };
  }

  /// Numbers that come one by one.
  private static final class IntList {
    private int[] values = new int[64];
    private int count;

    void add(int value) {
      if (count == values.length) {
        values = Arrays.copyOf(values, 2 * count);
      }
      values[count++] = value;
    }

    int[] sorted() {
      int[] sorted = Arrays.copyOf(values, count);
      Arrays.sort(sorted);
      return sorted;
    }
  }
}
