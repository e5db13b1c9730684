package io.alidade.journal;

import io.alidade.store.TensorBoardWriter;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// Event files for TensorBoard, with tags as transformers writes them: `train/loss`, `eval/loss`.
final class Events implements Journal {
  private final TensorBoardWriter writer;

  /// @param step that the run continues from, 0 for a new run
  Events(Path folder, long step, InstantSource clock) {
    writer = TensorBoardWriter.open(folder, step == 0 ? 0 : step + 1, clock);
  }

  @Override
  public void log(long step, double epoch, SequencedMap<String, Double> metrics) {
    scalars("train/", step, epoch, metrics);
  }

  @Override
  public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {
    scalars("eval/", step, epoch, metrics);
  }

  private void scalars(
      String prefix, long step, double epoch, SequencedMap<String, Double> metrics) {
    var tagged = new LinkedHashMap<String, Double>();
    tagged.put(prefix + "epoch", epoch);
    metrics.forEach((name, value) ->
        tagged.put(prefix + (name.startsWith("eval_") ? name.substring(5) : name), value));
    writer.scalars(step, tagged);
  }

  @Override
  public void message(String line) {}

  @Override
  public void progress(
      String what, long done, long total, String unit, SequencedMap<String, Double> shown) {}

  @Override
  public void close() {
    writer.close();
  }
}
