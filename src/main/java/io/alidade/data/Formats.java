package io.alidade.data;

import io.alidade.UserException;
import io.alidade.example.Example;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.databind.MappingIterator;
import tools.jackson.dataformat.csv.CsvMapper;
import tools.jackson.dataformat.csv.CsvReadFeature;

/// Opens a file by its ending: `.jsonl`, `.ndjson`, `.json`, `.csv`, `.parquet`.
final class Formats {
  static final List<String> ENDINGS = List.of(".jsonl", ".ndjson", ".json", ".csv", ".parquet");
  private static final CsvMapper CSV =
      CsvMapper.builder()
          .enable(CsvReadFeature.WRAP_AS_ARRAY)
          .enable(CsvReadFeature.FAIL_ON_MISSING_COLUMNS)
          .build();

  private Formats() {}

  static Table open(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new UserException(file + ": no such file; check the path");
    }
    return switch (ending(file)) {
      case ".jsonl", ".ndjson" -> lines(file);
      case ".json" -> json(file);
      case ".csv" -> csv(file);
      case ".parquet" -> ParquetTable.open(file);
      default ->
          throw new UserException(
              "%s: not a data file known here; it must end in one of %s%s"
                  .formatted(
                      file,
                      String.join(" ", ENDINGS),
                      file.toString().matches(".*\\.(gz|zst|bz2|xz|zip)")
                          ? " (decompress it first)"
                          : ""));
    };
  }

  static String ending(Path file) {
    var name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    int dot = name.lastIndexOf('.');
    return dot < 0 ? "" : name.substring(dot);
  }

  private static Table lines(Path file) {
    return new FileTable(file, Slices.ofLines(file, false), Cells::strict, true, () -> {});
  }

  /// An array of objects, an object whose `data` is one, or, since many call it so, one object a
  /// line.
  private static Table json(Path file) {
    try (var in = new BufferedInputStream(Files.newInputStream(file));
        var parser = Cells.FACTORY.createParser(ObjectReadContext.empty(), in)) {
      boolean array = parser.nextToken() == JsonToken.START_ARRAY;
      if (!array && (parser.currentToken() != JsonToken.START_OBJECT || !toData(parser))) {
        return lines(file);
      }
    } catch (JacksonException notOneDocument) {
      return lines(file);
    } catch (IOException failure) {
      throw Cells.unreadable(file, failure);
    }
    var slices = Slices.of(file, found -> elements(file, found));
    return new FileTable(file, slices, Cells::strict, false, () -> {});
  }

  /// Moves to the array called `data`; false where the object has none.
  private static boolean toData(JsonParser parser) {
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      boolean data = parser.currentName().equals("data");
      if (parser.nextToken() == JsonToken.START_ARRAY && data) {
        return true;
      }
      parser.skipChildren();
    }
    return false;
  }

  private static void elements(Path file, Slices slices) throws IOException {
    try (var in = new BufferedInputStream(Files.newInputStream(file));
        var parser = Cells.FACTORY.createParser(ObjectReadContext.empty(), in)) {
      if (parser.nextToken() == JsonToken.START_OBJECT) {
        toData(parser);
      }
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        var start = parser.currentTokenLocation();
        parser.skipChildren();
        slices.add(
            start.getByteOffset(), parser.currentLocation().getByteOffset(), start.getLineNr());
      }
    } catch (JacksonException failure) {
      var at = failure.getLocation();
      throw Cells.broken(
          new Example.Row(file.toString(), at == null ? 1 : Math.max(1, at.getLineNr())), failure);
    }
  }

  /// A header line with the names of the columns, then a record a row; numbers and true or false
  /// are read as such except in columns of text.
  private static Table csv(Path file) {
    var slices = Slices.ofLines(file, true);
    if (slices.count() < 2) {
      slices.close();
      throw new UserException(file + ": no rows; CSV needs a header line and at least one row");
    }
    var header = record(new Example.Row(file.toString(), slices.line(0)), slices.bytes(0));
    return new FileTable(
        file,
        slices.from(1),
        (row, bytes) -> {
          var values = record(row, bytes);
          if (values.length != header.length) {
            throw new UserException(
                "%s: %d cells under %d column names; quote cells that hold commas or line ends"
                    .formatted(row, values.length, header.length));
          }
          var cells = new LinkedHashMap<String, Object>();
          for (int c = 0; c < header.length; c++) {
            cell(values[c], header[c], cells);
          }
          return cells;
        },
        true,
        () -> {});
  }

  private static void cell(String value, String column, Map<String, Object> cells) {
    boolean text = List.of("prompt", "chosen", "rejected", "completion", "text").contains(column);
    if (text) {
      cells.put(column, value);
    } else if (value.equalsIgnoreCase("true") || value.equalsIgnoreCase("false")) {
      cells.put(column, Boolean.valueOf(value));
    } else if (!value.isBlank()) {
      try {
        cells.put(column, Double.valueOf(value));
      } catch (NumberFormatException notANumber) {
        cells.put(column, value);
      }
    }
  }

  private static String[] record(Example.Row row, byte[] bytes) {
    try (MappingIterator<String[]> records =
        CSV.readerFor(String[].class).readValues(new String(bytes, StandardCharsets.UTF_8))) {
      if (records.hasNextValue()) {
        return records.nextValue();
      }
    } catch (JacksonException failure) {
      throw new UserException(
          "%s: not a CSV record: %s"
              .formatted(
                  row, String.valueOf(failure.getOriginalMessage()).lines().findFirst().orElse("")),
          failure);
    }
    throw new UserException(row + ": an empty CSV record");
  }
}
