package io.alidade.serve;

import io.alidade.store.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CancellationException;

/// Sends what comes of a job: at once when it is complete, or in pieces as it comes.
///
/// A client that waits for long is sent something that means nothing (blanks before JSON, comments
/// among events). It costs nothing, and fails when the client is gone.
final class Answering {
  private final Wire wire;
  private final Ask ask;
  private final Job job;
  private final Reply reply;
  private final Duration heartbeat;
  private boolean opened; // whether the stream's first pieces were sent
  private long heard = System.nanoTime(); // when the client was last sent something

  Answering(Wire wire, Ask ask, Job job, Reply reply, Duration heartbeat) {
    this.wire = wire;
    this.ask = ask;
    this.job = job;
    this.reply = reply;
    this.heartbeat = heartbeat;
  }

  /// Sends the answer.
  ///
  /// @throws Failure if nothing comes of it, and nothing has been sent
  /// @throws IOException if the client is gone
  void run() throws IOException {
    while (!reply.complete()) {
      var event = next();
      if (event instanceof Job.Event.Broken(var message)) {
        broken(message);
        return;
      }
      if (event != null) {
        reply.add(event);
        if (ask.stream()) {
          var piece = reply.piece(event);
          if (piece.isPresent()) {
            event(piece.get());
          }
        }
      }
      if (System.nanoTime() - heard >= heartbeat.toNanos()) {
        write(ask.stream() ? ": still at work\n\n" : " ");
      }
    }
    if (ask.stream()) {
      var ending = reply.ending();
      if (ending.isPresent()) {
        event(ending.get());
      }
      write("data: [DONE]\n\n");
    } else if (wire.begun()) {
      write(Json.line(reply.whole()));
    } else {
      wire.send(200, Wire.JSON, Json.line(reply.whole()));
      return;
    }
    wire.begin(Wire.JSON).close();
  }

  private Job.@org.jspecify.annotations.Nullable Event next() {
    try {
      return job.next(heartbeat.minusNanos(System.nanoTime() - heard));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    }
  }

  private void broken(String message) throws IOException {
    var failure = Failure.of(500, "drawing_failed", message);
    if (!wire.begun()) {
      throw failure;
    }
    if (ask.stream()) {
      write("data: " + Json.line(failure.json()) + "\n\n");
    }
    throw new IOException(message); // an answer that has begun can only be cut
  }

  private void event(Map<String, Object> piece) throws IOException {
    if (!opened) {
      opened = true;
      for (var opening : reply.opening()) {
        write("data: " + Json.line(opening) + "\n\n");
      }
    }
    write("data: " + Json.line(piece) + "\n\n");
  }

  private void write(String text) throws IOException {
    var out = wire.begin(ask.stream() ? Wire.EVENTS : Wire.JSON);
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
    heard = System.nanoTime();
  }
}
