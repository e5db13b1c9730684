package io.alidade.run;

import io.alidade.journal.Journal;
import io.alidade.model.Scorer;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/// Adds to each evaluation what only a sampler can measure: `eval_kl`, the divergence of the policy
/// from its reference.
///
/// @param journal told everything
/// @param samples what draws answers, where the model speaks
/// @param reference what the divergence is from
record Measured(Journal journal, Optional<Samples> samples, Optional<Scorer> reference)
    implements Journal {
  @Override
  public void log(long step, double epoch, SequencedMap<String, Double> metrics) {
    journal.log(step, epoch, metrics);
  }

  @Override
  public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {
    var all = new LinkedHashMap<>(metrics);
    if (samples.isPresent() && reference.isPresent()) {
      samples.get().divergence(reference.get()).ifPresent(kl -> all.put("eval_kl", kl));
    }
    journal.evaluation(step, epoch, all);
  }

  @Override
  public void message(String line) {
    journal.message(line);
  }

  @Override
  public void progress(
      String what, long done, long total, String unit, SequencedMap<String, Double> shown) {
    journal.progress(what, done, total, unit, shown);
  }

  @Override
  public void close() {
    journal.close();
  }
}
