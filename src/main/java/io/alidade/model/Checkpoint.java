package io.alidade.model;

import io.alidade.UserException;
import io.alidade.model.causal.Architecture;
import io.alidade.model.causal.TextTower;
import io.alidade.store.WeightFiles;
import io.alidade.tensor.NativeMemory;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Pattern;

/// Brings the tensors of a checkpoint folder into memory, each under the name that a causal
/// checkpoint of its family gives it. A tensor that is missing, of another shape or unknown is an
/// error of one line.
final class Checkpoint {
  /// Buffers that older checkpoints carry along and that hold nothing learned.
  private static final Pattern BUFFERS =
      Pattern.compile(".*\\.rotary_emb\\.inv_freq|.*\\.(attn|attention)\\.(masked_)?bias");

  static final String REWARD = "score.weight";
  static final String VALUE = "value_head.weight";

  private Checkpoint() {}

  /// Reads all weights of a model.
  ///
  /// @param labels outputs of a reward head
  /// @param deviation of the normal distribution that a new reward head is drawn from
  static Parameters read(
      Path folder, Architecture architecture, PolicySpec spec, int labels, double deviation) {
    var shapes = architecture.shapes();
    var names = architecture.names();
    long hidden = architecture.hiddenSize();
    if (spec.head() != Head.REWARD && !architecture.tied()) {
      shapes.put(names.head(), shapeOf(shapes, names.embedding()));
    }
    var parameters = new Parameters();
    if (architecture.tied() && spec.head() != Head.REWARD) {
      parameters.tie(names.head(), names.embedding());
    }
    boolean complete = false;
    try (var files = WeightFiles.open(folder);
        var reader = new WeightReader(files)) {
      if (spec.head() == Head.REWARD) {
        shapes.put(REWARD, new long[] {labels, hidden});
      }
      if (spec.head() == Head.VALUE) {
        shapes.put(VALUE, new long[] {1, hidden});
      }
      var stored = stored(files, architecture, shapes);
      check(folder, files, shapes, stored, architecture);
      fits(folder, shapes.values(), spec.precision(), NativeMemory.physical());
      var type = spec.precision().type();
      for (var wanted : shapes.entrySet()) {
        try (var _ = new Step();
            var random = new Rng(spec.seed() ^ 0x5C0E)) {
          var name = stored.get(wanted.getKey());
          parameters.put(
              wanted.getKey(),
              name != null
                  ? reader.read(name, type)
                  : wanted.getKey().equals(VALUE)
                      ? Ops.zeros(type, wanted.getValue())
                      : Ops.times(random.normal(wanted.getValue()), deviation).to(type));
        }
      }
      complete = true;
    } finally {
      if (!complete) {
        parameters.close();
      }
    }
    return parameters;
  }

  /// Refuses weights that the machine cannot hold, before the system ends the process for it.
  ///
  /// @param memory of the machine, bytes
  static void fits(Path folder, Collection<long[]> shapes, Precision precision, long memory) {
    double bytes = 0;
    for (var shape : shapes) {
      bytes +=
          Arrays.stream(shape).asDoubleStream().reduce(precision.dtype().bytes(), (a, b) -> a * b);
    }
    if (bytes > memory) {
      throw new UserException(
          "%s: its weights take %s in %s, this machine has %s; take a narrower type (bfloat16) or a smaller model"
              .formatted(
                  folder, NativeMemory.shown((long) bytes), precision, NativeMemory.shown(memory)));
    }
  }

  private static long[] shapeOf(SequencedMap<String, long[]> shapes, String name) {
    var shape = shapes.get(name);
    if (shape == null) {
      throw new IllegalStateException("no shape for " + name);
    }
    return shape;
  }

  /// Names in the files by names of the family: base-model checkpoints lack the prefix, text towers
  /// have another one, and of a tied pair the head alone may have been kept.
  private static Map<String, String> stored(
      WeightFiles files, Architecture architecture, SequencedMap<String, long[]> shapes) {
    var stored = new HashMap<String, String>();
    var names = architecture.names();
    for (var name : shapes.keySet()) {
      var possible = new ArrayList<String>();
      possible.add(name);
      if (name.startsWith(names.base())) {
        possible.add(name.substring(names.base().length()));
      }
      if (architecture.config().inner()) {
        possible.addAll(TextTower.names(name));
      }
      if (architecture.tied() && name.equals(names.embedding())) {
        possible.add(names.head());
      }
      possible.stream().filter(files::has).findFirst().ifPresent(n -> stored.put(name, n));
    }
    return stored;
  }

  private static void check(
      Path folder,
      WeightFiles files,
      SequencedMap<String, long[]> shapes,
      Map<String, String> stored,
      Architecture architecture) {
    var names = architecture.names();
    var missing = new ArrayList<String>();
    for (var wanted : shapes.entrySet()) {
      var name = stored.get(wanted.getKey());
      if (name == null) {
        if (!wanted.getKey().equals(REWARD) && !wanted.getKey().equals(VALUE)) {
          missing.add(wanted.getKey());
        }
        continue;
      }
      var shape = files.entry(name).shape();
      if (!Arrays.equals(shape, wanted.getValue())) {
        throw new UserException(
            "%s: tensor '%s' has shape %s, config.json implies %s; they are of different models"
                .formatted(
                    files.fileOf(name),
                    name,
                    Arrays.toString(shape),
                    Arrays.toString(wanted.getValue())));
      }
    }
    if (!missing.isEmpty()) {
      throw new UserException(
          "%s: %s missing from the weights%s"
              .formatted(folder, listed(missing), hint(missing, names, files)));
    }
    var known = new HashSet<>(stored.values());
    // Heads that this use of the checkpoint does not need.
    known.addAll(List.of(names.head(), REWARD, VALUE));
    boolean inner = architecture.config().inner();
    if (inner) {
      known.addAll(TextTower.names(names.head()));
    }
    var unexpected =
        files.names().stream()
            .filter(name -> !known.contains(name) && !BUFFERS.matcher("." + name).matches())
            .filter(name -> !(inner && TextTower.ofImages(name)))
            .toList();
    if (!unexpected.isEmpty()) {
      throw new UserException(
          "%s: the weights hold %s, which this architecture does not know; is model_type right?"
              .formatted(folder, listed(unexpected)));
    }
  }

  private static String hint(List<String> missing, Architecture.Names names, WeightFiles files) {
    if (!missing.equals(List.of(names.head()))) {
      return "; the checkpoint is incomplete or not of this architecture";
    }
    return files.has(REWARD)
        ? "; it is a reward model, not a language model"
        : "; it is a base model without a language head";
  }

  private static String listed(List<String> names) {
    int shown = Math.min(3, names.size());
    var list = String.join(", ", names.subList(0, shown).stream().map(n -> "'" + n + "'").toList());
    return names.size() == shown
        ? (shown == 1 ? "tensor " : "tensors ") + list
        : "%d tensors (%s, …)".formatted(names.size(), list);
  }
}
