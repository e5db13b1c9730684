package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.journal.MetricsLog;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Data and settings at the edge of what makes sense, through the command line: each is either
/// defined or explained in one line.
class FailureTest {
  private static final String LLAMA = "src/test/resources/golden/models/llama";

  @TempDir Path folder;

  private final StringWriter err = new StringWriter();

  private int train(String recipe, String rows, String... sets) throws IOException {
    var data = folder.resolve("rows.jsonl");
    Files.writeString(data, rows);
    var words =
        new ArrayList<>(
            List.of(
                "train",
                recipe,
                "--model",
                LLAMA,
                "--data",
                data.toString(),
                "--out",
                run().toString(),
                "--set",
                "eval_fraction=0",
                "--set",
                "max_steps=2",
                "--set",
                "logging_steps=1"));
    for (var set : sets) {
      words.add("--set");
      words.add(set);
    }
    return Main.run(
        new PrintWriter(new StringWriter(), true),
        new PrintWriter(err, true),
        words.toArray(String[]::new));
  }

  private Path run() {
    return folder.resolve("run");
  }

  private List<Double> metric(String name) {
    return MetricsLog.read(run()).rows().stream()
        .map(row -> row.metrics().getOrDefault(name, Double.NaN))
        .toList();
  }

  private void refused(int code, String... parts) {
    assertThat(code).as(err.toString()).isEqualTo(Main.BAD_INPUT);
    assertThat(err.toString().strip().lines()).hasSize(1);
    assertThat(err.toString()).startsWith("alidade: ").contains(parts);
    assertThat(run().resolve("model")).doesNotExist();
  }

  private static String pair(String chosen, String rejected) {
    return "{\"prompt\": \"2 plus 2?\", \"chosen\": \"%s\", \"rejected\": \"%s\"}\n"
        .formatted(chosen, rejected);
  }

  @Test
  void anEmptyAnswerIsAnError() throws IOException {
    refused(
        train("dpo", pair(" four", " five") + pair(" four", "")),
        "rows.jsonl:2: column 'rejected' is empty; write what the model should say or remove the row");
  }

  @Test
  void anEmptyTextIsAnError() throws IOException {
    refused(
        train("sft", "{\"text\": \"\"}\n"),
        "rows.jsonl:1: column 'text' is empty; write what the model should say or remove the row");
  }

  @Test
  void rowsThatLeaveNothingToLearnAreDropped() throws IOException {
    refused(
        train("dpo", pair(" four", " five"), "max_length=2"),
        "rows.jsonl: no row is left to learn from, of 1: {the prompt alone reaches max_length=1}");
  }

  @Test
  void identicalAnswersTeachNothing() throws IOException {
    assertThat(train("dpo", pair(" four", " four"))).as(err.toString()).isZero();
    assertThat(metric("loss")).allMatch(loss -> Math.abs(loss - Math.log(2)) < 1e-6);
    assertThat(metric("grad_norm")).allMatch(norm -> norm < 1e-4);
    assertThat(metric("rewards/accuracies")).containsOnly(0.0); // a tie is wrong
  }

  private static String ranking(String scores) {
    return "{\"prompt\": \"2 plus 2?\", \"completions\": [\" 3\", \" 4\", \" 5\"], \"scores\": %s}\n"
        .formatted(scores);
  }

  @Test
  void rankingsOfEqualScoresAreLeftOut() throws IOException {
    assertThat(train("dpo", ranking("[1, 1, 1]") + ranking("[1, 3, 2]")))
        .as(err.toString())
        .isZero();
    assertThat(metric("loss")).hasSize(2);
    for (var recipe : List.of("ipo", "plackett-luce")) {
      err.getBuffer().setLength(0);
      io.alidade.store.AtomicFiles.delete(run());
      refused(
          train(recipe, ranking("[1, 1, 1]")),
          "rows.jsonl: leaving out rankings whose answers all have the same score leaves none of its"
              + " 1 rows");
    }
  }

  @Test
  void anEvenTargetIsLearnedFromEqualScores() throws IOException {
    assertThat(train("adpo-scores", ranking("[1, 1, 1]").replace("}", ", \"score\": [1, 1, 1]}")))
        .as(err.toString())
        .isZero();
    assertThat(metric("loss")).allMatch(Double::isFinite);
  }

  @Test
  void whatTheDataLacksIsNamed() throws IOException {
    refused(
        train("rdpo-by-row", pair(" four", " five")),
        "rows.jsonl has no column 'flip_rate', which RobustDpoByRow reads (one number a row)");
  }

  @Test
  void aColumnOfTheWrongShapeIsNamed() throws IOException {
    refused(
        train("rdpo-by-row", pair(" four", " five").replace("}", ", \"flip_rate\": [0.1, 0.2]}")),
        "no column 'flip_rate' of this shape",
        "(one number a row)");
  }

  @Test
  void aReferenceThatNobodyComparesWithIsAnError() throws IOException {
    refused(
        train("simpo", pair(" four", " five"), "reference=Frozen"),
        "recipe.reference: SimPo does not compare with a frozen model; remove 'reference'");
  }

  @Test
  void aMissingReferenceIsAnError() throws IOException {
    refused(
        train("dpo", pair(" four", " five"), "reference="),
        "recipe.reference: Dpo compares with a frozen model and the recipe names none");
  }

  @Test
  void aMovingReferenceCannotBeCached() throws IOException {
    refused(
        train("tr-dpo", pair(" four", " five"), "reference={Cached: {of: PreviousStage}}"),
        "of must be a reference that stays as it is, was PreviousStage");
  }

  @Test
  void aStepThatIsNotFiniteStopsTheRunAndTheLastCheckpointStands() throws IOException {
    refused(
        train(
            "dpo",
            pair(" four", " five") + pair(" 4", " 5"),
            "max_steps=5",
            "save_steps=1",
            "shuffle=false",
            "optimizer.AdamW.learning_rate=1e30"),
        "step 2: the ",
        " is NaN on rows ",
        "rows.jsonl:1, ",
        "rows.jsonl:2; lower learning_rate or look at these rows. The last checkpoint stands: ",
        "checkpoint-1");
    assertThat(run().resolve("checkpoints/checkpoint-1/model.safetensors")).exists();
    assertThat(run().resolve("checkpoints/checkpoint-2")).doesNotExist();
  }
}
