package io.alidade.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.judge.ChatJudge;
import io.alidade.judge.CodeRunner;
import io.alidade.judge.Ensemble;
import io.alidade.judge.Judge;
import io.alidade.judge.ListJudge;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JudgeFileTest {
  @TempDir Path folder;

  @Test
  void everyJudgeHasAName() {
    assertThat(Slots.names(Judge.class))
        .contains(
            "ChatJudge",
            "CodeRunner",
            "Ensemble",
            "ExactAnswer",
            "InContext",
            "Length",
            "ListJudge",
            "Matches",
            "Obeys",
            "PairModel",
            "PreferenceModel",
            "RewardModel",
            "Weighted");
  }

  @Test
  void judgesNestAndMayStandInAFile() throws Exception {
    var file =
        Files.writeString(
            folder.resolve("judge.yaml"),
            """
            Ensemble:
              judges:
                - RewardModel: {model: runs/a, weights: [1, -0.5], temperature: 2}
                - PreferenceModel: {model: runs/b, tau: 0.1, normalised: true, gated: true, max_length: 64}
                - Weighted:
                    judges: {short: {Length: {target: 0, scale: 10}}, yes: {Matches: {regex: "(?i)yes"}}}
                    weights: {short: 1, yes: 0.5}
              combination: cautious
              caution: 0.5
            """);
    var judge = (Ensemble) JudgeFile.read(file.toString());
    assertThat(judge.judges()).hasSize(3);
    assertThat(judge.combination()).isEqualTo(Ensemble.Combination.CAUTIOUS);
    var chat =
        (ChatJudge)
            JudgeFile.read(
                """
                ChatJudge:
                  endpoint: {url: "http://127.0.0.1:8000/v1", model: m, key_variable: "", max_tokens: 256, temperature: 0, timeout_seconds: 60}
                  template: "{prompt} {a} {b}"
                  swap: true
                  disagreement: tie
                  patience: {attempts: 5, first_seconds: 1, longest_seconds: 60, requests_per_second: 2, concurrency: 4}
                  price: {per_million_read: 1, per_million_written: 4, most: 5}
                  cache: judged
                  seed: 1
                """);
    assertThat(chat.patience().attempts()).isEqualTo(5);
    assertThat(chat.template()).isEqualTo("{prompt} {a} {b}");
    var list =
        (ListJudge)
            JudgeFile.read(
                """
                ListJudge:
                  endpoint: {url: "http://127.0.0.1:8000/v1", model: m, key_variable: "", max_tokens: 512, temperature: 0, timeout_seconds: 60}
                  patience: {attempts: 5, first_seconds: 1, longest_seconds: 60, requests_per_second: 2, concurrency: 4}
                  price: {per_million_read: 1, per_million_written: 4, most: 5}
                  seed: 1
                """);
    assertThat(list.most()).isEqualTo(6);
    assertThat(list.template())
        .startsWith("Please act")
        .contains("\n[Question]\n{prompt}\n\n{answers}");
    var code =
        (CodeRunner)
            JudgeFile.read(
                "CodeRunner: {column: tests, limits: {seconds: 3, heap_megabytes: 128,"
                    + " output_kilobytes: 256, file_megabytes: 8, threads: 48, source_kilobytes: 256},"
                    + " unprotected: []}");
    assertThat(code.limits().seconds()).isEqualTo(3);
  }
}
