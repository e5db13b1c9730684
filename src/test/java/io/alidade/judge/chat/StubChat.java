package io.alidade.judge.chat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.alidade.store.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.function.BiFunction;
import tools.jackson.databind.JsonNode;

/// A server with OpenAI's interface on this machine, which behaves as badly as it is told.
public final class StubChat implements AutoCloseable {
  /// What the server does with a request.
  public sealed interface Behaviour {
    /// Answers with these words, and counts 10 tokens read and 2 written.
    record Says(String text) implements Behaviour {}

    /// Answers with this body.
    record Sends(int status, String body, Map<String, String> headers) implements Behaviour {}

    /// Closes the connection without a word.
    record HangsUp() implements Behaviour {}

    /// Never answers.
    record Stalls() implements Behaviour {}
  }

  private final HttpServer server;
  private final BiFunction<String, Integer, Behaviour> behaviour;

  /// The questions asked, in order.
  public final List<String> questions = Collections.synchronizedList(new ArrayList<>());

  /// The bodies of the requests, in order.
  public final List<JsonNode> requests = Collections.synchronizedList(new ArrayList<>());

  /// The headers that carried keys.
  public final List<String> keys = Collections.synchronizedList(new ArrayList<>());

  /// @param behaviour for a question and the number of requests so far, from 0
  public StubChat(BiFunction<String, Integer, Behaviour> behaviour) throws IOException {
    this.behaviour = behaviour;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/v1/chat/completions", this::answer);
    server.start();
  }

  /// Where it is.
  public String url() {
    return "http://127.0.0.1:%d/v1".formatted(server.getAddress().getPort());
  }

  private void answer(HttpExchange exchange) throws IOException {
    var body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    var json = Json.parse("request", body);
    var question = json.path("messages").path(0).path("content").stringValue();
    int number;
    synchronized (this) {
      number = questions.size();
      questions.add(question);
      requests.add(json);
      var key = exchange.getRequestHeaders().getFirst("Authorization");
      keys.add(key == null ? "" : key);
    }
    switch (behaviour.apply(question, number)) {
      case Behaviour.Says(var text) ->
          send(
              exchange,
              200,
              Json.line(
                  Map.of(
                      "choices", List.of(Map.of("message", Map.of("content", text))),
                      "usage", Map.of("prompt_tokens", 10, "completion_tokens", 2))),
              Map.of());
      case Behaviour.Sends(int status, var text, var headers) ->
          send(exchange, status, text, headers);
      case Behaviour.HangsUp() -> exchange.close();
      case Behaviour.Stalls() -> {
        try {
          Thread.sleep(60_000);
        } catch (InterruptedException end) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  private static void send(
      HttpExchange exchange, int status, String text, Map<String, String> headers)
      throws IOException {
    try (exchange) {
      headers.forEach(exchange.getResponseHeaders()::set);
      var bytes = text.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
