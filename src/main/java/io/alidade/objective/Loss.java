package io.alidade.objective;

import io.alidade.batch.Scored;
import io.alidade.example.Signal;
import io.alidade.tensor.Ops;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/// The value of an objective with its metrics and the state that it hands to the next step.
///
/// A loss is a sum of weighted means, each kept as a sum and a weight. The weight depends on the
/// data alone, never on the model, so that a step may be computed in pieces and still be exactly
/// the mean over all of it.
public final class Loss {
  /// One weighted mean: `coefficient * sum / weight`.
  ///
  /// @param sum scalar with a graph
  /// @param weight what the sum is divided by: pairs, candidates or tokens
  /// @param coefficient what the mean is multiplied by
  public record Term(Tensor sum, double weight, double coefficient) {}

  /// A number to report: the mean of `sum / weight` over a step.
  ///
  /// @param sum of the metric over the batch
  /// @param weight how many items it was summed over
  public record Metric(double sum, double weight) {
    /// Adds what another piece of the same step saw.
    public Metric plus(Metric other) {
      return new Metric(sum + other.sum, weight + other.weight);
    }

    /// The mean.
    public double mean() {
      return sum / weight;
    }
  }

  private final List<Term> terms;
  private final Optional<Tensor> each;
  private final Map<String, Metric> metrics;
  private final Map<Signal, double[]> labels;
  private final Map<String, Double> memory;

  private Loss(
      List<Term> terms,
      Optional<Tensor> each,
      Map<String, Metric> metrics,
      Map<Signal, double[]> labels,
      Map<String, Double> memory) {
    this.terms = terms;
    this.each = each;
    this.metrics = metrics;
    this.labels = labels;
    this.memory = memory;
  }

  /// The mean over items (pairs, candidates, groups).
  ///
  /// @param perItem a loss for each, any shape
  public static Loss mean(Tensor perItem) {
    return new Loss(
        List.of(new Term(perItem.sum(), perItem.numel(), 1)),
        Optional.of(perItem),
        Map.of(),
        Map.of(),
        Map.of());
  }

  /// The weighted mean `sum(weight * x) / sum(weight)`, over tokens for example.
  ///
  /// @param values any shape
  /// @param weights same shape, constants of the data, not all 0
  public static Loss mean(Tensor values, Tensor weights) {
    return new Loss(
        List.of(new Term(values.mul(weights).sum(), Ops.number(weights.sum()), 1)),
        Optional.empty(),
        Map.of(),
        Map.of(),
        Map.of());
  }

  /// This loss plus `coefficient` times another, with the metrics and the state of both.
  public Loss plus(double coefficient, Loss other) {
    var all = new ArrayList<>(terms);
    for (var term : other.terms) {
      all.add(new Term(term.sum, term.weight, term.coefficient * coefficient));
    }
    var one = each.orElse(null);
    var two = other.each.orElse(null);
    Optional<Tensor> both =
        one != null && two != null && one.numel() == two.numel()
            ? Optional.of(one.add(Ops.times(two.view_as(one), coefficient)))
            : Optional.empty();
    return new Loss(
        List.copyOf(all),
        both,
        merged(metrics, other.metrics),
        merged(labels, other.labels),
        merged(memory, other.memory));
  }

  /// This loss times a constant.
  public Loss times(double coefficient) {
    return new Loss(
        terms.stream().map(t -> new Term(t.sum, t.weight, t.coefficient * coefficient)).toList(),
        each.map(t -> Ops.times(t, coefficient)),
        metrics,
        labels,
        memory);
  }

  /// This loss with each item multiplied by a weight; still divided by the number of items.
  ///
  /// @param perItem as many weights as items
  /// @throws IllegalStateException if the loss is not a plain mean over items
  public Loss weighted(Tensor perItem) {
    var items =
        each.orElseThrow(
            () -> new IllegalStateException("only a plain mean over items can be weighted"));
    var mean = mean(items.mul(perItem.view_as(items)));
    return new Loss(mean.terms, mean.each, metrics, labels, memory);
  }

  /// Reports the mean of some numbers under a name of `docs/metrics.md`.
  ///
  /// @param values any shape; read at once, without gradient
  public Loss metric(String name, Tensor values) {
    return with(name, new Metric(Ops.number(values.detach().sum()), values.numel()));
  }

  /// Reports a weighted mean of some numbers.
  ///
  /// @param weights same shape; if all are 0 there is nothing to report
  public Loss metric(String name, Tensor values, Tensor weights) {
    double weight = Ops.number(weights.detach().sum());
    return weight == 0
        ? this
        : with(name, new Metric(Ops.number(values.detach().mul(weights).sum()), weight));
  }

  private Loss with(String name, Metric metric) {
    return new Loss(terms, each, merged(metrics, Map.of(name, metric)), labels, memory);
  }

  /// Reports the implicit rewards of pairs as TRL names them: `rewards/chosen`, `rewards/rejected`,
  /// `rewards/margins` and `rewards/accuracies` (a tie is wrong).
  ///
  /// @param chosen `[G]`, reward units
  /// @param rejected `[G]`, reward units
  public Loss rewards(Tensor chosen, Tensor rejected) {
    return metric("rewards/chosen", chosen)
        .metric("rewards/rejected", rejected)
        .metric("rewards/margins", chosen.sub(rejected))
        .metric("rewards/accuracies", chosen.gt(rejected).to(chosen.scalar_type()));
  }

  /// Reports the implicit rewards of pairs from those of all candidates.
  ///
  /// @param reward `[N]`, reward units
  public Loss rewards(Scored batch, Tensor reward) {
    return rewards(batch.chosen(reward), batch.rejected(reward));
  }

  /// Reports the implicit rewards of labelled answers as TRL names them: `rewards/chosen` over the
  /// desirable ones, `rewards/rejected` over the undesirable ones, and, where a batch holds both,
  /// the difference of the two means as `rewards/margins`.
  ///
  /// @param rewards `[G]`, reward units
  /// @param label `[G]`, 1 for desirable and 0 for undesirable
  public Loss labelledRewards(Tensor rewards, Tensor label) {
    var bad = Ops.plus(label.neg(), 1);
    var loss = metric("rewards/chosen", rewards, label).metric("rewards/rejected", rewards, bad);
    var chosen = loss.metrics.get("rewards/chosen");
    var rejected = loss.metrics.get("rewards/rejected");
    return chosen == null || rejected == null
        ? loss
        : loss.with("rewards/margins", new Metric(chosen.mean() - rejected.mean(), 1));
  }

  /// Replaces the values of a signal for the rows of this batch, from the next visit on.
  ///
  /// @param values in the shape of the signal's scope
  public Loss relabel(Signal signal, Tensor values) {
    return new Loss(
        terms, each, metrics, merged(labels, Map.of(signal, Ops.toDoubles(values))), memory);
  }

  /// Keeps a scalar for the next batch.
  public Loss remember(String name, double value) {
    return new Loss(terms, each, metrics, labels, merged(memory, Map.of(name, value)));
  }

  /// The value as a scalar with a graph.
  public Tensor value() {
    Tensor total = null;
    for (var term : terms) {
      // A term without items (no chosen tokens, say) has a sum of 0 and counts for nothing.
      var mean = Ops.times(term.sum, term.weight == 0 ? 0 : term.coefficient / term.weight);
      total = total == null ? mean : total.add(mean);
    }
    if (total == null) {
      throw new IllegalStateException("a loss without terms");
    }
    return total;
  }

  /// The weighted means it is made of.
  public List<Term> terms() {
    return terms;
  }

  /// The loss of each item, if it is a plain mean over items.
  public Optional<Tensor> each() {
    return each;
  }

  /// What to report, by name.
  public Map<String, Metric> metrics() {
    return metrics;
  }

  /// New values of signals, by signal.
  public Map<Signal, double[]> labels() {
    return labels;
  }

  /// Scalars to remember, by name.
  public Map<String, Double> memory() {
    return memory;
  }

  private static <K, V> Map<K, V> merged(Map<K, V> one, Map<K, V> two) {
    var all = new LinkedHashMap<>(one);
    all.putAll(two);
    return all;
  }
}
