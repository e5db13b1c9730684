package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.data.Rows;
import io.alidade.evaluation.DrawnAnswers;
import io.alidade.evaluation.JudgeAccuracy;
import io.alidade.generation.LanguageModel;
import io.alidade.generation.Located;
import io.alidade.judge.Judge;
import io.alidade.judge.Sitting;
import io.alidade.recipe.JudgeFile;
import io.alidade.run.Evaluation;
import io.alidade.run.JudgeEvaluation;
import io.alidade.run.ModelEvaluation;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Measures models, or a judge.
@Command(
    name = "evaluate",
    description = {
      "Measure models by the answers they draw, or a judge.",
      "",
      "Of models: rewards, pass@k, win rates, ratings, diversity and divergence. Without --model, a"
          + " judge is measured by rows that people ordered."
    },
    footer = {
      "",
      "Examples of judges, as YAML on the command line:",
      "  --judge 'ExactAnswer: {column: answer, find: any, tolerance: 1e-6}'",
      "  --judge 'RewardModel: {model: runs/reward, weights: [1], temperature: 1}'",
      "",
      "The first model is the baseline of win rates. DIR gets evaluate.json, evaluate.html "
          + "and the answers; the same command goes on where it was interrupted."
    })
final class EvaluateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description =
          "A checkpoint, a run, an adapter's folder, or org/name; NAME=MODEL names it in tables. May be"
              + " given several times.")
  private List<String> models = new ArrayList<>();

  @Mixin private ReferenceOption reference = new ReferenceOption();

  @Option(
      names = "--judge",
      paramLabel = "JUDGE",
      description = "Who says what an answer is worth: YAML, or a file with it.")
  private @Nullable String judge;

  @Mixin private DataOptions data = new DataOptions("test");

  @Option(names = "--limit", paramLabel = "N", description = "Only the first N rows.")
  private @Nullable Integer limit;

  @Option(
      names = "--num-samples",
      paramLabel = "N",
      defaultValue = "1",
      description = "Answers to each prompt (default: ${DEFAULT-VALUE}).")
  private int samples = 1;

  @Option(
      names = "--pass-at",
      paramLabel = "K",
      split = ",",
      description = "Chance that one of K answers is right; at most --num-samples.")
  private List<Integer> tries = new ArrayList<>();

  @Option(
      names = "--subset",
      paramLabel = "COLUMN",
      defaultValue = "subset",
      description = "Column that names the kind of a pair (default: ${DEFAULT-VALUE}).")
  private String subset = "subset";

  @Option(
      names = "--bootstrap",
      paramLabel = "N",
      defaultValue = "200",
      description = "Rounds for the intervals of ratings (default: ${DEFAULT-VALUE}).")
  private int rounds = 200;

  @Mixin private SamplingOptions sampling = new SamplingOptions();

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "Output folder.")
  private Path out = Path.of("evaluation");

  @Mixin private PrecisionOption precision = new PrecisionOption();

  @Override
  public Integer call() {
    if (models.isEmpty() && judge == null) {
      throw new ParameterException(spec.commandLine(), "name a --model, or a --judge to measure");
    }
    if (samples < 1 || rounds < 1 || (limit != null && limit < 1)) {
      throw new ParameterException(
          spec.commandLine(), "--num-samples, --bootstrap and --limit must be at least 1");
    }
    for (int k : tries) {
      if (k < 1 || k > samples) {
        throw new ParameterException(
            spec.commandLine(),
            "--pass-at must be from 1 to --num-samples %d, was %d".formatted(samples, k));
      }
    }
    var to = spec.commandLine().getOut();
    var named = Optional.ofNullable(judge).map(JudgeFile::read);
    try (var opened = data.open()) {
      var rows = limit == null ? opened : opened.limit(limit);
      var evaluation =
          models.isEmpty() ? judged(rows, named.orElseThrow(), to) : answered(rows, named, to);
      evaluation.write(out);
      print(evaluation, to);
      to.printf("%s: evaluate.json, evaluate.html%n", out);
      to.flush();
    }
    return Main.OK;
  }

  private Evaluation judged(Rows rows, Judge named, PrintWriter to) {
    var notes = Collections.synchronizedList(new ArrayList<String>());
    JudgeAccuracy found;
    try (var sitting = named.open(line -> note(notes, line, to))) {
      found = JudgeAccuracy.of(rows, sitting, subset, _ -> {});
    }
    return JudgeEvaluation.of(found, List.copyOf(notes));
  }

  private Evaluation answered(Rows rows, Optional<Judge> named, PrintWriter to) {
    SequencedMap<String, DrawnAnswers> answers = new LinkedHashMap<>();
    for (var one : models) {
      var name = name(one, answers.size());
      if (answers.containsKey(name)) {
        throw new UserException(
            "two models are called '%s'; write --model NAME=MODEL".formatted(name));
      }
      answers.put(name, drawn(name, location(one), rows, to));
    }
    var notes = Collections.synchronizedList(new ArrayList<String>());
    var sitting = named.map(spec1 -> spec1.open(line -> note(notes, line, to)));
    try {
      var found =
          new ModelEvaluation(rows, answers, sitting, tries, rounds, sampling.seed())
              .run(List.of());
      return new Evaluation(
          found.title(), found.subject(), found.rows(), found.charts(), List.copyOf(notes));
    } finally {
      sitting.ifPresent(Sitting::close);
    }
  }

  private static void note(List<String> notes, String line, PrintWriter to) {
    notes.add(line);
    to.println(line);
    to.flush();
  }

  private DrawnAnswers drawn(String name, String location, Rows rows, PrintWriter to) {
    var file = out.resolve("answers-" + name.replaceAll("[^A-Za-z0-9._-]", "_") + ".jsonl");
    to.printf("%s: drawing %d answers%n", name, (long) rows.count() * samples);
    to.flush();
    try (var model = LanguageModel.open(Located.find(location, Optional.empty()), precision.of());
        var other = reference.open(model, precision.of())) {
      return DrawnAnswers.of(
          file,
          model,
          other.policy(),
          rows,
          new DrawnAnswers.Draw(samples, sampling.over(model.sampling()), sampling.stops()),
          _ -> {});
    }
  }

  private static String location(String model) {
    return model.contains("=") ? model.substring(model.indexOf('=') + 1) : model;
  }

  /// What is written before `=`, or the last part of the location.
  private static String name(String model, int number) {
    if (model.contains("=")) {
      return model.substring(0, model.indexOf('='));
    }
    var file = Path.of(model).getFileName();
    return file == null ? "model" + (number + 1) : file.toString();
  }

  private static void print(Evaluation evaluation, PrintWriter to) {
    var rows = List.copyOf(evaluation.rows().keySet());
    var headings = new ArrayList<String>(List.of("measure"));
    headings.addAll(rows);
    var table = new Table(headings.toArray(String[]::new));
    for (var measure : evaluation.measures()) {
      var cells = new ArrayList<String>(List.of(measure));
      rows.forEach(row -> cells.add(evaluation.shown(row, measure)));
      table.row(cells.toArray(String[]::new));
    }
    table.print(to);
  }
}
