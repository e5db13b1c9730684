package io.alidade.journal;

import io.alidade.UserException;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// The folder of one run: `resolved.yaml`, `provenance.json`, `metrics.jsonl`,
/// `events.out.tfevents.*`, `checkpoints/`, `model/`, `report.html`. Locked while it is open, so
/// that no second process writes into it.
public final class RunFolder implements AutoCloseable {
  private static final String LOCK = ".lock";
  private static final String RESOLVED = "resolved.yaml";
  private static final String PROVENANCE = "provenance.json";

  private final Path path;
  private final FileChannel lockFile;

  private RunFolder(Path path, FileChannel lockFile) {
    this.path = path;
    this.lockFile = lockFile;
  }

  /// Opens the folder of a run.
  ///
  /// @param out the folder; made where it is missing
  /// @param resume whether to continue the run that it holds
  /// @throws UserException if it holds a run and `resume` is false, if it holds none and `resume`
  ///   is true, if something else is in it, or if another process has it open
  public static RunFolder create(Path out, boolean resume) {
    boolean run = holdsRun(out);
    if (run && !resume) {
      throw new UserException(
          out + " already holds a run: add --resume to continue it, or choose another --out");
    }
    if (resume && !Files.isDirectory(out)) {
      throw new UserException("nothing to resume: there is no folder " + out);
    }
    try {
      if (!run && Files.exists(out) && (!Files.isDirectory(out) || !isEmpty(out))) {
        throw new UserException(
            out + " exists and is not the folder of a run: choose another --out");
      }
      Files.createDirectories(out);
      var channel =
          FileChannel.open(out.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (!locked(channel)) {
        channel.close();
        throw new UserException(
            out + " is in use by another process: wait for it, or choose another --out");
      }
      for (var folder : List.of(out, out.resolve("checkpoints"), out.resolve("rounds"))) {
        AtomicFiles.sweep(folder);
      }
      return new RunFolder(out, channel);
    } catch (IOException e) {
      throw new UserException(
          "cannot use %s as output folder (%s): choose another --out".formatted(out, reason(e)), e);
    }
  }

  private static String reason(IOException e) {
    return switch (e) {
      case java.nio.file.AccessDeniedException _ -> "permission denied";
      case java.nio.file.FileAlreadyExistsException file -> file.getFile() + " is a file";
      default -> String.valueOf(e.getMessage());
    };
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException _) {
      return false;
    }
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.allMatch(file -> file.getFileName().toString().equals(LOCK));
    }
  }

  /// Whether a folder holds a run.
  public static boolean holdsRun(Path folder) {
    return Files.exists(folder.resolve(RESOLVED));
  }

  /// Where a run goes that names no folder: `runs/<recipe>-<time>`.
  public static Path fresh(Path runs, String recipe, LocalDateTime now) {
    return runs.resolve(recipe + "-" + now.format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss")));
  }

  /// The run that `--resume` means when it names no folder: the newest of that recipe which did not
  /// finish.
  public static Optional<Path> latestUnfinished(Path runs, String recipe) {
    if (!Files.isDirectory(runs)) {
      return Optional.empty();
    }
    try (var folders = Files.list(runs)) {
      return folders
          .filter(folder ->
              folder
                  .getFileName()
                  .toString()
                  .matches(java.util.regex.Pattern.quote(recipe) + "-\\d{8}-\\d{6}"))
          .filter(folder -> holdsRun(folder) && !isFinished(folder))
          .max(Comparator.comparing(folder -> folder.getFileName().toString()));
    } catch (IOException e) {
      throw new UserException("cannot list %s: %s".formatted(runs, e.getMessage()), e);
    }
  }

  /// Whether a folder holds a run that ended well.
  public static boolean isFinished(Path folder) {
    var file = folder.resolve(PROVENANCE);
    return Files.exists(file) && Json.readObject(file).has("finished");
  }

  /// The folder itself.
  public Path path() {
    return path;
  }

  /// Where checkpoints go.
  public Path checkpoints() {
    return path.resolve("checkpoints");
  }

  /// Where the tuned model goes.
  public Path model() {
    return path.resolve("model");
  }

  /// Where the page goes.
  public Path report() {
    return path.resolve("report.html");
  }

  /// Writes down what is run; on a resumed run, checks that it is the same instead.
  ///
  /// @param yaml recipe and scale with every default spelled out
  /// @throws UserException naming the first line that differs
  public void resolved(String yaml) {
    var file = path.resolve(RESOLVED);
    if (!Files.exists(file)) {
      AtomicFiles.text(file, yaml);
      return;
    }
    try {
      var old = Files.readString(file).lines().toList();
      var now = yaml.lines().toList();
      for (int i = 0; i < Math.max(old.size(), now.size()); i++) {
        var before = i < old.size() ? old.get(i).strip() : "nothing";
        var after = i < now.size() ? now.get(i).strip() : "nothing";
        if (!before.equals(after)) {
          throw new UserException(
              ("%s line %d: the run was started with '%s', now it is '%s': resume with the same"
                      + " settings, or choose another --out")
                  .formatted(file, i + 1, before, after));
        }
      }
    } catch (IOException e) {
      throw new UserException("cannot read %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  /// Writes down where the run comes from. A resumed run keeps the first start and lists the others
  /// under `resumed`.
  public void provenance(Provenance provenance) {
    var json = provenance.json();
    var file = path.resolve(PROVENANCE);
    if (Files.exists(file)) {
      var old = Json.readObject(file);
      var resumed = new java.util.ArrayList<String>();
      old.path("resumed").forEach(time -> resumed.add(time.asString()));
      resumed.add(provenance.started().toString());
      json.put("started", old.path("started").asString());
      json.put("resumed", List.copyOf(resumed));
    }
    Json.write(file, json);
  }

  /// Writes down that the run ended well, and when.
  public void finished(Instant when) {
    var file = path.resolve(PROVENANCE);
    var json = Json.readObject(file);
    json.put("finished", when.toString());
    Json.write(file, json);
  }

  /// Opens `metrics.jsonl` and a TensorBoard event file, without what was logged after a step: a
  /// resumed run logs that again.
  ///
  /// @param step of the checkpoint that the run continues from, -1 if there is none: what was
  ///   logged at step 0 is logged again then
  public Journal metrics(long step) {
    return Journal.of(
        MetricsFile.open(path.resolve("metrics.jsonl"), step, System::nanoTime),
        new Events(path, step, InstantSource.system()));
  }

  @Override
  public void close() {
    try {
      if (!holdsRun(path) && isEmpty(path)) { // nothing began, so nothing stays
        Files.delete(path.resolve(LOCK));
        Files.delete(path);
      }
    } catch (IOException _) {
      // An empty folder that stays is no harm, and it is no reason to hide why nothing began.
    }
    try {
      lockFile.close(); // frees the lock
    } catch (IOException e) {
      throw new UserException("cannot close %s: %s".formatted(path, e.getMessage()), e);
    }
  }
}
