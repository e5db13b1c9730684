package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.tensor.Ops;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.bytedeco.pytorch.Tensor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/// Files of known numbers, and comparison with them.
final class Golden {
  private Golden() {}

  static JsonNode read(String name) {
    try (var in = Golden.class.getResourceAsStream("/golden/losses/" + name + ".json")) {
      assertThat(in).as("golden %s", name).isNotNull();
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<JsonNode> list(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).toList();
  }

  /// All numbers of nested arrays, in order; booleans are 1 and 0.
  static double[] numbers(JsonNode node) {
    if (node.isArray()) {
      return list(node).stream()
          .flatMapToDouble(n ->
              IntStream.range(0, 1)
                  .mapToObj(_ -> numbers(n))
                  .flatMapToDouble(java.util.Arrays::stream))
          .toArray();
    }
    if (node.isBoolean()) {
      return new double[] {node.booleanValue() ? 1 : 0};
    }
    return new double[] {
      node.isString() ? Double.parseDouble(node.stringValue()) : node.doubleValue()
    };
  }

  static void close(String what, double actual, double expected, double relative) {
    double allowed = Math.max(relative * Math.abs(expected), Math.min(relative * 1e-3, 1e-8));
    assertThat(Math.abs(actual - expected))
        .as("%s: %s, expected %s", what, actual, expected)
        .isLessThanOrEqualTo(allowed);
  }

  static void close(String what, Tensor actual, double[] expected, double relative) {
    var values = Ops.toDoubles(actual);
    assertThat(values).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < values.length; i++) {
      close(String.format(Locale.ROOT, "%s[%d]", what, i), values[i], expected[i], relative);
    }
  }

  static void metric(String what, Loss loss, String name, double expected, double relative) {
    var metric = loss.metrics().get(name);
    if (metric == null) {
      throw new AssertionError(what + ": no metric " + name);
    }
    close(what + " " + name, metric.mean(), expected, relative);
  }
}
