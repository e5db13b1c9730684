package io.alidade.store;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The project's one JSON configuration.
///
/// Reading is strict: a name given twice, text after the value, a string where a number belongs, or
/// a fraction where an integer belongs is an error that names file and line. Writing turns values
/// JSON has no words for into the strings "NaN", "Infinity" and "-Infinity"; [#number] reads them
/// back.
public final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .enable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
          .disable(JsonWriteFeature.ESCAPE_FORWARD_SLASHES)
          .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
          .build();

  private static final ObjectWriter PRETTY = MAPPER.writer().with(printer());

  private Json() {}

  /// The shared mapper, for binding and streaming.
  public static JsonMapper mapper() {
    return MAPPER;
  }

  /// Parses one value. `where` opens the error message: a file, or `file:row`.
  public static JsonNode parse(String where, String text) {
    JsonNode node;
    try {
      node = MAPPER.readTree(text);
    } catch (JacksonException failure) {
      throw broken(where, failure);
    }
    if (node == null || node.isMissingNode()) {
      throw new UserException(where + ": no JSON here, the text is empty");
    }
    return node;
  }

  /// Reads a UTF-8 file of one value.
  public static JsonNode read(Path file) {
    return parse(file.toString(), text(file));
  }

  /// Reads a UTF-8 file of one object.
  public static ObjectNode readObject(Path file) {
    return object(file.toString(), read(file));
  }

  /// The node as an object, or an error that opens with `where`.
  public static ObjectNode object(String where, JsonNode node) {
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw new UserException(
        where
            + ": expected a JSON object, found "
            + node.getNodeType().name().toLowerCase(Locale.ROOT));
  }

  /// A number, or one of the strings "NaN", "Infinity", "-Infinity" that stand for one.
  public static double number(String where, JsonNode node) {
    if (node.isNumber()) {
      return node.doubleValue();
    }
    return switch (node.isString() ? node.stringValue() : "") {
      case "NaN" -> Double.NaN;
      case "Infinity" -> Double.POSITIVE_INFINITY;
      case "-Infinity" -> Double.NEGATIVE_INFINITY;
      default -> throw new UserException(where + ": expected a number, found " + node);
    };
  }

  /// The value on one line, as JSONL wants it, without a line end.
  public static String line(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  /// The value indented by two, arrays one element a line, with a line end: the layout in which the
  /// Hugging Face libraries write their configuration files.
  public static String pretty(Object value) {
    return PRETTY.writeValueAsString(value) + "\n";
  }

  /// Writes [#pretty] atomically.
  public static void write(Path file, Object value) {
    AtomicFiles.text(file, pretty(value));
  }

  /// One line about broken JSON: where, line and column, what the parser saw.
  static UserException broken(String where, JacksonException failure) {
    var at = failure.getLocation();
    var message = failure.getOriginalMessage();
    return new UserException(
        where
            + (at == null || at.getLineNr() < 1
                ? ""
                : " line %d column %d".formatted(at.getLineNr(), at.getColumnNr()))
            + ": not valid JSON: "
            + message.strip().lines().findFirst().orElse("unreadable"),
        failure);
  }

  private static String text(Path file) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
          .toString();
    } catch (CharacterCodingException failure) {
      throw new UserException(file + ": not UTF-8 text; save it as UTF-8", failure);
    } catch (IOException failure) {
      throw Reading.failed(file, failure);
    }
  }

  private static DefaultPrettyPrinter printer() {
    var indenter = new DefaultIndenter("  ", "\n");
    return new DefaultPrettyPrinter(
            Separators.createDefaultInstance()
                .withObjectNameValueSpacing(Separators.Spacing.AFTER)
                .withObjectEmptySeparator("")
                .withArrayEmptySeparator(""))
        .withObjectIndenter(indenter)
        .withArrayIndenter(indenter);
  }
}
