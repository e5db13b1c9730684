package io.alidade.report;

import io.alidade.journal.MetricsLog;
import io.alidade.store.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SequencedMap;

/// `summary.json` of a run: what its page shows and its log does not hold.
///
/// @param headlines empty for those that the log tells
/// @param samples may be empty
record Summary(List<Headline> headlines, List<Sample> samples) {
  private static final String FILE = "summary.json";

  void write(Path run) {
    var json = new LinkedHashMap<String, Object>();
    json.put("headlines", headlines.stream().map(Summary::json).toList());
    json.put("samples", samples.stream().map(Summary::json).toList());
    Json.write(run.resolve(FILE), json);
  }

  static Summary read(Path run) {
    var headlines = new ArrayList<Headline>();
    var samples = new ArrayList<Sample>();
    var file = run.resolve(FILE);
    if (Files.exists(file)) {
      var json = Json.readObject(file);
      for (var one : json.path("headlines")) {
        headlines.add(
            new Headline(
                one.path("name").asString(),
                one.has("before")
                    ? OptionalDouble.of(Json.number(FILE, one.path("before")))
                    : OptionalDouble.empty(),
                Json.number(FILE, one.path("after")),
                Headline.Unit.valueOf(one.path("unit").asString()),
                Headline.Better.valueOf(one.path("better").asString()),
                one.path("note").asString()));
      }
      for (var one : json.path("samples")) {
        samples.add(
            new Sample(
                one.path("prompt").asString(),
                one.path("before").asString(),
                one.path("after").asString(),
                one.path("note").asString()));
      }
    }
    return new Summary(headlines, samples);
  }

  /// What a metric of the log is called on the page.
  private record Told(
      String metric, String name, Headline.Unit unit, Headline.Better better, String note) {}

  private static final List<Told> TOLD =
      List.of(
          new Told(
              "eval_rewards/accuracies",
              "held-out preference accuracy",
              Headline.Unit.PERCENT,
              Headline.Better.HIGHER,
              "pairs whose chosen answer has the larger reward"),
          new Told(
              "eval_accuracy",
              "held-out preference accuracy",
              Headline.Unit.PERCENT,
              Headline.Better.HIGHER,
              "pairs whose chosen answer has the larger reward"),
          new Told(
              "eval_rewards/margins",
              "held-out reward margin",
              Headline.Unit.PLAIN,
              Headline.Better.HIGHER,
              "reward of the chosen answer minus that of the rejected one"),
          new Told(
              "eval_loss",
              "held-out loss",
              Headline.Unit.PLAIN,
              Headline.Better.LOWER,
              "of the objective that was trained"),
          new Told(
              "eval_kl",
              "KL to the reference",
              Headline.Unit.PLAIN,
              Headline.Better.NEITHER,
              "how far the policy moved, in nats a completion"));

  private static final Told TOKENS =
      new Told(
          "eval_mean_token_accuracy",
          "held-out token accuracy",
          Headline.Unit.PERCENT,
          Headline.Better.HIGHER,
          "tokens that the model thought most likely");

  private static final Told TRAINING =
      new Told(
          "loss",
          "training loss",
          Headline.Unit.PLAIN,
          Headline.Better.LOWER,
          "first and last report; nothing was held out");

  /// The numbers that the evaluations of a log tell.
  static List<Headline> headlines(MetricsLog log) {
    var told = new ArrayList<>(TOLD);
    if (log.curve("eval_rewards/accuracies").isEmpty() && log.curve("eval_accuracy").isEmpty()) {
      told.add(TOKENS);
    }
    var found = new ArrayList<Headline>();
    told.forEach(one -> headline(log, one).ifPresent(found::add));
    if (found.isEmpty()) {
      headline(log, TRAINING).ifPresent(found::add);
    }
    return found;
  }

  private static Optional<Headline> headline(MetricsLog log, Told told) {
    var curve = log.curve(told.metric);
    if (curve.isEmpty()) {
      return Optional.empty();
    }
    // Only a measurement at step 0 is a measurement before training.
    boolean before = curve.size() > 1 && (curve.getFirst().step() == 0 || told.equals(TRAINING));
    // A policy that is its own reference ties on every pair; 0 % would be the convention, not a
    // fact.
    boolean ties =
        before
            && told.metric.equals("eval_rewards/accuracies")
            && log.first("eval_rewards/margins").orElse(1) == 0;
    return Optional.of(
        new Headline(
            told.name,
            before && !ties ? OptionalDouble.of(curve.getFirst().value()) : OptionalDouble.empty(),
            curve.getLast().value(),
            told.unit,
            told.better,
            ties ? told.note + "; before training all tie" : told.note));
  }

  private static SequencedMap<String, Object> json(Headline headline) {
    var json = new LinkedHashMap<String, Object>();
    json.put("name", headline.name());
    headline.before().ifPresent(before -> json.put("before", before));
    json.put("after", headline.after());
    json.put("unit", headline.unit().name());
    json.put("better", headline.better().name());
    json.put("note", headline.note());
    return json;
  }

  private static SequencedMap<String, Object> json(Sample sample) {
    var json = new LinkedHashMap<String, Object>();
    json.put("prompt", sample.prompt());
    json.put("before", sample.before());
    json.put("after", sample.after());
    json.put("note", sample.note());
    return json;
  }
}
