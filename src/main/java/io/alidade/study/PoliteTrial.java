package io.alidade.study;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.model.Policy;
import io.alidade.objective.Objective;
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

/// One seed of [ModpoLanguage]: the margin, a run a weighting, and what they are compared with, at
/// equal KL.
final class PoliteTrial {
  private static final double BETA = 0.1;
  private static final double[] WEIGHTS = {0.1, 0.3, 0.5, 0.7, 0.9};
  private static final Signal OTHER = Signal.perCandidate("reward");
  private static final String START = "start";
  private static final String TOPIC_ALONE = "DPO on topic";
  private static final String POLITE_ALONE = "DPO on politeness";
  private static final String SOUP = "interpolated weights";

  /// What a policy is worth on fresh prompts.
  private record Worth(double topic, double polite, double kl) {}

  private final TinyTrial tiny;
  private final Bench bench;
  private final List<int[]> prompts;

  PoliteTrial(TinyTrial tiny) {
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
                learned(new WeightedPairs(TinyTrial.dpo(BETA)), weighted(topic, polite, w))) {
          var own = worth(modpo);
          var other = worth(mixed);
          plain.add(own);
          note(ModpoLanguage.MODPO + ", w " + w, own);
          note(ModpoLanguage.MIXED + ", w " + w, other);
          put(fronts, ModpoLanguage.MODPO, own.kl > other.kl ? drawnBack(modpo, other.kl) : own);
          put(fronts, ModpoLanguage.MIXED, other.kl > own.kl ? drawnBack(mixed, own.kl) : other);
          put(fronts, SOUP, soup(first, second, w, own.kl));
        }
      }
      tiny.trial()
          .note(
              ModpoLanguage.MODPO, ModpoLanguage.RISES, Front.spearman(values(plain, Worth::topic)))
          .note(
              ModpoLanguage.MODPO,
              ModpoLanguage.FALLS,
              Front.spearman(values(plain, Worth::polite)));
    }
    var points = new LinkedHashMap<String, List<double[]>>();
    fronts.forEach((arm, front) ->
        points.put(
            arm, front.stream().map(worth -> new double[] {worth.topic, worth.polite}).toList()));
    Front.areas(points).forEach((arm, area) -> tiny.trial().note(arm, ModpoLanguage.AREA, area));
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
        .note(arm, ModpoLanguage.TOPIC, worth.topic)
        .note(arm, ModpoLanguage.POLITE, worth.polite)
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
