package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.UserException;
import io.alidade.tokenizer.Golden;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class DataCommandsTest {
  @TempDir Path folder;
  private final StringWriter out = new StringWriter();

  /// Runs a command as the program does, but for its handling of failures.
  private int run(Object command, String... args) {
    var line = new CommandLine(command);
    line.setOut(new PrintWriter(out));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler((failure, _, _) -> {
      assertThat(failure).isInstanceOf(UserException.class);
      out.write(failure.getMessage());
      return 1;
    });
    return line.execute(args);
  }

  private Path prefs() throws IOException {
    return Files.writeString(
        folder.resolve("prefs.jsonl"),
        """
        {"prompt": "What is 12", "chosen": " plus 30?", "rejected": " minus", "source": "a"}
        {"prompt": "What is 12", "chosen": " plus 30?", "rejected": " minus", "source": "b"}
        {"prompt": "Same", "chosen": "x", "rejected": "x"}
        {"prompt": "Blank", "chosen": "  ", "rejected": "x"}
        {"prompt": "Empty", "chosen": "", "rejected": "x"}
        {"prompt": "Broken",
        {"prompt": "The lighthouse keeper counted 1234567 ships", "chosen": "a", "rejected": "b"}
        """);
  }

  @Test
  void checkListsEveryBadRowAndFails() throws IOException {
    var file = prefs();
    assertThat(run(new DataCommand(), "check", file.toString())).isEqualTo(1);
    assertThat(out.toString())
        .contains("form     a pair")
        .contains("columns  prompt, chosen, rejected, source")
        .contains("ignored  source")
        .contains("rows     7, of which 5 can be used")
        .contains("characters")
        .contains("repeated: " + file + ":2 says what " + file + ":1 says")
        .contains("the same candidates throughout: " + file + ":3")
        .contains("white space only: " + file + ":4")
        .contains("bad: " + file + ":5: column 'chosen' is empty")
        .contains("bad: " + file + ":6: not a JSON object")
        .contains("2 bad, 1 repeated, 1 with equal candidates, 1 with a blank one")
        .contains("####");
  }

  @Test
  void checkWithAModelCountsTokensAndTellsWhatALimitDoes() throws IOException {
    var file = prefs();
    int code =
        run(
            new DataCommand(),
            "check",
            file.toString(),
            "--model",
            Golden.path("models/llama").toString(),
            "--max-length",
            "8");
    assertThat(code).isEqualTo(1);
    assertThat(out.toString())
        .contains("tokens")
        .contains("| What is 12 plus 30?<|eot_id|>")
        .contains("dropped: 1 rows, the prompt alone reaches max_length")
        .contains("lose tokens to max_length");
  }

  @Test
  void checkOfGoodRowsSucceeds() {
    var file = Golden.path("training/data/preference_conversational.jsonl");
    var model = Golden.path("models/qwen2").toString();
    assertThat(run(new DataCommand(), "check", file.toString(), "--model", model, "--limit", "30"))
        .isZero();
    assertThat(out.toString()).contains("rows     30, of which 30").contains("<|im_start|>user");
  }

  @Test
  void inspectShowsTheMaskAndTheCut() throws IOException {
    var model = Golden.path("models/llama").toString();
    var file = prefs().toString();
    assertThat(run(new InspectCommand(), "--model", model, "--data", file, "--max-length", "7"))
        .isZero();
    assertThat(out.toString())
        .contains("prefs.jsonl:1")
        .contains("| What is 12 plus 30?<|eot_id|>")
        .containsPattern("0 +506 +prompt +\"<\\|begin_of_text\\|>\"")
        .containsPattern("5 +297 +scored +\" p\"")
        .contains("----- cut from here")
        .containsPattern("510 +cut +\"<\\|eot_id\\|>\"")
        .containsPattern("kept: \\d+ tokens, \\d+ scored, \\d+ cut");
  }

  @Test
  void inspectShowsTheStartThatIsCut() throws IOException {
    var model = Golden.path("models/llama").toString();
    int code =
        run(
            new InspectCommand(),
            "--model",
            model,
            "--data",
            prefs().toString(),
            "--max-length",
            "7",
            "--truncation",
            "keep_end");
    assertThat(code).isZero();
    assertThat(out.toString()).containsPattern("0 +506 +cut").contains("----- cut to here");
  }

  @Test
  void inspectNamesTheRowsThereAre() throws IOException {
    var model = Golden.path("models/llama").toString();
    var file = prefs().toString();
    assertThat(run(new InspectCommand(), "--model", model, "--data", file, "--row", "9"))
        .isEqualTo(1);
    assertThat(out.toString()).isEqualTo(file + ": no row 9; choose one from 1 to 7");
  }
}
