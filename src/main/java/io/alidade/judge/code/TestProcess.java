package io.alidade.judge.code;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// One process that runs tests, watched from outside: what it says behind the secret counts, and
/// everything else is noise with a limit.
final class TestProcess implements AutoCloseable {
  private static final long START_SECONDS = 30;

  /// What was heard of the process.
  ///
  /// @param word `READY`, `PASS`, `FAIL`, `ERROR`; or ours: `OUTPUT` for too much of it, `END`
  private record Heard(String word, String message) {}

  private final Process process;
  private final Limits limits;
  private final String secret;
  private final LinkedBlockingQueue<Heard> heard = new LinkedBlockingQueue<>();

  TestProcess(Process process, Limits limits, String secret) {
    this.process = process;
    this.limits = limits;
    this.secret = secret;
  }

  /// Runs tests until one of them takes the process down. Whether that was its own doing is certain
  /// for the first test alone: threads of an earlier one may have done it. So what is said of a
  /// process that ends, hangs or prints too much is said of its first test, and others are left
  /// out, to be run first in another process.
  ///
  /// @param tests names of classes
  /// @return outcomes of the first tests, at least of one; empty if the process did not start
  List<Outcome> run(List<String> tests) throws InterruptedException {
    var reader = Thread.ofPlatform().daemon().start(this::listen);
    var outcomes = new ArrayList<Outcome>();
    try {
      tell(tests);
      var first = heard.poll(START_SECONDS, TimeUnit.SECONDS);
      if (first == null || !first.word.equals("READY")) {
        return List.of();
      }
      for (int i = 0; i < tests.size(); i++) {
        var next = heard.poll(Math.round(limits.seconds() * 1e9), TimeUnit.NANOSECONDS);
        boolean over = next == null || next.word.equals("END") || next.word.equals("OUTPUT");
        if (!over || i == 0) {
          outcomes.add(outcome(next));
        }
        if (over) {
          break;
        }
      }
      return outcomes;
    } catch (IOException gone) {
      return List.of();
    } finally {
      close();
      reader.join(TimeUnit.SECONDS.toMillis(5));
    }
  }

  /// Whether the process comes up at all; ends it.
  boolean starts() throws InterruptedException {
    Thread.ofPlatform().daemon().start(this::listen);
    try {
      tell(List.of());
      var first = heard.poll(START_SECONDS, TimeUnit.SECONDS);
      return first != null && first.word.equals("READY");
    } catch (IOException gone) {
      return false;
    } finally {
      close();
    }
  }

  private Outcome outcome(@org.jspecify.annotations.Nullable Heard next) {
    if (next == null) {
      return new Outcome(Result.TIMEOUT, "not done after %s s".formatted(limits.seconds()));
    }
    return switch (next.word) {
      case "PASS" -> new Outcome(Result.PASS, "");
      case "FAIL" -> new Outcome(Result.FAIL, next.message);
      case "OUTPUT" ->
          new Outcome(
              Result.OUTPUT, "printed more than %d KiB".formatted(limits.outputKilobytes()));
      case "END" ->
          new Outcome(Result.ERROR, "the process ended before the test did" + next.message);
      default -> new Outcome(Result.ERROR, next.message);
    };
  }

  private void tell(List<String> tests) throws IOException {
    var out = new DataOutputStream(process.getOutputStream()); // left open: its end means our end
    out.writeUTF(secret);
    out.writeInt(tests.size());
    for (var test : tests) {
      out.writeUTF(test);
    }
    out.flush();
  }

  private void listen() {
    try (InputStream in = process.getInputStream()) {
      var line = new StringBuilder();
      var buffer = new byte[1 << 13];
      long total = 0;
      int longest = secret.length() + 2000;
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        total += count;
        if (total > (long) limits.outputKilobytes() << 10) {
          heard.add(new Heard("OUTPUT", ""));
          Jail.end(process);
          return;
        }
        for (int i = 0; i < count; i++) {
          if (buffer[i] == '\n') {
            line(line.toString());
            line.setLength(0);
          } else if (line.length() < longest) {
            line.append((char) (buffer[i] & 0xff));
          }
        }
      }
    } catch (IOException closed) {
      // The process was ended, by itself or by us.
    }
    heard.add(new Heard("END", ""));
  }

  private void line(String line) {
    if (!line.startsWith(secret + " ")) {
      return;
    }
    var parts = line.substring(secret.length() + 1).split(" ", -1);
    var message =
        new String(Base64.getDecoder().decode(parts[1]), StandardCharsets.UTF_8)
            .replaceAll("\\s+", " ");
    heard.add(new Heard(parts[0], message));
  }

  @Override
  public void close() {
    Jail.end(process);
    try {
      process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
