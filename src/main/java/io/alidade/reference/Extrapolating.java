package io.alidade.reference;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.model.Policy;
import io.alidade.model.Scoring;
import io.alidade.tensor.Step;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/// [Extrapolated] at work: the policy with which the present round began, and the fit before it.
final class Extrapolating implements Moving {
  private static final String FIT = "fit.";

  private final Policy policy;
  private final Policy fit; // stored only
  private final Following anchor;
  private final double alpha;
  private final Optional<Double> tolerance;

  Extrapolating(Policy policy, double alpha, Optional<Double> tolerance) {
    this.policy = policy;
    this.fit = policy.follower();
    this.anchor = new Following(policy, 1, 0);
    this.alpha = alpha;
    this.tolerance = tolerance;
  }

  @Override
  public void stepped(long step) {}

  @Override
  public void anchored() {
    Extrapolated.push(policy.changeable(), fit.changeable(), alpha);
    anchor.anchored();
  }

  @Override
  public boolean movesPolicy() {
    return true;
  }

  @Override
  public Optional<Double> tolerance() {
    return tolerance;
  }

  @Override
  public void withdraw() {
    try (var _ = new Step()) {
      policy.put(fit.changeable()); // what the push began with
    }
    anchor.anchored();
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    return anchor.score(batch, readouts, differentiable);
  }

  @Override
  public SequencedMap<String, Tensor> state() {
    var state = new LinkedHashMap<>(anchor.state());
    fit.changeable().forEach((name, weight) -> state.put(FIT + name, weight));
    return state;
  }

  @Override
  public void restore(Map<String, Tensor> state) {
    anchor.restore(state);
    var fits = new LinkedHashMap<String, Tensor>();
    state.forEach((name, weight) -> {
      if (name.startsWith(FIT)) {
        fits.put(name.substring(FIT.length()), weight);
      }
    });
    if (fits.isEmpty()) {
      throw new UserException(
          "the checkpoint's reference lacks the fit of the round before; it belongs to a run without Extrapolated");
    }
    fit.put(fits);
  }

  @Override
  public void close() {
    anchor.close();
    fit.close();
  }
}
