package io.alidade.mine;

import io.alidade.UserException;
import io.alidade.store.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// A folder of mined rows: `train.jsonl`, `test.jsonl` and, if classes were held out,
/// `test-classes.jsonl` (prompt, chosen, rejected), `methods.jsonl` and `methods-test.jsonl`
/// (prompt, completion), and `manifest.json`, which is written last. Each file appears whole or not
/// at all.
public final class MinedFolder {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final JsonMapper PRETTY =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private MinedFolder() {}

  /// Writes all files, over those of an earlier run.
  ///
  /// @param clock what dates the manifest
  /// @throws UserException where the folder cannot be written
  public static void write(Mined mined, Path folder, InstantSource clock) {
    try {
      Files.createDirectories(folder);
      // An old manifest must not describe new rows if this run is cut short.
      Files.deleteIfExists(folder.resolve("manifest.json"));
      var files = new LinkedHashMap<String, Object>();
      if (!mined.options().onlyMethods()) {
        files.put("train.jsonl", rows(folder, "train.jsonl", mined.train(), MethodPair::row));
        files.put("test.jsonl", rows(folder, "test.jsonl", mined.test(), MethodPair::row));
        if (mined.options().holdoutClasses() > 0) {
          var name = "test-classes.jsonl";
          files.put(name, rows(folder, name, mined.testClasses(), MethodPair::row));
        }
      }
      files.put(
          "methods.jsonl", rows(folder, "methods.jsonl", mined.trainMethods(), MinedMethod::row));
      files.put(
          "methods-test.jsonl",
          rows(folder, "methods-test.jsonl", mined.testMethods(), MinedMethod::row));
      var manifest = new LinkedHashMap<String, Object>();
      manifest.put("tool", "alidade " + version());
      manifest.put("created", clock.instant().toString());
      manifest.put("options", options(mined.options()));
      manifest.put("files", files);
      manifest.put("libraries", mined.libraries());
      var text = PRETTY.writeValueAsString(manifest) + "\n";
      AtomicFiles.text(folder.resolve("manifest.json"), text);
    } catch (IOException e) {
      throw new UserException(
          "%s: cannot be written (%s); free space or choose another folder".formatted(folder, e),
          e);
    }
  }

  private static Map<String, Object> options(MineOptions options) {
    var all = new LinkedHashMap<String, Object>();
    all.put("versions", options.onlyMethods() ? 1 : options.versions());
    all.put("max_chars", options.maxChars());
    all.put("holdout", options.holdout().stream().sorted().toList());
    all.put("holdout_classes", options.holdoutClasses());
    all.put("exclude", options.exclude());
    all.put("permissive_only", options.permissiveOnly());
    all.put("only_methods", options.onlyMethods());
    return all;
  }

  private record Written(int rows, long bytes, String sha256) {}

  private static <T> Written rows(
      Path folder, String name, List<T> rows, Function<T, Map<String, String>> row)
      throws IOException {
    var file = folder.resolve(name);
    AtomicFiles.write(
        file,
        out -> {
          for (var one : rows) {
            out.write(JSON.writeValueAsBytes(row.apply(one)));
            out.write('\n');
          }
        });
    return new Written(rows.size(), Files.size(file), Sha256.of(file));
  }

  private static String version() {
    return Optional.ofNullable(Miner.class.getPackage().getImplementationVersion())
        .orElse("development");
  }
}
