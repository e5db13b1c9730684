package io.alidade.evaluation;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.data.Rows;
import io.alidade.example.Example;
import io.alidade.generation.Answer;
import io.alidade.generation.Answering;
import io.alidade.generation.Guidance;
import io.alidade.generation.GuidedGenerator;
import io.alidade.generation.LanguageModel;
import io.alidade.generation.Prompt;
import io.alidade.generation.TextGenerator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import io.alidade.store.ContentHash;
import io.alidade.store.Json;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.DoubleConsumer;
import tools.jackson.databind.JsonNode;

/// Answers that a model draws for the prompts of a data set, with their likelihoods under the model
/// and a reference, kept in a file line by line: a process that dies loses at most the prompts that
/// were drawn together, and the next one goes on after the last whole line.
///
/// @param texts of each row, as many as were asked for
/// @param policy log-likelihood of each token of each answer of each row, nats
/// @param reference the same under the reference; empty without one
public record DrawnAnswers(
    List<List<String>> texts, List<double[][]> policy, List<double[][]> reference) {

  /// What is drawn.
  ///
  /// @param samples answers to each prompt, at least 1
  /// @param sampling how
  /// @param stops strings that end an answer
  /// @param guidance how answers are searched for, if they are
  public record Draw(
      int samples, Sampling sampling, List<String> stops, Optional<Guidance> guidance) {
    /// Checks the range.
    public Draw {
      io.alidade.Check.atLeast("samples", 1, samples);
    }
  }

  /// Draws what the file does not hold yet.
  ///
  /// @param file JSON lines: what was drawn with, then a line for each row
  /// @throws UserException if the file holds answers of another model, data or way of drawing
  public static DrawnAnswers of(
      Path file,
      LanguageModel model,
      Optional<Policy> reference,
      Rows rows,
      Draw draw,
      DoubleConsumer progress) {
    if (draw.guidance().isEmpty()) {
      var generator = new TextGenerator(model, draw.sampling(), draw.stops());
      return of(file, model, generator, "", reference, rows, draw, progress);
    }
    try (var guided =
        new GuidedGenerator(model, draw.guidance().get(), draw.sampling(), draw.stops())) {
      return of(file, model, guided, guided.fingerprint(), reference, rows, draw, progress);
    }
  }

  private static DrawnAnswers of(
      Path file,
      LanguageModel model,
      Answering generator,
      String values,
      Optional<Policy> reference,
      Rows rows,
      Draw draw,
      DoubleConsumer progress) {
    var key =
        ContentHash.of(
            List.of(
                model.policy().fingerprint(),
                values,
                reference.map(Policy::fingerprint).orElse(""),
                rows.fingerprint(),
                Integer.toString(rows.count()),
                draw.toString()));
    try {
      var lines = known(file, key);
      var drawn = new DrawnAnswers(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
      lines.forEach(drawn::add);
      int prompts = Math.max(1, generator.together() / draw.samples());
      for (int from = lines.size(); from < rows.count(); from += prompts) {
        int to = Math.min(rows.count(), from + prompts);
        draw(
            generator,
            model.policy(),
            reference,
            rows,
            from,
            to,
            draw.samples(),
            line -> {
              var text = Json.line(line);
              try {
                Files.writeString(file, text + "\n", StandardOpenOption.APPEND);
              } catch (IOException failure) {
                throw new UncheckedIOException(failure);
              }
              drawn.add(Json.parse("answer", text));
              progress.accept((double) drawn.texts.size() / rows.count());
            });
      }
      return drawn;
    } catch (UncheckedIOException failure) {
      throw unwritten(file, Objects.requireNonNull(failure.getCause()));
    } catch (IOException failure) {
      throw unwritten(file, failure);
    }
  }

  private static UserException unwritten(Path file, IOException failure) {
    return new UserException(
        "%s: cannot be written (%s); choose another --out".formatted(file, failure.getMessage()),
        failure);
  }

  /// The whole lines of a file for this key; a file of another key is an error, a torn line is cut.
  private static List<JsonNode> known(Path file, String key) throws IOException {
    var head = Json.line(Map.of("key", key)) + "\n";
    if (!Files.exists(file)) {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(file, head);
      return List.of();
    }
    var text = Files.readString(file);
    if (!text.startsWith(head)) {
      throw new UserException(
          "%s: holds answers of another model, data, reference or way of drawing; choose another --out"
              .formatted(file));
    }
    int whole = text.lastIndexOf('\n') + 1;
    if (whole < text.length()) {
      try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
        channel.truncate(text.substring(0, whole).getBytes(StandardCharsets.UTF_8).length);
      }
    }
    var lines = new ArrayList<JsonNode>();
    text.substring(head.length(), whole)
        .lines()
        .forEach(line -> lines.add(Json.parse(file + ":" + (lines.size() + 2), line)));
    return lines;
  }

  /// Draws the answers of some rows as one stream, and hands each row over as soon as its answers
  /// and those of all rows before it are there.
  private static void draw(
      Answering generator,
      Policy policy,
      Optional<Policy> reference,
      Rows rows,
      int from,
      int to,
      int samples,
      Consumer<Map<String, Object>> done) {
    var prompts = new ArrayList<Prompt>();
    for (int row = from; row < to; row++) {
      prompts.addAll(Collections.nCopies(samples, generator.prompt(rows.row(row))));
    }
    int[] row = {from};
    var answers = new ArrayList<Answer>();
    generator.draw(
        prompts,
        Math.multiplyExact(from, samples),
        (_, _) -> {},
        answer -> {
          answers.add(answer);
          if (answers.size() == samples) {
            var prompt = prompts.get((row[0] - from) * samples);
            done.accept(line(policy, reference, ++row[0], prompt, answers));
            answers.clear();
          }
        });
  }

  /// @param row its number, from 1
  private static Map<String, Object> line(
      Policy policy, Optional<Policy> reference, int row, Prompt prompt, List<Answer> answers) {
    var group =
        new Group(
            new Example.Row("answers", row),
            prompt.ids(),
            answers.stream().map(answer -> Completion.of(answer.tokens())).toList(),
            Map.of());
    var line = new LinkedHashMap<String, Object>();
    line.put("row", row);
    line.put("completions", answers.stream().map(Answer::text).toList());
    line.put("logps", likelihoods(policy, group));
    reference.ifPresent(other -> line.put("ref_logps", likelihoods(other, group)));
    return line;
  }

  private static List<double[]> likelihoods(Policy policy, Group group) {
    return Natives.call(() -> {
      try (var _ = new Step()) {
        var batch = new Batch(List.of(group));
        var output =
            policy
                .score(batch, Set.of(Readout.LOG_LIKELIHOOD), false)
                .outputs()
                .get(Readout.LOG_LIKELIHOOD); // [N, U]
        if (output == null) {
          throw new IllegalStateException("the model did not report likelihoods");
        }
        double[] flat = Ops.toDoubles(output);
        var each = new ArrayList<double[]>();
        for (int c = 0; c < group.candidates().size(); c++) {
          int start = c * batch.units();
          each.add(
              java.util.Arrays.copyOfRange(
                  flat, start, start + group.candidates().get(c).tokens().length));
        }
        return each;
      }
    });
  }

  private void add(JsonNode line) {
    var row = new ArrayList<String>();
    line.get("completions").forEach(text -> row.add(text.stringValue()));
    texts.add(List.copyOf(row));
    policy.add(numbers(line.get("logps")));
    if (line.has("ref_logps")) {
      reference.add(numbers(line.get("ref_logps")));
    }
  }

  private static double[][] numbers(JsonNode lists) {
    var all = new ArrayList<double[]>();
    lists.forEach(list -> {
      var values = new double[list.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = Json.number("logps", list.get(i));
      }
      all.add(values);
    });
    return all.toArray(double[][]::new);
  }

  /// How far the model is from the reference; absent without one.
  public Optional<Divergence> divergence() {
    return reference.isEmpty()
        ? Optional.empty()
        : Optional.of(Divergence.of(flat(policy), flat(reference)));
  }

  private static double[][] flat(List<double[][]> rows) {
    return rows.stream().flatMap(java.util.Arrays::stream).toArray(double[][]::new);
  }
}
