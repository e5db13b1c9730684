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
            modules(parameters, architecture, policy.head()),
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
              modules(parameters, architecture, policy.head()),
              architecture.adapterTargets(),
              (name, shape) -> {
                var stored = stored(files, name, architecture);
                used.add(stored);
                check(files, file, stored, shape);
                return reader.read(stored, policy.precision().wide());
              }));
      replace(parameters, spec, policy.head());
      for (var replaced : parameters.replaced().entrySet()) {
        var stored = stored(files, replaced.getKey(), architecture);
        used.add(stored);
        check(files, file, stored, Ops.shape(replaced.getValue()));
        copy(reader, stored, policy, replaced.getValue());
      }
      tables(parameters, architecture, policy, files, file, reader, used);
      unexpected(file, files.names(), used);
    }
  }

  /// PEFT writes embedding tables and heads beside an adapter that targets them, or whose model had
  /// more tokens than the one it names; they stand in for the checkpoint's.
  private static void tables(
      Parameters parameters,
      Architecture architecture,
      PolicySpec policy,
      WeightFiles files,
      Path file,
      WeightReader reader,
      Set<String> used) {
    for (var module : modules(parameters, architecture, policy.head()).entrySet()) {
      if (module.getValue().kind() == Lora.Kind.LINEAR) {
        continue;
      }
      for (var end : List.of(".base_layer.weight", ".weight")) {
        var stored = stored(files, module.getKey() + end, architecture);
        if (files.has(stored) && used.add(stored)) {
          var below = parameters.base(module.getKey() + ".weight");
          check(files, file, stored, Ops.shape(below));
          copy(reader, stored, policy, below);
        }
      }
    }
  }

  private static void copy(WeightReader reader, String stored, PolicySpec policy, Tensor into) {
    try (var _ = new Step()) {
      into.copy_(reader.read(stored, policy.precision().type()));
    }
  }

  /// The name of a tensor in an adapter's file. Below a model of text and images PEFT puts the text
  /// tower's name into it.
  private static String stored(WeightFiles files, String name, Architecture architecture) {
    var plain = PeftConfig.PREFIX + name;
    return files.has(plain) ? plain : named(name, architecture);
  }

  private static String named(String name, Architecture architecture) {
    return PeftConfig.PREFIX + architecture.config().outerName(name);
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

  /// An adapter of given factors.
  ///
  /// @param factors by PEFT's names
  static Lora of(
      LoraSpec spec,
      Map<String, Tensor> factors,
      Parameters parameters,
      Architecture architecture,
      Head head) {
    return CombinedAdapters.lora(
        spec,
        modules(parameters, architecture, head),
        architecture.adapterTargets(),
        factors,
        name -> named(name, architecture));
  }

  /// Everything that an adapter can reach: embeddings, the layers' linear modules, the head.
  private static SequencedMap<String, Lora.Module> modules(
      Parameters parameters, Architecture architecture, Head head) {
    var modules = new LinkedHashMap<String, Lora.Module>();
    var linear = new HashSet<>(architecture.linearModules());
    architecture
        .shapes()
        .forEach((name, shape) -> {
          if (shape.length == 2) {
            var module = module(name);
            boolean inLayer = linear.contains(module);
            modules.put(
                module,
                inLayer && !architecture.transposed()
                    ? new Lora.Module(shape[1], shape[0], Lora.Kind.LINEAR)
                    : new Lora.Module(
                        shape[0], shape[1], inLayer ? Lora.Kind.LINEAR : Lora.Kind.EMBEDDING));
          }
        });
    if (head != Head.REWARD) {
      var name = architecture.names().head();
      var shape = Ops.shape(parameters.get(name));
      modules.put(module(name), new Lora.Module(shape[1], shape[0], Lora.Kind.HEAD));
    }
    return modules;
  }

  private static String module(String weight) {
    return weight.substring(0, weight.length() - ".weight".length());
  }

  /// Gives the modules that are trained whole tensors of their own; a head that is not the
  /// language's is always one.
  private static void replace(Parameters parameters, LoraSpec spec, Head head) {
    for (var module : saved(spec, head)) {
      boolean found = false;
      for (var weight : parameters.modules().entrySet()) {
        var name = weight.getKey();
        var owner = name.substring(0, name.lastIndexOf('.'));
        if (owner.equals(module) || owner.endsWith("." + module)) {
          if (parameters.adapts(owner)) {
            throw new UserException(
                "modules_to_save: '%s' is adapted already (target_modules); name it in one of them"
                    .formatted(module));
          }
          found = true;
          try (var _ = new Step()) {
            parameters.replace(name, weight.getValue().detach().clone());
          }
        }
      }
      if (!found && !module.equals("classifier")) { // PEFT names both for any classifier
        throw new UserException(
            "modules_to_save: no module is named '%s'; usual ones are the embedding, the head ('lm_head') and norms"
                .formatted(module));
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
      named(parameters, lora, architecture)
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
  static SequencedMap<String, Tensor> named(
      Parameters parameters, Lora lora, Architecture architecture) {
    var named = new LinkedHashMap<String, Tensor>();
    addAll(named, lora.weights(), architecture);
    addAll(named, parameters.replaced(), architecture);
    return named;
  }

  private static void addAll(
      Map<String, Tensor> named, Map<String, Tensor> tensors, Architecture architecture) {
    tensors.forEach((name, tensor) -> named.put(named(name, architecture), tensor));
  }
}
