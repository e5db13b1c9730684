package io.alidade.generation;

import io.alidade.UserException;
import io.alidade.journal.RunFolder;
import io.alidade.model.Head;
import io.alidade.model.causal.ModelConfig;
import io.alidade.store.Hub;
import io.alidade.store.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Where a model lies on this machine.
///
/// @param folder of the checkpoint: configuration and weights
/// @param adapter folder of an adapter in PEFT's layout on top of it
public record Located(Path folder, Optional<Path> adapter) {
  private static final String CONFIG = "config.json";
  private static final String ADAPTER = "adapter_config.json";

  /// Finds a model: a checkpoint folder, a run's folder (which holds its result in `model/`), an
  /// adapter's folder (which names the model below it), or `org/name` with an optional `@revision`
  /// on the hub.
  ///
  /// @param adapter the same for an adapter to put on top
  /// @throws UserException if there is no such model
  public static Located find(String location, Optional<String> adapter) {
    return find(Hub.ofSystem((file, done, total) -> {}), location, adapter);
  }

  /// The same, with names looked up on the given hub.
  public static Located find(Hub hub, String location, Optional<String> adapter) {
    var folder = folder(hub, location);
    if (!isAdapter(folder)) {
      return new Located(folder, adapter.map(name -> adapterFolder(hub, name)));
    }
    if (adapter.isPresent()) {
      throw new UserException(
          "%s: is an adapter itself and carries no other; name the model below it"
              .formatted(folder));
    }
    var base = Json.readObject(folder.resolve(ADAPTER)).path("base_model_name_or_path");
    if (!base.isString() || base.stringValue().isBlank()) {
      throw new UserException(
          "%s: names no 'base_model_name_or_path'; name the model, and this folder as its adapter"
              .formatted(folder.resolve(ADAPTER)));
    }
    try {
      return new Located(folder(hub, base.stringValue()), Optional.of(folder));
    } catch (UserException absent) {
      throw new UserException(
          "%s: the model below the adapter, its 'base_model_name_or_path', is not there (%s); name the model, and this folder as its adapter"
              .formatted(folder.resolve(ADAPTER), absent.getMessage()),
          absent);
    }
  }

  /// What stands on top of the checkpoint: a reward head for `…ForSequenceClassification` and for
  /// adapters of that task.
  public Head head() {
    boolean classifier =
        adapter
                .map(a -> Json.readObject(a.resolve(ADAPTER)).path("task_type").asString(""))
                .filter("SEQ_CLS"::equals)
                .isPresent()
            || ModelConfig.read(folder).architectures().stream()
                .anyMatch(name -> name.endsWith("ForSequenceClassification"));
    return classifier ? Head.REWARD : Head.LANGUAGE;
  }

  /// The folder with the tokenizer: the adapter's, if it brings one.
  public Path tokenizer() {
    return adapter.filter(a -> Files.exists(a.resolve("tokenizer.json"))).orElse(folder);
  }

  private static Path adapterFolder(Hub hub, String name) {
    var folder = folder(hub, name);
    if (!isAdapter(folder)) {
      throw new UserException(
          "%s: no adapter, it has no %s; name a folder that PEFT's layout fits"
              .formatted(folder, ADAPTER));
    }
    return folder;
  }

  private static Path folder(Hub hub, String location) {
    var folder = hub.resolve(location, Hub.Kind.MODEL);
    if (!Files.isDirectory(folder)) {
      throw new UserException(folder + ": is a file; a model is a folder with a " + CONFIG);
    }
    if (holdsModel(folder)) {
      return folder;
    }
    var result = folder.resolve("model");
    if (holdsModel(result)) {
      return result;
    }
    throw new UserException(
        RunFolder.holdsRun(folder)
            ? folder + ": a run without a result yet; finish it with --resume"
            : "%s: no model, it has no %s; name a checkpoint, a run or an adapter"
                .formatted(folder, CONFIG));
  }

  private static boolean holdsModel(Path folder) {
    return Files.exists(folder.resolve(CONFIG)) || isAdapter(folder);
  }

  private static boolean isAdapter(Path folder) {
    return Files.exists(folder.resolve(ADAPTER)) && !Files.exists(folder.resolve(CONFIG));
  }
}
