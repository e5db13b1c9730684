package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.batch.Readout;
import io.alidade.batch.Scored;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What every objective promises, checked for each record of the package with random parameters. A
/// build draws the same ones each time; `-Dtest.jvm="-Dalidade.seed=N -Dalidade.draws=40"` draws
/// others, and more of them. The seed is printed.
class ObjectiveContractTest {
  /// No record may vanish from the folder unnoticed.
  private static final int AT_LEAST = 48;

  private static final long SEED = Long.getLong("alidade.seed", 1);
  private static final int DRAWS = Integer.getInteger("alidade.draws", 4);
  private static final int GROUPS = 3;

  static {
    System.out.println("objective contract: alidade.seed=" + SEED);
  }

  static List<Class<?>> objectives() {
    return Records.of(Objective.class);
  }

  /// One drawing: an objective and a batch that holds exactly what it declares.
  private record Case(Objective objective, World world, Random random) {
    String name() {
      return objective + " (seed " + SEED + ")";
    }
  }

  private static List<Case> cases(Class<?> type) {
    var random = new Random(SEED ^ type.getSimpleName().hashCode());
    var cases = new ArrayList<Case>();
    for (int draw = 0; draw < DRAWS; draw++) {
      var objective = (Objective) Records.draw(type, random);
      cases.add(new Case(objective, World.random(objective.needs(), GROUPS, random), random));
    }
    return cases;
  }

  @Test
  void findsTheObjectives() {
    assertThat(objectives()).hasSizeGreaterThanOrEqualTo(AT_LEAST);
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void gradientEqualsCentralDifferences(Class<?> type) {
    for (var c : cases(type)) {
      try (var _ = new Step()) {
        var built = c.world.build(ScalarType.Double, 1);
        var constants = new ArrayList<Tensor>();
        var loss =
            c.objective.loss(
                built
                    .batch()
                    .withConstants(t -> {
                      constants.add(t);
                      return t;
                    }));
        var gradients = gradients(loss, built.leaves());
        for (var readout : built.leaves().keySet()) {
          if (readout == Readout.HIDDEN) {
            assertThat(gradients.get(readout)).containsOnly(0);
            continue;
          }
          check(c, built, readout, gradients.getOrDefault(readout, new double[0]), constants);
        }
      }
    }
  }

  private static void check(
      Case c, World.Built built, Readout readout, double[] gradient, List<Tensor> constants) {
    var leaf = value(built.leaves(), readout);
    var at = Ops.toDoubles(leaf);
    for (int i = 0; i < at.length; i++) {
      double slope = slope(c, built, readout, at, i, 1e-5, constants);
      double finer = slope(c, built, readout, at, i, 1e-6, constants);
      if (Math.abs(slope - finer) > 1e-4 * (1 + Math.abs(slope))) {
        continue; // a kink between the two points: the derivative is not defined here
      }
      assertThat(gradient[i])
          .as("%s: gradient of %s[%d]", c.name(), readout, i)
          .isCloseTo(
              finer,
              org.assertj.core.api.Assertions.within(
                  1e-6 * (1 + Math.abs(finer)) + Math.abs(slope - finer)));
    }
  }

  private static double slope(
      Case c,
      World.Built built,
      Readout readout,
      double[] at,
      int i,
      double h,
      List<Tensor> constants) {
    return (valueAt(c, built, readout, at, i, h, constants)
            - valueAt(c, built, readout, at, i, -h, constants))
        / (2 * h);
  }

  private static double valueAt(
      Case c,
      World.Built built,
      Readout readout,
      double[] at,
      int i,
      double h,
      List<Tensor> constants) {
    try (var _ = new Step()) {
      var moved = at.clone();
      moved[i] += h;
      var leaf = value(built.leaves(), readout);
      var readouts = new EnumMap<>(built.leaves());
      readouts.put(readout, Ops.doubles(moved, Ops.shape(leaf)));
      var replay = constants.iterator();
      UnaryOperator<Tensor> held = _ -> replay.next();
      return Ops.number(
          c.objective
              .loss(rebuilt(built.batch(), c.objective.needs(), readouts).withConstants(held))
              .value());
    }
  }

  private static Tensor value(Map<Readout, Tensor> leaves, Readout readout) {
    var leaf = leaves.get(readout);
    if (leaf == null) {
      throw new IllegalStateException("no " + readout);
    }
    return leaf;
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void isUnchangedByPadding(Class<?> type) {
    for (var c : cases(type)) {
      try (var _ = new Step()) {
        var plain = c.world.build(ScalarType.Double, 0);
        var padded = c.world.build(ScalarType.Double, 3);
        var one = c.objective.loss(plain.batch());
        var two = c.objective.loss(padded.batch());
        same(c, one, two);
        var slopes = gradients(two, padded.leaves());
        var mask = Ops.toDoubles(padded.batch().mask());
        slopes
            .keySet()
            .removeAll(EnumSet.of(Readout.REWARD, Readout.PROMPT, Readout.HIDDEN)); // not by unit
        slopes.forEach((readout, slope) -> {
          for (int i = 0; i < slope.length; i++) {
            if (mask[i] == 0) {
              assertThat(slope[i]).as("%s: gradient of padding", c.name()).isZero();
            }
          }
        });
      }
    }
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void isUnchangedByTheOrderOfGroups(Class<?> type) {
    for (var c : cases(type)) {
      try (var _ = new Step()) {
        var shuffled = new ArrayList<>(c.world.groups());
        Collections.rotate(shuffled, 1);
        same(
            c,
            c.objective.loss(c.world.build(ScalarType.Double, 0).batch()),
            c.objective.loss(c.world.of(shuffled).build(ScalarType.Double, 0).batch()));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void isUnchangedByComputingInPieces(Class<?> type) {
    for (var c : cases(type)) {
      if (c.objective.needs().coupled()) {
        continue;
      }
      try (var _ = new Step()) {
        var whole = c.objective.loss(c.world.build(ScalarType.Double, 0).batch());
        var groups = c.world.groups();
        var head = c.objective.loss(piece(c, groups.subList(0, 1)));
        var tail = c.objective.loss(piece(c, groups.subList(1, groups.size())));
        assertThat(head.terms()).hasSameSizeAs(whole.terms());
        assertThat(tail.terms()).hasSameSizeAs(whole.terms());
        double sum = 0;
        for (int i = 0; i < whole.terms().size(); i++) {
          var a = head.terms().get(i);
          var b = tail.terms().get(i);
          double weight = a.weight() + b.weight();
          double total = Ops.number(a.sum()) + Ops.number(b.sum());
          assertThat(a.coefficient()).as(c.name()).isEqualTo(whole.terms().get(i).coefficient());
          sum += weight == 0 ? 0 : a.coefficient() * total / weight;
        }
        near(c.name() + " in pieces", sum, Ops.number(whole.value()));
      }
    }
  }

  private static Scored piece(Case c, List<World.Group> groups) {
    return c.world.of(groups).build(ScalarType.Double, 0).batch();
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void needsExactlyWhatItDeclares(Class<?> type) {
    for (var c : cases(type)) {
      try (var _ = new Step()) {
        var needs = c.objective.needs();
        assertThat(needs).isEqualTo(c.objective.needs());
        var built = c.world.build(ScalarType.Double, 0);
        for (var signal : needs.signals()) {
          var fewer = new HashSet<>(needs.signals());
          fewer.remove(signal);
          var without =
              new Needs(
                  needs.feedback(),
                  needs.candidates(),
                  fewer,
                  needs.readouts(),
                  needs.referenceReadouts(),
                  needs.mean(),
                  needs.outputs(),
                  needs.every());
          assertThatThrownBy(
                  () -> c.objective.loss(rebuilt(built.batch(), without, built.leaves())))
              .as("%s without signal %s", c.name(), signal.name())
              .hasMessageContaining(signal.name());
        }
        for (var readout : needs.readouts()) {
          var fewer = new EnumMap<>(built.leaves());
          fewer.remove(readout);
          assertThatThrownBy(() -> c.objective.loss(rebuilt(built.batch(), needs, fewer)))
              .as("%s without readout %s", c.name(), readout)
              .hasMessageContaining(readout.name());
        }
        for (var readout : needs.referenceReadouts()) {
          var fewer = EnumSet.copyOf(needs.referenceReadouts());
          fewer.remove(readout);
          var without = needs.referenceReading(fewer.toArray(Readout[]::new));
          assertThatThrownBy(
                  () -> c.objective.loss(rebuilt(built.batch(), without, built.leaves())))
              .as("%s without %s of the reference", c.name(), readout)
              .hasMessageContaining("reference");
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void aMeanOverGroupsHasALossForEach(Class<?> type) {
    for (var c : cases(type)) {
      try (var _ = new Step()) {
        var loss = c.objective.loss(c.world.build(ScalarType.Double, 0).batch());
        if (c.objective.needs().mean() == Needs.Mean.GROUPS) {
          var each = Ops.toDoubles(loss.each().orElseThrow());
          assertThat(each).as(c.name()).hasSize(GROUPS);
          near(c.name(), Arrays.stream(each).average().orElseThrow(), Ops.number(loss.value()));
        }
        loss.memory().forEach((name, _) -> assertThat(c.objective.needs().coupled()).isTrue());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void givesTheSameBitsTwice(Class<?> type) {
    for (var c : cases(type)) {
      try (var _ = new Step()) {
        var one = c.world.build(ScalarType.Float, 0);
        var two = c.world.build(ScalarType.Float, 0);
        var first = c.objective.loss(one.batch());
        var second = c.objective.loss(two.batch());
        assertThat(Ops.number(first.value())).as(c.name()).isEqualTo(Ops.number(second.value()));
        assertThat(first.metrics()).as(c.name()).isEqualTo(second.metrics());
        assertThat(first.memory()).as(c.name()).isEqualTo(second.memory());
        var slopes = gradients(second, two.leaves());
        gradients(first, one.leaves())
            .forEach((k, v) -> assertThat(v).as(c.name()).isEqualTo(slopes.get(k)));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void leavesNoNativeObjectBehind(Class<?> type) {
    for (var c : cases(type)) {
      for (int round = 0; round < 2; round++) { // the first may fill caches
        long before = Step.liveObjects();
        try (var _ = new Step()) {
          var built = c.world.build(ScalarType.Double, 0);
          var loss = c.objective.loss(built.batch());
          Grad.of(loss.value(), List.copyOf(built.leaves().values()));
        }
        if (round == 1) {
          assertThat(Step.liveObjects()).as(c.name()).isLessThanOrEqualTo(before);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void staysFiniteInSinglePrecisionAtExtremes(Class<?> type) {
    for (var c : cases(type)) {
      for (int pattern = 0; pattern < 16; pattern++) {
        finite(c, extreme(c.world, pattern), "pattern " + pattern);
      }
    }
  }

  /// Likelihoods a thousandth of a nat from certainty, or 1e4 nats from it, in every combination
  /// for the two first candidates and their reference; rewards of plus or minus 1e4.
  private static World extreme(World world, int pattern) {
    var groups = new ArrayList<World.Group>();
    for (var group : world.groups()) {
      var readouts = new LinkedHashMap<Readout, double[][]>();
      group
          .readouts()
          .forEach((readout, values) -> {
            var changed = deep(values);
            for (int k = 0; k < changed.length; k++) {
              boolean far = (pattern >> (k % 2) & 1) == 1;
              switch (readout) {
                case LOG_LIKELIHOOD ->
                    Arrays.fill(changed[k], far ? -1e4 / changed[k].length : -1e-3);
                case REWARD, PROMPT, VALUE -> Arrays.fill(changed[k], far ? -1e4 : 1e4);
                default -> {}
              }
            }
            readouts.put(readout, changed);
          });
      var reference = new HashMap<>(group.reference());
      reference.computeIfPresent(
          Readout.LOG_LIKELIHOOD,
          (_, values) -> {
            var changed = deep(values);
            for (int k = 0; k < changed.length; k++) {
              boolean far = (pattern >> (2 + k % 2) & 1) == 1;
              Arrays.fill(changed[k], far ? -1e4 / changed[k].length : -1e-3);
            }
            return changed;
          });
      groups.add(new World.Group(group.mask(), readouts, reference, group.signals()));
    }
    return world.of(groups);
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void standsEmptyCompletions(Class<?> type) {
    for (var c : cases(type)) {
      for (int which = 0; which < 2; which++) {
        var groups = new ArrayList<World.Group>();
        for (var group : c.world.groups()) {
          var mask = deep(group.mask());
          Arrays.fill(mask[Math.min(which, mask.length - 1)], 0);
          groups.add(new World.Group(mask, group.readouts(), group.reference(), group.signals()));
        }
        finite(c, c.world.of(groups), "empty candidate " + which);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void standsIdenticalCandidatesAndSignals(Class<?> type) {
    for (var c : cases(type)) {
      var groups = new ArrayList<World.Group>();
      for (var group : c.world.groups()) {
        var readouts = new LinkedHashMap<Readout, double[][]>();
        group.readouts().forEach((readout, values) -> readouts.put(readout, repeat(values)));
        var mask = repeat(group.mask());
        var signals = new HashMap<>(group.signals());
        signals.replaceAll((signal, values) -> {
          int count =
              switch (signal.scope()) {
                case GROUP -> 1;
                case CANDIDATE -> mask.length;
                case UNIT -> mask.length * mask[0].length;
              };
          var same = new double[count];
          Arrays.fill(same, values[0]);
          return same;
        });
        var reference = new HashMap<>(group.reference());
        reference.replaceAll((_, values) -> repeat(values));
        groups.add(new World.Group(mask, readouts, reference, signals));
      }
      finite(c, c.world.of(groups), "identical candidates");
    }
  }

  private static double[][] repeat(double[][] rows) {
    var all = deep(rows);
    Arrays.setAll(all, _ -> rows[0].clone());
    return all;
  }

  private static double[][] deep(double[][] rows) {
    return Arrays.stream(rows).map(double[]::clone).toArray(double[][]::new);
  }

  private static void finite(Case c, World world, String what) {
    try (var _ = new Step()) {
      var built = world.build(ScalarType.Float, 0);
      var loss = c.objective.loss(built.batch());
      var as = c.name() + ", " + what;
      assertThat(Ops.number(loss.value())).as(as).isFinite();
      gradients(loss, built.leaves())
          .forEach((_, slope) -> assertThat(slope).as(as).doesNotContain(Double.NaN).is(FINITE));
      loss.metrics()
          .forEach((name, metric) -> assertThat(metric.mean()).as(as + " " + name).isFinite());
      loss.labels().forEach((_, values) -> assertThat(values).as(as).is(FINITE));
      loss.memory().forEach((_, value) -> assertThat(value).as(as).isFinite());
    }
  }

  private static final org.assertj.core.api.Condition<double[]> FINITE =
      new org.assertj.core.api.Condition<>(
          v -> Arrays.stream(v).allMatch(Double::isFinite), "all finite");

  private static void same(Case c, Loss one, Loss two) {
    near(c.name(), Ops.number(two.value()), Ops.number(one.value()));
    assertThat(two.metrics().keySet()).as(c.name()).isEqualTo(one.metrics().keySet());
    one.metrics()
        .forEach((name, metric) -> {
          var other = two.metrics().get(name);
          if (other != null) {
            near(c.name() + " " + name, other.mean(), metric.mean());
          }
        });
  }

  private static void near(String what, double actual, double expected) {
    assertThat(Math.abs(actual - expected))
        .as("%s: %s, expected %s", what, actual, expected)
        .isLessThanOrEqualTo(1e-10 * (1 + Math.abs(expected)));
  }

  private static Map<Readout, double[]> gradients(Loss loss, Map<Readout, Tensor> leaves) {
    var order = List.copyOf(leaves.keySet());
    var slopes =
        Grad.of(loss.value(), order.stream().map(readout -> value(leaves, readout)).toList());
    var all = new EnumMap<Readout, double[]>(Readout.class);
    for (int i = 0; i < order.size(); i++) {
      all.put(order.get(i), Ops.toDoubles(slopes.get(i)));
    }
    return all;
  }

  /// The batch with other readouts and only what `needs` declares.
  private static Scored rebuilt(Scored batch, Needs needs, Map<Readout, Tensor> readouts) {
    var signals = new HashMap<io.alidade.example.Signal, Tensor>();
    needs.signals().forEach(signal -> signals.put(signal, batch.signal(signal)));
    var frozen = new HashMap<Readout, Tensor>();
    needs
        .referenceReadouts()
        .forEach(readout -> frozen.put(readout, batch.referenceReadout(readout)));
    return new Scored(batch.sizes(), batch.mask(), readouts, frozen, signals, Map.of());
  }
}
