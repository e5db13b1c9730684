package io.alidade.data;

import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.row.PqList;
import dev.hardwood.row.PqMap;
import dev.hardwood.row.PqStruct;
import dev.hardwood.row.StructAccessor;
import io.alidade.UserException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Parquet keeps columns, training asks for rows in any order: the file is read once from front to
/// back into a temporary file of rows, which is then read like any other.
final class ParquetTable {
  /// The reader announces at every start that it found no vector instructions. Held, since loggers
  /// that nobody holds forget their level.
  private static final Logger READER = Logger.getLogger("dev.hardwood");

  static {
    READER.setLevel(Level.WARNING);
  }

  private ParquetTable() {}

  static Table open(Path file) {
    Path rows = null;
    try {
      rows = Files.createTempFile("alidade-", ".jsonl");
      rows.toFile().deleteOnExit();
      var spool = rows;
      spool(file, spool);
      return new FileTable(
          file, Slices.ofLines(spool, false), Cells::own, false, () -> delete(spool));
    } catch (IOException failure) {
      delete(rows);
      throw new UserException(
          "%s: cannot be unpacked into %s (%s); free some space or set java.io.tmpdir"
              .formatted(file, System.getProperty("java.io.tmpdir"), failure.getMessage()),
          failure);
    } catch (UserException failure) {
      delete(rows);
      throw failure;
    }
  }

  private static void spool(Path file, Path rows) throws IOException {
    try (var out = new BufferedOutputStream(Files.newOutputStream(rows), 1 << 20)) {
      try (var reader = ParquetFileReader.open(InputFile.of(file));
          var records = reader.rowReader()) {
        while (records.hasNext()) {
          records.next();
          out.write(Cells.OWN.writeValueAsBytes(fields(records)));
          out.write('\n');
        }
      } catch (IOException | RuntimeException failure) {
        throw new UserException(
            "%s: not a Parquet file that can be read (%s)".formatted(file, failure.getMessage()),
            failure);
      }
    }
  }

  private static Map<String, @Nullable Object> fields(StructAccessor struct) {
    var fields = new LinkedHashMap<String, @Nullable Object>();
    for (int f = 0; f < struct.getFieldCount(); f++) {
      fields.put(struct.getFieldName(f), struct.isNull(f) ? null : plain(struct.getValue(f)));
    }
    return fields;
  }

  private static @Nullable Object plain(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case PqStruct struct -> fields(struct);
      case PqList list -> {
        List<@Nullable Object> values = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
          values.add(list.isNull(i) ? null : plain(list.get(i)));
        }
        yield values;
      }
      case PqMap map -> {
        var entries = new LinkedHashMap<String, @Nullable Object>();
        for (var entry : map.getEntries()) {
          entries.put(
              String.valueOf(entry.getKey()), entry.isValueNull() ? null : plain(entry.getValue()));
        }
        yield entries;
      }
      case String text -> text;
      case Number number -> number;
      case Boolean bool -> bool;
      default -> value.toString();
    };
  }

  private static void delete(@Nullable Path file) {
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException left) {
      // It is marked for deletion at exit.
    }
  }
}
