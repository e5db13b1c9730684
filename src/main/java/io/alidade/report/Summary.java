package io.alidade.report;

import io.alidade.journal.MetricsLog;
import io.alidade.store.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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

  /// The numbers that the evaluations of a log tell.
  static List<Headline> headlines(MetricsLog log) {
    var found = new ArrayList<Headline>();
    var percent = Headline.Unit.PERCENT;
    var plain = Headline.Unit.PLAIN;
    var higher = Headline.Better.HIGHER;
    add(
        found,
        log,
        "eval_rewards/accuracies",
        "held-out preference accuracy",
        percent,
        higher,
        "pairs whose chosen answer has the larger reward");
    add(
        found,
        log,
        "eval_accuracy",
        "held-out preference accuracy",
        percent,
        higher,
        "pairs whose chosen answer has the larger reward");
    add(
        found,
        log,
        "eval_rewards/margins",
        "held-out reward margin",
        plain,
        higher,
        "reward of the chosen answer minus that of the rejected one");
    add(
        found,
        log,
        "eval_loss",
        "held-out loss",
        plain,
        Headline.Better.LOWER,
        "of the objective that was trained");
    add(
        found,
        log,
        "eval_kl",
        "KL to the reference",
        plain,
        Headline.Better.NEITHER,
        "how far the policy moved, in nats");
    add(
        found,
        log,
        "eval_mean_token_accuracy",
        "held-out token accuracy",
        percent,
        higher,
        "tokens that the model thought most likely");
    if (found.isEmpty()) {
      add(
          found,
          log,
          "loss",
          "training loss",
          plain,
          Headline.Better.LOWER,
          "first and last report; nothing was held out");
    }
    return found;
  }

  private static void add(
      List<Headline> found,
      MetricsLog log,
      String metric,
      String name,
      Headline.Unit unit,
      Headline.Better better,
      String note) {
    var curve = log.curve(metric);
    if (!curve.isEmpty()) {
      // Only a measurement at step 0 is a measurement before training.
      boolean before = curve.size() > 1 && (curve.getFirst().step() == 0 || metric.equals("loss"));
      found.add(
          new Headline(
              name,
              before ? OptionalDouble.of(curve.getFirst().value()) : OptionalDouble.empty(),
              curve.getLast().value(),
              unit,
              better,
              note));
    }
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
