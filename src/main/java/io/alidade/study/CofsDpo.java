package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.constraint.ReverseKl;
import io.alidade.learning.AdamW;
import io.alidade.learning.CrossDomain;
import io.alidade.learning.FastSlow;
import io.alidade.learning.Offline;
import io.alidade.learning.TwoSpeeds;
import io.alidade.model.FastAndSlow;
import io.alidade.model.Policy;
import io.alidade.model.Team;
import io.alidade.model.Trainee;
import io.alidade.objective.Dpo;
import io.alidade.objective.FastSlowDpo;
import io.alidade.study.Verdict.Part;
import io.alidade.world.TinyModels;
import io.alidade.world.TinyPair;
import io.alidade.world.TinyPref;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Whether combined adapters of several domains forget less than one that learns the domains one
/// after another (COFS-DPO).
public record CofsDpo() implements Study {
  private static final String DPO = "DPO, one domain after another";
  private static final String OFS = "OFS-DPO, one domain after another";
  private static final String COFS = "COFS-DPO";
  private static final String ALL = "accuracy over all domains at the end";
  private static final String FIRST = "accuracy on domain 1 after domain 1";
  private static final String END = "accuracy on domain 1 at the end";
  private static final String DROP = "drop on domain 1";
  private static final int DOMAINS = 3;
  private static final double BETA = 0.1;

  @Override
  public List<String> recipes() {
    return List.of("cofs-dpo");
  }

  @Override
  public String claim() {
    return "A linear combination of the domains' leaders keeps earlier domains that sequential training overwrites.";
  }

  @Override
  public String criterion() {
    return "Mean over seeds, after three domains one after another: COFS-DPO's mean pair accuracy over all domains exceeds that of sequential DPO and of sequential OFS-DPO by at least 0.05, and its accuracy on domain 1 drops by less than half of what sequential DPO's drops by.";
  }

  @Override
  public String remarks() {
    return """
    A domain is a class of the prompt's last token; in domain k answers with more tokens of class k are preferred, without noise. 200 batches of 8 pairs a domain. beta 0.1, alpha 0.5,
    rate 0.001 and half of it, roles looked at every 20 steps, 64 pairs of memory a domain, at most 30 losses for the weights, on the simplex. COFS-DPO begins each domain with fresh
    adapters; what it is compared with after domain 1 is that domain's leader.\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    try (var world = new AdapterStream(bench)) {
      int steps = bench.size(200, 12);
      var stream = new ArrayList<Group>();
      var held = new ArrayList<List<TinyPair>>();
      for (int domain = 0; domain < DOMAINS; domain++) {
        stream.addAll(
            AdapterStream.groups(pairs(bench, "domain " + domain, domain, 8 * steps), domain));
        held.add(pairs(bench, "held " + domain, domain, bench.size(256, 32)));
      }
      var adam = new AdamW(1e-3, 0.9, 0.999, 1e-8, 0, 1);
      var speeds = new TwoSpeeds(0.5, adam);
      bench.at(DPO, 0.1);
      world.learn(
          new Offline(1),
          new Dpo(BETA, new ReverseKl()),
          policy -> policy,
          adam,
          stream,
          look(trial, DPO, world, held, steps),
          (_, _) -> {});
      var chase = new FastSlowDpo(BETA, 0.5);
      bench.at(OFS, 0.3);
      world.learn(
          new FastSlow(1, 20),
          chase,
          policy -> new FastAndSlow(policy, Optional.empty()),
          speeds,
          stream,
          look(trial, OFS, world, held, steps),
          (_, _) -> {});
      bench.at(COFS, 0.6);
      world.learn(
          new CrossDomain(
              1,
              20,
              bench.size(64, 16),
              bench.size(30, 6),
              CrossDomain.Beginning.FRESH,
              false,
              "domain"),
          chase,
          policy -> new FastAndSlow(policy, Optional.empty()),
          speeds,
          stream,
          look(trial, COFS, world, held, steps),
          (_, _) -> {});
    }
    return trial;
  }

  private static AdapterStream.Arm look(
      Trial trial, String arm, AdapterStream world, List<List<TinyPair>> held, int steps) {
    return new AdapterStream.Arm() {
      private double first;

      private double accuracy(Trainee trainee, Policy policy, int domain) {
        var served = trainee instanceof Team team ? team.served() : policy;
        return TinyModels.rank(served, world.start(), held.get(domain)).accuracy();
      }

      @Override
      public void at(long step, Trainee trainee, Policy policy) {
        if (step == steps) {
          first = accuracy(trainee, policy, 0);
        }
      }

      @Override
      public void end(Trainee trainee, Policy policy) {
        double sum = 0;
        for (int domain = 0; domain < DOMAINS; domain++) {
          sum += accuracy(trainee, policy, domain);
        }
        double end = accuracy(trainee, policy, 0);
        trial.note(arm, ALL, sum / DOMAINS);
        trial.note(arm, FIRST, first);
        trial.note(arm, END, end);
        trial.note(arm, DROP, first - end);
      }
    };
  }

  /// Pairs of a domain: its tag at the prompt's end, the answer with more tokens of its class
  /// first.
  private static List<TinyPair> pairs(Bench bench, String purpose, int domain, int count) {
    var random = bench.random(purpose);
    var pairs = new ArrayList<TinyPair>();
    while (pairs.size() < count) {
      var prompt = TinyModels.prompts(1, random).getFirst();
      prompt[3] = TinyPref.FIRST + domain + 4 * random.nextInt(5);
      var answers = AdapterStream.answers(prompt, random);
      double margin = share(answers[0], domain) - share(answers[1], domain);
      if (margin != 0) {
        var pair = new TinyPair(prompt, answers[0], answers[1]);
        pairs.add(margin > 0 ? pair : pair.flipped());
      }
    }
    return pairs;
  }

  private static double share(int[] answer, int kind) {
    int own = 0;
    for (int token : answer) {
      own += token >= TinyPref.FIRST && (token - TinyPref.FIRST) % 4 == kind ? 1 : 0;
    }
    return (double) own / answer.length;
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atLeast("COFS-DPO's accuracy over DPO's", results.gain(COFS, DPO, ALL), 0.05),
        Part.atLeast("COFS-DPO's accuracy over OFS-DPO's", results.gain(COFS, OFS, ALL), 0.05),
        Part.atMost(
            "COFS-DPO's drop on domain 1 less half of DPO's",
            results.mean(COFS, DROP) - results.mean(DPO, DROP) / 2,
            0));
  }
}
