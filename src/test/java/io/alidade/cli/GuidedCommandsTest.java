package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.UserException;
import io.alidade.generation.Guidance;
import io.alidade.generation.LanguageModel;
import io.alidade.generation.ValueBeam;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.Sampling;
import io.alidade.model.SaveOptions;
import io.alidade.store.Json;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import io.alidade.tokenizer.Golden;
import io.alidade.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// Answers that are searched for by the values of a critic, from the command line.
class GuidedCommandsTest {
  private static final Path MODEL = Golden.path("models/llama");

  @TempDir Path folder;
  private final StringWriter out = new StringWriter();

  /// A critic whose head is random, where a run would have left it.
  @BeforeEach
  void critic() {
    try (var critic = Policy.open(MODEL, PolicySpec.trainable(Precision.FLOAT32).with(Head.VALUE));
        var random = new Rng(4);
        var _ = new Step()) {
      var head = Objects.requireNonNull(critic.changeable().get("value_head.weight"));
      Grad.off(() -> head.copy_(random.normal(Ops.shape(head))));
      critic.save(folder.resolve("run/critic"), SaveOptions.PLAIN);
    }
  }

  private int run(Object command, String... args) {
    out.getBuffer().setLength(0);
    var line = new CommandLine(command);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(out));
    line.setExecutionExceptionHandler((failure, _, _) -> {
      assertThat(failure).isInstanceOf(UserException.class);
      out.write(failure.getMessage());
      return 1;
    });
    return line.execute(args);
  }

  private int generate(String... more) {
    var args =
        new ArrayList<>(
            List.of(
                "--model",
                MODEL.toString(),
                "--prompt",
                "What is 12",
                "--values",
                folder.resolve("run").toString(),
                "--beam",
                "2",
                "--step-tokens",
                "3",
                "--step-end",
                "e",
                "--max-new-tokens",
                "6",
                "--no-stream"));
    args.addAll(List.of(more));
    return run(new GenerateCommand(), args.toArray(String[]::new));
  }

  @Test
  void generateGivesWhatTheSearchFinds() {
    assertThat(generate("--seed", "5")).as(out.toString()).isZero();
    var line = Json.parse("line", out.toString().strip());
    try (var policy = Policy.open(MODEL, PolicySpec.frozen(Precision.FLOAT32));
        var critic =
            Policy.open(
                folder.resolve("run/critic"),
                PolicySpec.frozen(Precision.FLOAT32).with(Head.VALUE));
        var tokenizer = Tokenizer.load(MODEL)) {
      int vocabulary = policy.config().vocabSize();
      var prompt = tokenizer.encode("What is 12", true);
      var ends = LanguageModel.ends(MODEL, policy.config(), tokenizer);
      var found =
          new ValueBeam(
                  2, 2, Sampling.plain(3, 5), Guidance.stepEnds(tokenizer, vocabulary, "e"), ends)
              .search(policy, critic, List.of(prompt), 0)
              .getFirst();
      assertThat(line.path("tokens").asInt()).isEqualTo(found.tokens().length);
      double sum = 0;
      for (float logp : found.logps()) {
        sum += logp;
      }
      assertThat(line.path("logps").asDouble()).isEqualTo(sum);
      assertThat(line.path("completion").asString().strip())
          .isEqualTo(tokenizer.decode(found.tokens(), true).strip());
    }
  }

  @Test
  void evaluateMeasuresWhatTheSearchFinds() throws IOException {
    var data = folder.resolve("prompts.jsonl");
    Files.writeString(data, "{\"prompt\": \"What is 12\"}\n{\"prompt\": \"Explain\"}\n");
    for (var values : List.of("", folder.resolve("run/critic").toString())) {
      var to = folder.resolve("eval" + values.length()).toString();
      var args =
          new ArrayList<>(
              List.of(
                  "--model",
                  "m=" + MODEL,
                  "--data",
                  data.toString(),
                  "--out",
                  to,
                  "--max-new-tokens",
                  "5",
                  "--step-tokens",
                  "2",
                  "--step-end",
                  "e"));
      if (!values.isEmpty()) {
        args.addAll(List.of("--values", values));
      }
      assertThat(run(new EvaluateCommand(), args.toArray(String[]::new)))
          .as(out.toString())
          .isZero();
      assertThat(Files.readAllLines(Path.of(to, "answers-m.jsonl"))).hasSize(3);
    }
  }

  @Test
  void whatCannotBeIsSaidInOneLine() {
    assertThat(generate("--greedy")).isEqualTo(1);
    assertThat(out.toString()).contains("choose a positive temperature");
    assertThat(
            run(
                new GenerateCommand(),
                "--model",
                MODEL.toString(),
                "--prompt",
                "x",
                "--values",
                "run",
                "--beam",
                "0"))
        .isEqualTo(1);
    assertThat(out.toString()).contains("width must be at least 1");
    assertThat(
            run(
                new GenerateCommand(),
                "--model",
                MODEL.toString(),
                "--prompt",
                "x",
                "--values",
                folder.resolve("run").toString(),
                "--step-end",
                "§§§"))
        .isEqualTo(1);
    assertThat(out.toString()).contains("no token of the vocabulary ends with");
    assertThat(
            run(
                new GenerateCommand(),
                "--model",
                MODEL.toString(),
                "--prompt",
                "x",
                "--values",
                folder.resolve("nowhere").toString()))
        .isEqualTo(1);
  }
}
