package io.alidade.model;

import io.alidade.UserException;
import io.alidade.model.adapter.Lora;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.PeftConfig;
import io.alidade.model.causal.Architecture;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import io.alidade.store.SafetensorsWriter;
import io.alidade.store.SafetensorsWriter.Source;
import io.alidade.store.WeightFiles;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/// Adapters on the weights of a policy: made anew, read from a folder in PEFT's layout, and written
/// back.
final class AdapterFiles {
  private AdapterFiles() {}

  /// Puts a new adapter on top.
  static void fresh(
      Parameters parameters, LoraSpec spec, Architecture architecture, PolicySpec policy) {
    parameters.put(
        Lora.fresh(
            spec,
            modules(parameters, architecture),
            architecture.adapterTargets(),
            policy.precision().wide(),
            policy.seed()));
    replace(parameters, spec, policy.head());
  }

  /// Puts the adapter of a folder on top.
  static void read(
      Parameters parameters, Path folder, Architecture architecture, PolicySpec policy) {
    var spec = PeftConfig.read(folder);
    var file = folder.resolve(PeftConfig.WEIGHTS);
    try (var files = WeightFiles.file(file);
        var reader = new WeightReader(files)) {
      var used = new HashSet<String>();
      parameters.put(
          Lora.of(
              spec,
              modules(parameters, architecture),
              architecture.adapterTargets(),
              (name, shape) -> {
                var stored = PeftConfig.PREFIX + name;
                used.add(stored);
                check(files, file, stored, shape);
                return reader.read(stored, policy.precision().wide());
              }));
      replace(parameters, spec, policy.head());
      for (var replaced : parameters.replaced().entrySet()) {
        var stored = PeftConfig.PREFIX + replaced.getKey();
        used.add(stored);
        check(files, file, stored, Ops.shape(replaced.getValue()));
        try (var _ = new Step()) {
          replaced.getValue().copy_(reader.read(stored, policy.precision().type()));
        }
      }
      unexpected(file, files.names(), used);
    }
  }

  private static void check(WeightFiles files, Path file, String name, long[] wanted) {
    var shape = files.entry(name).shape();
    if (!Arrays.equals(shape, wanted)) {
      throw new UserException(
          "%s: tensor '%s' has shape %s, model and adapter_config.json imply %s; is it for another model?"
              .formatted(file, name, Arrays.toString(shape), Arrays.toString(wanted)));
    }
  }

  private static void unexpected(Path file, Set<String> names, Set<String> used) {
    for (var name : names) {
      if (!used.contains(name)) {
        throw new UserException(
            "%s: tensor '%s' belongs to no module that adapter_config.json targets"
                .formatted(file, name));
      }
    }
  }

  private static SequencedMap<String, Lora.Module> modules(
      Parameters parameters, Architecture architecture) {
    var modules = new LinkedHashMap<String, Lora.Module>();
    for (var name : architecture.linearModules()) {
      var shape = Ops.shape(parameters.get(name + ".weight"));
      modules.put(
          name,
          architecture.transposed()
              ? new Lora.Module(shape[0], shape[1])
              : new Lora.Module(shape[1], shape[0]));
    }
    return modules;
  }

  /// Gives the modules that are trained whole tensors of their own; a head that is not the
  /// language's is always one.
  private static void replace(Parameters parameters, LoraSpec spec, Head head) {
    for (var module : saved(spec, head)) {
      boolean found = false;
      for (var weight : parameters.base().entrySet()) {
        var name = weight.getKey();
        var owner = name.substring(0, name.lastIndexOf('.'));
        if (owner.equals(module) || owner.endsWith("." + module)) {
          found = true;
          try (var _ = new Step()) {
            parameters.replace(name, weight.getValue().detach().clone());
          }
        }
      }
      if (!found && !module.equals("classifier")) { // PEFT names both for any classifier
        throw new UserException("modules_to_save: no module is named '%s'".formatted(module));
      }
    }
  }

  private static List<String> saved(LoraSpec spec, Head head) {
    var saved = new java.util.LinkedHashSet<>(spec.modulesToSave());
    switch (head) {
      case REWARD -> saved.addAll(List.of("classifier", "score"));
      case VALUE -> saved.add("value_head");
      case LANGUAGE -> {}
    }
    return List.copyOf(saved);
  }

  /// Writes into a folder that exists.
  static void fill(
      Path folder,
      String base,
      Parameters parameters,
      Lora lora,
      Architecture architecture,
      Head head) {
    Json.write(
        folder.resolve(PeftConfig.FILE),
        PeftConfig.json(
            lora.spec(),
            base,
            lora.modules(),
            head == Head.REWARD,
            architecture.transposed(),
            saved(lora.spec(), head)));
    var sources = new LinkedHashMap<String, Source>();
    try (var _ = new Step()) {
      named(parameters, lora)
          .forEach((name, tensor) -> sources.put(name, TensorFiles.source(tensor)));
      SafetensorsWriter.write(folder.resolve(PeftConfig.WEIGHTS), sources, SafetensorsWriter.PT);
    }
  }

  /// Writes a folder, replacing it as a whole.
  static void write(
      Path folder,
      String base,
      Parameters parameters,
      Lora lora,
      Architecture architecture,
      Head head) {
    AtomicFiles.folder(folder, into -> fill(into, base, parameters, lora, architecture, head));
  }

  /// Everything that belongs to an adapter, by PEFT's names.
  static SequencedMap<String, Tensor> named(Parameters parameters, Lora lora) {
    var named = new LinkedHashMap<String, Tensor>();
    addAll(named, lora.weights());
    addAll(named, parameters.replaced());
    return named;
  }

  private static void addAll(Map<String, Tensor> named, Map<String, Tensor> tensors) {
    tensors.forEach((name, tensor) -> named.put(PeftConfig.PREFIX + name, tensor));
  }
}
