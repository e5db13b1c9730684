package io.alidade.mine;

import io.alidade.store.AtomicFiles;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// Methods of archives already parsed, a file each, named by the archive's SHA-256: an interrupted
/// run goes on where it stopped. A damaged file is parsed anew.
final class ParseCache {
  /// Raised whenever [MethodReader] reads something differently.
  private static final int FORMAT = 1;

  private static final JsonMapper JSON = JsonMapper.shared();

  private final Path folder;

  ParseCache(Path folder) {
    this.folder = folder;
  }

  private record Head(int format, int files, int failures, int skipped, int methods) {}

  SourceArchive.Parsed read(Path jar, String sha256) {
    var file = folder.resolve(sha256 + ".v" + FORMAT + ".jsonl.gz");
    if (Files.exists(file)) {
      try {
        return load(file);
      } catch (IOException | JacksonException e) {
        // Truncated or foreign: falls through to parsing, which replaces it.
      }
    }
    var parsed = SourceArchive.read(jar);
    AtomicFiles.write(file, out -> store(out, parsed));
    return parsed;
  }

  private static SourceArchive.Parsed load(Path file) throws IOException {
    try (var in =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
      var first = in.readLine();
      if (first == null) {
        throw new IOException("empty");
      }
      var head = JSON.readValue(first, Head.class);
      var methods = new ArrayList<SourceMethod>(head.methods());
      for (var line = in.readLine(); line != null; line = in.readLine()) {
        methods.add(JSON.readValue(line, SourceMethod.class));
      }
      if (methods.size() != head.methods() || head.format() != FORMAT) {
        throw new IOException("incomplete");
      }
      return new SourceArchive.Parsed(methods, head.files(), head.failures(), head.skipped());
    }
  }

  private static void store(OutputStream file, SourceArchive.Parsed parsed) throws IOException {
    var zipped = new GZIPOutputStream(file, 1 << 16); // finished, not closed: the file is not ours
    var head =
        new Head(
            FORMAT, parsed.files(), parsed.failures(), parsed.skipped(), parsed.methods().size());
    zipped.write(JSON.writeValueAsBytes(head));
    zipped.write('\n');
    for (var method : parsed.methods()) {
      zipped.write(JSON.writeValueAsBytes(method));
      zipped.write('\n');
    }
    zipped.finish();
  }
}
