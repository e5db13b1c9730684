package io.alidade.store;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;

/// One repository's folder in the hub's standard cache: content in `blobs`, named by checksum;
/// `snapshots/COMMIT` with links to it; `refs/REVISION` naming the commit of a branch or tag.
///
/// @param repo `…/hub/models--org--name` or `…/hub/datasets--org--name`
record HubCache(Path repo) {
  static final List<String> DATA = List.of(".jsonl", ".json", ".csv", ".parquet");

  static HubCache of(Path root, Hub.Kind kind, HubName name) {
    return new HubCache(root.resolve(kind.folder() + "--" + name.id().replace("/", "--")));
  }

  /// The cache folder, as the Hugging Face libraries choose it.
  static Path root(Map<String, String> environment, Path home) {
    for (var variable : List.of("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")) {
      var value = environment.getOrDefault(variable, "");
      if (!value.isBlank()) {
        return expanded(value, home);
      }
    }
    var hfHome = environment.getOrDefault("HF_HOME", "");
    if (!hfHome.isBlank()) {
      return expanded(hfHome, home).resolve("hub");
    }
    var xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
    var cache = xdg.isBlank() ? home.resolve(".cache") : expanded(xdg, home);
    return cache.resolve("huggingface").resolve("hub");
  }

  private static Path expanded(String path, Path home) {
    return path.equals("~") || path.startsWith("~/")
        ? home.resolve(path.substring(Math.min(2, path.length())))
        : Path.of(path);
  }

  /// The snapshot of a revision, if the cache has one; it may lack files.
  Optional<Path> snapshot(String revision) {
    var direct = snapshots().resolve(revision);
    if (isCommit(revision) && Files.isDirectory(direct)) {
      return Optional.of(direct);
    }
    var ref = repo.resolve("refs").resolve(revision);
    if (!Files.isRegularFile(ref)) {
      return Optional.empty();
    }
    try {
      var commit = Files.readString(ref).strip();
      if (!isCommit(commit)) {
        throw new UserException(ref + ": holds no commit; delete this file and try again");
      }
      return Optional.of(snapshots().resolve(commit)).filter(Files::isDirectory);
    } catch (IOException failure) {
      throw Reading.failed(ref, failure);
    }
  }

  static boolean isCommit(String text) {
    return text.matches("[0-9a-f]{40}");
  }

  Path snapshots() {
    return repo.resolve("snapshots");
  }

  Path blobs() {
    return repo.resolve("blobs");
  }

  /// What a snapshot still needs before it can be used, as file names; empty if it is complete.
  static List<String> missing(Hub.Kind kind, Path snapshot) {
    return switch (kind) {
      case MODEL -> missingFromModel(snapshot);
      case DATASET ->
          hasData(snapshot) ? List.of() : List.of("*.jsonl, *.json, *.csv or *.parquet");
    };
  }

  private static List<String> missingFromModel(Path snapshot) {
    List<String> missing = new ArrayList<>();
    if (has(snapshot, "adapter_config.json")) {
      if (!has(snapshot, "adapter_model.safetensors")) {
        missing.add("adapter_model.safetensors");
      }
      return missing;
    }
    for (var name : List.of("config.json", "tokenizer.json")) {
      if (!has(snapshot, name)) {
        missing.add(name);
      }
    }
    if (!has(snapshot, WeightFiles.SINGLE)) {
      if (has(snapshot, WeightFiles.INDEX)) {
        var index = snapshot.resolve(WeightFiles.INDEX);
        new TreeSet<>(WeightFiles.weightMap(index).values())
            .stream().filter(shard -> !has(snapshot, shard)).forEach(missing::add);
      } else {
        missing.add(WeightFiles.SINGLE);
      }
    }
    return missing;
  }

  private static boolean hasData(Path snapshot) {
    try (var files = Files.walk(snapshot)) {
      return files.anyMatch(
          file -> Files.isRegularFile(file) && DATA.stream().anyMatch(file.toString()::endsWith));
    } catch (IOException failure) {
      throw Reading.failed(snapshot, failure);
    }
  }

  private static boolean has(Path snapshot, String name) {
    return Files.isRegularFile(snapshot.resolve(name));
  }

  /// Makes the snapshot show its files, then lets the revision point to it. A new snapshot appears
  /// whole; one that exists gets the files it lacks.
  ///
  /// @param blobs file name in the repository to content in [#blobs]
  Path publish(String revision, String commit, Map<String, Path> blobs) {
    var snapshot = snapshots().resolve(commit);
    if (Files.isDirectory(snapshot)) {
      try {
        link(snapshot, blobs);
      } catch (IOException failure) {
        throw AtomicFiles.failed(snapshot, failure);
      }
    } else {
      AtomicFiles.folder(snapshot, folder -> link(folder, blobs));
    }
    if (!revision.equals(commit)) {
      AtomicFiles.text(repo.resolve("refs").resolve(revision), commit);
    }
    return snapshot;
  }

  private static void link(Path snapshot, Map<String, Path> blobs) throws IOException {
    for (var file : blobs.entrySet()) {
      var link = snapshot.resolve(file.getKey());
      if (Files.exists(link)) {
        continue;
      }
      var parent = Objects.requireNonNull(link.getParent(), "below the snapshot");
      Files.createDirectories(parent);
      Files.deleteIfExists(link); // a link whose content is gone
      try {
        Files.createSymbolicLink(
            link, parent.toAbsolutePath().relativize(file.getValue().toAbsolutePath()));
      } catch (UnsupportedOperationException | FileSystemException noLinks) {
        Files.copy(file.getValue(), link);
      }
    }
  }
}
