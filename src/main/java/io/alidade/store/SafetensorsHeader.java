package io.alidade.store;

import io.alidade.UserException;
import io.alidade.store.SafetensorsFile.Entry;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/// The JSON header of a safetensors file, checked: what it says about every tensor is possible and
/// together the tensors cover the data section exactly once, in the reference implementation's
/// sense.
///
/// Parsed token by token, so that a hostile header costs no more memory than the tensors it names.
///
/// @param entries in the order of the data
/// @param metadata the `__metadata__` object, sorted; empty if absent
record SafetensorsHeader(Map<String, Entry> entries, Map<String, String> metadata) {
  static final String METADATA = "__metadata__";

  /// The reference implementation's limit, bytes.
  static final long LIMIT = 100_000_000;

  /// Parses and checks a header.
  ///
  /// @param where the file, opens every message
  /// @param bytes the header as in the file
  /// @param dataLength bytes after the header
  static SafetensorsHeader parse(String where, byte[] bytes, long dataLength) {
    return new Parser(where).parse(bytes, dataLength);
  }

  /// Bytes a tensor of that shape takes, or an error where that exceeds 2^63 - 1.
  static long size(String where, Dtype dtype, long[] shape) {
    try {
      // Zero first: [2^62, 2^62, 0] is an empty tensor for the reference only if nothing overflows
      // on the way, so the product is taken in order.
      long count = 1;
      for (long extent : shape) {
        count = Math.multiplyExact(count, extent);
      }
      return Math.multiplyExact(count, (long) dtype.bytes());
    } catch (ArithmeticException overflow) {
      throw new UserException(
          where
              + ": shape "
              + java.util.Arrays.toString(shape)
              + " of "
              + dtype
              + " is larger than 2^63 bytes; the file is damaged, fetch it again",
          overflow);
    }
  }

  /// The header as bytes, padded with spaces to a multiple of 8.
  byte[] render() {
    Map<String, Object> json = new LinkedHashMap<>();
    if (!metadata.isEmpty()) {
      json.put(METADATA, metadata);
    }
    for (var entry : entries.values()) {
      Map<String, Object> tensor = new LinkedHashMap<>();
      tensor.put("dtype", entry.dtype().name());
      tensor.put("shape", entry.shape());
      tensor.put("data_offsets", new long[] {entry.begin(), entry.end()});
      json.put(entry.name(), tensor);
    }
    var text = Json.line(json).getBytes(StandardCharsets.UTF_8);
    var padded = java.util.Arrays.copyOf(text, Math.ceilDiv(text.length, 8) * 8);
    java.util.Arrays.fill(padded, text.length, padded.length, (byte) ' ');
    return padded;
  }

  private record Parser(String where) {
    SafetensorsHeader parse(byte[] bytes, long dataLength) {
      var entries = new ArrayList<Entry>();
      Map<String, String> metadata = new TreeMap<>();
      try (var json = Json.mapper().createParser(text(bytes))) {
        if (json.nextToken() != JsonToken.START_OBJECT) {
          throw damaged("the header is no JSON object");
        }
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
          var name = json.currentName();
          json.nextToken();
          if (name.equals(METADATA)) {
            metadata(json, metadata);
          } else {
            entries.add(entry(name, json));
          }
        }
        if (json.nextToken() != null) {
          throw damaged("there is more text after the header's JSON object");
        }
      } catch (JacksonException failure) {
        throw new UserException(
            where
                + ": the header is not valid JSON: "
                + Shown.quoted(failure.getOriginalMessage())
                + "; the file is damaged, fetch it again",
            failure);
      }
      entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
      checkCover(entries, dataLength);
      Map<String, Entry> byName = new LinkedHashMap<>();
      entries.forEach(entry -> byName.put(entry.name(), entry));
      return new SafetensorsHeader(
          Collections.unmodifiableMap(byName), Collections.unmodifiableMap(metadata));
    }

    private String text(byte[] bytes) {
      try {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      } catch (CharacterCodingException failure) {
        throw new UserException(
            where + ": the header is not UTF-8; this is no safetensors file, or it is damaged",
            failure);
      }
    }

    private void metadata(JsonParser json, Map<String, String> into) {
      if (json.currentToken() != JsonToken.START_OBJECT) {
        throw damaged("__metadata__ is no JSON object");
      }
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        var key = json.currentName();
        if (json.nextToken() != JsonToken.VALUE_STRING) {
          throw damaged("__metadata__ " + Shown.quoted(key) + " is no string");
        }
        into.put(key, json.getString());
      }
    }

    private Entry entry(String name, JsonParser json) {
      if (json.currentToken() != JsonToken.START_OBJECT) {
        throw damaged(name, "its entry is no JSON object");
      }
      Dtype dtype = null;
      long @Nullable [] shape = null;
      long @Nullable [] offsets = null;
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        var key = json.currentName();
        var token = json.nextToken();
        switch (key) {
          case "dtype" -> {
            if (token != JsonToken.VALUE_STRING) {
              throw damaged(name, "dtype is no string");
            }
            dtype = Dtype.parse(tensor(name), json.getString());
          }
          case "shape" -> shape = sizes(name, key, json);
          case "data_offsets" -> offsets = sizes(name, key, json);
          default -> json.skipChildren();
        }
      }
      if (dtype == null || shape == null || offsets == null) {
        throw damaged(
            name, "has no " + (dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets"));
      }
      if (offsets.length != 2 || offsets[0] > offsets[1]) {
        throw damaged(
            name,
            "data_offsets " + java.util.Arrays.toString(offsets) + " are not a begin and an end");
      }
      long size = size(tensor(name), dtype, shape);
      if (size != offsets[1] - offsets[0]) {
        throw damaged(
            name,
            "shape %s of %s takes %d bytes, but data_offsets %s span %d"
                .formatted(
                    java.util.Arrays.toString(shape),
                    dtype,
                    size,
                    java.util.Arrays.toString(offsets),
                    offsets[1] - offsets[0]));
      }
      return new Entry(name, dtype, shape, offsets[0], offsets[1]);
    }

    private long[] sizes(String name, String key, JsonParser json) {
      if (json.currentToken() != JsonToken.START_ARRAY) {
        throw damaged(name, key + " is no list");
      }
      List<Long> sizes = new ArrayList<>();
      while (json.nextToken() != JsonToken.END_ARRAY) {
        if (json.currentToken() != JsonToken.VALUE_NUMBER_INT
            || json.getNumberType() == JsonParser.NumberType.BIG_INTEGER
            || json.getLongValue() < 0) {
          var text = json.currentToken() == null ? "nothing" : json.getString();
          throw damaged(
              name, key + " holds " + Shown.quoted(text) + ", not an integer from 0 to 2^63 - 1");
        }
        sizes.add(json.getLongValue());
      }
      return sizes.stream().mapToLong(Long::longValue).toArray();
    }

    private void checkCover(List<Entry> sorted, long dataLength) {
      long at = 0;
      Entry previous = null;
      for (var entry : sorted) {
        if (entry.end() > dataLength) {
          throw new UserException(
              "%s: ends at data byte %d, but the file holds only %d; it is truncated, fetch it again"
                  .formatted(tensor(entry.name()), entry.end(), dataLength));
        }
        if (entry.begin() < at) {
          throw damaged(
              entry.name(),
              "begins at data byte %d inside %s, which ends at %d"
                  .formatted(
                      entry.begin(), previous == null ? "" : Shown.quoted(previous.name()), at));
        }
        if (entry.begin() > at) {
          throw damaged(
              entry.name(),
              "begins at data byte %d, but bytes %d to %d belong to no tensor"
                  .formatted(entry.begin(), at, entry.begin()));
        }
        at = entry.end();
        previous = entry;
      }
      if (at != dataLength) {
        throw damaged("the tensors end at data byte %d of %d".formatted(at, dataLength));
      }
    }

    private String tensor(String name) {
      return where + ": tensor " + Shown.quoted(name);
    }

    private UserException damaged(String name, String what) {
      return new UserException(
          tensor(name) + ": " + what + "; the file is damaged, fetch it again");
    }

    private UserException damaged(String what) {
      return new UserException(where + ": " + what + "; the file is damaged, fetch it again");
    }
  }
}
