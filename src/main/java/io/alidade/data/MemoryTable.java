package io.alidade.data;

import io.alidade.UserException;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/// Rows in memory.
record MemoryTable(List<Example> examples, Form form) implements Table {
  MemoryTable {
    if (examples.isEmpty()) {
      throw new UserException("no rows: nothing to read");
    }
  }

  @Override
  public long count() {
    return examples.size();
  }

  @Override
  public Example.Row place(long index) {
    return examples.get(Math.toIntExact(index)).row();
  }

  @Override
  public Example row(long index) {
    return examples.get(Math.toIntExact(index));
  }

  @Override
  public List<String> columns() {
    return List.copyOf(Columns.write(examples.getFirst(), form).keySet());
  }

  @Override
  public String fingerprint() {
    try {
      var hash = MessageDigest.getInstance("SHA-256");
      examples.forEach(e -> hash.update(Cells.OWN.writeValueAsBytes(Columns.write(e, form))));
      return HexFormat.of().formatHex(hash.digest());
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
