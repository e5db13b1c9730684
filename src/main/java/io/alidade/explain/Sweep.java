package io.alidade.explain;

import io.alidade.batch.Readout;
import io.alidade.example.Signal;
import io.alidade.objective.Needs;
import io.alidade.objective.Objective;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// An objective as a function of one number: the log-ratio of the first answer, while everything
/// else stays at the reference (without a reference: its log-likelihood beyond that of the others).
/// Each answer has 20 tokens of -2 nats; the log-ratio is spread evenly over them. For pairs it is
/// the margin. With a reward head it is the first answer's reward, the others' being 0.
final class Sweep {
  /// Tokens of each answer.
  static final int TOKENS = 20;

  static final double LOW = -10;
  static final double HIGH = 10;
  private static final double EACH = -2; // nats a token
  private static final int STATE = 2; // size of a hidden state
  private static final String LABEL = "label";

  /// A value for each place.
  ///
  /// @param name such as `chosen`
  record Curve(String name, double[] values) {}

  /// What a place costs.
  ///
  /// @param loss of the row
  /// @param push minus the derivative of the loss by each candidate's log-likelihood: positive
  ///   makes the answer likelier
  record Place(double loss, double[] push) {}

  private final Objective objective;
  private final Needs needs;
  private final Map<String, List<Double>> signals;
  private final int moving;
  private final Map<List<Double>, Place> known = new HashMap<>(); // by place and label

  /// A sweep over an objective.
  ///
  /// @param signals numbers of signals by name
  /// @param moving leading tokens that carry the change; 0 for all
  Sweep(Objective objective, Map<String, List<Double>> signals, int moving) {
    this.objective = objective;
    this.needs = objective.needs();
    this.signals = signals;
    this.moving = moving == 0 ? TOKENS : moving;
  }

  /// What the horizontal axis counts.
  String axis() {
    if (!needs.readouts().contains(Readout.LOG_LIKELIHOOD)) {
      return "reward of the chosen answer above the rejected one";
    }
    var what = needs.reference() ? "log-ratio" : "log-likelihood";
    return switch (needs.feedback()) {
      case PAIRS -> "margin: %s of chosen above rejected, nats".formatted(what);
      case RANKINGS, ROLLOUTS -> what + " of the first answer above the others, nats";
      case LABELLED, DEMONSTRATIONS ->
          needs.reference()
              ? "log-ratio of the answer, nats"
              : "change of the answer's log-likelihood, nats";
    };
  }

  /// What the curve takes for granted.
  String assumption() {
    var base =
        needs.reference()
            ? "answers of %d tokens, %s nats each under the reference; all else at the reference"
            : "answers of %d tokens, %s nats each; only the first answer of a row changes";
    return base.formatted(TOKENS, (long) EACH)
        + (moving == TOKENS ? "" : "; the first %d tokens carry the change".formatted(moving))
        + needs.signals().stream()
            .filter(signal -> !signal.name().equals(LABEL))
            .sorted(Comparator.comparing(Signal::name))
            .map(signal -> "; %s %s".formatted(signal.name(), shown(signal)))
            .collect(Collectors.joining());
  }

  /// What a signal holds, `10 x 0, 1` for a run; the last number stands for all that follow.
  private String shown(Signal signal) {
    var numbers = signals.getOrDefault(signal.name(), List.of(1.0));
    var runs = new ArrayList<String>();
    for (int i = 0; i < numbers.size(); ) {
      int next = i + 1;
      while (next < numbers.size() && numbers.get(next).equals(numbers.get(i))) {
        next++;
      }
      var number = Plot.number(numbers.get(i));
      runs.add(next - i > 1 ? "%d x %s".formatted(next - i, number) : number);
      i = next;
    }
    return String.join(", ", runs);
  }

  /// Places at which the objective is looked at, in order.
  static double[] places(int count) {
    return IntStream.range(0, count)
        .mapToDouble(i -> LOW + (HIGH - LOW) * i / (count - 1))
        .toArray();
  }

  /// The loss over places: one curve, or one a label.
  List<Curve> losses(double... places) {
    var curves = new ArrayList<Curve>();
    for (var variant : variants().entrySet()) {
      var values = Arrays.stream(places).map(x -> at(x, variant.getValue()).loss).toArray();
      curves.add(new Curve(variant.getKey().isEmpty() ? "loss" : variant.getKey(), values));
    }
    return curves;
  }

  /// The push on each answer over places.
  List<Curve> pushes(double... places) {
    var curves = new ArrayList<Curve>();
    for (var variant : variants().entrySet()) {
      var all = Arrays.stream(places).mapToObj(x -> at(x, variant.getValue()).push).toList();
      var names = answers(variant.getKey(), all.getFirst().length);
      for (int n = 0; n < names.size(); n++) {
        int answer = n;
        curves.add(
            new Curve(names.get(n), all.stream().mapToDouble(push -> push[answer]).toArray()));
      }
    }
    return curves;
  }

  private SequencedMap<String, Double> variants() {
    var variants = new LinkedHashMap<String, Double>();
    if (needs.feedback() == Needs.Feedback.LABELLED) {
      variants.put("desirable", 1.0);
      variants.put("undesirable", 0.0);
    } else {
      variants.put("", 1.0);
    }
    return variants;
  }

  private List<String> answers(String variant, int count) {
    return switch (needs.feedback()) {
      case PAIRS -> List.of("chosen", "rejected");
      case DEMONSTRATIONS -> List.of("answer");
      case LABELLED -> List.of(variant);
      case RANKINGS, ROLLOUTS ->
          IntStream.rangeClosed(1, count).mapToObj(k -> "answer " + k).toList();
    };
  }

  /// The objective at one place, the answer being desirable if it is labelled.
  Place at(double x) {
    return at(x, 1);
  }

  private Place at(double x, double label) {
    return known.computeIfAbsent(List.of(x, label), _ -> evaluated(x, label));
  }

  private Place evaluated(double x, double label) {
    // What labelled rows have in common (a mean reward, say) is held at 0 by a second row on the
    // other side, with the other label.
    boolean mirrored = needs.feedback() == Needs.Feedback.LABELLED;
    int groups = mirrored ? 2 : 1;
    int size =
        switch (needs.feedback()) {
          case RANKINGS, ROLLOUTS -> Math.max(3, needs.candidates());
          case PAIRS, LABELLED, DEMONSTRATIONS -> needs.candidates();
        };
    var shifts = new double[groups * size];
    shifts[0] = x;
    if (mirrored) {
      shifts[size] = -x;
    }
    var outcome = numbers(groups, size, shifts, label).evaluate(objective);
    double loss = outcome.each().map(each -> each[0]).orElse(outcome.loss());
    var push = IntStream.range(0, size).mapToDouble(n -> -groups * moved(outcome, n)).toArray();
    return new Place(loss, push);
  }

  private double moved(Case.Outcome outcome, int n) {
    return Arrays.stream(outcome.gradient()[n]).limit(moving).average().orElse(0);
  }

  private Case numbers(int groups, int size, double[] shifts, double label) {
    int n = groups * size;
    var tokens = new int[n];
    Arrays.fill(tokens, TOKENS);
    var sizes = new int[groups];
    Arrays.fill(sizes, size);
    var readouts = new EnumMap<Readout, double[][]>(Readout.class);
    needs.readouts().forEach(readout -> readouts.put(readout, values(readout, n, shifts)));
    var frozen = new EnumMap<Readout, double[][]>(Readout.class);
    needs
        .referenceReadouts()
        .forEach(readout -> frozen.put(readout, values(readout, n, new double[n])));
    var given = new HashMap<Signal, double[]>();
    for (var signal : needs.signals()) {
      given.put(
          signal,
          signal.name().equals(LABEL)
              ? new double[] {label, 1 - label}
              : filled(signal, signals, sizes, tokens));
    }
    return new Case(sizes, tokens, readouts, frozen, given, Map.of());
  }

  /// The numbers of a signal in the layout of its scope.
  static double[] filled(
      Signal signal, Map<String, List<Double>> signals, int[] sizes, int[] tokens) {
    var known = signals.getOrDefault(signal.name(), List.of(1.0));
    return switch (signal.scope()) {
      case GROUP -> IntStream.range(0, sizes.length).mapToDouble(g -> nth(known, g)).toArray();
      case CANDIDATE ->
          Arrays.stream(sizes)
              .flatMap(size -> IntStream.range(0, size))
              .mapToDouble(k -> nth(known, k))
              .toArray();
      case UNIT ->
          Arrays.stream(tokens)
              .flatMap(count -> IntStream.range(0, count))
              .mapToDouble(u -> nth(known, u))
              .toArray();
    };
  }

  private static double nth(List<Double> values, int n) {
    return values.get(Math.min(n, values.size() - 1));
  }

  private double[][] values(Readout readout, int n, double[] shifts) {
    var rows = new double[n][];
    for (int i = 0; i < n; i++) {
      rows[i] =
          switch (readout) {
            case LOG_LIKELIHOOD -> likelihood(shifts[i]);
            case REWARD -> outputs(shifts[i]);
            case PROMPT -> outputs(0);
            case COLLISION, RIVAL -> constant(TOKENS, EACH);
            case ENTROPY -> constant(TOKENS, -EACH);
            case HIDDEN -> constant(TOKENS * STATE, 1);
            case LIKELIEST -> constant(TOKENS * Readout.MOST, EACH);
            case LIKELIEST_UNITS -> constant(TOKENS * Readout.MOST, 0);
            case LOG_NORMALIZER, MEAN_LOGIT, VALUE, TOP_ONE, DIVERGENCE -> constant(TOKENS, 0);
          };
    }
    return rows;
  }

  /// The output of a reward head; of several, the first moves beside a one.
  private double[] outputs(double shift) {
    var outputs = new double[needs.outputs()];
    outputs[0] = shift;
    for (int d = 1; d < outputs.length; d++) {
      outputs[d] = d == 1 ? 1 : 0;
    }
    return outputs;
  }

  private double[] likelihood(double shift) {
    var units = constant(TOKENS, EACH);
    for (int u = 0; u < moving; u++) {
      units[u] += shift / moving;
    }
    return units;
  }

  private static double[] constant(int count, double value) {
    var values = new double[count];
    Arrays.fill(values, value);
    return values;
  }
}
