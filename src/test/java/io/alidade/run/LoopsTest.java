package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.data.Rows;
import io.alidade.example.Form;
import io.alidade.journal.Journal;
import io.alidade.journal.MetricsLog;
import io.alidade.recipe.Plan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Loops that draw, judge and learn, from files to files on a tiny random model.
class LoopsTest {
  private static final String LENGTH = "{Length: {target: 12, scale: 4}}";

  @TempDir Path folder;

  @BeforeEach
  void prompts() throws IOException {
    var rows = new StringBuilder();
    for (int i = 0; i < 24; i++) {
      rows.append(
          "{\"prompt\": \"What is %d plus %d?\", \"answer\": \"%d\"}\n"
              .formatted(i, i + 1, 2 * i + 1));
    }
    Files.writeString(folder.resolve("prompts.jsonl"), rows);
  }

  private Path run(String recipe, String... settings) {
    return run(recipe, new java.util.ArrayList<>(), settings);
  }

  private Path run(String recipe, List<String> lines, String... settings) {
    var all = new LinkedHashMap<String, String>();
    all.put("model", "src/test/resources/golden/models/llama");
    all.put("data", folder.resolve("prompts.jsonl").toString());
    all.put("logging_steps", "1");
    for (int i = 0; i < settings.length; i += 2) {
      all.put(settings[i], settings[i + 1]);
    }
    var out = folder.resolve(recipe);
    TrainingRun.run(Plan.load(recipe, "tiny", all), out, false, folder, telling(lines), List.of());
    return out;
  }

  /// A journal that keeps its messages.
  private static Journal telling(List<String> lines) {
    return new Journal() {
      @Override
      public void log(long step, double epoch, java.util.SequencedMap<String, Double> metrics) {}

      @Override
      public void evaluation(
          long step, double epoch, java.util.SequencedMap<String, Double> metrics) {}

      @Override
      public void message(String line) {
        lines.add(line);
      }

      @Override
      public void progress(
          String what,
          long done,
          long total,
          String unit,
          java.util.SequencedMap<String, Double> shown) {}

      @Override
      public void close() {}
    };
  }

  @ParameterizedTest
  @CsvSource({
    "online-dpo, Online, PAIR",
    "grpo, Online, RANKING",
    "rloo, Online, RANKING",
    "iterative-dpo, Iterative, PAIR",
    "sppo, Iterative, PAIR",
    "apo, Iterative, PAIR",
    "copo, Iterative, RANKING",
    "online-kto, Online, LABELLED",
    "dno, Iterative, RANKING",
    "rejection-sampling, Iterative, DEMONSTRATION"
  })
  void everyLoopRunsAndKeepsWhatItLearntFrom(String recipe, String loop, Form form) {
    var learning = "learning." + loop;
    var out =
        loop.equals("Online")
            ? run(
                recipe,
                learning + ".drawing.judge",
                LENGTH,
                learning + ".drawing.max_new_tokens",
                "6",
                "max_steps",
                "4", // a round may take two
                "eval_fraction",
                "0.2")
            : run(
                recipe,
                learning + ".drawing.judge",
                LENGTH,
                learning + ".drawing.max_new_tokens",
                "6",
                learning + ".prompts_per_round",
                "8",
                learning + ".rounds",
                "2");
    assertThat(out.resolve("model/model.safetensors")).exists();
    try (var learned = Rows.open(out.resolve("rounds/round-00001-learned.jsonl"));
        var drawn = Rows.open(out.resolve("rounds/round-00001.jsonl"))) {
      assertThat(learned.form()).isEqualTo(form);
      assertThat(drawn.form()).isEqualTo(Form.RANKING);
      assertThat(learned.count()).isPositive();
      learned.row(0); // the format that training reads
      drawn.row(0);
    }
    var log = MetricsLog.read(out);
    assertThat(log.last("reward").orElseThrow()).isFinite();
    assertThat(log.last("completions/mean_length").orElseThrow()).isBetween(1.0, 6.0);
  }

  /// The world has one thing to learn: answers of twelve characters.
  @Test
  void rewardsRise() {
    var out =
        run(
            "grpo",
            "learning.Online.drawing.judge",
            LENGTH,
            "learning.Online.drawing.max_new_tokens",
            "8",
            "max_steps",
            "25",
            "per_device_train_batch_size",
            "8",
            "gradient_accumulation_steps",
            "1",
            "learning_rate_factor",
            "3000");
    var rewards =
        MetricsLog.read(out).curve("reward").stream().mapToDouble(p -> p.value()).toArray();
    double before = java.util.Arrays.stream(rewards, 0, 5).average().orElseThrow();
    double after = java.util.Arrays.stream(rewards, 20, 25).average().orElseThrow();
    assertThat(after).isGreaterThan(before + 0.2);
  }

  @Test
  void aRoundWithoutDifferencesIsSkippedAndSaidSo() {
    var out =
        run(
            "online-dpo",
            "learning.Online.drawing.judge",
            "{Matches: {regex: nothing says this}}",
            "learning.Online.drawing.max_new_tokens",
            "4",
            "max_steps",
            "2");
    assertThat(MetricsLog.read(out).last("frac_reward_zero_std")).hasValue(1.0);
    assertThat(out.resolve("rounds/round-00001-learned.jsonl")).isEmptyFile();
    assertThat(out.resolve("model/model.safetensors"))
        .as("nothing was learned")
        .hasSameBinaryContentAs(
            Path.of("src/test/resources/golden/models/llama/model.safetensors"));
  }

  /// Advantages of 0, empty answers, equal ones, and a judge that cannot tell: a line each, and not
  /// a bit of the model moves.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{Matches: {regex: nothing says this}} | 1.0 | no prompt's answers differ in worth",
        "{Length: {target: 12, scale: 4}} | 1.0e-6 | all answers to a prompt are the same"
      })
  void aRoundWithoutAdvantagesIsSaidSo(String judge, String temperature, String reason) {
    var lines = new java.util.ArrayList<String>();
    var learning = "learning.Online.drawing.";
    var out =
        run(
            "grpo",
            lines,
            learning + "judge",
            judge,
            learning + "temperature",
            temperature,
            learning + "max_new_tokens",
            "4",
            learning + "samples",
            "3",
            "max_steps",
            "1");
    assertThat(lines).filteredOn(line -> line.startsWith("round 1: " + reason)).hasSize(1);
    assertThat(out.resolve("model/model.safetensors"))
        .hasSameBinaryContentAs(
            Path.of("src/test/resources/golden/models/llama/model.safetensors"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "grpo | learning.Online.drawing.advantage | null | 'advantage' is needed",
        "grpo | learning.Online.drawing.samples | 1 | samples must be at least 2",
        "grpo | learning.Online.drawing.max_new_tokens | 256 | must be below max_length",
        "online-dpo | learning.Online.drawing.advantage | LeaveOneOut | 'advantage' has no use",
        "online-dpo | learning.Online.drawing.judge.RewardModel.model | nowhere | nowhere",
        "grpo | learning.Online.drawing.judge.ExactAnswer.column | gold | no column 'gold'",
        "grpo | max_length | 130 | leaves room"
      })
  void whatDoesNotFitIsSaidInOneLine(String recipe, String path, String value, String message) {
    assertThatThrownBy(() -> run(recipe, path, value, "max_steps", "1"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(message);
  }
}
