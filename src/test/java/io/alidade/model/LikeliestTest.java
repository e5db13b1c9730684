package io.alidade.model;

import static io.alidade.model.PolicyGoldenTest.read;
import static io.alidade.model.ScoringGradientTest.batch;
import static io.alidade.model.ScoringGradientTest.gradients;
import static io.alidade.model.SharedScoringTest.same;
import static io.alidade.model.SharedScoringTest.threads;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.objective.Loss;
import io.alidade.objective.Needs;
import io.alidade.objective.Objective;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The likeliest tokens of each place, against all logits.
class LikeliestTest {
  private static final PolicySpec DOUBLE = PolicySpec.trainable(Precision.FLOAT64);
  private static final Set<Readout> ASKED =
      Set.of(Readout.LIKELIEST, Readout.LIKELIEST_UNITS, Readout.LOG_LIKELIHOOD, Readout.TOP_ONE);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"gemma2", "gpt2", "llama", "phi3"}) // the first caps its logits
  void theyAreTheFirstOfASortOfAllLogits(String name) {
    var which =
        FamilyCases.all().stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow();
    FamiliesTest.write(folder, which);
    try (var policy = Policy.open(folder, DOUBLE);
        var _ = new Step()) {
      var batch = FamiliesTest.groups(false);
      var scoring = policy.score(batch, ASKED, false);
      var values = Ops.toDoubles(read(scoring, Readout.LIKELIEST));
      var units = Ops.toDoubles(read(scoring, Readout.LIKELIEST_UNITS));
      var likelihoods = Ops.toDoubles(read(scoring, Readout.LOG_LIKELIHOOD));
      var first = Ops.toDoubles(read(scoring, Readout.TOP_ONE));
      assertThat(values).hasSize(batch.candidates() * batch.units() * Readout.MOST);
      int row = 0;
      for (var group : batch.groups()) {
        for (var completion : group.candidates()) {
          var whole =
              IntStream.concat(IntStream.of(group.prompt()), IntStream.of(completion.tokens()))
                  .toArray();
          var log = policy.logits(whole).log_softmax(1);
          int vocabulary = (int) log.size(1);
          var all = Ops.toDoubles(log);
          for (int u = 0; u < batch.units(); u++) {
            int cell = row * batch.units() + u;
            int at = cell * Readout.MOST;
            if (u >= completion.tokens().length) {
              assertThat(values[at]).isZero();
              continue;
            }
            int from = (group.prompt().length + u - 1) * vocabulary;
            int[] order =
                IntStream.range(0, vocabulary)
                    .boxed()
                    .sorted((a, b) -> Double.compare(all[from + b], all[from + a]))
                    .mapToInt(i -> i)
                    .toArray();
            for (int k = 0; k < Readout.MOST; k++) {
              assertThat((int) units[at + k]).isEqualTo(order[k]);
              assertThat(values[at + k]).isCloseTo(all[from + order[k]], within(1e-9));
            }
            boolean likeliest = units[at] == completion.tokens()[u];
            assertThat(first[cell]).isEqualTo(likeliest ? 1 : 0);
            if (likeliest) {
              assertThat(values[at]).isEqualTo(likelihoods[cell]);
            }
          }
          row++;
        }
      }
    }
  }

  /// Capped logits, whose probabilities are computed again, and more than one thread.
  @ParameterizedTest
  @ValueSource(strings = {"gemma2", "gemma2 without caps"})
  void theirGradientIsThatOfTheirValue(String name) {
    var which =
        FamilyCases.all().stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow();
    FamiliesTest.write(folder, which);
    try (var policy = Policy.open(folder, DOUBLE)) {
      var batch = FamiliesTest.groups(false);
      ScoringGradientTest.differences(policy, batch, Readout.LIKELIEST);
      same(
          threads(2, () -> gradients(policy, batch, Readout.LIKELIEST)),
          gradients(policy, batch, Readout.LIKELIEST));
    }
  }

  /// Makes the ten likeliest tokens of each place likelier together: their mass is what it is for.
  private record Mass() implements Objective {
    @Override
    public Needs needs() {
      return Needs.pairs().withoutReference().reading(Readout.LIKELIEST, Readout.LOG_LIKELIHOOD);
    }

    @Override
    public Loss loss(Scored batch) {
      var mass = batch.readout(Readout.LIKELIEST).narrow(2, 0, 10).exp().sum(2); // [N, U]
      var total = mass.mul(batch.mask()).sum(1).add(batch.policy().total());
      return Loss.mean(batch.margin(total));
    }
  }

  /// An objective takes some of them, beside the likelihood, and gets the gradient of what it
  /// takes.
  @Test
  void anObjectiveLearnsFromThem() {
    var groups = FamiliesTest.groups(false).groups();
    var pairs = new Batch(groups.stream().filter(g -> g.candidates().size() == 2).toList());
    FamiliesTest.write(folder, FamilyCases.all().getFirst());
    try (var policy = Policy.open(folder, DOUBLE)) {
      var gradients = new LinkedHashMap<String, double[]>();
      loss(policy, pairs, gradients);
      assertThat(gradients).isNotEmpty();
      double square = 0;
      for (var gradient : gradients.values()) {
        square +=
            IntStream.range(0, gradient.length).mapToDouble(i -> gradient[i] * gradient[i]).sum();
      }
      double step = 1e-5 / Math.sqrt(square);
      along(policy, gradients, step);
      double above = loss(policy, pairs, new LinkedHashMap<>());
      along(policy, gradients, -2 * step);
      double below = loss(policy, pairs, new LinkedHashMap<>());
      assertThat((above - below) / (2 * step)).isCloseTo(square, within(1e-6 * square));
    }
  }

  private static void along(Policy policy, Map<String, double[]> direction, double step) {
    try (var _ = new Step()) {
      policy
          .trainable()
          .forEach((name, leaf) ->
              ScoringGradientTest.move(
                  leaf,
                  Ops.doubles(Objects.requireNonNull(direction.get(name)), Ops.shape(leaf)),
                  step));
    }
  }

  private static double loss(Policy policy, Batch pairs, Map<String, double[]> gradients) {
    var objective = new Mass();
    try (var _ = new Step()) {
      var scoring = policy.score(pairs, objective.needs().readouts(), true);
      var leaves = new EnumMap<Readout, Tensor>(Readout.class);
      scoring.outputs().forEach((readout, output) -> leaves.put(readout, Grad.leaf(output)));
      var mask =
          Ops.doubles(pairs.mask(), pairs.candidates(), pairs.units()).to(Precision.FLOAT64.type());
      var sizes = pairs.groups().stream().mapToInt(g -> g.candidates().size()).toArray();
      var scored = new Scored(sizes, mask, leaves, Map.of(), Map.of(), Map.of());
      var loss = Grad.on(() -> objective.loss(scored)).terms().getFirst().sum();
      var order = java.util.List.copyOf(leaves.keySet());
      var toLeaves = Grad.of(loss, order.stream().map(leaves::get).toList());
      var byReadout = new EnumMap<Readout, Tensor>(Readout.class);
      for (int i = 0; i < order.size(); i++) {
        byReadout.put(order.get(i), toLeaves.get(i));
      }
      scoring.backward(byReadout);
      policy
          .trainable()
          .forEach((name, leaf) -> {
            gradients.put(name, Ops.toDoubles(Grad.gathered(leaf)));
            Grad.clear(leaf);
          });
      return Ops.number(loss.detach());
    }
  }

  /// What is asked for beside them is what it is without them.
  @Test
  void theOtherReadoutsAreAsTheyAreWithout() {
    try (var policy = Policy.open(Golden.folder("llama"), PolicySpec.trainable(Precision.FLOAT32));
        var _ = new Step()) {
      var alone = policy.score(batch(), Set.of(Readout.LOG_LIKELIHOOD), false);
      var beside = policy.score(batch(), ASKED, false);
      assertThat(Ops.toDoubles(read(beside, Readout.LOG_LIKELIHOOD)))
          .isEqualTo(Ops.toDoubles(read(alone, Readout.LOG_LIKELIHOOD)));
    }
  }
}
