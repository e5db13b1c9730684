package io.alidade.store;

import io.alidade.UserException;
import io.alidade.store.SafetensorsFile.Entry;
import io.alidade.store.SafetensorsWriter.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// The weights of a checkpoint folder as one set of named tensors, whether they are in
/// `model.safetensors` or in shards that `model.safetensors.index.json` lists.
public final class WeightFiles implements AutoCloseable {
  /// The largest shard by default, bytes.
  public static final long SHARD_SIZE = 5_000_000_000L;

  static final String SINGLE = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  /// A plain file name: no folder, no drive, nothing hidden.
  private static final Pattern SHARD_NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]*");

  private final Path where;
  private final List<SafetensorsFile> files;
  private final Map<String, SafetensorsFile> byName;

  private WeightFiles(
      Path where, List<SafetensorsFile> files, Map<String, SafetensorsFile> byName) {
    this.where = where;
    this.files = files;
    this.byName = byName;
  }

  /// Maps and checks all weight files of a folder. A single file is preferred to an index, as
  /// `transformers` does.
  ///
  /// @throws UserException if the weights are absent, incomplete or damaged
  public static WeightFiles open(Path folder) {
    if (Files.exists(folder.resolve(SINGLE))) {
      return file(folder.resolve(SINGLE));
    }
    if (Files.exists(folder.resolve(INDEX))) {
      return sharded(folder);
    }
    throw new UserException(folder + ": " + absent(folder));
  }

  /// One safetensors file by itself, such as `adapter_model.safetensors`.
  public static WeightFiles file(Path file) {
    var weights = SafetensorsFile.open(file);
    Map<String, SafetensorsFile> byName = new LinkedHashMap<>();
    weights.entries().forEach(entry -> byName.put(entry.name(), weights));
    return new WeightFiles(file, List.of(weights), byName);
  }

  private static WeightFiles sharded(Path folder) {
    var index = folder.resolve(INDEX);
    var map = weightMap(index);
    Map<String, SafetensorsFile> shards = new TreeMap<>();
    Map<String, SafetensorsFile> byName = new LinkedHashMap<>();
    boolean complete = false;
    try {
      for (var shard : new TreeSet<>(map.values())) {
        var file = folder.resolve(shard);
        if (!Files.exists(file)) {
          throw new UserException(
              file
                  + ": missing shard, "
                  + index.getFileName()
                  + " needs it for "
                  + Shown.quoted(firstOf(map, shard))
                  + "; fetch the checkpoint again");
        }
        shards.put(shard, SafetensorsFile.open(file));
      }
      map.forEach((name, shard) -> {
        var file = shards.get(shard);
        if (file == null || !file.has(name)) {
          throw new UserException(
              index
                  + ": tensor "
                  + Shown.quoted(name)
                  + " should be in "
                  + shard
                  + " but is not; index and shards are of different checkpoints, fetch both"
                  + " again");
        }
        byName.put(name, file);
      });
      complete = true;
    } finally {
      if (!complete) {
        shards.values().forEach(SafetensorsFile::close);
      }
    }
    return new WeightFiles(folder, List.copyOf(shards.values()), byName);
  }

  private static String firstOf(Map<String, String> map, String shard) {
    return map.entrySet().stream()
        .filter(entry -> entry.getValue().equals(shard))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow();
  }

  static Map<String, String> weightMap(Path index) {
    var json = Json.readObject(index).get("weight_map");
    if (json == null || !json.isObject() || json.isEmpty()) {
      throw new UserException(
          index + ": has no 'weight_map' object; it is damaged, fetch it again");
    }
    Map<String, String> map = new LinkedHashMap<>();
    json.properties()
        .forEach(entry -> {
          var shard = entry.getValue().isString() ? entry.getValue().stringValue() : "";
          if (!SHARD_NAME.matcher(shard).matches()) {
            throw new UserException(
                index
                    + ": weight_map "
                    + Shown.quoted(entry.getKey())
                    + ": "
                    + Shown.quoted(entry.getValue().toString())
                    + " is no plain file name; shards must lie beside the index");
          }
          map.put(entry.getKey(), shard);
        });
    return map;
  }

  private static String absent(Path folder) {
    if (!Files.isDirectory(folder)) {
      return "no such folder" + Reading.similar(folder);
    }
    List<String> names;
    try (var children = Files.list(folder)) {
      names = children.map(child -> child.getFileName().toString()).sorted().toList();
    } catch (IOException failure) {
      throw Reading.failed(folder, failure);
    }
    var wanted = "no model.safetensors and no model.safetensors.index.json";
    if (names.contains("adapter_model.safetensors")) {
      return wanted + "; it is an adapter, pass its base model and name this folder as the adapter";
    }
    return names.stream()
        .filter(name -> name.endsWith(".bin") || name.endsWith(".pt") || name.endsWith(".pth"))
        .findFirst()
        .map(name ->
            wanted
                + ", only "
                + Shown.quoted(name)
                + ", which is a Python pickle and is not read; convert it to safetensors first")
        .orElse(wanted + " in it");
  }

  /// The names of all tensors, in the order of the file or index.
  public Set<String> names() {
    return Collections.unmodifiableSet(byName.keySet());
  }

  /// Whether there is a tensor of that name.
  public boolean has(String name) {
    return byName.containsKey(name);
  }

  /// One tensor's description; an unknown name is a [UserException] that suggests the nearest.
  public Entry entry(String name) {
    return holder(name).entry(name);
  }

  /// One tensor's bytes, little-endian, rows first, read-only, valid until [#close].
  public MemorySegment bytes(String name) {
    return holder(name).bytes(name);
  }

  /// The file that holds a tensor, for messages.
  public Path fileOf(String name) {
    return holder(name).file();
  }

  /// The safetensors files that are open.
  public List<Path> files() {
    return files.stream().map(SafetensorsFile::file).toList();
  }

  private SafetensorsFile holder(String name) {
    var file = byName.get(name);
    if (file == null) {
      throw new UserException(
          where
              + ": no tensor "
              + Shown.quoted(name)
              + Shown.nearest(name, byName.keySet())
                  .map(near -> "; the nearest is " + Shown.quoted(near))
                  .orElse("; there are " + byName.size() + " others"));
    }
    return file;
  }

  /// Ends all mappings.
  @Override
  public void close() {
    files.forEach(SafetensorsFile::close);
  }

  /// Writes weights as `transformers` does: one `model.safetensors`, or, where that would be larger
  /// than `shardSize`, shards and an index. The folder must hold no weights yet; inside
  /// [AtomicFiles#folder] a checkpoint appears whole.
  ///
  /// @param tensors in the model's order, which decides what shares a shard
  /// @param shardSize bytes of tensors per shard, positive; a larger tensor gets its own
  public static void write(Path folder, Map<String, Source> tensors, long shardSize) {
    if (shardSize <= 0) {
      throw new UserException("shard size must be positive, was " + shardSize);
    }
    if (Files.exists(folder.resolve(SINGLE)) || Files.exists(folder.resolve(INDEX))) {
      throw new UserException(folder + ": already holds weights; choose another folder");
    }
    var shards = split(tensors, shardSize);
    if (shards.size() == 1) {
      SafetensorsWriter.write(folder.resolve(SINGLE), shards.getFirst(), SafetensorsWriter.PT);
      return;
    }
    Map<String, String> map = new TreeMap<>();
    for (int i = 0; i < shards.size(); i++) {
      var name = "model-%05d-of-%05d.safetensors".formatted(i + 1, shards.size());
      shards.get(i).keySet().forEach(tensor -> map.put(tensor, name));
      SafetensorsWriter.write(folder.resolve(name), shards.get(i), SafetensorsWriter.PT);
    }
    Map<String, Object> metadata = new TreeMap<>();
    metadata.put(
        "total_parameters",
        tensors.values().stream().mapToLong(t -> t.size() / t.dtype().bytes()).sum());
    metadata.put("total_size", tensors.values().stream().mapToLong(Source::size).sum());
    Map<String, Object> index = new LinkedHashMap<>();
    index.put("metadata", metadata);
    index.put("weight_map", map);
    Json.write(folder.resolve(INDEX), index);
  }

  /// Greedy in the given order; a tensor larger than a shard stands alone.
  private static List<Map<String, Source>> split(Map<String, Source> tensors, long shardSize) {
    List<Map<String, Source>> shards = new ArrayList<>();
    Map<String, Source> open = new LinkedHashMap<>();
    long openSize = 0;
    for (var tensor : tensors.entrySet()) {
      long size = tensor.getValue().size();
      if (size > shardSize) {
        shards.add(Map.of(tensor.getKey(), tensor.getValue()));
        continue;
      }
      if (openSize + size > shardSize) {
        shards.add(open);
        open = new LinkedHashMap<>();
        openSize = 0;
      }
      open.put(tensor.getKey(), tensor.getValue());
      openSize += size;
    }
    if (!open.isEmpty() || shards.isEmpty()) {
      shards.add(open);
    }
    return shards;
  }
}
