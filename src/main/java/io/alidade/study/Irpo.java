package io.alidade.study;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.objective.AnchoredDpo;
import io.alidade.objective.Dpo;
import io.alidade.objective.GivenTarget;
import io.alidade.objective.InContextRanking;
import io.alidade.objective.Objective;
import io.alidade.report.Chart;
import io.alidade.world.FeaturePolicy;
import io.alidade.world.Lesson;
import io.alidade.world.TabularPolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Learning to rank from few lists (Wu et al. 2025, arXiv:2504.15477) with a linear scorer in place
/// of a language model: whole lists with graded relevance against pairs made from them.
public record Irpo() implements Study {
  private static final String WEAK = "reference";
  private static final String IRPO = "IRPO";
  private static final String SINGLE = "DPO, best against one irrelevant";
  private static final String SOFTMAX = "S-DPO, best against all irrelevant";
  private static final String ALL = "DPO, all pairs";
  private static final double[] BETAS = {0.1, 1};

  /// A way of learning from lists.
  private enum Method {
    IRPO_LISTS(IRPO) {
      @Override
      Objective objective(double beta) {
        return new InContextRanking(beta, true, InContextRanking.Weighting.GAIN);
      }

      @Override
      List<Group> data(GradedLists lists, RandomGenerator random) {
        var groups = new ArrayList<Group>();
        var items = IntStream.range(0, GradedLists.ITEMS).toArray();
        for (int p = 0; p < lists.train(); p++) {
          groups.add(
              new Group(
                  new Example.Row("lists", p),
                  new int[] {p},
                  List.of(Completion.of(items)),
                  Map.of(
                      Signal.perUnit("item"), doubles(items),
                      Signal.perUnit("relevance"), doubles(lists.relevance()[p]),
                      Signal.perUnit("rank"), doubles(lists.rank()[p]))));
        }
        return groups;
      }
    },
    DPO_SINGLE(SINGLE) {
      @Override
      Objective objective(double beta) {
        return new Dpo(beta, new ReverseKl());
      }

      @Override
      List<Group> data(GradedLists lists, RandomGenerator random) {
        var groups = new ArrayList<Group>();
        for (int p = 0; p < lists.train(); p++) {
          var ranked = lists.ranked(p);
          int other = ranked[random.nextInt(GradedLists.RELEVANT, GradedLists.ITEMS)];
          groups.add(TabularPolicy.pair(p, ranked[0], other, p));
        }
        return groups;
      }
    },
    S_DPO(SOFTMAX) {
      // `-log sigmoid(-log sum_j exp(beta (r_j - r_best)))` is the cross-entropy of the best.
      @Override
      Objective objective(double beta) {
        return new AnchoredDpo(1 / beta, new GivenTarget(), 0, false);
      }

      @Override
      List<Group> data(GradedLists lists, RandomGenerator random) {
        var groups = new ArrayList<Group>();
        for (int p = 0; p < lists.train(); p++) {
          var ranked = lists.ranked(p);
          var candidates = new ArrayList<>(List.of(Completion.of(ranked[0])));
          for (int place = GradedLists.RELEVANT; place < GradedLists.ITEMS; place++) {
            candidates.add(Completion.of(ranked[place]));
          }
          var target = new double[candidates.size()];
          target[0] = 1;
          groups.add(
              new Group(
                  new Example.Row("lists", p),
                  new int[] {p},
                  candidates,
                  Map.of(Signal.perCandidate("target"), target)));
        }
        return groups;
      }
    },
    DPO_ALL(ALL) {
      @Override
      Objective objective(double beta) {
        return new Dpo(beta, new ReverseKl());
      }

      @Override
      List<Group> data(GradedLists lists, RandomGenerator random) {
        var groups = new ArrayList<Group>();
        for (int p = 0; p < lists.train(); p++) {
          for (int i = 0; i < GradedLists.ITEMS; i++) {
            for (int j = 0; j < GradedLists.ITEMS; j++) {
              if (lists.relevance()[p][i] > lists.relevance()[p][j]) {
                groups.add(TabularPolicy.pair(p, i, j, groups.size()));
              }
            }
          }
        }
        return groups;
      }
    };

    private final String label;

    Method(String label) {
      this.label = label;
    }

    abstract Objective objective(double beta);

    abstract List<Group> data(GradedLists lists, RandomGenerator random);
  }

  private static double[] doubles(int[] values) {
    return Arrays.stream(values).asDoubleStream().toArray();
  }

  @Override
  public List<String> recipes() {
    return List.of("irpo");
  }

  @Override
  public String claim() {
    return "From a few graded lists, IRPO ranks unseen lists better than DPO on one pair a list and"
        + " no worse than the best item against all irrelevant ones.";
  }

  @Override
  public String criterion() {
    return "NDCG@5 on 300 unseen lists at beta 0.1 after 400 steps: IRPO at least 0.08 above DPO on"
        + " one pair a list, at least S-DPO, and within 0.02 of DPO on all pairs.";
  }

  @Override
  public String remarks() {
    return """
    24 training lists of 20 items, each item 32 normal features; relevance is linear in them with
    normal noise of half the deviation of the signal (three items of relevance 2, five of 1). A
    linear scorer stands in for the language model, so an item's likelihood is the softmax of its
    score over its list. All methods start at one weak reference and take the same full-batch Adam
    at 0.03. The single irrelevant item is drawn once a list.

    DPO on all pairs with different relevance is the strong baseline; IRPO gets there with one
    term an item instead of one a pair. That IRPO underfits at `beta` 1, because the relevant
    items must also beat each other, has been seen with scores of a larger scale than these; it
    does not show here.
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    int steps = bench.size(400, 100);
    var lists = GradedLists.random(bench.random("lists"), bench.size(24, 12), 300);
    var weak = GradedLists.normal(bench.random("reference"), GradedLists.FEATURES, 0.05);
    try (var reference = FeaturePolicy.linear(lists.features(), weak)) {
      double start = lists.ndcg(reference);
      for (double beta : BETAS) {
        if (bench.reduced() && beta != BETAS[0]) {
          continue;
        }
        trial.note(WEAK, measure(beta, "the end"), start);
        for (var method : Method.values()) {
          bench.at(
              method.label + " at beta " + beta,
              (double) List.of(Method.values()).indexOf(method) / Method.values().length);
          var data = method.data(lists, bench.random("pairs"));
          var lesson =
              new Lesson(
                  Lesson.adam(0.03), data.size(), steps, bench.seed("order"), bench.scratch());
          try (var policy = reference.copy()) {
            lesson.teach(
                method.objective(beta),
                policy,
                reference,
                data,
                step -> {
                  if (step % 20 == 0) {
                    double now = lists.ndcg(policy);
                    trial.point("beta " + beta + ": " + method.label, (double) step, now);
                    if (step == 100) {
                      trial.note(method.label, measure(beta, "step 100"), now);
                    }
                  }
                });
            trial.note(method.label, measure(beta, "the end"), lists.ndcg(policy));
          }
        }
      }
    }
    return trial;
  }

  private static String measure(double beta, String when) {
    return "NDCG@5, beta " + beta + ", at " + when;
  }

  @Override
  public Verdict judge(Results results) {
    var measure = measure(BETAS[0], "the end");
    return Verdict.of(
        Verdict.Part.atLeast(
            "IRPO above DPO on one pair", results.gain(IRPO, SINGLE, measure), 0.08),
        Verdict.Part.atLeast("IRPO above S-DPO", results.gain(IRPO, SOFTMAX, measure), 0),
        Verdict.Part.atLeast(
            "IRPO above DPO on all pairs", results.gain(IRPO, ALL, measure), -0.02));
  }

  @Override
  public Verdict direction(Results reduced) {
    var measure = measure(BETAS[0], "the end");
    return Verdict.of(
        Verdict.Part.atLeast(
            "IRPO above DPO on one pair", reduced.gain(IRPO, SINGLE, measure), 0.03));
  }

  @Override
  public List<Chart> figures(Results results) {
    var charts = new ArrayList<Chart>();
    for (double beta : BETAS) {
      var series = Curves.of(results, "beta " + beta + ": ");
      if (!series.isEmpty()) {
        charts.add(
            new Chart.Lines(
                "Ranking of unseen lists, beta " + beta,
                "steps",
                "NDCG@5",
                series,
                false,
                results.mean(WEAK, measure(beta, "the end"))));
      }
    }
    return charts;
  }
}
