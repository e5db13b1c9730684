package io.alidade.journal;

import io.alidade.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.jar.JarFile;

/// Where a result comes from: enough to repeat it, or to see why it cannot be repeated.
///
/// @param command the command line
/// @param recipe its name
/// @param seed of every random stream
/// @param threads that one operation may use
/// @param device what computed, such as `cpu`
/// @param inputs what was read, with digests
/// @param started when
public record Provenance(
    List<String> command,
    String recipe,
    long seed,
    int threads,
    String device,
    List<Input> inputs,
    Instant started) {
  /// Something that was read.
  ///
  /// @param role `model`, `data`, `eval_data`, …
  /// @param name as the user gave it
  /// @param bytes size of all its files
  /// @param sha256 of the file; of a folder, of the list of its files' names and digests
  public record Input(String role, String name, long bytes, String sha256) {
    /// Reads a file or a folder to the end and digests it.
    ///
    /// @throws UserException if it cannot be read
    public static Input of(String role, String name, Path path) {
      try {
        if (!Files.isDirectory(path)) {
          return new Input(role, name, Files.size(path), digest(path));
        }
        var files = new TreeSet<Path>();
        try (var walk = Files.walk(path)) {
          walk.filter(Files::isRegularFile).forEach(files::add);
        }
        long bytes = 0;
        var list = new StringBuilder();
        for (var file : files) {
          bytes += Files.size(file);
          list.append(digest(file)).append("  ");
          list.append(path.relativize(file).toString().replace('\\', '/')).append('\n');
        }
        var all = newDigest();
        all.update(list.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8));
        return new Input(role, name, bytes, HexFormat.of().formatHex(all.digest()));
      } catch (IOException e) {
        throw new UserException("cannot read %s: %s".formatted(path, e.getMessage()), e);
      }
    }

    private static String digest(Path file) throws IOException {
      var digest = newDigest();
      try (InputStream in = Files.newInputStream(file)) {
        var buffer = new byte[1 << 20];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          digest.update(buffer, 0, read);
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest newDigest() {
      try {
        return MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e); // every Java has it
      }
    }
  }

  /// Everything as it goes into `provenance.json`, with what this process can tell of itself.
  SequencedMap<String, Object> json() {
    var json = new LinkedHashMap<String, Object>();
    json.put("tool", tool());
    json.put("command", command);
    json.put("recipe", recipe);
    json.put("seed", seed);
    json.put("threads", threads);
    json.put("device", device);
    json.put("inputs", inputs.stream().map(Provenance::json).toList());
    json.put("java", javaDetails());
    json.put("machine", machine());
    json.put("libraries", libraries());
    json.put("started", started.toString());
    return json;
  }

  private static Map<String, Object> json(Input input) {
    var json = new LinkedHashMap<String, Object>();
    json.put("role", input.role);
    json.put("name", input.name);
    json.put("bytes", input.bytes);
    json.put("sha256", input.sha256);
    return json;
  }

  private static Map<String, Object> tool() {
    var tool = new LinkedHashMap<String, Object>();
    tool.put("name", "alidade");
    tool.put("version", version());
    commit().ifPresent(commit -> tool.put("commit", commit));
    return tool;
  }

  /// The version of this program: that of its jar, or `development` outside one.
  public static String version() {
    var version = Provenance.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  private static Map<String, Object> javaDetails() {
    var details = new LinkedHashMap<String, Object>();
    details.put("version", System.getProperty("java.version"));
    details.put("vendor", System.getProperty("java.vendor"));
    details.put("vm", System.getProperty("java.vm.name"));
    details.put("max_heap_bytes", Runtime.getRuntime().maxMemory());
    return details;
  }

  private static Map<String, Object> machine() {
    var details = new LinkedHashMap<String, Object>();
    details.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    details.put("arch", System.getProperty("os.arch"));
    details.put("cpu", cpu());
    details.put("processors", Runtime.getRuntime().availableProcessors());
    return details;
  }

  /// The processor's name where Linux tells it, else the architecture.
  public static String cpu() {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElseGet(() -> System.getProperty("os.arch"));
    } catch (IOException | java.io.UncheckedIOException _) {
      return System.getProperty("os.arch");
    }
  }

  /// The jars that this process runs from; the names carry the versions.
  private static List<String> libraries() {
    var names = new TreeSet<String>();
    for (var entry : System.getProperty("java.class.path").split(java.io.File.pathSeparator)) {
      var path = Path.of(entry);
      if (entry.endsWith(".jar") && Files.exists(path)) {
        names.add(path.getFileName().toString());
        names.addAll(classPath(path));
      }
    }
    return new ArrayList<>(names);
  }

  private static List<String> classPath(Path jar) {
    try (var file = new JarFile(jar.toFile())) {
      var manifest = file.getManifest();
      var value = manifest == null ? null : manifest.getMainAttributes().getValue("Class-Path");
      return value == null
          ? List.of()
          : java.util.Arrays.stream(value.split(" "))
              .map(name -> name.substring(name.lastIndexOf('/') + 1))
              .toList();
    } catch (IOException _) {
      return List.of();
    }
  }

  /// The commit of the checkout that this program was built in, if it runs from one.
  private static Optional<String> commit() {
    try {
      var source = Provenance.class.getProtectionDomain().getCodeSource();
      if (source == null || !source.getLocation().getProtocol().equals("file")) {
        return Optional.empty();
      }
      // <checkout>/target/alidade.jar or <checkout>/target/classes
      var target = Path.of(source.getLocation().toURI()).getParent();
      var root = target == null ? null : target.getParent();
      if (root == null || !Files.isRegularFile(root.resolve(".git/HEAD"))) {
        return Optional.empty();
      }
      var head = Files.readString(root.resolve(".git/HEAD")).strip();
      if (!head.startsWith("ref: ")) {
        return Optional.of(head);
      }
      var ref = head.substring("ref: ".length());
      var loose = root.resolve(".git").resolve(ref);
      if (Files.isRegularFile(loose)) {
        return Optional.of(Files.readString(loose).strip());
      }
      try (var packed = Files.lines(root.resolve(".git/packed-refs"))) {
        return packed
            .filter(line -> line.endsWith(" " + ref))
            .map(line -> line.substring(0, line.indexOf(' ')))
            .findFirst();
      }
    } catch (IOException | java.net.URISyntaxException _) {
      return Optional.empty();
    }
  }
}
