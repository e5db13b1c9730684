package io.alidade.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.journal.Provenance;
import io.alidade.journal.RunFolder;
import io.alidade.recipe.Plan;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.SequencedMap;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunReportTest {
  @TempDir Path temp;

  private static SequencedMap<String, Double> metrics(Object... pairs) {
    var metrics = new LinkedHashMap<String, Double>();
    for (int i = 0; i < pairs.length; i += 2) {
      metrics.put((String) pairs[i], (Double) pairs[i + 1]);
    }
    return metrics;
  }

  /// A run as DPO leaves one, with made-up but plausible curves.
  private Path run() {
    var out = temp.resolve("dpo-20260102-030405");
    var random = new Random(1);
    var sets = new LinkedHashMap<String, String>();
    sets.put("model", "org/tiny-java");
    sets.put("data", "pairs.jsonl");
    try (var folder = RunFolder.create(out, false)) {
      folder.resolved(Plan.load("dpo", "tiny", sets).yaml());
      folder.provenance(
          new Provenance(
              List.of("train", "dpo", "--data", "<pairs>.jsonl"),
              "dpo",
              42,
              2,
              "cpu",
              List.of(),
              Instant.parse("2026-01-02T03:04:05Z")));
      try (var journal = folder.metrics(0)) {
        for (int step = 0; step <= 300; step += 2) {
          double t = 1 - Math.exp(-step / 90.0);
          double noise = 0.05 * random.nextGaussian();
          if (step > 0) {
            journal.log(
                step,
                step / 150.0,
                metrics(
                    "loss",
                    0.693 - 0.25 * t + noise,
                    "rewards/chosen",
                    0.4 * t + noise,
                    "rewards/rejected",
                    -0.6 * t + noise,
                    "rewards/margins",
                    t + noise,
                    "rewards/accuracies",
                    0.5 + 0.27 * t + noise,
                    "logps/chosen",
                    -80 + 3 * t,
                    "logps/rejected",
                    -83 - 4 * t,
                    "grad_norm",
                    Math.exp(1 - t + 4 * noise),
                    "learning_rate",
                    1e-4 * (1 - step / 300.0)));
          }
          if (step % 50 == 0) {
            journal.evaluation(
                step,
                step / 150.0,
                metrics(
                    "loss",
                    0.693 - 0.2 * t,
                    "rewards/accuracies",
                    0.5 + 0.21 * t,
                    "rewards/margins",
                    0.8 * t,
                    "rewards/chosen",
                    0.3 * t,
                    "rewards/rejected",
                    -0.5 * t,
                    "kl",
                    0.9 * t));
          }
        }
      }
      folder.finished(Instant.parse("2026-01-02T03:10:00Z"));
    }
    return out;
  }

  private static final List<Sample> SAMPLES =
      List.of(
          new Sample(
              "/** Returns the larger of two numbers. */\npublic static int max(int a, int b)",
              "{\n  int r = a;\n  if (b > a) {\n    r = b;\n  }\n  return r;\n}",
              "{\n  return Math.max(a, b);\n}",
              "temperature 0.7"),
          new Sample("<script>alert(1)</script> & \"quotes\"", "", "ok", ""));

  @Test
  void isOnePageThatFetchesNothing() throws IOException {
    var out = run();
    RunReport.write(out, List.of(), SAMPLES);
    var html = Files.readString(out.resolve("report.html"));
    assertThat(html).doesNotContain("src=", "href=", "@import", "url(");
    assertThat(html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "")).doesNotContain("http://");
    assertThat(html).doesNotContain("<script>alert").contains("&lt;script&gt;alert(1)");
    assertThat(html).contains("Dpo on org/tiny-java").contains("300 steps").doesNotContain("NaN");
    keep(html);
  }

  /// For a look at it: `-Dtest.jvm=-Dalidade.keep=FOLDER`.
  private static void keep(String html) throws IOException {
    var folder = System.getProperty("alidade.keep");
    if (folder != null) {
      Files.writeString(Path.of(folder, "report.html"), html);
    }
  }

  @Test
  void tellsBeforeAndAfterFromTheLog() throws IOException {
    var out = run();
    RunReport.write(out);
    assertThat(Files.readString(out.resolve("report.html")))
        .contains("held-out preference accuracy")
        .contains(
            "<div class=\"value\">70.3 %</div><div class=\"note\">pairs whose chosen answer has the larger reward; before training all tie</div>")
        .contains("<div class=\"was good\">▼ from 0.6930</div>")
        .contains("<div class=\"was good\">▲ from 0</div>")
        .contains("<div class=\"was soft\">▲ from 0</div>");
  }

  @Test
  void canBeMadeAgainFromTheFolder() throws IOException {
    var out = run();
    var headline =
        new Headline(
            "bodies that parse",
            OptionalDouble.of(0.25),
            0.5,
            Headline.Unit.PERCENT,
            Headline.Better.HIGHER,
            "of 200 samples");
    RunReport.write(out, List.of(headline), SAMPLES);
    var first = Files.readString(out.resolve("report.html"));
    Files.delete(out.resolve("report.html"));
    RunReport.write(out);
    assertThat(Files.readString(out.resolve("report.html"))).isEqualTo(first);
    assertThat(first).contains("bodies that parse").contains("from 25.0 %");
  }

  @Test
  void showsCurvesThatExistAndNoOthers() {
    var html = RunReport.html(run());
    assertThat(html).contains(">Loss<", ">Implicit rewards<", ">KL to the reference, nats<");
    assertThat(html).doesNotContain(">Entropy of a token, nats<");
    assertThat(html.split("<svg class=\"chart\"", -1)).hasSize(9);
  }

  @Test
  void theJavaItShowsCompiles() {
    var source = Usage.java(Path.of("runs/one"));
    var file =
        new SimpleJavaFileObject(
            URI.create("string:///Ask.java"), SimpleJavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return source;
          }
        };
    var problems = new java.io.StringWriter();
    boolean compiled =
        ToolProvider.getSystemJavaCompiler()
            .getTask(
                problems,
                null,
                null,
                List.of(
                    "-proc:none",
                    "-d",
                    temp.toString(),
                    "-cp",
                    System.getProperty("java.class.path")),
                null,
                List.of(file))
            .call();
    assertThat(compiled).as(problems.toString()).isTrue();
  }
}
