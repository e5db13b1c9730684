package io.alidade.judge.code;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A compiler in a process of its own that stays warm, and is started anew when a source took it
/// down.
final class Compiler implements AutoCloseable {
  private static final Limits LIMITS = new Limits(15, 256, 1 << 20, 1, 64, 1024);
  private static final int ATTEMPTS = 2;

  /// What a compiler made of sources.
  sealed interface Compiled {
    /// Classes by their binary name.
    record Classes(Map<String, byte[]> files) implements Compiled {}

    /// The first error.
    record Error(String message) implements Compiled {}
  }

  private record Running(Folder folder, Process process, DataInputStream in, DataOutputStream out)
      implements AutoCloseable {
    @Override
    public void close() {
      Jail.end(process);
      folder.close();
    }
  }

  private final Jail jail;
  private @Nullable Running running;

  Compiler(Jail jail) {
    this.jail = jail;
  }

  /// Compiles one source.
  ///
  /// @param known classes that it may use
  /// @param name of the file, without its ending
  synchronized Compiled compile(Map<String, byte[]> known, String name, String source) {
    for (int attempt = 1; ; attempt++) {
      try {
        var at = running == null ? (running = start()) : running;
        return within(() -> ask(at, known, name, source));
      } catch (TimeoutException slow) {
        close();
        return new Compiled.Error("the compiler was not done after " + LIMITS.seconds() + " s");
      } catch (IOException died) {
        close(); // by this source, or before it; a second death tells
        if (attempt == ATTEMPTS) {
          return new Compiled.Error("the compiler ran out of memory or died");
        }
      }
    }
  }

  private Running start() throws IOException, TimeoutException {
    var folder = Folder.create();
    Process process;
    try {
      process = jail.start(folder.path(), true, LIMITS, 0);
    } catch (IOException failure) {
      folder.close();
      throw failure;
    }
    var fresh =
        new Running(
            folder,
            process,
            new DataInputStream(process.getInputStream()),
            new DataOutputStream(new BufferedOutputStream(process.getOutputStream())));
    try {
      within(fresh.in::readUTF);
      return fresh;
    } catch (IOException | TimeoutException failure) {
      fresh.close();
      throw failure;
    }
  }

  private static Compiled ask(Running at, Map<String, byte[]> known, String name, String source)
      throws IOException {
    at.out.writeInt(known.size());
    for (var one : known.entrySet()) {
      at.out.writeUTF(one.getKey());
      at.out.writeInt(one.getValue().length);
      at.out.write(one.getValue());
    }
    at.out.writeInt(1);
    at.out.writeUTF(name);
    var text = source.getBytes(StandardCharsets.UTF_8);
    at.out.writeInt(text.length);
    at.out.write(text);
    at.out.flush();
    if (!at.in.readBoolean()) {
      return new Compiled.Error(at.in.readUTF());
    }
    var files = new LinkedHashMap<String, byte[]>();
    int count = at.in.readInt();
    for (int i = 0; i < count; i++) {
      var file = at.in.readUTF();
      files.put(file, at.in.readNBytes(at.in.readInt()));
    }
    return new Compiled.Classes(files);
  }

  @FunctionalInterface
  private interface Talk<T> {
    T get() throws IOException;
  }

  private static <T> T within(Talk<T> talk) throws IOException, TimeoutException {
    var answer = new CompletableFuture<T>();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            answer.complete(talk.get());
          } catch (IOException | RuntimeException failure) {
            answer.completeExceptionally(failure);
          }
        });
    try {
      return answer.get(Math.round(LIMITS.seconds() * 1e3), TimeUnit.MILLISECONDS);
    } catch (ExecutionException failure) {
      throw failure.getCause() instanceof IOException io ? io : new IOException(failure.getCause());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", interrupted);
    }
  }

  @Override
  public synchronized void close() {
    if (running != null) {
      running.close();
      running = null;
    }
  }
}
