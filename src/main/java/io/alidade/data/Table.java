package io.alidade.data;

import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Rows that can be read in any order, by several threads.
interface Table extends AutoCloseable {
  long count();

  /// Where a row stands, for messages; `index` from 0.
  Example.Row place(long index);

  /// @throws io.alidade.UserException if the row cannot be read
  Example row(long index);

  /// The cells of a row by column, also those that are no part of the example.
  ///
  /// @throws io.alidade.UserException if the row cannot be read
  default Map<String, Object> cells(long index) {
    return Columns.write(row(index), form());
  }

  /// The form of all rows.
  Form form();

  /// The names of the columns, as the first row has them.
  List<String> columns();

  /// SHA-256 of the files, in hexadecimal.
  String fingerprint();

  /// What decides all cells, as text; absent where that is more than the content of files.
  default Optional<String> identity() {
    return Optional.empty();
  }

  @Override
  void close();
}
