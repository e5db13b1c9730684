package io.alidade.serve;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.alidade.UserException;
import io.alidade.generation.LanguageModel;
import io.alidade.store.Json;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// A server of OpenAI's interface on the JDK's own HTTP server: `/v1/chat/completions`,
/// `/v1/completions`, `/v1/models`, `/health` and `/metrics`. Each request has a virtual thread
/// that reads, waits and writes; each model has one thread that draws.
public final class Server implements AutoCloseable {
  private static final String CHAT = "/v1/chat/completions";
  private static final String COMPLETIONS = "/v1/completions";
  private static final String MODELS = "/v1/models";

  private final HttpServer http;
  private final SequencedMap<String, Worker> workers = new LinkedHashMap<>();
  private final Limits limits;
  private final Optional<String> token;
  private final InstantSource clock = InstantSource.system();
  private final Consumer<String> log;
  private final Metrics metrics = new Metrics();
  private final Jobs jobs;
  private final long began;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory());
  private final AtomicInteger exchanges = new AtomicInteger();
  private final Set<Job> going = ConcurrentHashMap.newKeySet();
  private volatile boolean draining;

  private Server(HttpServer http, Limits limits, Optional<String> token, Consumer<String> log) {
    this.http = http;
    this.limits = limits;
    this.token = token;
    this.log = log;
    jobs = new Jobs(limits);
    began = clock.instant().getEpochSecond();
  }

  /// Starts a server.
  ///
  /// @param address to listen at; port 0 takes a free one
  /// @param models by the names that requests give them; they stay their owner's to close, after
  ///   the server
  /// @param token that clients must bear, if any
  /// @param log told of every request in one line
  /// @throws UserException if the address cannot be had
  public static Server start(
      InetSocketAddress address,
      SequencedMap<String, LanguageModel> models,
      Limits limits,
      Optional<String> token,
      Consumer<String> log) {
    // Of the whole process, and read once: clients that send half a header are let go, and there is
    // an end to how many are held.
    defaults("sun.net.httpserver.maxReqTime", "120");
    defaults("jdk.httpserver.maxConnections", "1024");
    HttpServer http;
    try {
      http = HttpServer.create(address, 128);
    } catch (IOException failure) {
      throw new UserException(
          "%s:%d: cannot listen there: %s; choose another --port"
              .formatted(address.getHostString(), address.getPort(), failure.getMessage()),
          failure);
    }
    var server = new Server(http, limits, token, log);
    models.forEach((name, model) ->
        server.workers.put(name, new Worker(name, model, limits, server.metrics, log)));
    http.createContext("/", server::handle);
    http.setExecutor(server.threads);
    http.start();
    return server;
  }

  private static void defaults(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /// Where it listens.
  public InetSocketAddress address() {
    return http.getAddress();
  }

  private void handle(HttpExchange exchange) {
    exchanges.incrementAndGet();
    var wire = new Wire(exchange);
    long start = System.nanoTime();
    var said = new StringBuilder(); // what the log says besides
    try {
      answer(wire, said);
    } catch (Failure failure) {
      said.append(": ").append(failure.getMessage());
      send(wire, failure);
    } catch (IOException gone) {
      metrics.disconnected();
      said.append(": the client went (").append(gone.getMessage()).append(')');
    } catch (RuntimeException | OutOfMemoryError failure) {
      said.append(": ").append(failure);
      send(wire, Failure.of(500, "internal_error", "a mistake of the server; its log says more"));
    } finally {
      wire.close();
      long took = System.nanoTime() - start;
      metrics.request(known(wire.path()), wire.status(), took);
      log.accept(
          line(
              String.format(
                  Locale.ROOT,
                  "%s %s %d, %.3f s%s",
                  wire.method(),
                  wire.path(),
                  wire.status(),
                  took / 1e9,
                  said)));
      exchanges.decrementAndGet();
    }
  }

  private static void send(Wire wire, Failure failure) {
    try {
      wire.send(failure);
    } catch (IOException _) {
      // It did not wait for the answer.
    }
  }

  private static String known(String path) {
    return switch (path) {
      case CHAT, COMPLETIONS, MODELS, "/health", "/metrics" -> path;
      default -> "other";
    };
  }

  /// Whatever a client wrote, on one line.
  private static String line(String text) {
    var plain = text.replaceAll("\\p{Cntrl}+", " ");
    return plain.length() <= 500 ? plain : plain.substring(0, 500) + "…";
  }

  private void answer(Wire wire, StringBuilder said) throws IOException {
    var path = wire.path();
    if (path.equals("/health")) {
      allow(wire, "GET");
      wire.send(
          draining ? 503 : 200,
          Wire.JSON,
          Json.line(Map.of("status", draining ? "draining" : "ok")));
      return;
    }
    authorise(wire);
    switch (path) {
      case CHAT, COMPLETIONS -> {
        allow(wire, "POST");
        complete(wire, path.equals(CHAT), said);
      }
      case MODELS -> {
        allow(wire, "GET");
        var all = workers.keySet().stream().map(this::card).toList();
        wire.send(200, Wire.JSON, Json.line(list(all)));
      }
      case "/metrics" -> {
        allow(wire, "GET");
        wire.send(200, "text/plain; version=0.0.4", metrics.text(workers));
      }
      default -> {
        if (!path.startsWith(MODELS + "/")) {
          throw Failure.of(404, "not_found", "nothing is at this path; see /v1/models");
        }
        allow(wire, "GET");
        var name = path.substring(MODELS.length() + 1);
        worker(name);
        wire.send(200, Wire.JSON, Json.line(card(name)));
      }
    }
  }

  private static void allow(Wire wire, String method) {
    if (!wire.method().equals(method)) {
      throw Failure.of(405, "method_not_allowed", "use " + method + " here");
    }
  }

  private void authorise(Wire wire) {
    if (token.isPresent()
        && !MessageDigest.isEqual(
            ("Bearer " + token.get()).getBytes(StandardCharsets.UTF_8),
            wire.header("Authorization").getBytes(StandardCharsets.UTF_8))) {
      throw Failure.of(
          401, "invalid_api_key", "send the server's token as Authorization: Bearer …");
    }
  }

  private static Map<String, Object> list(List<Map<String, Object>> data) {
    var list = new LinkedHashMap<String, Object>();
    list.put("object", "list");
    list.put("data", data);
    return list;
  }

  private Map<String, Object> card(String name) {
    var card = new LinkedHashMap<String, Object>();
    card.put("id", name);
    card.put("object", "model");
    card.put("created", began);
    card.put("owned_by", "alidade");
    return card;
  }

  private Worker worker(String name) {
    var worker = workers.get(name);
    if (worker == null) {
      throw Failure.of(
          404,
          "model_not_found",
          "no model is named '%s'; there are %s"
              .formatted(
                  name.length() <= 80 ? name : name.substring(0, 80) + "…",
                  String.join(", ", workers.keySet())));
    }
    return worker;
  }

  private void complete(Wire wire, boolean chat, StringBuilder said) throws IOException {
    var ask = AskReader.read(wire.body(limits, timer), chat);
    if (draining) {
      throw Failure.of(503, "shutting_down", "the server is shutting down");
    }
    var worker = worker(ask.model());
    var job = jobs.job(ask, worker.model());
    var reply = new Reply(ask, job, worker.model().tokenizer(), clock.instant().getEpochSecond());
    going.add(job);
    try {
      worker.submit(job);
      new Answering(wire, ask, job, reply, limits.heartbeat()).run();
    } finally {
      job.cut(); // whatever is still drawn is drawn for nobody
      going.remove(job);
      metrics.tokens(job.promptTokens(), reply.drawn());
      said.append(
          ", %s, %d prompt tokens, %d drawn"
              .formatted(ask.model(), job.promptTokens(), reply.drawn()));
    }
  }

  /// Turns new requests away, lets those that run finish for some time and cuts them then, and
  /// ends.
  public void stop(Duration grace) {
    draining = true;
    await(grace);
    going.forEach(Job::cut);
    await(Duration.ofSeconds(5)); // cut answers are still sent
    http.stop(0);
    workers.values().forEach(Worker::close);
    timer.shutdownNow();
    threads.shutdownNow();
  }

  private void await(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    try {
      while (exchanges.get() > 0 && System.nanoTime() - end < 0) {
        Thread.sleep(10);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    stop(Duration.ZERO);
  }
}
