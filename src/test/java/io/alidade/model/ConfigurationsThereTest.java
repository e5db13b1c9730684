package io.alidade.model;

import static io.alidade.model.PolicyGoldenTest.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.alidade.store.Json;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Every configuration of [FamilyCases], older layouts included, read by `transformers`: the same
/// logits. Runs where `ALIDADE_PYTHON` names a Python that has it.
class ConfigurationsThereTest {
  @TempDir static Path work;

  private static final Map<String, float[]> OURS = new LinkedHashMap<>();

  @BeforeAll
  static void writeAndLoad() throws IOException, InterruptedException {
    var python = System.getenv("ALIDADE_PYTHON");
    assumeTrue(python != null, "ALIDADE_PYTHON names no Python with transformers");
    var requests = Json.mapper().createArrayNode();
    var random = new Random(4);
    for (var which : FamilyCases.all()) {
      if (which.name().endsWith("called su")) {
        continue; // transformers 5.18 misses its original_max_position_embeddings, which is there
      }
      which.config().put("pad_token_id", 0); // Phi-3's own lies beyond the vocabulary
      var folder = Files.createDirectories(work.resolve(which.name().replace(' ', '_')));
      FamiliesTest.write(folder, which);
      try (var policy = Policy.open(folder, PolicySpec.frozen(Precision.FLOAT32))) {
        for (int length : new int[] {9, 21}) {
          int[] ids = random.ints(length, 0, 40).toArray();
          var name = which.name() + ", " + length + " tokens";
          try (var _ = new Step()) {
            OURS.put(name, Ops.toFloats(policy.logits(ids)));
          }
          var request = requests.addObject().put("name", name).put("kind", "causal");
          request.put("folder", folder.toString()).set("ids", Json.mapper().valueToTree(ids));
        }
      }
    }
    Files.writeString(work.resolve("requests.json"), requests.toString());
    var process =
        new ProcessBuilder(python, "src/test/resources/golden/make/exchange.py", work.toString())
            .redirectErrorStream(true)
            .redirectOutput(work.resolve("python.log").toFile())
            .start();
    assertThat(process.waitFor()).isZero();
  }

  @TestFactory
  Stream<DynamicTest> everyConfigurationMeansTheSameThere() {
    var answers = Json.readObject(work.resolve("answers.json"));
    return OURS.keySet().stream()
        .map(name -> DynamicTest.dynamicTest(name, () -> same(name, answers.path(name))));
  }

  private static void same(String name, JsonNode answer) {
    assertThat(answer.path("failed").asString("")).isEmpty();
    assertThat(
            answer
                .path("complaints")
                .valueStream()
                .map(JsonNode::asString)
                .filter(line -> line.contains("keys") || line.contains("newly initialized")))
        .isEmpty();
    var theirs = new float[answer.path("logits").size()];
    IntStream.range(0, theirs.length)
        .forEach(i -> theirs[i] = (float) answer.path("logits").get(i).asDouble());
    assertClose(OURS.getOrDefault(name, new float[0]), theirs, 2e-4f);
  }
}
