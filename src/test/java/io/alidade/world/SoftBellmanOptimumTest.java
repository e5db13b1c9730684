package io.alidade.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.learning.ActorAndCritic;
import io.alidade.learning.SoftBellman;
import io.alidade.model.ActorCritic;
import io.alidade.model.Averaged;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.Scorer;
import io.alidade.model.Team;
import io.alidade.model.TrunkCritic;
import io.alidade.objective.Oreo;
import io.alidade.objective.Oreo.Level;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// All answers of two tokens to one prompt, of which one alone is right: policy and values of the
/// soft Bellman equation are known, and every form of critic finds them.
class SoftBellmanOptimumTest {
  private static final double BETA = 0.5;
  private static final int TOKENS = 3; // that an answer is made of, twice
  private static final int PROMPT = 3;
  private static final int[] RIGHT = {1, 2};

  @TempDir Path folder;

  @BeforeEach
  void start() {
    Natives.threads(1);
    new SmallModel(4, 16, 1, 4, 0.5).write(folder.resolve("start"), 5);
  }

  private Policy open(Precision precision, Head head, boolean trainable) {
    var spec = trainable ? PolicySpec.trainable(precision) : PolicySpec.frozen(precision);
    return Policy.open(folder.resolve("start"), spec.with(head));
  }

  private Policy critic(Precision precision) {
    return open(precision, Head.VALUE, true);
  }

  private static List<Group> answers() {
    var groups = new ArrayList<Group>();
    for (int a = 0; a <= TOKENS; a++) {
      for (int b = 0; b <= TOKENS; b++) {
        boolean right = a == RIGHT[0] && b == RIGHT[1];
        groups.add(
            new Group(
                new Example.Row("answers", groups.size() + 1L),
                new int[] {PROMPT},
                List.of(Completion.of(a, b)),
                Map.of(Signal.perGroup("label"), new double[] {right ? 1 : 0})));
      }
    }
    return groups;
  }

  /// Readouts of all answers, `[16, 2]`.
  private static double[][] read(Scorer scorer, Readout readout) {
    try (var _ = new Step()) {
      var output =
          Objects.requireNonNull(
              scorer.score(new Batch(answers()), Set.of(readout), false).outputs().get(readout));
      var flat = Ops.toDoubles(output);
      var rows = new double[flat.length / 2][];
      for (int i = 0; i < rows.length; i++) {
        rows[i] = new double[] {flat[2 * i], flat[2 * i + 1]};
      }
      return rows;
    }
  }

  /// `V* = beta log sum_y pi_ref(y) e^{R / beta}` from each state, and `log pi* = log pi_ref + (R -
  /// V*) / beta` of whole answers.
  private static void isOptimal(Team team, Policy start) {
    var reference = read(start, Readout.LOG_LIKELIHOOD);
    var policy = read(team.served(), Readout.LOG_LIKELIHOOD);
    var values = read(team, Readout.VALUE);
    double all = 0; // sum of pi_ref(y) e^{R / beta}
    for (int i = 0; i < reference.length; i++) {
      all += Math.exp(reference[i][0] + reference[i][1] + reward(i) / BETA);
    }
    double first = BETA * Math.log(all);
    for (int i = 0; i < reference.length; i++) {
      int begun = i - i % 4;
      double rest = 0;
      for (int k = begun; k < begun + 4; k++) {
        rest += Math.exp(reference[k][1] + reward(k) / BETA);
      }
      assertThat(values[i][0]).as("value of the prompt").isCloseTo(first, within(0.02));
      assertThat(values[i][1])
          .as("value after %d", i / 4)
          .isCloseTo(BETA * Math.log(rest), within(0.03));
      assertThat(policy[i][0] + policy[i][1])
          .as("answer %d", i)
          .isCloseTo(reference[i][0] + reference[i][1] + (reward(i) - first) / BETA, within(0.2));
    }
  }

  private static double reward(int answer) {
    return answer == 4 * RIGHT[0] + RIGHT[1] ? 1 : 0;
  }

  private void teach(SoftBellman loop, Team team, Policy start) {
    new Lesson(
            new ActorAndCritic(Lesson.cut(0.01), Lesson.cut(0.02)),
            16,
            300,
            1,
            folder.resolve("lesson"))
        .follow(
            loop,
            new Oreo(BETA, 0, Level.TOKEN, 1, 0, Optional.empty(), loop.average().isPresent()),
            team,
            Optional.of(start),
            answers());
  }

  @Test
  void aCriticOfItsOwnFindsTheOptimum() {
    try (var start = open(Precision.FLOAT32, Head.LANGUAGE, false);
        var policy = open(Precision.FLOAT32, Head.LANGUAGE, true);
        var team = new ActorCritic(policy, critic(Precision.FLOAT32), Optional.empty())) {
      teach(new SoftBellman(1), team, start);
      isOptimal(team, start);
    }
  }

  @Test
  void aHeadOnThePolicysTrunkFindsItToo() {
    try (var start = open(Precision.FLOAT32, Head.LANGUAGE, false);
        var policy = open(Precision.FLOAT32, Head.LANGUAGE, true);
        var team = new TrunkCritic(policy, () -> critic(Precision.FLOAT32), Optional.empty())) {
      teach(new SoftBellman(1, true, Optional.empty()), team, start);
      isOptimal(team, start);
    }
  }

  @Test
  void soDoesACriticWhoseTargetIsOfAnAverage() {
    try (var start = open(Precision.FLOAT32, Head.LANGUAGE, false);
        var policy = open(Precision.FLOAT32, Head.LANGUAGE, true);
        var team =
            new Averaged(
                new ActorCritic(policy, critic(Precision.FLOAT32), Optional.empty()),
                0.9,
                Optional.empty())) {
      teach(new SoftBellman(1, false, Optional.of(0.9)), team, start);
      isOptimal(team, start);
      var average = read(team, Readout.RIVAL);
      var own = read(policy, Readout.LOG_LIKELIHOOD);
      assertThat(average[6][0]).isCloseTo(own[6][0], within(0.05)).isNotEqualTo(own[6][0]);
    }
  }

  /// `w_avg` after one step of weights is `decay w_0 + (1 - decay) w_1`.
  @Test
  void anAverageTakesItsShareOfThePolicy() {
    try (var policy = open(Precision.FLOAT64, Head.LANGUAGE, true);
        var team =
            new Averaged(
                new TrunkCritic(policy, () -> critic(Precision.FLOAT64), Optional.empty()),
                0.75,
                Optional.empty())) {
      var before = read(team, Readout.RIVAL);
      assertThat(before).isDeepEqualTo(read(policy, Readout.LOG_LIKELIHOOD));
      try (var _ = new Step()) {
        Grad.off(() -> {
          policy.changeable().values().forEach(weight -> weight.add_(Ops.scalar(0.1)));
          return policy;
        });
      }
      team.follow();
      try (var other = open(Precision.FLOAT64, Head.LANGUAGE, true);
          var _ = new Step()) {
        Grad.off(() -> {
          other.changeable().values().forEach(weight -> weight.add_(Ops.scalar(0.025)));
          return other;
        });
        var expected = read(other, Readout.LOG_LIKELIHOOD);
        var found = read(team, Readout.RIVAL);
        for (int i = 0; i < found.length; i++) {
          assertThat(found[i]).containsExactly(expected[i], within(1e-12));
        }
      }
    }
  }

  /// Of the squared distance of values to a target: the head's gradient is that of central
  /// differences, and no weight of the policy has any.
  @Test
  void nothingFlowsFromTheHeadIntoTheTrunk() {
    try (var policy = open(Precision.FLOAT64, Head.LANGUAGE, true);
        var team = new TrunkCritic(policy, () -> critic(Precision.FLOAT64), Optional.empty());
        var _ = new Step()) {
      var head = Objects.requireNonNull(team.trainable().get("critic.value_head.weight"));
      Grad.off(() -> head.copy_(Ops.doubles(slopes(), 1, 16)));
      var batch = new Batch(answers());
      var scoring = team.score(batch, Set.of(Readout.LOG_LIKELIHOOD, Readout.VALUE), true);
      var values = Objects.requireNonNull(scoring.outputs().get(Readout.VALUE));
      scoring.backward(Map.of(Readout.VALUE, Ops.times(Ops.plus(values, -0.3), 2)));
      assertThat(scoring.outputs()).doesNotContainKey(Readout.HIDDEN);
      policy
          .trainable()
          .forEach((name, weight) -> {
            if (Grad.has(weight)) {
              assertThat(Ops.number(Grad.gathered(weight).abs().max())).as(name).isZero();
            }
          });
      var gradient = Ops.toDoubles(Grad.gathered(head));
      double h = 1e-5;
      for (int i = 0; i < gradient.length; i++) {
        double rise = loss(team, head, i, h);
        double fall = loss(team, head, i, -h);
        assertThat(gradient[i]).isCloseTo((rise - fall) / (2 * h), within(1e-6));
      }
    }
  }

  private static double[] slopes() {
    var slopes = new double[16];
    for (int i = 0; i < slopes.length; i++) {
      slopes[i] = 0.1 * (i % 5) - 0.2;
    }
    return slopes;
  }

  private static double loss(
      TrunkCritic team, org.bytedeco.pytorch.Tensor head, int place, double by) {
    var slopes = slopes();
    slopes[place] += by;
    Grad.off(() -> head.copy_(Ops.doubles(slopes, 1, 16)));
    double loss = 0;
    for (var row : read(team, Readout.VALUE)) {
      loss += (row[0] - 0.3) * (row[0] - 0.3) + (row[1] - 0.3) * (row[1] - 0.3);
    }
    return loss;
  }
}
