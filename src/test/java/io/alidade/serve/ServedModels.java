package io.alidade.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.generation.LanguageModel;
import io.alidade.store.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import tools.jackson.databind.JsonNode;

/// Three small models behind a server, and a client of it.
abstract class ServedModels {
  static final Path MODELS = Path.of("src/test/resources/golden/models");
  static final Limits LIMITS =
      new Limits(
          20_000,
          60,
          200,
          8,
          24,
          Duration.ofSeconds(60),
          Duration.ofSeconds(300),
          Duration.ofMillis(50));

  static LanguageModel llama;
  static LanguageModel lora;
  static LanguageModel qwen;
  static Server server;
  static HttpClient client;
  static final ConcurrentLinkedQueue<String> LOG = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void start() {
    llama = LanguageModel.open(MODELS.resolve("llama").toString());
    lora = llama.beside(MODELS.resolve("llama_lora").toString());
    qwen = LanguageModel.open(MODELS.resolve("qwen2").toString());
    server = server(LIMITS, Optional.empty());
    client = HttpClient.newHttpClient();
  }

  static Server server(Limits limits, Optional<String> token) {
    var models = new LinkedHashMap<String, LanguageModel>();
    models.put("llama", llama);
    models.put("lora", lora);
    models.put("qwen", qwen);
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return Server.start(address, models, limits, token, LOG::add);
  }

  @AfterAll
  static void end() {
    client.close();
    server.close();
    lora.close();
    llama.close();
    qwen.close();
  }

  static URI uri(Server of, String path) {
    return URI.create("http://127.0.0.1:%d%s".formatted(of.address().getPort(), path));
  }

  static HttpRequest.Builder request(Server of, String path) {
    return HttpRequest.newBuilder(uri(of, path)).header("Content-Type", "application/json");
  }

  static HttpResponse<String> send(HttpRequest request) {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException | InterruptedException failure) {
      throw new IllegalStateException(failure);
    }
  }

  static HttpResponse<String> post(String path, String body) {
    return send(request(server, path).POST(HttpRequest.BodyPublishers.ofString(body)).build());
  }

  static List<JsonNode> stream(String path, String body) {
    var response = post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream");
    var events = response.body().lines().filter(line -> line.startsWith("data: ")).toList();
    assertThat(events.getLast()).isEqualTo("data: [DONE]");
    return events.subList(0, events.size() - 1).stream()
        .map(line -> Json.parse("event", line.substring("data: ".length())))
        .toList();
  }

  static String chat(String more) {
    return """
    {"model": "qwen", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 12%s}
    """
        .formatted(more);
  }

  static String completion(String model, String prompt, String more) {
    return """
    {"model": "%s", "prompt": "%s", "max_tokens": 12%s}
    """
        .formatted(model, prompt, more);
  }

  static void await(String metric) throws InterruptedException {
    while (!send(request(server, "/metrics").GET().build()).body().contains(metric)) {
      Thread.sleep(5);
    }
  }
}
