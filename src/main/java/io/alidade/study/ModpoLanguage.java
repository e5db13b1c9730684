package io.alidade.study;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.model.Policy;
import io.alidade.objective.Objective;
import io.alidade.report.Chart;
import io.alidade.report.Series;
import io.alidade.study.Verdict.Part;
import io.alidade.world.TinyModels;
import io.alidade.world.TinyPair;
import io.alidade.world.TinyPref;
import io.alidade.world.WeightedPairs;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleBiFunction;
import java.util.random.RandomGenerator;

/// One run a weighting of two rewards with a language model (Zhou et al. 2023, arXiv:2310.03708):
/// tokens of the topic that a prompt asks for, and polite tokens, compete for the same places.
public record ModpoLanguage() implements Study {
  private static final double BETA = 0.1;
  private static final double[] WEIGHTS = {0.1, 0.3, 0.5, 0.7, 0.9};
  private static final Signal OTHER = Signal.perCandidate("reward");
  private static final String START = "start";
  private static final String TOPIC_ALONE = "DPO on topic";
  private static final String POLITE_ALONE = "DPO on politeness";
  private static final String MODPO = "MODPO";
  private static final String MIXED = "loss mixing";
  private static final String SOUP = "interpolated weights";
  private static final String TOPIC = "topic reward";
  private static final String POLITE = "politeness reward";
  private static final String RISES = "rank correlation of topic with w";
  private static final String FALLS = "rank correlation of politeness with w";
  private static final String AREA = "hypervolume at equal KL";

  @Override
  public List<String> recipes() {
    return List.of("modpo");
  }

  @Override
  public String claim() {
    return "Trained on the comparisons of one objective with the other's implicit reward as a margin,"
        + " one run a weighting traces a front as good as that of mixing the losses of both.";
  }

  @Override
  public String criterion() {
    return "A transformer of 0.1 million weights, 2000 pairs an objective, w in 0.1, 0.3, 0.5, 0.7, 0.9:"
        + " the topic reward rises and the politeness reward falls in w (Spearman at least 0.9 over the"
        + " five models), and MODPO's hypervolume is at least 0.98 times that of loss mixing at matched"
        + " KL.";
  }

  @Override
  public String remarks() {
    return """
    TinyPref with prompts of three classes; the tokens of the fourth are the polite ones, whatever the prompt. Rewards are 8 times the share of tokens of the class that is asked for
    (less 0.4) and of polite tokens (less 0.2). Pairs are two answers of the start, labelled by Bradley and Terry's model. Each run takes 200 steps of 32 pairs at 3e-4, beta 0.1: the
    margin (DPO on politeness) once, then one run a weighting and no sampling. Loss mixing is DPO on the pairs of both objectives, weighted w and 1 - w; interpolated weights are those
    of the two DPO runs.

    For the hypervolume, of MODPO and loss mixing at one w the model with the larger KL is drawn back to the start along a straight line of weights until its KL is that of the other;
    interpolated weights are drawn back to MODPO's KL where theirs is larger. The corner is the worst value of either reward that any policy of the three fronts has.\\
    """;
  }

  /// What a policy is worth on fresh prompts.
  private record Worth(double topic, double polite, double kl) {}

  @Override
  public Trial run(Bench bench) {
    try (var tiny =
        new TinyTrial(
            bench,
            12,
            "polite",
            500,
            64,
            random -> {
              var prompt = TinyPref.impolitePrompt(random);
              return new int[][] {prompt, TinyPref.answer(prompt, 0.4, random)};
            })) {
      return new Run(tiny).trial();
    }
  }

  /// One seed's work.
  private static final class Run {
    private final TinyTrial tiny;
    private final Bench bench;
    private final List<int[]> prompts;

    Run(TinyTrial tiny) {
      this.tiny = tiny;
      this.bench = tiny.bench();
      prompts = prompts("fresh prompts", bench.size(512, 16));
    }

    private List<int[]> prompts(String purpose, int count) {
      var random = bench.random(purpose);
      var all = new ArrayList<int[]>();
      for (int i = 0; i < count; i++) {
        all.add(TinyPref.impolitePrompt(random));
      }
      return all;
    }

    /// Pairs of two answers of the start, labelled by a reward.
    private List<TinyPair> pairs(String purpose, ToDoubleBiFunction<int[], int[]> reward) {
      var asked = new ArrayList<int[]>();
      for (var prompt : prompts(purpose, bench.size(2000, 48))) {
        asked.add(prompt);
        asked.add(prompt);
      }
      var drawn = TinyModels.answers(tiny.start(), asked, bench.seed(purpose + " draws"));
      RandomGenerator random = bench.random(purpose + " labels");
      var pairs = new ArrayList<TinyPair>();
      for (int i = 0; i < asked.size(); i += 2) {
        var prompt = asked.get(i);
        var pair = new TinyPair(prompt, drawn.get(i).tokens(), drawn.get(i + 1).tokens());
        double margin =
            reward.applyAsDouble(prompt, pair.chosen())
                - reward.applyAsDouble(prompt, pair.rejected());
        pairs.add(random.nextDouble() < 1 / (1 + Math.exp(-margin)) ? pair : pair.flipped());
      }
      return pairs;
    }

    Trial trial() {
      var topic = pairs("topic", TinyPref::reward);
      var polite = pairs("polite", (_, answer) -> TinyPref.politeness(answer));
      note(START, worth(tiny.start()));
      var fronts = new LinkedHashMap<String, List<Worth>>();
      try (var second = learned(TinyTrial.dpo(BETA), TinyPair.groups(polite));
          var first = learned(TinyTrial.dpo(BETA), TinyPair.groups(topic))) {
        note(POLITE_ALONE, worth(second));
        note(TOPIC_ALONE, worth(first));
        var margins = margins(second, topic);
        var plain = new ArrayList<Worth>();
        for (double w : bench.reduced() ? new double[] {0.1, 0.9} : WEIGHTS) {
          var objective = new io.alidade.objective.Modpo(BETA, w, Map.of(OTHER.name(), 1 - w));
          try (var modpo = learned(objective, margins);
              var mixed =
                  learned(
                      new WeightedPairs(TinyTrial.dpo(BETA)), weighted(topic, polite, w))) {
            var own = worth(modpo);
            var other = worth(mixed);
            plain.add(own);
            note(MODPO + ", w " + w, own);
            note(MIXED + ", w " + w, other);
            put(fronts, MODPO, own.kl > other.kl ? drawnBack(modpo, other.kl) : own);
            put(fronts, MIXED, other.kl > own.kl ? drawnBack(mixed, own.kl) : other);
            put(fronts, SOUP, soup(first, second, w, own.kl));
          }
        }
        tiny.trial()
            .note(MODPO, RISES, Front.spearman(values(plain, Worth::topic)))
            .note(MODPO, FALLS, Front.spearman(values(plain, Worth::polite)));
      }
      var points = new LinkedHashMap<String, List<double[]>>();
      fronts.forEach((arm, front) ->
          points.put(
              arm,
              front.stream().map(worth -> new double[] {worth.topic, worth.polite}).toList()));
      Front.areas(points).forEach((arm, area) -> tiny.trial().note(arm, AREA, area));
      return tiny.trial();
    }

    private static double[] values(
        List<Worth> front, java.util.function.ToDoubleFunction<Worth> value) {
      return front.stream().mapToDouble(value).toArray();
    }

    private void put(Map<String, List<Worth>> fronts, String arm, Worth worth) {
      fronts.computeIfAbsent(arm, _ -> new ArrayList<>()).add(worth);
      tiny.trial().point(arm, worth.topic, worth.polite);
    }

    private void note(String arm, Worth worth) {
      tiny.trial()
          .note(arm, TOPIC, worth.topic)
          .note(arm, POLITE, worth.polite)
          .note(arm, TinyTrial.KL, worth.kl);
    }

    private Policy learned(Objective objective, Groups groups) {
      return tiny.learned(objective, groups, tiny.course(200, 6, 3e-4));
    }

    /// The topic pairs with the implicit reward of politeness at each answer.
    private Groups margins(Policy polite, List<TinyPair> pairs) {
      var plain = TinyPair.groups(pairs);
      var own = TinyModels.totals(polite, plain, Readout.LOG_LIKELIHOOD);
      var start = TinyModels.totals(tiny.start(), plain, Readout.LOG_LIKELIHOOD);
      var groups = new ArrayList<Group>();
      for (int p = 0; p < pairs.size(); p++) {
        var reward =
            new double[] {
              BETA * (own[2 * p] - start[2 * p]), BETA * (own[2 * p + 1] - start[2 * p + 1])
            };
        groups.add(group(pairs.get(p), p, Map.of(OTHER, reward)));
      }
      return Groups.of(groups);
    }

    /// The pairs of both objectives, each set with its share.
    private static Groups weighted(List<TinyPair> topic, List<TinyPair> polite, double w) {
      var groups = new ArrayList<Group>();
      for (var pair : topic) {
        groups.add(group(pair, groups.size(), Map.of(WeightedPairs.WEIGHT, new double[] {2 * w})));
      }
      for (var pair : polite) {
        groups.add(
            group(pair, groups.size(), Map.of(WeightedPairs.WEIGHT, new double[] {2 - 2 * w})));
      }
      return Groups.of(groups);
    }

    private static Group group(TinyPair pair, int number, Map<Signal, double[]> signals) {
      return new Group(
          new Example.Row("tiny-pref", number + 1L),
          pair.prompt(),
          List.of(Completion.of(pair.chosen()), Completion.of(pair.rejected())),
          signals);
    }

    private Worth worth(Policy policy) {
      double topic = 0;
      double polite = 0;
      double kl = 0;
      var groups = new ArrayList<Group>();
      var answers = TinyModels.answers(policy, prompts, bench.seed("answers"));
      for (int i = 0; i < prompts.size(); i++) {
        var tokens = answers.get(i).tokens();
        topic += TinyPref.reward(prompts.get(i), tokens);
        polite += TinyPref.politeness(tokens);
        for (float logp : answers.get(i).logps()) {
          kl += logp;
        }
        groups.add(
            new Group(
                new Example.Row("answers", i + 1L),
                prompts.get(i),
                List.of(Completion.of(tokens)),
                Map.of()));
      }
      for (double total :
          TinyModels.totals(tiny.start(), Groups.of(groups), Readout.LOG_LIKELIHOOD)) {
        kl -= total;
      }
      return new Worth(topic / prompts.size(), polite / prompts.size(), kl / prompts.size());
    }

    /// A policy on the straight line of weights from the start to this one, whose KL is this.
    private Worth drawnBack(Policy policy, double kl) {
      double low = 0;
      double high = 1;
      var found = worth(policy);
      for (int i = 0; i < bench.size(6, 0); i++) {
        double middle = (low + high) / 2;
        try (var between = policy.follower()) {
          between.approach(tiny.start(), 1 - middle);
          found = worth(between);
        }
        if (found.kl < kl) {
          low = middle;
        } else {
          high = middle;
        }
      }
      return found;
    }

    private Worth soup(Policy first, Policy second, double w, double kl) {
      try (var soup = second.follower()) {
        soup.approach(first, w);
        var worth = worth(soup);
        return worth.kl > kl ? drawnBack(soup, kl) : worth;
      }
    }
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atLeast("Spearman of topic with w", results.mean(MODPO, RISES), 0.9),
        Part.atMost("Spearman of politeness with w", results.mean(MODPO, FALLS), -0.9),
        Part.atLeast(
            "hypervolume in multiples of that of loss mixing",
            results.mean(MODPO, AREA) / results.mean(MIXED, AREA),
            0.98));
  }

  @Override
  public List<Chart> figures(Results results) {
    var series = new ArrayList<Series>();
    results
        .trials()
        .getFirst()
        .curves()
        .forEach((name, points) ->
            series.add(
                new Series(
                    name,
                    points.stream().map(p -> new Series.Point(p[0], p[1])).toList(),
                    Series.Style.DOTTED)));
    return List.of(
        Chart.Lines.of("Trade-off at equal KL, the first seed", TOPIC, POLITE, series));
  }
}
