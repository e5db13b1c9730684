package io.alidade.serve;

import com.sun.net.httpserver.HttpExchange;
import io.alidade.store.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// One exchange with a client: a body in, at most one response out.
final class Wire {
  static final String JSON = "application/json";
  static final String EVENTS = "text/event-stream";

  /// What is read of a body that is too large, so that its sender comes to read the answer.
  private static final long DISCARDED = 256L << 20;

  private final HttpExchange exchange;
  private final AtomicBoolean begun = new AtomicBoolean(); // whoever sets it sends the response
  private volatile int status;

  Wire(HttpExchange exchange) {
    this.exchange = exchange;
  }

  String method() {
    return exchange.getRequestMethod();
  }

  String path() {
    return exchange.getRequestURI().getPath();
  }

  /// A header of the request, or an empty string.
  String header(String name) {
    var value = exchange.getRequestHeaders().getFirst(name);
    return value == null ? "" : value;
  }

  /// The status that was sent, or 0.
  int status() {
    return status;
  }

  /// The body of a request that must be JSON.
  ///
  /// @throws Failure if it is something else, too large, or not there in time
  String body(Limits limits, ScheduledExecutorService timer) throws IOException {
    if (!header("Content-Type").toLowerCase(java.util.Locale.ROOT).startsWith(JSON)) {
      throw Failure.of(415, "unsupported_media_type", "send JSON, with Content-Type: " + JSON);
    }
    var waiting = new AtomicBoolean(true);
    var reader = Thread.currentThread();
    var late =
        timer.schedule(
            () -> late(waiting, reader), limits.body().toMillis(), TimeUnit.MILLISECONDS);
    try (var in = exchange.getRequestBody()) {
      byte[] bytes = in.readNBytes((int) Math.min(limits.bodyBytes() + 1, Integer.MAX_VALUE - 8));
      if (bytes.length > limits.bodyBytes()) {
        discard(in);
        throw Failure.of(
            413, "body_too_large", "the body has more than %d bytes".formatted(limits.bodyBytes()));
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException _) {
      throw Failure.invalid("", "invalid_json", "the body is not UTF-8");
    } finally {
      late.cancel(false);
      if (!waiting.getAndSet(false)) {
        var _ = Thread.interrupted(); // meant for the wait that is over
      }
    }
  }

  private static void discard(InputStream in) throws IOException {
    var buffer = new byte[1 << 16];
    long left = DISCARDED;
    for (int n = in.read(buffer); n >= 0 && left > 0; n = in.read(buffer)) {
      left -= n;
    }
  }

  /// The client has not sent its body in time: it is told, and the connection ends. Closing the
  /// response would first read the rest of the body, so it is flushed and left; the interrupt of
  /// whoever waits for the body closes the connection.
  private void late(AtomicBoolean waiting, Thread reader) {
    if (!waiting.getAndSet(false)) {
      return; // it came after all
    }
    try {
      if (begun.compareAndSet(false, true)) {
        var failure = Failure.of(408, "body_timeout", "the body did not come in time");
        byte[] bytes = Json.line(failure.json()).getBytes(StandardCharsets.UTF_8);
        status = failure.status();
        exchange.getResponseHeaders().set("Content-Type", JSON);
        exchange.getResponseHeaders().set("Connection", "close");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.getResponseBody().flush();
      }
    } catch (IOException _) {
      // It is gone, or hears nothing; the end is the same.
    } finally {
      reader.interrupt();
    }
  }

  void send(Failure failure) throws IOException {
    failure
        .retryAfter()
        .ifPresent(s -> exchange.getResponseHeaders().set("Retry-After", s.toString()));
    if (failure.status() == 401) {
      exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
    }
    if (failure.status() == 408 || failure.status() == 413) {
      exchange.getResponseHeaders().set("Connection", "close");
    }
    send(failure.status(), JSON, Json.line(failure.json()));
  }

  /// Sends a whole response, unless one has begun.
  void send(int code, String type, String text) throws IOException {
    if (!begun.compareAndSet(false, true)) {
      return;
    }
    status = code;
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(code, bytes.length == 0 ? -1 : bytes.length);
    try (var out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }

  /// Whether a response has begun.
  boolean begun() {
    return begun.get();
  }

  /// Begins a response that is sent in pieces.
  OutputStream begin(String type) throws IOException {
    if (begun.compareAndSet(false, true)) {
      status = 200;
      exchange.getResponseHeaders().set("Content-Type", type);
      if (type.equals(EVENTS)) {
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
      }
      exchange.sendResponseHeaders(200, 0);
    }
    return exchange.getResponseBody();
  }

  void close() {
    exchange.close();
  }
}
