package io.alidade.learning;

import io.alidade.UserException;
import io.alidade.example.Signal;
import io.alidade.model.TensorFiles;
import io.alidade.model.Trainee;
import io.alidade.objective.Loss;
import io.alidade.reference.Moving;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/// The folder of checkpoints of a run: `checkpoint-N` after N steps, each complete or absent.
///
/// A checkpoint holds the weights in the layout of a model (or of an adapter), the optimizer's
/// state as `optimizer.safetensors`, the weights of a reference that follows the policy as
/// `reference.safetensors`, and everything else that a step depends on as `trainer_state.json`.
/// `best.safetensors` beside them holds the weights of the best round, where a loop asks for it.
/// Doubles are written with all their digits, so that what is read back has the same bits.
public final class Checkpoints {
  private static final Pattern NAME = Pattern.compile("checkpoint-(\\d+)");

  private static final String REFERENCE = "reference.safetensors";
  private static final String BEST = "best.safetensors";

  private final Path folder;
  private final int limit;

  /// Checkpoints in a folder, which need not exist yet.
  ///
  /// @param limit how many are kept
  public Checkpoints(Path folder, int limit) {
    this.folder = folder;
    this.limit = limit;
  }

  /// What a run must know of its past beside weights and optimizer.
  record State(
      long step,
      long tokens,
      Map<String, Double> memory,
      Map<Signal, Map<String, double[]>> labels,
      Map<String, Loss.Metric> window,
      byte[] randomState) {}

  /// The newest complete checkpoint.
  public Optional<Path> latest() {
    return all().stream().findFirst();
  }

  private List<Path> all() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var entries = Files.list(folder)) {
      return entries
          .filter(p -> NAME.matcher(p.getFileName().toString()).matches())
          .sorted(Comparator.comparingLong(Checkpoints::step).reversed())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Steps that a checkpoint was made after.
  public static long step(Path checkpoint) {
    var matcher = NAME.matcher(checkpoint.getFileName().toString());
    return matcher.matches() ? Long.parseLong(matcher.group(1)) : -1;
  }

  void save(State state, Trainee policy, Optimizer.Updater updater, Optional<Moving> moving) {
    AtomicFiles.folder(
        folder.resolve("checkpoint-" + state.step),
        into -> {
          policy.checkpoint(into);
          TensorFiles.write(into.resolve("optimizer.safetensors"), updater.state());
          moving.ifPresent(m -> TensorFiles.write(into.resolve(REFERENCE), m.state()));
          Json.write(into.resolve("trainer_state.json"), json(state));
        });
    for (var old : all().stream().skip(limit).toList()) {
      try {
        AtomicFiles.delete(old);
      } catch (IOException e) {
        throw new UserException(
            "%s: an old checkpoint could not be removed (%s); remove it by hand"
                .formatted(old, e.getMessage()),
            e);
      }
    }
  }

  State restore(Path checkpoint, Optimizer.Updater updater, Optional<Moving> moving) {
    moving.ifPresent(m -> m.restore(TensorFiles.read(checkpoint.resolve(REFERENCE))));
    updater.restore(TensorFiles.read(checkpoint.resolve("optimizer.safetensors")));
    return state(checkpoint.resolve("trainer_state.json"));
  }

  /// Keeps weights beside the checkpoints, in the place of those that were kept before.
  void keepBest(Map<String, Tensor> weights) {
    TensorFiles.write(folder.resolve(BEST), weights);
  }

  /// The weights that were kept, owned by the current step.
  Map<String, Tensor> best() {
    return TensorFiles.read(folder.resolve(BEST));
  }

  private static Map<String, Object> json(State state) {
    var json = new LinkedHashMap<String, Object>();
    json.put("global_step", state.step);
    json.put("num_tokens", state.tokens);
    json.put("memory", state.memory);
    var labels = new LinkedHashMap<String, Object>();
    state.labels.forEach((signal, rows) -> labels.put(signal.scope() + " " + signal.name(), rows));
    json.put("labels", labels);
    var window = new LinkedHashMap<String, Object>();
    state.window.forEach(
        (name, metric) -> window.put(name, List.of(metric.sum(), metric.weight())));
    json.put("window", window);
    json.put("random_state", Base64.getEncoder().encodeToString(state.randomState));
    return json;
  }

  private static State state(Path file) {
    var json = Json.readObject(file);
    var memory = new HashMap<String, Double>();
    json.path("memory").properties().forEach(e -> memory.put(e.getKey(), e.getValue().asDouble()));
    var labels = new HashMap<Signal, Map<String, double[]>>();
    json.path("labels")
        .properties()
        .forEach(e -> {
          int space = e.getKey().indexOf(' ');
          var signal =
              new Signal(
                  e.getKey().substring(space + 1),
                  Signal.Scope.valueOf(e.getKey().substring(0, space)));
          var rows = new HashMap<String, double[]>();
          e.getValue()
              .properties()
              .forEach(row ->
                  rows.put(
                      row.getKey(),
                      row.getValue().valueStream().mapToDouble(v -> v.asDouble()).toArray()));
          labels.put(signal, rows);
        });
    var window = new LinkedHashMap<String, Loss.Metric>();
    json.path("window")
        .properties()
        .forEach(e ->
            window.put(
                e.getKey(),
                new Loss.Metric(e.getValue().get(0).asDouble(), e.getValue().get(1).asDouble())));
    return new State(
        json.path("global_step").asLong(),
        json.path("num_tokens").asLong(),
        memory,
        labels,
        window,
        Base64.getDecoder().decode(json.path("random_state").asString()));
  }
}
