package io.alidade.run;

import io.alidade.journal.Journal;
import io.alidade.model.MemoryBudget;
import io.alidade.tensor.NativeMemory;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.function.Supplier;

/// Says, once, that the process has taken more memory than the scale wants it to.
///
/// What a pass takes is estimated before it is made, and layers are computed again to stay within
/// `memory`; where that was not enough, for want of layers or of a better estimate, nobody should
/// have to find out by other means.
final class WithinMemory implements Journal {
  private final Journal journal;
  private final MemoryBudget budget;
  private final Supplier<OptionalLong> peak;
  private boolean said;

  /// @param peak bytes that the process has held at most, if that can be known
  WithinMemory(Journal journal, MemoryBudget budget, Supplier<OptionalLong> peak) {
    this.journal = journal;
    this.budget = budget;
    this.peak = peak;
  }

  @Override
  public void progress(
      String what, long done, long total, String unit, SequencedMap<String, Double> shown) {
    if (!said && !budget.equals(MemoryBudget.NONE)) {
      peak.get()
          .ifPresent(bytes -> {
            if (bytes > budget.bytes()) {
              said = true;
              journal.message(
                  "memory: the process has taken %s, more than the %s that memory allows; lower per_device_train_batch_size or max_length, train an adapter, or set memory higher"
                      .formatted(NativeMemory.shown(bytes), NativeMemory.shown(budget.bytes())));
            }
          });
    }
    journal.progress(what, done, total, unit, shown);
  }

  @Override
  public void log(long step, double epoch, SequencedMap<String, Double> metrics) {
    journal.log(step, epoch, metrics);
  }

  @Override
  public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {
    journal.evaluation(step, epoch, metrics);
  }

  @Override
  public void message(String line) {
    journal.message(line);
  }

  @Override
  public void close() {
    journal.close();
  }
}
