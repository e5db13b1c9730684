package io.alidade.bench;

import io.alidade.UserException;
import io.alidade.generation.Throughput;
import io.alidade.model.Precision;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import tools.jackson.databind.JsonNode;

/// TRL's `DPOTrainer` and the `generate` of `transformers`, run as they are on the model, the texts
/// and the adapter that [StepBench] and [DrawBench] measure.
///
/// The trainer computes its reference before the steps if ours does, recomputes nothing, and
/// updates with the fused kernel. It gets this process's environment, the allocator's settings
/// included.
///
/// @param python a Python that has `torch`, `trl`, `transformers`, `peft` and `datasets`
/// @param compile whether the trainer compiles the model (`torch_compile`)
public record Trl(String python, boolean compile) {
  private static final String SCRIPT = "trl_bench.py";

  /// Finds out whether this Python starts and has the packages, without loading them.
  ///
  /// @param scratch an empty folder
  /// @throws UserException if not
  public void check(Path scratch) {
    run("check", scratch);
  }

  /// Trains.
  ///
  /// @param bench what to do; a list of K candidates becomes K / 2 comparisons
  /// @param scratch an empty folder
  public Turn train(StepBench bench, Path scratch) {
    return train(bench, scratch, StepBench.LEARNING_RATE);
  }

  Turn train(StepBench bench, Path scratch, double learningRate) {
    var shape = bench.shape();
    var model = shape.write(scratch);
    bench.adapter(model, scratch); // where it is looked for
    var written = new TrlCase(scratch);
    written.tokenizer(model, shape.vocabulary);
    int comparisons = written.data(bench.workload().groups(shape.vocabulary, 1));
    written.settings(
        Json.mapper()
            .createObjectNode()
            .put("threads", bench.threads())
            .put("steps", bench.steps())
            .put("rows", comparisons * bench.pairs())
            .put("learning_rate", learningRate)
            .put("precompute", !bench.referenceInStep())
            .put("compile", compile));
    var said = run("train", scratch);
    return new Turn(
        numbers(said.get("wall")),
        numbers(said.get("cpu")),
        bench.pairs(),
        // The sum over comparisons is not the loss of a list.
        comparisons == 1 ? numbers(said.get("loss")) : List.of(),
        peak(said),
        said.get("products")
            .valueStream()
            .map(rate -> new Machine.Rate(rate.get(0).asDouble(), rate.get(1).asDouble()))
            .toList(),
        versions(said));
  }

  /// Draws, always the likeliest token, which is the least work.
  ///
  /// @param scratch an empty folder
  public DrawBench.Report draw(DrawBench bench, Path scratch) {
    if (bench.precision() != Precision.FLOAT32) {
      throw new IllegalArgumentException("float32 alone");
    }
    bench.shape().write(scratch);
    new TrlCase(scratch)
        .settings(
            Json.mapper()
                .createObjectNode()
                .put("threads", bench.threads())
                .put("rows", bench.rows())
                .put("prompt", bench.promptTokens())
                .put("new", bench.newTokens())
                .put("rounds", bench.rounds())
                .put("vocabulary", bench.shape().vocabulary));
    return bench.report(() -> {
      var said = run("draw", scratch);
      var rounds = new ArrayList<Throughput.Round>();
      for (var round : said.get("rounds")) {
        rounds.add(
            new Throughput.Round(
                round.get("read").asDouble(),
                round.get("drawn").asDouble(),
                round.get("processor").asDouble(),
                peak(said).orElse(0)));
      }
      return new DrawBench.Measured(
          new Throughput(bench.rows(), bench.promptTokens(), bench.newTokens(), rounds),
          peak(said),
          versions(said));
    });
  }

  private static List<Double> numbers(JsonNode array) {
    return array.valueStream().map(JsonNode::asDouble).toList();
  }

  private static OptionalLong peak(JsonNode said) {
    var peak = said.path("peak");
    return peak.isNumber() ? OptionalLong.of(peak.asLong()) : OptionalLong.empty();
  }

  private static String versions(JsonNode said) {
    return Machine.hardware() + ", " + said.path("versions").asString();
  }

  private static String lastLine(Path file) throws IOException {
    return Files.readString(file).strip().lines().reduce("nothing", (_, line) -> line);
  }

  /// Runs the script to its end and reads its last line.
  private JsonNode run(String what, Path folder) {
    var script = folder.resolve(SCRIPT);
    try (var source = Trl.class.getResourceAsStream(SCRIPT)) {
      if (source == null) {
        throw new IllegalStateException(SCRIPT + " is not on the class path");
      }
      AtomicFiles.text(script, new String(source.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var told = folder.resolve("told.txt");
    try {
      var process =
          new ProcessBuilder(python, script.toString(), what, folder.toString())
              .redirectError(told.toFile())
              .start();
      try {
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.waitFor();
        var last = said.strip().lines().reduce("", (_, line) -> line);
        if (code != 0 || !last.startsWith("{")) {
          throw new UserException(
              "%s ended with exit code %d and said: %s".formatted(python, code, lastLine(told)));
        }
        return Json.parse(SCRIPT, last);
      } finally {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("interrupted", e);
    } catch (IOException e) {
      throw new UserException(
          "cannot start %s: %s; name a Python that has trl with --python"
              .formatted(python, e.getMessage()),
          e);
    }
  }
}
