package io.alidade.data;

import io.alidade.UserException;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Rows made of other rows: each becomes none, one or several. How many is found once; the rows
/// themselves are made anew when they are asked for.
final class DerivedTable implements Table {
  /// Makes rows of one row.
  interface Making {
    /// @param index of the row among those it is made of
    List<Example> of(int index, Example row);
  }

  private static final int CHUNK = 1024;

  private final Rows from;
  private final Form form;
  private final Making making;
  private final int[] source; // of each row, the row that it is made of
  private final int[] part; // and its place among those made of it

  private DerivedTable(Rows from, Form form, Making making, int[] source, int[] part) {
    this.from = from;
    this.form = form;
    this.making = making;
    this.source = source;
    this.part = part;
  }

  /// @param strategy what messages call the making
  static DerivedTable of(Rows from, Form form, String strategy, Making making) {
    int[] source = new int[Math.max(16, from.count())];
    int[] part = new int[source.length];
    int rows = 0;
    for (int first = 0; first < from.count(); first += CHUNK) {
      int start = first;
      int[] counts =
          IntStream.range(start, Math.min(from.count(), start + CHUNK))
              .parallel()
              .map(i -> making.of(i, from.row(i)).size())
              .toArray();
      for (int i = 0; i < counts.length; i++) {
        for (int p = 0; p < counts[i]; p++) {
          if (rows == source.length) {
            source = Arrays.copyOf(source, rows * 2);
            part = Arrays.copyOf(part, rows * 2);
          }
          source[rows] = start + i;
          part[rows++] = p;
        }
      }
    }
    if (rows == 0) {
      throw new UserException(
          "%s: strategy %s leaves none of its %d rows; look at them with `data check`"
              .formatted(from.place(0).file(), strategy, from.count()));
    }
    return new DerivedTable(
        from, form, making, Arrays.copyOf(source, rows), Arrays.copyOf(part, rows));
  }

  @Override
  public long count() {
    return source.length;
  }

  @Override
  public Example.Row place(long index) {
    return from.place(source[Math.toIntExact(index)]);
  }

  @Override
  public Example row(long index) {
    int at = Math.toIntExact(index);
    return making.of(source[at], from.row(source[at])).get(part[at]);
  }

  @Override
  public Form form() {
    return form;
  }

  @Override
  public List<String> columns() {
    return new ArrayList<>(Columns.write(row(0), form).keySet());
  }

  @Override
  public String fingerprint() {
    return from.fingerprint();
  }

  @Override
  public void close() {
    // Whoever opened the rows that these are made of closes them.
  }
}
