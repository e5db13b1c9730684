package io.alidade.demo;

import io.alidade.journal.Journal;
import io.alidade.journal.MetricsLog;
import io.alidade.report.Headline;
import io.alidade.report.RunReport;
import io.alidade.report.Sample;
import io.alidade.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/// What the demonstration found, before and after.
///
/// @param mined whether pairs were mined; else they were planted
record Findings(Course course, boolean mined, Held held, Measured before, Measured after) {
  /// Writes the run's page and tells it.
  void write(Path out, Tokenizer tokenizer, Journal console) {
    var log = MetricsLog.read(out);
    var headlines = new ArrayList<Headline>();
    held.classes()
        .ifPresent(groups ->
            preferences(
                headlines,
                "classes",
                before.classes().orElseThrow(),
                after.classes().orElseThrow(),
                "%,d pairs of classes never seen, of the libraries learned from"
                    .formatted(groups.count())));
    preferences(
        headlines,
        mined ? "libraries" : "families",
        before.libraries(),
        after.libraries(),
        "%,d pairs of %s"
            .formatted(
                held.libraries().count(),
                mined
                    ? "libraries never seen: " + String.join(", ", course.heldOut())
                    : "planted families never seen"));
    headlines.add(
        headline(
            "Bodies that javac parses",
            before.parsed(),
            after.parsed(),
            "%d bodies sampled at temperature 0.7, top-p 0.95".formatted(course.sampled())));
    headlines.add(
        new Headline(
            "KL to the reference",
            OptionalDouble.of(0),
            log.last("eval_kl").orElse(Double.NaN),
            Headline.Unit.PLAIN,
            Headline.Better.NEITHER,
            "nats a completion, over completions that the tuned model draws"));
    var prompts = Measured.prompts(held.libraries(), course.sampled());
    var samples = new ArrayList<Sample>();
    for (int i = 0; i < before.bodies().size(); i++) {
      samples.add(
          new Sample(
              tokenizer.decode(prompts.get(i), true),
              before.bodies().get(i),
              after.bodies().get(i),
              ""));
    }
    RunReport.write(out, headlines, samples);
    console.message("");
    for (var headline : headlines) {
      console.message(
          "%-34s %s → %s   %s"
              .formatted(
                  headline.name(),
                  headline.before().isPresent()
                      ? shown(headline, headline.before().getAsDouble())
                      : "–",
                  shown(headline, headline.after()),
                  headline.note()));
    }
    console.message("");
    for (var sample : samples.stream().limit(2).toList()) {
      console.message("--- prompt\n" + sample.prompt());
      console.message("--- before" + sample.before());
      console.message("--- after" + sample.after());
    }
  }

  /// The two accuracies on a kind of held-out pairs.
  private static void preferences(
      List<Headline> headlines,
      String kind,
      Measured.Likelihoods before,
      Measured.Likelihoods after,
      String pairs) {
    headlines.add(
        new Headline(
            "Implicit-reward accuracy, " + kind,
            OptionalDouble.empty(),
            after.gained(before),
            Headline.Unit.PERCENT,
            Headline.Better.HIGHER,
            pairs + "; chosen body gained more likelihood than the rejected one (chance: 50 %)"));
    headlines.add(
        headline(
            "Preference accuracy, " + kind,
            before.preferred(),
            after.preferred(),
            "the same pairs; chosen body more likely per token than the rejected one"));
  }

  private static Headline headline(String name, double before, double after, String note) {
    return new Headline(
        name,
        OptionalDouble.of(before),
        after,
        Headline.Unit.PERCENT,
        Headline.Better.HIGHER,
        note);
  }

  private static String shown(Headline headline, double value) {
    return headline.unit() == Headline.Unit.PERCENT
        ? String.format(Locale.ROOT, "%.1f %%", 100 * value)
        : String.format(Locale.ROOT, "%.2f", value);
  }
}
