package io.alidade.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.batch.Readout;
import io.alidade.constraint.ReverseKl;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.journal.Journal;
import io.alidade.model.CombinedAdapters;
import io.alidade.model.FastAndSlow;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.objective.Dpo;
import io.alidade.objective.FastSlowDpo;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FastSlowTest {
  private static final Path MODEL = Path.of("src/test/resources/golden/models/llama");

  @TempDir Path folder;

  private static Policy policy() {
    return Policy.open(
        MODEL,
        PolicySpec.frozen(Precision.FLOAT64)
            .with(LoraSpec.of(4, 8, new Targets.AllLinear()))
            .seeded(3));
  }

  /// Pairs of two domains; the second prefers what the first rejects.
  private static List<Group> pairs(int count, int domains) {
    var groups = new ArrayList<Group>();
    for (int i = 0; i < count; i++) {
      int domain = i % domains;
      var one = Completion.of(20 + i % 5, 30);
      var two = Completion.of(40 + i % 3, 50, 51);
      groups.add(
          new Group(
              new Example.Row("pairs", i + 1),
              new int[] {5 + domain, 6, 7 + i % 4},
              domain == 0 ? List.of(one, two) : List.of(two, one),
              Map.of(Signal.perGroup("domain"), new double[] {domain})));
    }
    return groups;
  }

  private Session session(
      FastAndSlow models,
      Policy policy,
      double alpha,
      double ratio,
      int steps,
      List<Group> pairs,
      Journal journal) {
    var settings = new Settings(4, 1, 4, steps, 1, Settings.Averaging.STEP, true, 1, 0, 0, 2, 7);
    return new Session(
        new FastSlowDpo(0.5, alpha),
        models,
        Optional.of(policy.withoutAdapter()),
        new TwoSpeeds(ratio, new AdamW(0.02, 0.9, 0.999, 1e-8, 0, 1)),
        new Constant(0),
        settings,
        Experience.given(Groups.of(pairs)),
        folder.resolve("checkpoints"),
        journal);
  }

  private static Map<String, double[]> numbers(Map<String, Tensor> tensors) {
    var numbers = new LinkedHashMap<String, double[]>();
    tensors.forEach((name, tensor) -> numbers.put(name, Ops.toDoubles(tensor.detach())));
    return numbers;
  }

  private static double[] likelihoods(Policy policy, List<Group> groups) {
    try (var _ = new Step()) {
      var outputs =
          policy.score(new Batch(groups), Set.of(Readout.LOG_LIKELIHOOD), false).outputs();
      return Ops.toDoubles(java.util.Objects.requireNonNull(outputs.get(Readout.LOG_LIKELIHOOD)));
    }
  }

  @Test
  void withoutChaseAndAtOneSpeedTheyStayTheSame() {
    try (var policy = policy();
        var models = new FastAndSlow(policy, Optional.empty());
        var session = session(models, policy, 0, 1, 6, pairs(12, 1), Journal.silent())) {
      new FastSlow(1, 2).run(session);
      var all = numbers(models.trainable());
      all.forEach((name, values) -> {
        if (name.startsWith(FastAndSlow.FAST)) {
          assertThat(values)
              .isEqualTo(all.get(FastAndSlow.SLOW + name.substring(FastAndSlow.FAST.length())));
        }
      });
      assertThat(models.slowLeads()).as("a tie keeps the leader").isFalse();
    }
  }

  @Test
  void aSlowModelThatDoesBetterTakesTheLead() {
    try (var policy = policy();
        var models = new FastAndSlow(policy, Optional.empty());
        var session = session(models, policy, 0.5, 0.5, 4, pairs(12, 1), Journal.silent())) {
      session.plan(1);
      session.sum(FastSlowDpo.GAP);
      session.step();
      assertThat(session.taken(FastSlowDpo.GAP)).isZero(); // both began as one
      assertThat(models.leader()).isSameAs(policy);
      session.step();
      assertThat(session.taken(FastSlowDpo.GAP)).isNegative(); // the fast one has learned more
      models.swap();
      session.step();
      assertThat(session.taken(FastSlowDpo.GAP)).isPositive();
      new FastSlow(1, 2).assign(session, models); // after three steps of two: too early
      assertThat(models.slowLeads()).isTrue();
      session.step();
      new FastSlow(1, 2).assign(session, models);
      assertThat(models.slowLeads()).as("the fast one leads again").isFalse();
    }
  }

  @Test
  void aDomainEndsWithALeaderAndAllLeadersAreCombined() {
    var said = new ArrayList<String>();
    var journal = new Lines(said);
    var pairs = pairs(24, 2);
    try (var policy = policy();
        var models = new FastAndSlow(policy, Optional.empty());
        var session = session(models, policy, 0.5, 0.5, 24, pairs, journal)) {
      new CrossDomain(1, 5, 8, 40, CrossDomain.Beginning.FRESH, false, "domain").run(session);
      assertThat(models.kept()).isEqualTo(1);
      var served = models.served();
      assertThat(said)
          .anyMatch(line -> line.matches("weights of the domains' adapters: 0\\.\\d{3}, .*"));
      var pass = session.pass(new Dpo(0.5, new ReverseKl()), served);
      try (var _ = new Step()) {
        double loss = Ops.number(pass.evaluate(new Batch(pairs), Map.of()).loss().value());
        assertThat(loss).as("both domains are served").isLessThan(Math.log(2) - 0.02);
      }
    }
  }

  /// Journal that keeps messages.
  private record Lines(List<String> lines) implements Journal {
    @Override
    public void log(long step, double epoch, java.util.SequencedMap<String, Double> metrics) {}

    @Override
    public void evaluation(
        long step, double epoch, java.util.SequencedMap<String, Double> metrics) {}

    @Override
    public void progress(
        String what,
        long done,
        long total,
        String unit,
        java.util.SequencedMap<String, Double> shown) {}

    @Override
    public void message(String line) {
      lines.add(line);
    }

    @Override
    public void close() {}
  }

  @Test
  void theCombinationIsThatOfMergedWeights() {
    var pairs = pairs(6, 2);
    try (var policy = policy();
        var models = new FastAndSlow(policy, Optional.empty());
        var session = session(models, policy, 0.5, 0.5, 8, pairs, Journal.silent())) {
      new FastSlow(1, 20).run(session);
      var leader = likelihoods(policy, pairs);
      models.renew(false);
      assertThat(likelihoods(models.leader(), pairs)).isNotEqualTo(leader);
      try (CombinedAdapters combined = models.combine()) {
        combined.weigh(1, 0);
        var once = likelihoods(combined.policy(), pairs);
        for (int i = 0; i < once.length; i++) {
          assertThat(once[i]).isCloseTo(leader[i], within(1e-9));
        }
        combined.weigh(0.3, 0.7);
        combined.policy().saveAdapter(folder.resolve("adapter"));
        var stacked = likelihoods(combined.policy(), pairs);
        try (var merged =
            Policy.open(
                MODEL,
                PolicySpec.frozen(Precision.FLOAT64).withAdapter(folder.resolve("adapter")))) {
          merged.merge();
          var whole = likelihoods(merged, pairs);
          for (int i = 0; i < whole.length; i++) {
            assertThat(whole[i]).isCloseTo(stacked[i], within(1e-5));
          }
        }
      }
    }
  }

  @Test
  void theSlopeOfTheWeightsIsThatOfDifferences() {
    var pairs = pairs(8, 2);
    try (var policy = policy();
        var models = new FastAndSlow(policy, Optional.empty());
        var session = session(models, policy, 0.5, 0.5, 6, pairs, Journal.silent())) {
      new FastSlow(1, 20).run(session);
      models.renew(false);
      session.step();
      var combined = models.combine();
      var pass = session.pass(new Dpo(0.5, new ReverseKl()), combined.policy());
      combined.weigh(0.4, 0.6);
      double[] slope;
      try (var _ = new Step()) {
        pass.differentiate(new Batch(pairs), Map.of(), List.of(8.0));
        slope = combined.slope();
      }
      for (int j = 0; j < 2; j++) {
        double[] at = new double[2];
        for (int side = 0; side < 2; side++) {
          var weights = new double[] {0.4, 0.6};
          weights[j] += side == 0 ? 1e-5 : -1e-5;
          combined.weigh(weights);
          try (var _ = new Step()) {
            at[side] = Ops.number(pass.evaluate(new Batch(pairs), Map.of()).loss().value());
          }
        }
        assertThat(slope[j]).isCloseTo((at[0] - at[1]) / 2e-5, within(1e-6));
      }
    }
  }

  @Test
  void oneDomainHasWeightOneAndPointsAreProjected() {
    try (var policy = policy();
        var models = new FastAndSlow(policy, Optional.empty());
        var session = session(models, policy, 0.5, 0.5, 3, pairs(6, 1), Journal.silent())) {
      new FastSlow(1, 20).run(session);
      assertThat(new Simplex(10, false).fit(session, models.combine(), List.of(pairs(4, 1)), 0.5))
          .containsExactly(1.0);
    }
    assertThat(Simplex.projected(new double[] {0.2, 0.3, 0.5})).containsExactly(0.2, 0.3, 0.5);
    assertThat(Simplex.projected(new double[] {2, 0, -1})).containsExactly(1, 0, 0);
    assertThat(Simplex.projected(new double[] {0.6, 0.6})).containsExactly(0.5, 0.5);
  }

  @Test
  void aDomainMayGoOnFromTheLeaderBeforeAndWeightsMayBeFree() {
    var pairs = pairs(12, 1);
    try (var policy = policy();
        var models = new FastAndSlow(policy, Optional.empty());
        var session = session(models, policy, 0.5, 0.5, 8, pairs, Journal.silent())) {
      new FastSlow(1, 20).run(session);
      var leader = likelihoods(models.leader(), pairs);
      models.renew(true);
      assertThat(likelihoods(models.leader(), pairs)).isEqualTo(leader);
      models.swap();
      assertThat(likelihoods(models.leader(), pairs)).as("both do").isEqualTo(leader);
      // twice the same adapter, of which not all is best
      var memories = List.of(pairs, pairs);
      var shares = new Simplex(8, false).fit(session, models.combine(), memories, 0.5);
      assertThat(shares[0] + shares[1]).isCloseTo(1, within(1e-9));
      var free = new Simplex(8, true).fit(session, models.combine(), memories, 0.5);
      assertThat(free[0] + free[1]).isNotCloseTo(1, within(0.2));
    }
  }

  @Test
  void anOptimizerOfOneModelIsToldSo() {
    try (var policy = policy()) {
      assertThatThrownBy(() ->
              new TwoSpeeds(0.5, new AdamW(0.1, 0.9, 0.999, 1e-8, 0, 1)).open(policy.trainable()))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("goes with a loop that trains two models");
    }
  }
}
