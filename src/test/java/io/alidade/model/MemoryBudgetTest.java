package io.alidade.model;

import static io.alidade.model.ScoringGradientTest.batch;
import static io.alidade.model.ScoringGradientTest.gradients;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
  @Test
  void readsSizesWithUnits() {
    assertThat(MemoryBudget.of("4GiB").bytes()).isEqualTo(4L << 30);
    assertThat(MemoryBudget.of("1.5 GB").bytes()).isEqualTo(1_500_000_000L);
    assertThatThrownBy(() -> MemoryBudget.of("four"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("4GiB")
        .hasMessageContaining("four");
  }

  @Test
  void repeatsMoreLayersTheLessMemoryThereIs() {
    long mib = 1 << 20;
    assertThat(MemoryBudget.NONE.repeated(30, 10 * mib, mib, 0)).isZero();
    // 450 for the process, 100 for the rest, 20 at work, 30 for inputs: 180 are left of 780.
    assertThat(new MemoryBudget(780 * mib).repeated(30, 10 * mib, mib, 100 * mib)).isEqualTo(10);
    assertThat(new MemoryBudget(2000 * mib).repeated(30, 10 * mib, mib, 100 * mib)).isZero();
    assertThat(new MemoryBudget(mib).repeated(30, 10 * mib, mib, 100 * mib)).isEqualTo(30);
  }

  @Test
  void theBudgetChangesNoBit() {
    var spec = PolicySpec.trainable(Precision.FLOAT32);
    try (var free = Policy.open(Golden.folder("llama"), spec);
        var bound = Policy.open(Golden.folder("llama"), spec.within(MemoryBudget.of("1MiB")))) {
      var expected = gradients(free, batch(), Readout.LOG_LIKELIHOOD);
      gradients(bound, batch(), Readout.LOG_LIKELIHOOD)
          .forEach((name, gradient) -> assertThat(gradient).as(name).isEqualTo(expected.get(name)));
    }
  }

  /// Budgets under which the first layer alone, or all but the last, is computed again.
  @Test
  void soDoesOneThatHoldsAPartOfTheLayers() {
    var spec = PolicySpec.trainable(Precision.FLOAT32);
    try (var free = Policy.open(Golden.folder("llama"), spec)) {
      var expected = gradients(free, batch(), Readout.LOG_LIKELIHOOD);
      int layers = free.architecture().layers();
      assertThat(layers).isGreaterThan(1);
      for (int wanted : new int[] {1, layers - 1}) {
        try (var bound =
            Policy.open(Golden.folder("llama"), spec.within(repeating(spec, wanted)))) {
          assertThat(repeated(bound)).isEqualTo(wanted);
          gradients(bound, batch(), Readout.LOG_LIKELIHOOD)
              .forEach(
                  (name, gradient) -> assertThat(gradient).as(name).isEqualTo(expected.get(name)));
        }
      }
    }
  }

  private static int repeated(Policy policy) {
    var readouts = Set.of(Readout.LOG_LIKELIHOOD);
    var passes = policy.passes();
    return passes.footprint().repeated(passes.packed(batch(), readouts), policy.trainable());
  }

  /// The budget, found by halving, under which so many layers are computed again.
  private static MemoryBudget repeating(PolicySpec spec, int wanted) {
    long low = 1;
    long high = 1L << 40;
    while (high - low > 1) {
      var budget = new MemoryBudget((low + high) / 2);
      try (var policy = Policy.open(Golden.folder("llama"), spec.within(budget))) {
        int repeated = repeated(policy);
        if (repeated == wanted) {
          return budget;
        } else if (repeated > wanted) {
          low = budget.bytes();
        } else {
          high = budget.bytes();
        }
      }
    }
    throw new AssertionError(
        "no budget under which %d layers are computed again".formatted(wanted));
  }

  /// Families whose graph is recorded: all layers or none.
  @Test
  void recordedLayersAreComputedAgainToo() {
    var spec = PolicySpec.trainable(Precision.FLOAT32);
    var folder = Golden.folder("gpt2");
    try (var free = Policy.open(folder, spec);
        var ample = Policy.open(folder, spec.within(MemoryBudget.of("1TiB")));
        var bound = Policy.open(folder, spec.within(MemoryBudget.of("1MiB")))) {
      assertThat(repeated(free)).isZero();
      assertThat(repeated(ample)).isZero();
      assertThat(repeated(bound)).isEqualTo(bound.architecture().layers());
      var expected = gradients(free, batch(), Readout.LOG_LIKELIHOOD);
      gradients(bound, batch(), Readout.LOG_LIKELIHOOD)
          .forEach((weight, gradient) ->
              assertThat(gradient).as(weight).isEqualTo(expected.get(weight)));
    }
  }

  private static Batch list(int candidates) {
    var random = new Random(5);
    var completions = new Completion[candidates];
    Arrays.setAll(
        completions, i -> Completion.of(random.ints(1 + random.nextInt(9), 0, 90).toArray()));
    return new Batch(
        List.of(
            ScoringGradientTest.group(1, random.ints(12, 0, 90).toArray(), completions),
            ScoringGradientTest.group(2, new int[] {5, 6}, completions[0], completions[1]),
            ScoringGradientTest.group(3, new int[] {7}, completions[2])));
  }

  @Test
  void piecesAreAllCandidatesInOrderAndNoneIsTooLong() {
    var batch = list(20);
    var candidates = candidates(List.of(batch));
    for (int most : new int[] {1, 13, 20, 35, 60, 1000}) {
      var pieces = Pieces.of(batch, most);
      assertThat(candidates(pieces)).isEqualTo(candidates);
      for (var piece : pieces) {
        int tokens = piece.groups().stream().mapToInt(Group::distinctTokens).sum();
        assertThat(tokens <= most || piece.candidates() == 1).isTrue();
      }
      for (int i = 0; i + 1 < pieces.size(); i++) { // none could have taken the next candidate too
        var next = pieces.get(i + 1).groups().getFirst();
        var last = pieces.get(i).groups().getLast();
        int more =
            next.candidates().getFirst().tokens().length
                + (next.row().equals(last.row()) ? 0 : next.prompt().length);
        int tokens = pieces.get(i).groups().stream().mapToInt(Group::distinctTokens).sum();
        assertThat(tokens + more).isGreaterThan(most);
      }
      if (most == 1 || most == 1000) {
        assertThat(pieces).hasSize(most == 1 ? 23 : 1);
      }
    }
  }

  private static List<String> candidates(List<Batch> pieces) {
    return pieces.stream()
        .flatMap(piece -> piece.groups().stream())
        .flatMap(group ->
            group.candidates().stream()
                .map(one -> Arrays.toString(group.prompt()) + Arrays.toString(one.tokens())))
        .toList();
  }

  /// A group that no pass holds is gone through in pieces: the same numbers, for every readout.
  @Test
  void aGroupOfAnySizeGivesItsNumbersInPieces() {
    var spec = PolicySpec.trainable(Precision.FLOAT64);
    var batch = list(20);
    var all = Set.of(Readout.LOG_LIKELIHOOD, Readout.ENTROPY, Readout.LIKELIEST, Readout.HIDDEN);
    try (var free = Policy.open(Golden.folder("llama"), spec);
        var bound = Policy.open(Golden.folder("llama"), spec.within(cutting(spec, batch, 6)))) {
      try (var _ = new Step()) {
        var expected = free.score(batch, all, true);
        var got = bound.score(batch, all, true);
        assertThat(got).isInstanceOf(Pieces.class);
        assertThat(got.extent().tokens()).isGreaterThan(expected.extent().tokens());
        for (var readout : all) {
          assertThat(Ops.toDoubles(PolicyGoldenTest.read(got, readout)))
              .usingComparatorWithPrecision(1e-10)
              .containsExactly(Ops.toDoubles(PolicyGoldenTest.read(expected, readout)));
        }
      }
      for (var readout : List.of(Readout.LOG_LIKELIHOOD, Readout.ENTROPY)) {
        var expected = gradients(free, batch, readout);
        SharedScoringTest.same(gradients(bound, batch, readout), expected);
        SharedScoringTest.same(
            SharedScoringTest.threads(2, () -> gradients(bound, batch, readout)), expected);
      }
      var bits = gradients(bound, batch, Readout.LOG_LIKELIHOOD);
      gradients(bound, batch, Readout.LOG_LIKELIHOOD)
          .forEach((name, again) -> assertThat(again).as(name).isEqualTo(bits.get(name)));
    }
  }

  /// What is dropped while scoring is dropped again on the way back.
  @Test
  void piecesDropTheSameInputsBothTimes() {
    var lora =
        new LoraSpec(
            2,
            4,
            0.5,
            new Targets.AllLinear(),
            false,
            List.of(),
            new LinkedHashMap<>(),
            new LinkedHashMap<>(),
            List.of(),
            Optional.empty());
    var spec = PolicySpec.trainable(Precision.FLOAT64).with(lora);
    var batch = list(20);
    var budget = cutting(spec, batch, 4);
    try (var bound = Policy.open(Golden.folder("llama"), spec.within(budget))) {
      bound.training(true);
      try (var _ = new Step();
          var random = new Rng(3)) {
        bound
            .trainable()
            .values()
            .forEach(leaf ->
                ScoringGradientTest.move(
                    leaf, random.normal(Ops.shape(leaf)).to(leaf.scalar_type()), 0.1));
      }
      dropped(bound, batch);
    }
  }

  /// The gradient under one draw, against differences under the same draw.
  private static void dropped(Policy policy, Batch batch) {
    policy.seed(9);
    var gradients = gradients(policy, batch, Readout.LOG_LIKELIHOOD);
    for (var leaf : policy.trainable().entrySet().stream().limit(4).toList()) {
      try (var _ = new Step();
          var random = new Rng(11)) {
        var direction = random.normal(Ops.shape(leaf.getValue())).to(Precision.FLOAT64.type());
        double step = 1e-6;
        ScoringGradientTest.move(leaf.getValue(), direction, step);
        double above = value(policy, batch);
        ScoringGradientTest.move(leaf.getValue(), direction, -2 * step);
        double below = value(policy, batch);
        ScoringGradientTest.move(leaf.getValue(), direction, step);
        var along = Ops.toDoubles(direction);
        var gradient = Objects.requireNonNull(gradients.get(leaf.getKey()));
        double got = 0;
        for (int i = 0; i < along.length; i++) {
          got += along[i] * gradient[i];
        }
        double expected = (above - below) / (2 * step);
        assertThat(got)
            .as(leaf.getKey())
            .isCloseTo(expected, within(1e-6 * Math.max(1, Math.abs(expected))));
      }
    }
  }

  private static double value(Policy policy, Batch batch) {
    policy.seed(9);
    try (var _ = new Step()) {
      var scoring = policy.score(batch, Set.of(Readout.LOG_LIKELIHOOD), true);
      assertThat(scoring).isInstanceOf(Pieces.class);
      var output = PolicyGoldenTest.read(scoring, Readout.LOG_LIKELIHOOD);
      return Ops.number(output.mul(ScoringGradientTest.weights(output)).sum());
    }
  }

  /// The budget, found by halving, that cuts a batch into so many pieces.
  private static MemoryBudget cutting(PolicySpec spec, Batch batch, int wanted) {
    long low = 1;
    long high = 1L << 40;
    while (high - low > 1) {
      var budget = new MemoryBudget((low + high) / 2);
      try (var policy = Policy.open(Golden.folder("llama"), spec.within(budget))) {
        var footprint = policy.passes().footprint();
        var packed = policy.passes().packed(batch, Set.of(Readout.LOG_LIKELIHOOD));
        int pieces = footprint.pieces(batch, packed, policy.trainable()).size();
        boolean nothingHelps = footprint.tokens(batch, policy.trainable()) == Long.MAX_VALUE;
        if (pieces == wanted) {
          return budget;
        } else if (pieces > wanted || nothingHelps) {
          low = budget.bytes();
        } else {
          high = budget.bytes();
        }
      }
    }
    throw new AssertionError("no budget that cuts the batch into %d pieces".formatted(wanted));
  }
}
