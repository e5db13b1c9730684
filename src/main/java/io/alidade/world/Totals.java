package io.alidade.world;

import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.model.Scorer;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Log-likelihoods of whole candidates, for measures of a trial.
public final class Totals {
  /// Groups that are scored in one pass.
  private static final int PASS = 128;

  private Totals() {}

  /// The log-likelihood of each candidate of each group, nats.
  public static List<double[]> of(Scorer scorer, List<Group> groups) {
    var all = new ArrayList<double[]>();
    for (int at = 0; at < groups.size(); at += PASS) {
      var batch = new Batch(groups.subList(at, Math.min(groups.size(), at + PASS)));
      double[] totals;
      try (var _ = new Step()) {
        var scoring = scorer.score(batch, Set.of(Readout.LOG_LIKELIHOOD), false);
        var units = scoring.outputs().get(Readout.LOG_LIKELIHOOD); // [N, U], 0 outside the mask
        if (units == null) {
          throw new IllegalStateException("the model reported no likelihood");
        }
        totals = Ops.toDoubles(units.sum(1));
      }
      int next = 0;
      for (var group : batch.groups()) {
        var own = new double[group.candidates().size()];
        System.arraycopy(totals, next, own, 0, own.length);
        next += own.length;
        all.add(own);
      }
    }
    return all;
  }
}
