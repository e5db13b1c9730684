package io.alidade.data;

import io.alidade.UserException;
import io.alidade.example.Example;
import java.nio.file.Path;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// Between JSON and the cells of a row. Keys given twice and text after the object are errors, as
/// is NaN, which JSON does not have; rows may be as long as memory allows.
final class Cells {
  private static final TypeReference<Map<String, Object>> CELLS = new TypeReference<>() {};

  static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private static final JsonMapper STRICT =
      JsonMapper.builder(FACTORY).enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  /// For rows that this program wrote itself from a format that has NaN.
  static final JsonMapper OWN =
      JsonMapper.builder(FACTORY)
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
          .build();

  private Cells() {}

  static Map<String, Object> strict(Example.Row row, byte[] json) {
    return read(STRICT, row, json);
  }

  static Map<String, Object> own(Example.Row row, byte[] json) {
    return read(OWN, row, json);
  }

  private static Map<String, Object> read(JsonMapper mapper, Example.Row row, byte[] json) {
    try {
      return mapper.readValue(json, CELLS);
    } catch (JacksonException failure) {
      throw broken(row, failure);
    }
  }

  static UserException broken(Example.Row row, JacksonException failure) {
    var at = failure.getLocation();
    return new UserException(
        "%s: not a JSON object%s: %s; write one object a row, or remove the row"
            .formatted(
                row,
                at == null || at.getColumnNr() < 1 ? "" : " at column " + at.getColumnNr(),
                words(failure)),
        failure);
  }

  private static String words(JacksonException failure) {
    var message = String.valueOf(failure.getOriginalMessage());
    if (message.startsWith("Cannot deserialize")) {
      return "it is another kind of value";
    }
    if (message.contains("NaN") || message.contains("Infinity") || message.contains("INF")) {
      return "NaN and Infinity are not JSON";
    }
    return message.lines().findFirst().orElse("unreadable");
  }

  static UserException unreadable(Path file, Exception failure) {
    return new UserException(
        "%s: cannot be read (%s)".formatted(file, failure.getMessage()), failure);
  }
}
