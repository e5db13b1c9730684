package io.alidade.journal;

import java.util.List;
import java.util.SequencedMap;

/// Passes every report on.
record Several(List<Journal> journals) implements Journal {
  @Override
  public void log(long step, double epoch, SequencedMap<String, Double> metrics) {
    journals.forEach(journal -> journal.log(step, epoch, metrics));
  }

  @Override
  public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {
    journals.forEach(journal -> journal.evaluation(step, epoch, metrics));
  }

  @Override
  public void message(String line) {
    journals.forEach(journal -> journal.message(line));
  }

  @Override
  public void progress(
      String what, long done, long total, String unit, SequencedMap<String, Double> shown) {
    journals.forEach(journal -> journal.progress(what, done, total, unit, shown));
  }

  @Override
  public void close() {
    journals.forEach(Journal::close);
  }
}
