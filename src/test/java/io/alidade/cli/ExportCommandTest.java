package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.store.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// `export` and `init`: models in other files, and new ones.
class ExportCommandTest extends FinishedModel {
  @Test
  void exportsMergedAndInShardsAndChecks() throws IOException {
    assertThat(
            run(
                new ExportCommand(),
                "--model",
                model("llama"),
                "--adapter",
                model("llama_lora"),
                "--merge",
                "--out",
                at("merged"),
                "--max-shard-size",
                "200KB"))
        .as(out.toString())
        .isZero();
    assertThat(folder.resolve("merged/model.safetensors.index.json")).exists();
    assertThat(folder.resolve("merged/tokenizer.json")).exists();
    for (var name : List.of("merged", "base")) {
      var args = new ArrayList<>(List.of("--data", data("preference_plain"), "--out", at(name)));
      args.addAll(
          name.equals("merged")
              ? List.of("--model", at("merged"))
              : List.of("--model", model("llama"), "--adapter", model("llama_lora")));
      args.set(3, at(name + ".jsonl"));
      assertThat(run(new ScoreCommand(), args.toArray(String[]::new))).isZero();
    }
    var merged = lines("merged.jsonl");
    var below = lines("base.jsonl");
    for (int r = 0; r < merged.size(); r++) {
      assertThat(merged.get(r).path("logps/chosen").asDouble())
          .isCloseTo(below.get(r).path("logps/chosen").asDouble(), within(1e-2));
    }
    for (var type : List.of("bfloat16", "float16")) {
      out.getBuffer().setLength(0);
      assertThat(
              run(
                  new ExportCommand(),
                  "--model",
                  model("llama_reward"),
                  "--out",
                  at(type),
                  "--dtype",
                  type))
          .as(out.toString())
          .isZero();
      assertThat(Json.readObject(folder.resolve(type + "/config.json")).path("dtype").asString())
          .isEqualTo(type);
    }
  }

  @Test
  void exportThatDriftsLeavesNothing() throws IOException {
    var export = List.of("--model", model("llama"), "--out", at("out"), "--dtype", "bfloat16");
    var strict = new ArrayList<>(export);
    strict.addAll(List.of("--tolerance", "1e-7"));
    assertThat(run(new ExportCommand(), strict.toArray(String[]::new))).isEqualTo(1);
    assertThat(out.toString()).contains("drift by").contains("nothing was kept");
    try (var files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
    assertThat(run(new ExportCommand(), export.toArray(String[]::new))).isZero();
    assertThat(run(new ExportCommand(), export.toArray(String[]::new))).isEqualTo(1);
    assertThat(out.toString()).contains("exists already; choose another --out");
  }

  @Test
  void exportRefusesWhatItDoesNotUnderstand() {
    var out = at("out");
    for (var bad :
        List.of(
            List.of("--dtype", "int3", "unknown precision 'int3'"),
            List.of("--max-shard-size", "5XB", "must be a size such as 500MB"),
            List.of("--adapter", model("llama_lora"), "add --merge"),
            List.of("--tolerance", "0", "tolerance must be positive"))) {
      this.out.getBuffer().setLength(0);
      assertThat(
              run(
                  new ExportCommand(),
                  "--model",
                  model("llama"),
                  "--out",
                  out,
                  bad.get(0),
                  bad.get(1)))
          .isEqualTo(1);
      assertThat(this.out.toString()).contains(bad.get(2));
      assertThat(Path.of(out)).doesNotExist();
    }
  }

  @Test
  void sizesHaveUnits() {
    assertThat(Arguments.bytes("x", "5GB")).isEqualTo(5_000_000_000L);
    assertThat(Arguments.bytes("x", "2 GiB")).isEqualTo(2L << 30);
    assertThat(Arguments.bytes("x", "1.5kb")).isEqualTo(1500);
    assertThat(Arguments.bytes("x", "77")).isEqualTo(77);
  }

  @Test
  void initMakesAModelThatWorks() {
    var config = model("llama") + "/config.json";
    assertThat(
            run(
                new InitCommand(),
                "--config",
                config,
                "--tokenizer",
                model("llama"),
                "--out",
                at("new"),
                "--seed",
                "4"))
        .as(out.toString())
        .isZero();
    assertThat(
            run(
                new GenerateCommand(),
                "--model",
                at("new"),
                "--prompt",
                "x",
                "--max-new-tokens",
                "2",
                "--no-stream"))
        .isZero();
    assertThat(out.toString()).contains("\"completion\"");
    out.getBuffer().setLength(0);
    assertThat(
            run(
                new InitCommand(),
                "--config",
                config,
                "--tokenizer",
                model("llama"),
                "--out",
                at("new")))
        .isEqualTo(1);
    assertThat(out.toString()).contains("exists already");
  }
}
