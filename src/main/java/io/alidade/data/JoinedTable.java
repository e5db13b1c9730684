package io.alidade.data;

import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Form;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Several files as one, in their order.
record JoinedTable(List<Table> tables) implements Table {
  JoinedTable {
    var form = tables.getFirst().form();
    for (var table : tables) {
      if (table.form() != form) {
        throw new UserException(
            "%s: %s beside files whose rows are %s; keep one form a split"
                .formatted(table.place(0), table.form().words(), form.words()));
      }
    }
  }

  private interface Found<T> {
    T at(Table table, long index);
  }

  private <T> T at(long index, Found<T> found) {
    long rest = index;
    for (var table : tables) {
      if (rest < table.count()) {
        return found.at(table, rest);
      }
      rest -= table.count();
    }
    throw new IndexOutOfBoundsException("row %d of %d".formatted(index, count()));
  }

  @Override
  public long count() {
    return tables.stream().mapToLong(Table::count).sum();
  }

  @Override
  public Example.Row place(long index) {
    return at(index, Table::place);
  }

  @Override
  public Example row(long index) {
    return at(index, Table::row);
  }

  @Override
  public Map<String, Object> cells(long index) {
    return at(index, Table::cells);
  }

  @Override
  public Form form() {
    return tables.getFirst().form();
  }

  @Override
  public List<String> columns() {
    return tables.getFirst().columns();
  }

  @Override
  public Optional<String> identity() {
    var parts = tables.stream().map(Table::identity).flatMap(Optional::stream).toList();
    return parts.size() == tables.size() ? Optional.of(String.join("\n", parts)) : Optional.empty();
  }

  @Override
  public String fingerprint() {
    try {
      var hash = MessageDigest.getInstance("SHA-256");
      tables.forEach(t -> hash.update(t.fingerprint().getBytes(StandardCharsets.UTF_8)));
      return HexFormat.of().formatHex(hash.digest());
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  @Override
  public void close() {
    tables.forEach(Table::close);
  }
}
