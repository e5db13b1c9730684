package io.alidade.store;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// Finds models and datasets: on this machine's paths, in the hub's standard cache folder, or,
/// where there is a network, on the hub itself, from which it fills that cache.
///
/// The environment decides, as for the Hugging Face libraries: `HF_HUB_CACHE` or `HF_HOME` (the
/// cache; `~/.cache/huggingface/hub` by default), `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`. What
/// the cache holds in full is used without asking the network for something newer.
public final class Hub {
  private static final List<String> LOCAL_ENDINGS =
      List.of(
          ".jsonl", ".json", ".csv", ".parquet", ".safetensors", ".yaml", ".yml", ".txt", ".jinja");

  /// Two threads of one process cannot wait for each other with a file lock.
  private static final ReentrantLock ONE_AT_A_TIME = new ReentrantLock();

  /// What is looked for.
  public enum Kind {
    /// A checkpoint folder or adapter.
    MODEL("models", "model"),
    /// Rows in JSON Lines, JSON, CSV or Parquet.
    DATASET("datasets", "dataset");

    private final String folder;
    private final String word;

    Kind(String folder, String word) {
      this.folder = folder;
      this.word = word;
    }

    String folder() {
      return folder;
    }

    String word() {
      return word;
    }
  }

  /// Told while a file is fetched; may be called many times a second.
  @FunctionalInterface
  public interface Progress {
    /// `done` of `total` bytes of `file` are here.
    void bytes(String file, long done, long total);
  }

  private final Path root;
  private final HubClient client;
  private final boolean offline;
  private final Progress progress;

  /// A hub under the given environment variables and home folder.
  public Hub(Map<String, String> environment, Path home, Progress progress) {
    this(environment, home, progress, Duration.ofSeconds(1));
  }

  Hub(Map<String, String> environment, Path home, Progress progress, Duration pause) {
    this.root = HubCache.root(environment, home);
    var endpoint = environment.getOrDefault("HF_ENDPOINT", "");
    this.client =
        new HubClient(
            endpoint.isBlank()
                ? "https://huggingface.co"
                : endpoint.strip().replaceFirst("/+$", ""),
            new HubHttp(
                Optional.of(environment.getOrDefault("HF_TOKEN", "").strip())
                    .filter(token -> !token.isEmpty())),
            pause);
    this.offline =
        List.of("1", "true", "yes", "on")
            .contains(environment.getOrDefault("HF_HUB_OFFLINE", "").toLowerCase(Locale.ROOT));
    this.progress = progress;
    if (!client.endpoint().matches("https?://[A-Za-z0-9._:\\[\\]-]+(/[A-Za-z0-9._~/-]*)?")) {
      throw new UserException(
          "HF_ENDPOINT: " + Shown.quoted(endpoint) + " is no http or https address");
    }
    if (client.http().token().filter(token -> !token.matches("[!-~]+")).isPresent()) {
      throw new UserException("HF_TOKEN: holds spaces or other signs a token cannot have");
    }
  }

  /// The hub of this process's environment.
  public static Hub ofSystem(Progress progress) {
    return new Hub(System.getenv(), Path.of(System.getProperty("user.home", ".")), progress);
  }

  /// The folder or file that a name stands for. A path that exists here wins over the hub.
  ///
  /// @param nameOrPath a path, or `org/name[@revision]`
  /// @return an existing file or folder; for hub names a folder
  /// @throws UserException if it is neither here nor to be had, with what to do
  public Path resolve(String nameOrPath, Kind kind) {
    Path local;
    try {
      local = Path.of(nameOrPath);
    } catch (InvalidPathException failure) {
      throw new UserException(Shown.quoted(nameOrPath) + ": not a possible path", failure);
    }
    if (!nameOrPath.isBlank() && Files.exists(local)) {
      return local;
    }
    var name = HubName.parse(nameOrPath);
    boolean file = LOCAL_ENDINGS.stream().anyMatch(nameOrPath::endsWith);
    if (name.isPresent() && !file) {
      return find(name.get(), kind, local);
    }
    boolean path = file || nameOrPath.contains("/") || nameOrPath.contains("\\");
    throw new UserException(
        Shown.quoted(nameOrPath)
            + ": no such file or folder"
            + (nameOrPath.isBlank() ? "" : Reading.similar(local))
            + (path ? "" : "; a " + kind.word() + " on the hub is named org/name[@revision]"));
  }

  private Path find(HubName name, Kind kind, Path local) {
    var cache = HubCache.of(root, kind, name);
    var snapshot = cache.snapshot(name.revision());
    var missing = snapshot.map(folder -> HubCache.missing(kind, folder));
    if (missing.isPresent() && missing.get().isEmpty()) {
      return snapshot.orElseThrow();
    }
    var state =
        missing
            .map(files -> "the cache " + cache.repo() + " lacks " + String.join(", ", files))
            .orElse("not a path here and not in the cache " + cache.repo());
    if (offline) {
      throw new UserException(
          name
              + ": "
              + state
              + ", and HF_HUB_OFFLINE forbids fetching it; unset HF_HUB_OFFLINE"
              + orElse(kind)
              + Reading.similar(local));
    }
    ONE_AT_A_TIME.lock();
    try {
      return download(name, kind, cache);
    } catch (HubHttp.Unreachable failure) {
      throw new UserException(
          "%s: %s, and %s cannot be reached (%s); connect this machine or set HF_ENDPOINT to a mirror%s%s"
              .formatted(
                  name,
                  state,
                  client.endpoint(),
                  Shown.firstLine(failure),
                  orElse(kind),
                  Reading.similar(local)),
          failure);
    } catch (IOException failure) {
      throw AtomicFiles.failed(cache.repo(), failure);
    } finally {
      ONE_AT_A_TIME.unlock();
    }
  }

  private static String orElse(Kind kind) {
    return switch (kind) {
      case MODEL ->
          ", or copy the model's folder (config.json, tokenizer.json, *.safetensors) here and pass"
              + " its path, or set HF_HOME to a folder whose hub/ has it";
      case DATASET ->
          ", or copy the data files here and pass their path, or set HF_HOME to a folder whose hub/"
              + " has them";
    };
  }

  private Path download(HubName name, Kind kind, HubCache cache) throws IOException {
    var listing = client.list(kind, name);
    var wanted = wanted(kind, listing.files());
    if (wanted.isEmpty()) {
      throw new UserException(
          name
              + ": "
              + client.endpoint()
              + " has it, but without "
              + (kind == Kind.MODEL
                  ? "safetensors weights; choose a repository that has model.safetensors"
                  : "*.jsonl, *.json, *.csv or *.parquet files; convert it first"));
    }
    Map<String, Path> blobs = new LinkedHashMap<>();
    for (var file : wanted) {
      blobs.put(file, blob(name, kind, cache, listing.commit(), file));
    }
    return cache.publish(name.revision(), listing.commit(), blobs);
  }

  /// The files worth fetching: for a model what its layout names, at the top of the repository only
  /// (other folders hold other formats of the same weights); for a dataset its rows.
  static List<String> wanted(Kind kind, List<String> files) {
    if (kind == Kind.DATASET) {
      return files.stream()
          .filter(file -> HubCache.DATA.stream().anyMatch(file::endsWith))
          .toList();
    }
    var top = files.stream().filter(file -> !file.contains("/")).toList();
    var weights =
        top.stream()
            .filter(file -> file.matches("(model|model-\\d+-of-\\d+|adapter_model)\\.safetensors"))
            .toList();
    if (weights.isEmpty()) {
      return List.of();
    }
    return top.stream()
        .filter(file ->
            weights.contains(file)
                || file.matches("[A-Za-z0-9._-]+\\.(json|jinja|model)")
                || file.equals("merges.txt")
                || file.equals("vocab.txt"))
        .toList();
  }

  private Path blob(HubName name, Kind kind, HubCache cache, String commit, String file)
      throws IOException {
    var url = client.url(kind, name, commit, file);
    var remote = client.describe(kind, name, url, file);
    var blob = cache.blobs().resolve(remote.checksum());
    if (Files.exists(blob) && Files.size(blob) == remote.size()) {
      return blob;
    }
    var incomplete = cache.blobs().resolve(remote.checksum() + ".incomplete");
    Files.createDirectories(cache.blobs());
    try (var channel =
            FileChannel.open(incomplete, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        var lock = channel.lock()) { // another process fetching the same file is waited for
      if (!lock.isValid() || (Files.exists(blob) && Files.size(blob) == remote.size())) {
        return blob;
      }
      client.fetch(url, remote, channel, done -> progress.bytes(file, done, remote.size()));
      channel.force(true);
    }
    var checksum =
        remote.checksum().length() == 64
            ? ContentHash.of(incomplete)
            : ContentHash.gitBlob(incomplete);
    if (!checksum.equals(remote.checksum())) {
      Files.delete(incomplete);
      throw new UserException(
          "%s, file %s: came with checksum %s, the hub states %s; nothing was kept, try again"
              .formatted(name, Shown.quoted(file), checksum, remote.checksum()));
    }
    try {
      Files.move(incomplete, blob, StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException taken) {
      if (!Files.exists(blob)) { // otherwise another process finished the same file first
        throw taken;
      }
    }
    return blob;
  }
}
