package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.store.Json;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Twenty steps of a trainer of TRL 1.13 against the command that means the same, from the data
/// file to the last weights: losses, gradient norms, rates and rewards. `golden/make/trainers.py`
/// ran the trainers.
class TrlRunsTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/training");

  private static final Map<String, String> SCHEDULES =
      Map.of("cosine", "Cosine", "linear", "Linear", "constant_with_warmup", "Constant");

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"ipo", "robust", "exo", "keep_end", "kto"})
  void aCommandDoesWhatTheTrainerDoes(String name) throws IOException {
    var golden = Json.readObject(GOLDEN.resolve("trl_" + name + ".json"));
    train(name, golden);
    var ours = metrics();
    var theirs = golden.path("steps");
    assertThat(ours).hasSize(20).hasSize(theirs.size());
    for (int i = 0; i < ours.size(); i++) {
      for (var metric : theirs.get(i).propertyNames()) {
        compare(name, i, metric, ours.get(i), theirs.get(i).path(metric).asDouble());
      }
    }
    weights(golden.path("final_norms"));
  }

  private static void compare(String run, int step, String metric, JsonNode ours, double theirs) {
    double tolerance;
    switch (metric) {
      case "loss", "learning_rate" -> tolerance = 1e-4 * Math.max(0.01, Math.abs(theirs));
      case "grad_norm" -> tolerance = 1e-3 * Math.max(0.01, Math.abs(theirs));
      case "rewards/chosen", "rewards/rejected", "rewards/margins", "kl" -> {
        if (run.equals("kto") && !metric.equals("kl") && !metric.endsWith("margins")) {
          return; // TRL takes the mean of the passes' means, whatever labels they hold
        }
        tolerance = 1e-3;
      }
      case "rewards/accuracies" -> tolerance = 1e-6;
      default -> {
        return;
      }
    }
    assertThat(ours.has(metric)).as("step %d: %s", step + 1, metric).isTrue();
    assertThat(ours.path(metric).asDouble())
        .as("step %d: %s", step + 1, metric)
        .isCloseTo(theirs, within(tolerance));
  }

  private void train(String name, JsonNode golden) {
    var args = golden.path("config");
    var model = GOLDEN.resolve(golden.path("model").asString()).normalize();
    var words =
        new ArrayList<>(
            List.of(
                "train",
                Map.of("robust", "rdpo", "keep_end", "dpo").getOrDefault(name, name),
                "--model",
                model.toString(),
                "--data",
                GOLDEN.resolve("data").resolve(golden.path("data").asString()).toString(),
                "--out",
                folder.resolve("run").toString()));
    var record =
        Map.of(
                "ipo",
                "Ipo",
                "robust",
                "RobustDpo",
                "exo",
                "ExoPair",
                "kto",
                "Kto",
                "keep_end",
                "Dpo")
            .get(name);
    args.properties()
        .forEach(entry -> {
          var key = entry.getKey();
          var path =
              switch (key) {
                case "beta", "label_smoothing", "desirable_weight", "undesirable_weight" ->
                    "objective." + record + "." + key;
                case "learning_rate", "weight_decay", "max_grad_norm" -> "optimizer.AdamW." + key;
                case "lr_scheduler_type", "warmup_steps", "loss_type" -> "";
                case "adam_beta1", "adam_beta2", "adam_epsilon" ->
                    "optimizer.AdamW." + key.substring("adam_".length());
                default -> key;
              };
          if (!path.isEmpty()) {
            words.addAll(List.of("--set", path + "=" + entry.getValue().asString()));
          }
        });
    var schedule =
        "schedule={%s: {warmup_steps: %d}}"
            .formatted(
                SCHEDULES.get(args.path("lr_scheduler_type").asString()),
                args.path("warmup_steps").asInt());
    for (var more :
        List.of(
            schedule,
            "shuffle=false",
            "loss_averaging=micro_batch",
            "learning_rate_factor=1",
            "eval_fraction=0",
            "logging_steps=1")) {
      words.addAll(List.of("--set", more));
    }
    var out = new StringWriter();
    var err = new StringWriter();
    assertThat(
            Main.run(
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                words.toArray(String[]::new)))
        .as(() -> out + "\n" + err)
        .isZero();
  }

  private List<JsonNode> metrics() throws IOException {
    try (var lines = Files.lines(folder.resolve("run/metrics.jsonl"))) {
      return lines
          .map(line -> Json.parse("metrics", line))
          .filter(line -> line.has("grad_norm"))
          .toList();
    }
  }

  private void weights(JsonNode norms) {
    try (var policy =
            Policy.open(folder.resolve("run/model"), PolicySpec.trainable(Precision.FLOAT32));
        var _ = new Step()) {
      var ours = policy.trainable();
      assertThat(norms.size()).isEqualTo(ours.size());
      norms
          .properties()
          .forEach(entry -> {
            var weight = Objects.requireNonNull(ours.get(entry.getKey()), entry.getKey());
            double theirs = entry.getValue().asDouble();
            // A bias of keys moves no probability: its gradient is rounding, which Adam makes
            // large.
            double tolerance = entry.getKey().endsWith("bias") ? 2e-4 : 1e-5 * theirs;
            assertThat(Ops.number(weight.detach().to(Precision.FLOAT64.type()).norm()))
                .as(entry.getKey())
                .isCloseTo(theirs, within(tolerance));
          });
    }
  }
}
