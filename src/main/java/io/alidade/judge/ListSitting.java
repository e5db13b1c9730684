package io.alidade.judge;

import io.alidade.UserException;
import io.alidade.batch.Shuffle;
import io.alidade.judge.chat.ChatClient;
import io.alidade.store.ContentHash;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/// A language model at work as judge of lists.
final class ListSitting implements Sitting {
  private static final Pattern VERDICT =
      Pattern.compile("\\[\\[\\s*(\\d{1,4})\\s*:\\s*(-?\\d{1,9}(?:\\.\\d{1,9})?)\\s*\\]\\]");

  private final ListJudge judge;
  private final ChatClient client;
  private final Consumer<String> log;
  private final Semaphore atATime;

  ListSitting(ListJudge judge, ChatClient client, Consumer<String> log) {
    this.judge = judge;
    this.client = client;
    this.log = log;
    this.atATime = new Semaphore(judge.patience().concurrency());
  }

  /// What one reading of a list said: points of each different answer, NaN for none.
  private record Heard(double[] points, String failure) {}

  @Override
  public List<Verdict> judge(List<Case> cases) {
    var all = new ArrayList<List<Future<Heard>>>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var one : cases) {
        var shown = different(one);
        var readings = new ArrayList<Future<Heard>>();
        for (int r = 0; r < (shown.isEmpty() ? 0 : judge.readings()); r++) {
          int reading = r;
          readings.add(threads.submit(() -> heard(one, shown, reading)));
        }
        all.add(readings);
      }
      var verdicts = new ArrayList<Verdict>();
      try {
        for (int c = 0; c < cases.size(); c++) {
          verdicts.add(verdict(cases.get(c), all.get(c)));
        }
      } catch (UserException refused) {
        threads.shutdownNow(); // the others would be refused as well
        throw refused;
      }
      return List.copyOf(verdicts);
    }
  }

  /// The answers of a case without repetitions.
  private static List<String> different(Case one) {
    var shown = new LinkedHashSet<String>();
    for (int i = 0; i < one.answers().size(); i++) {
      shown.add(one.answer(i));
    }
    return List.copyOf(shown);
  }

  private Verdict verdict(Case one, List<Future<Heard>> readings) {
    var shown = different(one);
    var heard = readings.stream().map(Asked::answer).toList();
    var points = new double[shown.size()];
    double apart = 0;
    int unknown = 0;
    for (int i = 0; i < points.length; i++) {
      int place = i;
      var given =
          heard.stream()
              .mapToDouble(reading -> reading.points[place])
              .filter(p -> !Double.isNaN(p))
              .summaryStatistics();
      points[i] = given.getCount() == 0 ? Double.NaN : given.getAverage();
      unknown += given.getCount() == 0 ? 1 : 0;
      apart = given.getCount() == 0 ? apart : Math.max(apart, given.getMax() - given.getMin());
    }
    if (unknown > 0) {
      var why = heard.stream().map(Heard::failure).filter(f -> !f.isEmpty()).findFirst();
      log.accept(
          "%s: the judge gave no points to %d of %d answers, left out (%s)"
              .formatted(
                  one.row(),
                  unknown,
                  points.length,
                  why.orElse(
                      "points from %s to %s were asked for"
                          .formatted(judge.least(), judge.most()))));
    }
    if (apart > 0) {
      log.accept(
          "%s: the judge contradicts itself by up to %s points when it reads the answers in another order, their mean counts"
              .formatted(one.row(), apart));
    }
    var values = new double[one.answers().size()];
    Arrays.setAll(values, i -> points[shown.indexOf(one.answer(i))]);
    return new Verdict.Rewards(values);
  }

  private Heard heard(Case one, List<String> shown, int reading) throws InterruptedException {
    var prompt = Case.words(one.prompt());
    var key = new ArrayList<>(List.of(prompt, Integer.toString(reading)));
    key.addAll(shown);
    long seed = judge.seed() ^ Long.parseLong(ContentHash.of(key).substring(0, 15), 16);
    var order = Shuffle.of(shown.size(), new SplittableRandom(seed)::nextInt);
    atATime.acquire();
    try {
      var question = question(prompt, shown, order);
      return switch (client.ask(question, seed, text -> said(text, order).length > 0)) {
        case ChatClient.Reply.Accepted(var text) -> new Heard(points(text, order), "");
        case ChatClient.Reply.Failed(var why) -> {
          var none = new double[shown.size()];
          Arrays.fill(none, Double.NaN);
          yield new Heard(none, why);
        }
      };
    } finally {
      atATime.release();
    }
  }

  /// Points by answer, from a text that numbers the answers as they were shown.
  private double[] points(String text, int... order) {
    var points = new double[order.length];
    Arrays.fill(points, Double.NaN);
    for (var said : said(text, order)) {
      points[order[(int) said[0] - 1]] = said[1];
    }
    return points;
  }

  /// Number and points of each verdict that makes sense, in the order of the text.
  private double[][] said(String text, int... order) {
    return VERDICT
        .matcher(text)
        .results()
        .map(match ->
            new double[] {Integer.parseInt(match.group(1)), Double.parseDouble(match.group(2))})
        .filter(said -> said[0] >= 1 && said[0] <= order.length)
        .filter(said -> said[1] >= judge.least() && said[1] <= judge.most())
        .toArray(double[][]::new);
  }

  private String question(String prompt, List<String> shown, int... order) {
    var answers = new StringBuilder();
    for (int n = 1; n <= order.length; n++) {
      var answer = shown.get(order[n - 1]);
      answers
          .append(n == 1 ? "" : "\n\n")
          .append("[Answer ")
          .append(n)
          .append("]\n")
          .append(answer.isBlank() ? "(no answer)" : answer)
          .append("\n[End of answer ")
          .append(n)
          .append(']');
    }
    return Templates.filled(
        judge.template(), Map.of("prompt", prompt, "answers", answers.toString()));
  }

  @Override
  public void close() {
    client.close();
    log.accept("judge %s: %s".formatted(judge.endpoint().model(), client.spent()));
  }
}
