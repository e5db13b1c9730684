package io.alidade.judge.chat;

import io.alidade.UserException;
import io.alidade.store.Json;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Asks a language model, and asks again if need be. May be used by several threads.
public final class ChatClient implements AutoCloseable {
  private static final int LONGEST_BODY = 8 << 20;

  /// Time, so that tests need not wait for it.
  interface Clock {
    /// Seconds since some moment.
    double now();

    /// Waits.
    void sleep(double seconds) throws InterruptedException;
  }

  private static final Clock REAL =
      new Clock() {
        @Override
        public double now() {
          return System.nanoTime() / 1e9;
        }

        @Override
        public void sleep(double seconds) throws InterruptedException {
          Thread.sleep(Duration.ofNanos(Math.round(seconds * 1e9)));
        }
      };

  /// What came of a question.
  public sealed interface Reply {
    /// An answer that was accepted.
    record Accepted(String text) implements Reply {}

    /// None.
    ///
    /// @param why in a few words
    record Failed(String why) implements Reply {}
  }

  private final Endpoint endpoint;
  private final Patience patience;
  private final Price price;
  private final Clock clock;
  private final String key;
  private final AnswerCache cache;
  private final HttpClient http;
  private double next; // when the next request may go out
  private Spent spent = Spent.NOTHING;

  /// A client for one model.
  ///
  /// @param cache folder for answers, if they are to be remembered
  /// @param log told of damaged files
  public ChatClient(
      Endpoint endpoint,
      Patience patience,
      Price price,
      Optional<Path> cache,
      Consumer<String> log) {
    this(endpoint, patience, price, cache, log, System::getenv, REAL);
  }

  ChatClient(
      Endpoint endpoint,
      Patience patience,
      Price price,
      Optional<Path> cache,
      Consumer<String> log,
      UnaryOperator<@Nullable String> environment,
      Clock clock) {
    this.endpoint = endpoint;
    this.patience = patience;
    this.price = price;
    this.clock = clock;
    this.cache = new AnswerCache(cache, log);
    this.key = key(endpoint.keyVariable(), environment);
    this.http =
        HttpClient.newBuilder()
            .connectTimeout(Duration.ofMillis(Math.round(endpoint.timeoutSeconds() * 1e3)))
            .build();
    this.next = clock.now();
  }

  private static String key(String variable, UnaryOperator<@Nullable String> environment) {
    if (variable.isEmpty()) {
      return "";
    }
    var key = environment.apply(variable);
    if (key == null || key.isBlank()) {
      throw new UserException(
          "the environment variable %s holds no key; set it, or leave key_variable empty"
              .formatted(variable));
    }
    return key.strip();
  }

  /// Asks one question.
  ///
  /// @param seed of the model's draws and of the waits between attempts
  /// @param usable whether an answer makes sense; one that does not is a failure, and not kept
  /// @throws UserException if the server refuses: a wrong key, model or address
  public Reply ask(String question, long seed, Predicate<String> usable) {
    var random = new SplittableRandom(seed);
    var why = "";
    for (int attempt = 0; attempt < patience.attempts(); attempt++) {
      var request = request(question, seed + attempt);
      var hash = AnswerCache.key(endpoint.url(), request);
      var known = cache.find(hash).filter(answer -> usable.test(answer.text()));
      if (known.isPresent()) {
        count(new Spent(0, 0, 1, 0, 0, 0));
        return new Reply.Accepted(known.get().text());
      }
    }
    for (int attempt = 0; attempt < patience.attempts(); attempt++) {
      if (spent().cost() >= price.most() && price.of(1_000_000, 1_000_000) > 0) {
        return new Reply.Failed("the budget of %s is spent".formatted(price.most()));
      }
      var request = request(question, seed + attempt);
      var attempted = attempt(request, usable);
      switch (attempted) {
        case Attempted.Answered(var answer) -> {
          cache.keep(AnswerCache.key(endpoint.url(), request), request, answer);
          return new Reply.Accepted(answer.text());
        }
        case Attempted.Missed(var reason, double asked) -> {
          why = reason;
          count(new Spent(0, 1, 0, 0, 0, 0));
          if (attempt + 1 < patience.attempts()) {
            sleep(patience.delay(attempt + 1, asked, random));
          }
        }
      }
    }
    return new Reply.Failed("%s, %d times asked".formatted(why, patience.attempts()));
  }

  private sealed interface Attempted {
    record Answered(AnswerCache.Answer answer) implements Attempted {}

    /// @param asked seconds that the server wants us to wait
    record Missed(String reason, double asked) implements Attempted {}
  }

  private Attempted attempt(String request, Predicate<String> usable) {
    pace();
    try {
      var response = http.send(post(request), HttpResponse.BodyHandlers.ofInputStream());
      String body;
      try (var in = response.body()) {
        body = new String(in.readNBytes(LONGEST_BODY), java.nio.charset.StandardCharsets.UTF_8);
      }
      int status = response.statusCode();
      if (status == 429 || status == 408 || status >= 500) {
        return new Attempted.Missed(
            "status " + status,
            response.headers().firstValue("Retry-After").map(ChatClient::seconds).orElse(0.0));
      }
      if (status != 200) {
        throw new UserException(
            "%s refuses with status %d (%s); check url, model and key of the judge"
                .formatted(endpoint.address(), status, brief(body)));
      }
      return read(body, usable);
    } catch (HttpTimeoutException slow) {
      return new Attempted.Missed("no answer within %s s".formatted(endpoint.timeoutSeconds()), 0);
    } catch (IOException broken) {
      return new Attempted.Missed(
          "no connection (%s)".formatted(brief(String.valueOf(broken.getMessage()))), 0);
    } catch (InterruptedException interrupted) {
      throw interrupted(interrupted);
    }
  }

  private Attempted read(String body, Predicate<String> usable) {
    JsonNode json;
    try {
      json = Json.parse("answer", body);
    } catch (UserException garbage) {
      return new Attempted.Missed("an answer that is not JSON", 0);
    }
    var content = json.path("choices").path(0).path("message").path("content");
    if (!content.isString()) {
      return new Attempted.Missed("an answer without choices[0].message.content", 0);
    }
    long read = json.path("usage").path("prompt_tokens").asLong(0);
    long written = json.path("usage").path("completion_tokens").asLong(0);
    count(new Spent(1, 0, 0, read, written, price.of(read, written)));
    return usable.test(content.stringValue())
        ? new Attempted.Answered(new AnswerCache.Answer(content.stringValue(), read, written))
        : new Attempted.Missed(
            "an answer that says nothing ('%s')".formatted(brief(content.stringValue())), 0);
  }

  private HttpRequest post(String request) {
    var post =
        HttpRequest.newBuilder(endpoint.address())
            .timeout(Duration.ofMillis(Math.round(endpoint.timeoutSeconds() * 1e3)))
            .header("Content-Type", "application/json")
            .header("User-Agent", "alidade")
            .POST(HttpRequest.BodyPublishers.ofString(request));
    if (!key.isEmpty()) {
      post.header("Authorization", "Bearer " + key);
    }
    return post.build();
  }

  private String request(String question, long seed) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("model", endpoint.model());
    json.put("messages", List.of(Map.of("role", "user", "content", question)));
    json.put("temperature", endpoint.temperature());
    json.put("max_tokens", endpoint.maxTokens());
    json.put("seed", seed & 0x7fffffffL);
    return Json.line(json);
  }

  /// Requests go out at even distances, whoever sends them.
  private void pace() {
    double wait;
    synchronized (this) {
      double now = clock.now();
      next = Math.max(next, now);
      wait = next - now;
      next += 1 / patience.requestsPerSecond();
    }
    if (wait > 0) {
      sleep(wait);
    }
  }

  private void sleep(double seconds) {
    try {
      clock.sleep(seconds);
    } catch (InterruptedException interrupted) {
      throw interrupted(interrupted);
    }
  }

  private static IllegalStateException interrupted(InterruptedException interrupted) {
    Thread.currentThread().interrupt();
    return new IllegalStateException("interrupted while a judge was asked", interrupted);
  }

  private static double seconds(String header) {
    try {
      return Math.max(0, Double.parseDouble(header.strip()));
    } catch (NumberFormatException date) {
      return 0; // a date; the usual delay will do
    }
  }

  private static String brief(String text) {
    var line = text.strip().replaceAll("\\s+", " ");
    return line.length() > 80 ? line.substring(0, 80) + "…" : line;
  }

  private synchronized void count(Spent more) {
    spent = spent.plus(more);
  }

  /// What was asked and paid so far.
  public synchronized Spent spent() {
    return spent;
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
