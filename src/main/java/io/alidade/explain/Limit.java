package io.alidade.explain;

import io.alidade.Default;
import io.alidade.batch.Readout;
import io.alidade.example.Signal;
import io.alidade.objective.Needs;
import io.alidade.objective.Objective;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// A fact about an objective, checked numerically: that with some parameters it is another
/// objective, or what it costs and pulls at a place of its curve ([Sweep]).
///
/// Numbers are formulas over the parameters and `tokens`, such as `1/(2*beta)`.
///
/// @param note the fact in words
/// @param set parameters to change first
/// @param like the objective that it then equals, in value and gradient, on random batches
/// @param with parameters of the other objective; those of the same name are taken over
/// @param times factor of the other's loss
/// @param plus what is added to it
/// @param tokens tokens of each random answer; 0 for 1 to 6
/// @param rows of each random batch
/// @param at place on the curve, nats
/// @param loss what the objective costs there
/// @param slope its derivative by the first answer's log-likelihood there
/// @param minimum place on the curve of which no neighbour costs less, and where the slope is 0
/// @param signals numbers of signals in place of the declared ones
/// @param tolerance relative to numbers above 1, absolute below
record Limit(
    String note,
    @Default("{}") Map<String, String> set,
    Optional<String> like,
    @Default("{}") Map<String, String> with,
    @Default("1") String times,
    @Default("0") String plus,
    @Default("0") int tokens,
    @Default("3") int rows,
    Optional<String> at,
    Optional<String> loss,
    Optional<String> slope,
    Optional<String> minimum,
    @Default("{}") Map<String, List<Double>> signals,
    @Default("1e-9") double tolerance) {
  /// Checks that it says something.
  Limit {
    boolean place = at.isPresent() && (loss.isPresent() || slope.isPresent());
    if ((like.isPresent() ? 1 : 0) + (place ? 1 : 0) + (minimum.isPresent() ? 1 : 0) != 1) {
      throw new IllegalArgumentException(
          "note must go with one of: like; at with loss or slope; minimum; it was '%s'"
              .formatted(note));
    }
  }

  /// What came of a check.
  ///
  /// @param note the fact
  /// @param holds whether it was confirmed
  /// @param measured what was found
  record Checked(String note, boolean holds, String measured) {}

  /// Checks the fact for an objective with its parameters.
  ///
  /// @param declared numbers of signals by name
  Checked check(Objective objective, Map<String, List<Double>> declared, int moving) {
    var all = new LinkedHashMap<>(declared);
    all.putAll(signals);
    var changed = set.isEmpty() ? objective : Subject.changed(objective, new LinkedHashMap<>(set));
    var numbers = Subject.numbers(changed);
    if (like.isPresent()) {
      var other = Subject.other(like.get(), changed, new LinkedHashMap<>(with));
      double apart =
          apart(changed, other, all, Formula.value(times, numbers), Formula.value(plus, numbers));
      return new Checked(
          note, apart <= tolerance, "values and gradients differ by at most " + number(apart));
    }
    var sweep = new Sweep(changed, all, moving);
    return minimum.isPresent()
        ? minimum(sweep, Formula.value(minimum.get(), numbers))
        : place(sweep, numbers);
  }

  private Checked place(Sweep sweep, Map<String, Double> numbers) {
    var place = sweep.at(Formula.value(at.orElseThrow(), numbers));
    boolean holds = true;
    var measured = new ArrayList<String>();
    if (loss.isPresent()) {
      holds = isNear(place.loss(), Formula.value(loss.get(), numbers));
      measured.add("loss " + number(place.loss()));
    }
    if (slope.isPresent()) {
      double found = 0 - place.push()[0];
      holds &= isNear(found, Formula.value(slope.get(), numbers));
      measured.add("slope " + number(found));
    }
    return new Checked(note, holds, String.join(", ", measured));
  }

  private Checked minimum(Sweep sweep, double place) {
    var there = sweep.at(place);
    double least = Math.min(sweep.at(place - 0.5).loss(), sweep.at(place + 0.5).loss());
    double slope = 0 - there.push()[0];
    return new Checked(
        note,
        Math.abs(slope) <= tolerance && there.loss() <= least + tolerance,
        "at %s: loss %s, slope %s; 0.5 nats away %s"
            .formatted(number(place), number(there.loss()), number(slope), number(least)));
  }

  private boolean isNear(double found, double wanted) {
    return Math.abs(found - wanted) <= tolerance * Math.max(1, Math.abs(wanted));
  }

  private static String number(double value) {
    return Math.abs(value) < 1e-12 ? "0" : String.format(Locale.ROOT, "%.6g", value);
  }

  // --- two objectives on the same numbers ---

  private double apart(
      Objective one, Objective two, Map<String, List<Double>> declared, double times, double plus) {
    double most = 0;
    for (long seed = 1; seed <= 3; seed++) {
      var numbers = random(List.of(one.needs(), two.needs()), declared, seed);
      var mine = numbers.evaluate(one);
      var theirs = numbers.evaluate(two);
      most = Math.max(most, apart(mine.loss(), times * theirs.loss() + plus));
      for (int n = 0; n < mine.gradient().length; n++) {
        for (int u = 0; u < mine.gradient()[n].length; u++) {
          most = Math.max(most, apart(mine.gradient()[n][u], times * theirs.gradient()[n][u]));
        }
      }
    }
    return most;
  }

  private static double apart(double one, double two) {
    return Math.abs(one - two) / Math.max(1, Math.abs(two));
  }

  /// A batch that holds what several objectives need.
  private Case random(List<Needs> needs, Map<String, List<Double>> declared, long seed) {
    var random = new SplittableRandom(seed);
    int size = needs.stream().mapToInt(Needs::candidates).max().orElseThrow();
    var sizes = new int[rows];
    Arrays.fill(sizes, size);
    var lengths =
        IntStream.range(0, rows * size)
            .map(_ -> tokens == 0 ? 1 + random.nextInt(6) : tokens)
            .toArray();
    var readouts = new EnumMap<Readout, double[][]>(Readout.class);
    var frozen = new EnumMap<Readout, double[][]>(Readout.class);
    var given = new HashMap<Signal, double[]>();
    for (var one : needs) {
      for (var readout : one.readouts()) {
        readouts.computeIfAbsent(readout, r -> values(r, one.outputs(), lengths, random));
      }
      for (var readout : one.referenceReadouts()) {
        frozen.computeIfAbsent(readout, r -> values(r, one.outputs(), lengths, random));
      }
      for (var signal : one.signals()) {
        given.put(signal, Sweep.filled(signal, declared, sizes, lengths));
      }
    }
    return new Case(sizes, lengths, readouts, frozen, given, Map.of());
  }

  private static double[][] values(
      Readout readout, int outputs, int[] lengths, SplittableRandom random) {
    return Arrays.stream(lengths)
        .mapToObj(length ->
            switch (readout) {
              case REWARD, PROMPT -> random.doubles(outputs, -2, 2).toArray();
              case HIDDEN -> random.doubles(2L * length, -1, 1).toArray();
              case LIKELIEST -> random.doubles((long) Readout.MOST * length, -9, -1).toArray();
              case LIKELIEST_UNITS -> new double[Readout.MOST * length];
              case LOG_LIKELIHOOD, COLLISION, RIVAL -> random.doubles(length, -2, -0.05).toArray();
              default -> random.doubles(length, 0.05, 2).toArray();
            })
        .toArray(double[][]::new);
  }
}
