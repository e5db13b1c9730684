package io.alidade.run;

import io.alidade.data.Rows;
import io.alidade.evaluation.Diversity;
import io.alidade.evaluation.DrawnAnswers;
import io.alidade.evaluation.PassAtK;
import io.alidade.evaluation.Ratings;
import io.alidade.evaluation.WinRate;
import io.alidade.example.Text;
import io.alidade.generation.TextGenerator;
import io.alidade.judge.Case;
import io.alidade.judge.Sitting;
import io.alidade.judge.Verdict;
import io.alidade.report.Chart;
import io.alidade.report.Series;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.IntStream;

/// Measures the answers of one or several models to the same prompts.
///
/// @param rows the prompts, with the columns that a judge reads
/// @param answers of each model, by its name; the first model is the baseline of win rates
/// @param judge of the answers, if there is one
/// @param tries `k` of each pass@k
/// @param rounds of the bootstrap of ratings
/// @param seed of it
public record ModelEvaluation(
    Rows rows,
    SequencedMap<String, DrawnAnswers> answers,
    Optional<Sitting> judge,
    List<Integer> tries,
    int rounds,
    long seed) {
  private static final int COLOURS = 8;
  private static final double RIDGE = 0.01; // of the length-controlled regression
  private static final double PRIOR = 0.1; // imaginary games of a rating
  private static final double SHARE = 0.95; // of the bootstrap within an interval

  /// Measures everything.
  public Evaluation run(List<String> notes) {
    SequencedMap<String, SequencedMap<String, Double>> rows = new LinkedHashMap<>();
    answers.forEach((name, drawn) -> rows.put(name, texts(drawn)));
    var charts = new ArrayList<Chart>();
    judge.ifPresent(sitting -> {
      answers.forEach((name, drawn) -> rewards(sitting, drawn, measures(rows, name)));
      if (answers.size() > 1) {
        compare(sitting, rows, charts);
      }
    });
    frontier(rows).ifPresent(charts::addFirst);
    return new Evaluation(
        "What the models answer", "model", rows, List.copyOf(charts), List.copyOf(notes));
  }

  private static SequencedMap<String, Double> measures(
      SequencedMap<String, SequencedMap<String, Double>> rows, String name) {
    return rows.computeIfAbsent(name, _ -> new LinkedHashMap<>());
  }

  private static SequencedMap<String, Double> texts(DrawnAnswers drawn) {
    var measures = new LinkedHashMap<String, Double>();
    var all = drawn.texts().stream().flatMap(List::stream).toList();
    measures.put("answers", (double) all.size());
    measures.put(
        "answers/length", all.stream().mapToInt(ModelEvaluation::length).average().orElse(0));
    measures.put(
        "answers/empty", (double) all.stream().filter(String::isBlank).count() / all.size());
    var words = all.stream().map(Diversity::words).toList();
    measures.put("diversity/distinct_1", Diversity.distinct(words, 1));
    measures.put("diversity/distinct_2", Diversity.distinct(words, 2));
    measures.put(
        "diversity/self_bleu",
        drawn.texts().stream()
            .mapToDouble(row -> Diversity.selfBleu(row.stream().map(Diversity::words).toList(), 4))
            .average()
            .orElse(Double.NaN));
    drawn
        .divergence()
        .ifPresent(kl -> {
          measures.put("kl/sequence", kl.perSequence());
          measures.put("kl/sequence_error", kl.error());
          measures.put("kl/token", kl.perToken());
          measures.put("kl/token_k3", kl.k3PerToken());
        });
    return measures;
  }

  private Case asked(int row, List<String> texts) {
    var example = rows.row(row);
    return new Case(
        example.row(),
        TextGenerator.asked(example),
        texts.stream().<Text>map(text -> answer(TextGenerator.asked(example), text)).toList(),
        rows.cells(row));
  }

  /// An answer in the form of its prompt.
  private static Text answer(Text prompt, String text) {
    return switch (prompt) {
      case Text.Plain _ -> new Text.Plain(text);
      case Text.Chat _ -> new Text.Chat(List.of(TextGenerator.message("assistant", text)));
    };
  }

  /// Rewards, and what is right among answers whose rewards lie between 0 and 1.
  private void rewards(Sitting sitting, DrawnAnswers drawn, SequencedMap<String, Double> measures) {
    var cases =
        IntStream.range(0, drawn.texts().size())
            .mapToObj(r -> asked(r, drawn.texts().get(r)))
            .toList();
    var verdicts = sitting.judge(cases);
    if (!verdicts.stream().allMatch(verdict -> verdict instanceof Verdict.Rewards)) {
      return; // preferences among a model's own answers compare with no other model's
    }
    var each = verdicts.stream().map(Verdict::standing).toList();
    var known =
        each.stream().flatMapToDouble(Arrays::stream).filter(v -> !Double.isNaN(v)).toArray();
    long all = each.stream().mapToLong(row -> row.length).sum();
    double mean = Arrays.stream(known).average().orElse(Double.NaN);
    measures.put("reward/mean", mean);
    measures.put(
        "reward/best_of_n",
        each.stream()
            .mapToDouble(
                row -> Arrays.stream(row).filter(v -> !Double.isNaN(v)).max().orElse(Double.NaN))
            .filter(v -> !Double.isNaN(v))
            .average()
            .orElse(Double.NaN));
    measures.put("reward/unknown", (double) (all - known.length) / all);
    if (known.length > 0 && Arrays.stream(known).allMatch(v -> v >= 0 && v <= 1)) {
      int samples = drawn.texts().getFirst().size();
      var right =
          each.stream()
              .mapToInt(row -> (int) Arrays.stream(row).filter(v -> v == 1).count())
              .toArray();
      measures.put("exact_match", PassAtK.mean(samples, right, 1));
      for (int k : tries) {
        measures.put("pass@" + k, PassAtK.mean(samples, right, k));
      }
    }
  }

  /// First answers of all models side by side.
  private void compare(
      Sitting sitting,
      SequencedMap<String, SequencedMap<String, Double>> measures,
      List<Chart> charts) {
    var names = List.copyOf(answers.keySet());
    var all = List.copyOf(answers.values());
    int prompts = all.getFirst().texts().size();
    var verdicts =
        sitting.judge(
            IntStream.range(0, prompts)
                .mapToObj(
                    r -> asked(r, all.stream().map(a -> a.texts().get(r).getFirst()).toList()))
                .toList());
    var games = new ArrayList<Ratings.Game>();
    for (int m = 0; m < names.size(); m++) {
      var wins = new ArrayList<double[]>(); // preference, lengths, difficulty
      for (int r = 0; r < prompts; r++) {
        var p = verdicts.get(r).preference();
        for (int o = m + 1; o < names.size(); o++) {
          if (!Double.isNaN(p[m][o])) {
            games.add(new Ratings.Game(names.get(m), names.get(o), p[m][o]));
          }
        }
        if (m > 0 && !Double.isNaN(p[m][0])) {
          wins.add(
              new double[] {
                p[m][0],
                length(all.get(m).texts().get(r).getFirst()),
                length(all.getFirst().texts().get(r).getFirst()),
                difficulty(r)
              });
        }
      }
      if (m > 0) {
        winRate(wins, prompts, measures(measures, names.get(m)));
      }
    }
    if (!games.isEmpty()) {
      ratings(Ratings.of(games, PRIOR, rounds, SHARE, seed), measures, charts);
    }
  }

  /// How hard a question is, log-odds, as the column `difficulty` of the data has it (AlpacaEval
  /// takes it from many models); NaN without.
  private double difficulty(int row) {
    return rows.cells(row).get("difficulty") instanceof Number number
        ? number.doubleValue()
        : Double.NaN;
  }

  /// One a question, or none where a question lacks it.
  private static double[] difficulties(List<double[]> wins) {
    var all = wins.stream().mapToDouble(w -> w[3]).toArray();
    return Arrays.stream(all).allMatch(Double::isFinite) ? all : new double[0];
  }

  private static void winRate(
      List<double[]> wins, int prompts, SequencedMap<String, Double> measures) {
    measures.put("win_rate/unknown", (double) (prompts - wins.size()) / prompts);
    if (wins.isEmpty()) {
      return;
    }
    var rate =
        WinRate.of(
            wins.stream().mapToDouble(w -> w[0]).toArray(),
            wins.stream().mapToDouble(w -> w[1]).toArray(),
            wins.stream().mapToDouble(w -> w[2]).toArray(),
            difficulties(wins),
            RIDGE);
    measures.put("win_rate", rate.plain());
    measures.put("win_rate/error", rate.error());
    measures.put("win_rate/length_controlled", rate.controlled());
  }

  private static void ratings(
      Ratings ratings,
      SequencedMap<String, SequencedMap<String, Double>> measures,
      List<Chart> charts) {
    var points = new ArrayList<Series.Point>();
    for (int p = 0; p < ratings.players().size(); p++) {
      var of = measures(measures, ratings.players().get(p));
      of.put("rating", ratings.rating()[p]);
      of.put("rating/low", ratings.low()[p]);
      of.put("rating/high", ratings.high()[p]);
      points.add(new Series.Point(p, ratings.rating()[p], ratings.low()[p], ratings.high()[p]));
    }
    charts.add(
        new Chart.Bars(
            "Ratings, with 95 % intervals",
            "Elo points", ratings.players(), List.of(Series.line("rating", points))));
  }

  /// Reward against divergence, a point a model.
  private static Optional<Chart> frontier(
      SequencedMap<String, SequencedMap<String, Double>> measures) {
    var series = new ArrayList<Series>();
    measures.forEach((name, of) -> {
      var kl = of.get("kl/sequence");
      var reward = of.get("reward/mean");
      if (kl != null && reward != null && Double.isFinite(kl) && Double.isFinite(reward)) {
        series.add(new Series(name, List.of(new Series.Point(kl, reward)), Series.Style.DOTS));
      }
    });
    var shown =
        series.size() <= COLOURS
            ? series
            : List.of(
                new Series(
                    "models",
                    series.stream().flatMap(one -> one.points().stream()).toList(),
                    Series.Style.DOTS));
    return series.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Chart.Lines.of(
                "Reward against divergence", "KL to the reference, nats", "mean reward", shown));
  }

  /// Characters of a text.
  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }
}
