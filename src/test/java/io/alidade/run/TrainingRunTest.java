package io.alidade.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.journal.Journal;
import io.alidade.journal.RunFolder;
import io.alidade.recipe.Plan;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingRunTest {
  @TempDir Path folder;

  @Test
  void aRunThatCannotBeginLeavesTheFolderFree() {
    var settings = new LinkedHashMap<String, String>();
    settings.put("model", "src/test/resources/golden/models/llama");
    settings.put("data", folder.resolve("absent.jsonl").toString());
    var plan = Plan.load("dpo", "tiny", settings);
    var out = folder.resolve("run");
    for (int attempt = 0; attempt < 2; attempt++) {
      assertThatThrownBy(
              () -> TrainingRun.run(plan, out, false, folder, Journal.silent(), List.of()))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("absent.jsonl")
          .hasMessageContaining("no such file");
      assertThat(RunFolder.holdsRun(out)).isFalse();
    }
  }
}
