package io.alidade.tokenizer;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reference values that travel with the tests.
public final class Golden {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private Golden() {}

  public static Path path(String name) {
    try {
      return Path.of(Golden.class.getResource("/golden/" + name).toURI());
    } catch (URISyntaxException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  public static JsonNode json(String name) {
    return MAPPER.readTree(path(name).toFile());
  }

  public static Tokenizer tokenizer(String fixture) {
    var extra = path("tokenization").resolve(fixture);
    return Tokenizer.load(Files.exists(extra) ? extra : path("models").resolve(fixture));
  }

  public static int[] ids(JsonNode array) {
    return IntStream.range(0, array.size()).map(i -> array.get(i).asInt()).toArray();
  }
}
