package io.alidade.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.store.Json;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// Six steps against `torch.optim.AdamW` after `torch.nn.utils.clip_grad_norm_`, which
/// `golden/make/adamw.py` wrote down: norms, and weights after each step.
class AdamWGoldenTest {
  private static final AdamW ADAM = new AdamW(1, 0.9, 0.98, 1e-7, 0.1, 1);

  @ParameterizedTest
  @CsvSource({"float64, Double, 1e-13", "float32, Float, 1e-6"})
  void isThatOfPyTorch(String name, ScalarType type, double tolerance) {
    var golden = Json.read(Path.of("src/test/resources/golden/optimizer/adamw.json")).get(name);
    try (var _ = new Step()) {
      var weights = new LinkedHashMap<String, Tensor>();
      var start = golden.get("start");
      weights.put("matrix", tensor(start.get("matrix"), type, 3, 4));
      weights.put("vector", tensor(start.get("vector"), type, 5));
      weights.values().forEach(weight -> weight.set_requires_grad(true));
      int cut = 0;
      try (var updater = ADAM.open(weights)) {
        for (var step : golden.get("steps")) {
          weights.forEach(
              (key, weight) -> Grad.add(weight, tensor(step.get(key), type, Ops.shape(weight))));
          double norm = updater.update(step.get("rate").asDouble());
          double expected = step.get("norm").asDouble();
          assertThat(norm).isCloseTo(expected, within(tolerance * expected));
          cut += expected > 1 ? 1 : 0;
          weights.forEach((key, weight) ->
              assertThat(Ops.toDoubles(weight))
                  .as(key)
                  .containsExactly(numbers(step.get("after").get(key)), within(tolerance)));
        }
      }
      assertThat(cut).as("steps whose gradient is cut").isBetween(1, 5);
    }
  }

  private static double[] numbers(JsonNode array) {
    return array.valueStream().mapToDouble(JsonNode::asDouble).toArray();
  }

  private static Tensor tensor(JsonNode array, ScalarType type, long... shape) {
    return Ops.doubles(numbers(array), shape).to(type);
  }
}
