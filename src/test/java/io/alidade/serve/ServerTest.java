package io.alidade.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.generation.LanguageModel;
import io.alidade.generation.TextGenerator;
import io.alidade.model.Sampling;
import io.alidade.store.Json;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class ServerTest {
  private static final Path MODELS = Path.of("src/test/resources/golden/models");
  private static final Limits LIMITS =
      new Limits(
          20_000,
          60,
          200,
          8,
          24,
          Duration.ofSeconds(60),
          Duration.ofSeconds(300),
          Duration.ofMillis(50));

  private static LanguageModel llama;
  private static LanguageModel lora;
  private static LanguageModel qwen;
  private static Server server;
  private static HttpClient client;
  private static final ConcurrentLinkedQueue<String> LOG = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void start() {
    llama = LanguageModel.open(MODELS.resolve("llama").toString());
    lora = llama.beside(MODELS.resolve("llama_lora").toString());
    qwen = LanguageModel.open(MODELS.resolve("qwen2").toString());
    server = server(LIMITS, Optional.empty());
    client = HttpClient.newHttpClient();
  }

  private static Server server(Limits limits, Optional<String> token) {
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

  private static URI uri(Server of, String path) {
    return URI.create("http://127.0.0.1:%d%s".formatted(of.address().getPort(), path));
  }

  private static HttpRequest.Builder request(Server of, String path) {
    return HttpRequest.newBuilder(uri(of, path)).header("Content-Type", "application/json");
  }

  private static HttpResponse<String> send(HttpRequest request) {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException | InterruptedException failure) {
      throw new IllegalStateException(failure);
    }
  }

  private static HttpResponse<String> post(String path, String body) {
    return send(request(server, path).POST(HttpRequest.BodyPublishers.ofString(body)).build());
  }

  private static JsonNode ok(String path, String body) {
    var response = post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    return Json.parse("response", response.body());
  }

  private static List<JsonNode> stream(String path, String body) {
    var response = post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream");
    var events = response.body().lines().filter(line -> line.startsWith("data: ")).toList();
    assertThat(events.getLast()).isEqualTo("data: [DONE]");
    return events.subList(0, events.size() - 1).stream()
        .map(line -> Json.parse("event", line.substring("data: ".length())))
        .toList();
  }

  private static String chat(String more) {
    return """
    {"model": "qwen", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 12%s}
    """
        .formatted(more);
  }

  private static String completion(String model, String prompt, String more) {
    return """
    {"model": "%s", "prompt": "%s", "max_tokens": 12%s}
    """
        .formatted(model, prompt, more);
  }

  @Test
  void answersConversationsInTheShapeOfOpenAi() {
    var answer = ok("/v1/chat/completions", chat(", \"temperature\": 0, \"n\": 2"));
    assertThat(answer.path("object").asString()).isEqualTo("chat.completion");
    assertThat(answer.path("id").asString()).startsWith("chatcmpl-");
    assertThat(answer.path("model").asString()).isEqualTo("qwen");
    assertThat(answer.path("created").asLong()).isGreaterThan(1_600_000_000L);
    assertThat(answer.path("choices").size()).isEqualTo(2);
    for (int i = 0; i < 2; i++) {
      var choice = answer.path("choices").get(i);
      assertThat(choice.path("index").asInt()).isEqualTo(i);
      assertThat(choice.path("message").path("role").asString()).isEqualTo("assistant");
      assertThat(choice.path("logprobs").isNull()).isTrue();
      assertThat(choice.path("finish_reason").asString()).isIn("stop", "length");
    }
    var generator = new TextGenerator(qwen, Sampling.greedy(12), List.of());
    var asked = new io.alidade.example.Text.Chat(List.of(TextGenerator.message("user", "Hi")));
    var expected = generator.generate(List.of(asked)).getFirst();
    assertThat(answer.path("choices").get(1).path("message").path("content").asString())
        .isEqualTo(expected.text());
    var usage = answer.path("usage");
    int prompt = generator.prompt(asked).ids().length;
    assertThat(usage.path("prompt_tokens").asInt()).isEqualTo(prompt);
    assertThat(usage.path("completion_tokens").asInt()).isEqualTo(2 * expected.tokens().length);
    assertThat(usage.path("total_tokens").asInt()).isEqualTo(prompt + 2 * expected.tokens().length);
  }

  @Test
  void streamsWhatItWouldAnswerAsAWhole() {
    var settings = ", \"seed\": 5, \"n\": 3, \"logprobs\": true, \"top_logprobs\": 2";
    var whole = ok("/v1/chat/completions", chat(settings));
    var events =
        stream(
            "/v1/chat/completions",
            chat(settings + ", \"stream\": true, \"stream_options\": {\"include_usage\": true}"));
    var text = new String[] {"", "", ""};
    var logprobs =
        List.of(new ArrayList<JsonNode>(), new ArrayList<JsonNode>(), new ArrayList<JsonNode>());
    var reasons = new String[3];
    for (var event : events.subList(0, events.size() - 1)) {
      assertThat(event.path("object").asString()).isEqualTo("chat.completion.chunk");
      var choice = event.path("choices").get(0);
      int index = choice.path("index").asInt();
      text[index] += choice.path("delta").path("content").asString("");
      choice.path("logprobs").path("content").forEach(logprobs.get(index)::add);
      if (!choice.path("finish_reason").isNull()) {
        reasons[index] = choice.path("finish_reason").asString();
      }
    }
    for (int i = 0; i < 3; i++) {
      var choice = whole.path("choices").get(i);
      assertThat(text[i]).isEqualTo(choice.path("message").path("content").asString());
      assertThat(logprobs.get(i))
          .isNotEmpty()
          .isEqualTo(choice.path("logprobs").path("content").valueStream().toList());
      assertThat(reasons[i]).isEqualTo(choice.path("finish_reason").asString());
    }
    assertThat(events.getLast().path("usage")).isEqualTo(whole.path("usage"));
    assertThat(text[0]).isNotEqualTo(text[1]);
  }

  @Test
  void likelihoodsAreThoseOfScoring() {
    int[] prompt = {506, 12, 400, 33};
    var body =
        """
        {"model": "llama", "prompt": [506, 12, 400, 33], "max_tokens": 10, "temperature": 1.5,
         "seed": 3, "logprobs": 3, "echo": true}
        """;
    var logprobs = ok("/v1/completions", body).path("choices").get(0).path("logprobs");
    var tokens = logprobs.path("tokens").valueStream().map(JsonNode::asString).toList();
    var logps = logprobs.path("token_logprobs").valueStream().toList();
    assertThat(logps.getFirst().isNull()).isTrue();
    assertThat(logprobs.path("top_logprobs").get(5).size()).isBetween(1, 3);
    assertThat(logprobs.path("text_offset").size()).isEqualTo(tokens.size());
    // The ids that were drawn, from the same request without the server.
    var drawn =
        new io.alidade.model.Generator(
                llama.policy(), new Sampling(10, 1.5, 0, 1, 0, 1, 3), llama.ends())
            .generate(List.of(prompt))
            .getFirst();
    var scored = new ArrayList<Double>();
    try (var _ = new Step()) {
      int[] rest =
          IntStream.concat(Arrays.stream(prompt, 1, prompt.length), IntStream.of(drawn.tokens()))
              .toArray();
      var group =
          new Group(
              new Example.Row("row", 1),
              new int[] {prompt[0]},
              List.of(Completion.of(rest)),
              Map.of());
      var outputs =
          llama
              .policy()
              .score(new Batch(List.of(group)), Set.of(Readout.LOG_LIKELIHOOD), false)
              .outputs();
      for (float one : Ops.toFloats(outputs.values().iterator().next())) {
        scored.add((double) one);
      }
    }
    for (int i = 1; i < logps.size(); i++) {
      assertThat(logps.get(i).asDouble()).isCloseTo(scored.get(i - 1), within(1e-4));
    }
    assertThat(logps.size()).isGreaterThan(prompt.length);
  }

  @Test
  void scoresWithoutDrawing() {
    var body =
        """
        {"model": "llama", "prompt": ["What is 12", "Once"], "max_tokens": 0, "logprobs": 1, "echo": true}
        """;
    var choices = ok("/v1/completions", body).path("choices");
    assertThat(choices.get(0).path("text").asString()).isEqualTo("What is 12");
    assertThat(choices.get(1).path("text").asString()).isEqualTo("Once");
    assertThat(choices.get(0).path("logprobs").path("token_logprobs").size()).isGreaterThan(1);
    assertThat(choices.get(0).path("finish_reason").asString()).isEqualTo("length");
  }

  @Test
  void stopsBeforeStopStrings() {
    var free = ok("/v1/completions", completion("llama", "What is 12", ", \"temperature\": 0"));
    var text = free.path("choices").get(0).path("text").asString();
    var stop = text.substring(3, 6);
    var cut =
        ok(
            "/v1/completions",
            completion(
                "llama", "What is 12", ", \"temperature\": 0, \"stop\": " + Json.line(stop)));
    assertThat(cut.path("choices").get(0).path("text").asString())
        .isEqualTo(text.substring(0, text.indexOf(stop)));
    assertThat(cut.path("choices").get(0).path("finish_reason").asString()).isEqualTo("stop");
  }

  @Test
  void sixteenClientsHearWhatEachWouldHearAlone() throws Exception {
    var bodies =
        IntStream.range(0, 16)
            .mapToObj(i ->
                completion(
                    i % 3 == 0 ? "lora" : "llama",
                    "word ".repeat(1 + i % 9).strip(),
                    ", \"seed\": %d, \"logprobs\": 2, \"top_p\": 0.9".formatted(i)))
            .toList();
    var alone = bodies.stream().map(body -> ok("/v1/completions", body).path("choices")).toList();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int round = 0; round < 2; round++) {
        var asked = new ArrayList<Future<JsonNode>>();
        for (var body : bodies) {
          Callable<JsonNode> call = () -> ok("/v1/completions", body).path("choices");
          asked.add(threads.submit(call));
        }
        for (int i = 0; i < asked.size(); i++) {
          assertThat(asked.get(i).get()).as("client %d", i).isEqualTo(alone.get(i));
        }
      }
    }
  }

  @Test
  void listsModelsAndTellsOfItself() throws InterruptedException {
    var models = send(request(server, "/v1/models").GET().build());
    var ids =
        Json.parse("models", models.body())
            .path("data")
            .valueStream()
            .map(m -> m.path("id").asString());
    assertThat(ids).containsExactly("llama", "lora", "qwen");
    assertThat(send(request(server, "/v1/models/lora").GET().build()).body()).contains("\"lora\"");
    assertThat(send(request(server, "/v1/models/x").GET().build()).statusCode()).isEqualTo(404);
    assertThat(send(request(server, "/health").GET().build()).body())
        .isEqualTo("{\"status\":\"ok\"}");
    ok("/v1/completions", completion("llama", "Once", ""));
    // An answer leaves before its row does, so a reader may still count it for a moment.
    await("alidade_rows_active{model=\"llama\"} 0\n");
    var metrics = send(request(server, "/metrics").GET().build()).body();
    assertThat(metrics)
        .contains("# TYPE alidade_requests_total counter")
        .contains("alidade_requests_total{path=\"/v1/completions\",status=\"200\"} ");
    assertThat(metrics.lines())
        .allMatch(line -> line.startsWith("# ") || line.matches("[a-z_]+(\\{.*})? [0-9.]+"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"model"                                                          | 400 | invalid_json            | not valid JSON
          []                                                                | 400 | invalid_json            | expected a JSON object
          {"model": "llama"}                                                | 400 |                         | 'prompt' is missing
          {"prompt": "x"}                                                   | 400 |                         | 'model' is missing
          {"model": "gpt", "prompt": "x"}                                   | 404 | model_not_found         | no model is named 'gpt'
          {"model": "llama", "prompt": "x", "colour": 1}                    | 400 | unknown_parameter       | unknown field 'colour'
          {"model": "llama", "prompt": "x", "temperature": 3}               | 400 | invalid_value           | 'temperature' must be a number from 0 to 2, was 3
          {"model": "llama", "prompt": "x", "temperature": "hot"}           | 400 | invalid_value           | was "hot"
          {"model": "llama", "prompt": "x", "n": 0}                         | 400 | invalid_value           | an integer from 1 to 128
          {"model": "llama", "prompt": "x", "n": 100}                       | 400 |                         | this server takes 32
          {"model": "llama", "prompt": "x", "stop": [""]}                   | 400 |                         | none empty
          {"model": "llama", "prompt": [1, 99999]}                          | 400 |                         | token 99999
          {"model": "llama", "prompt": [7], "logit_bias": {"9999": 1}}      | 400 |                         | 'logit_bias' names tokens beyond
          {"model": "llama", "prompt": [1, 1.5]}                            | 400 | invalid_value           | token ids
          {"model": "llama", "prompt": "x", "max_tokens": 201}              | 400 | context_length_exceeded | at most 200
          {"model": "llama", "prompt": "x", "max_tokens": 0}                | 400 |                         | needs 'echo'
          {"model": "llama", "prompt": "x", "suffix": "y"}                  | 400 | unsupported_value       | not supported
          """)
  void refusesWhatItCannotDoInOneSentence(String body, int status, String code, String message)
      throws InterruptedException {
    int logged = LOG.size();
    var response = post("/v1/completions", body);
    assertThat(response.statusCode()).isEqualTo(status);
    var error = Json.parse("error", response.body()).path("error");
    assertThat(error.path("code").asString("")).isEqualTo(code == null ? "" : code);
    assertThat(error.path("message").asString()).contains(message).doesNotContain("\n");
    assertThat(error.path("type").asString()).isEqualTo("invalid_request_error");
    assertThat(error.has("param")).isTrue();
    while (LOG.size() == logged) {
      Thread.sleep(1); // the line comes after the response
    }
    assertThat(LOG).allMatch(line -> line.lines().count() == 1);
  }

  @Test
  void refusesLongPromptsOtherPathsMethodsAndTypes() {
    var longer = completion("llama", "word ".repeat(200), "");
    assertThat(post("/v1/completions", longer).body())
        .contains("context_length_exceeded")
        .contains("this server takes 60");
    assertThat(post("/v1/embeddings", "{}").statusCode()).isEqualTo(404);
    assertThat(send(request(server, "/v1/completions").GET().build()).statusCode()).isEqualTo(405);
    var form =
        HttpRequest.newBuilder(uri(server, "/v1/completions"))
            .POST(HttpRequest.BodyPublishers.ofString("x"))
            .build();
    assertThat(send(form).statusCode()).isEqualTo(415);
    var binary =
        request(server, "/v1/completions")
            .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[] {'"', (byte) 0xFF, '"'}))
            .build();
    assertThat(send(binary).body()).contains("not UTF-8");
    assertThat(post("/v1/chat/completions", chat(", \"top_logprobs\": 1")).statusCode())
        .isEqualTo(400);
    assertThat(post("/v1/chat/completions", chat("").replace("\"user\"", "7")).body())
        .contains("'messages[0].role' must be a string, was 7");
  }

  @Test
  void readsBodiesOfAHundredMegabytesToTheirEndAndRefusesThem() {
    var piece = new byte[1 << 20];
    Arrays.fill(piece, (byte) ' ');
    var body =
        HttpRequest.BodyPublishers.ofByteArrays(
            () -> IntStream.range(0, 100).mapToObj(_ -> piece).iterator());
    var patient =
        new Limits(
            20_000,
            60,
            200,
            8,
            24,
            Duration.ofSeconds(99),
            Duration.ofSeconds(99),
            Duration.ofSeconds(9));
    try (var slow = server(patient, Optional.empty())) {
      var response = send(request(slow, "/v1/completions").POST(body).build());
      assertThat(response.statusCode()).isEqualTo(413);
      assertThat(response.body()).contains("more than 20000 bytes");
      var small = HttpRequest.BodyPublishers.ofString(completion("llama", "Once", ""));
      assertThat(send(request(slow, "/v1/completions").POST(small).build()).statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void letsGoOfClientsThatStall() throws IOException {
    var strict =
        new Limits(
            20_000,
            60,
            200,
            8,
            24,
            Duration.ofMillis(300),
            Duration.ofSeconds(99),
            Duration.ofSeconds(9));
    try (var hasty = server(strict, Optional.empty());
        var socket = new Socket(InetAddress.getLoopbackAddress(), hasty.address().getPort())) {
      socket
          .getOutputStream()
          .write(
              """
              POST /v1/completions HTTP/1.1\r
              Host: x\r
              Content-Type: application/json\r
              Content-Length: 100\r
              \r
              {"model\
              """
                  .getBytes(StandardCharsets.UTF_8));
      socket.getOutputStream().flush();
      var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 408").contains("body_timeout");
    }
  }

  @Test
  void clientsThatGoFreeTheirPlace() throws Exception {
    for (boolean streams : new boolean[] {true, false}) {
      var body =
          completion(
                  "llama",
                  "Once",
                  ", \"max_tokens\": 200, \"n\": 8, \"logit_bias\": {\"510\": -100}, \"stream\": "
                      + streams)
              .replace("\"max_tokens\": 12, ", "");
      try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.address().getPort())) {
        var head =
            "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                .formatted(body.length());
        socket.getOutputStream().write((head + body).getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().flush();
        await("alidade_rows_active{model=\"llama\"} 8");
        socket.setSoLinger(true, 0); // closing resets, as a killed client does
      }
      await("alidade_rows_active{model=\"llama\"} 0");
    }
    assertThat(LOG).anyMatch(line -> line.contains("the client went"));
  }

  private static void await(String metric) throws InterruptedException {
    while (!send(request(server, "/metrics").GET().build()).body().contains(metric)) {
      Thread.sleep(5);
    }
  }

  @Test
  void turnsAwayWhatIsTooMuch() {
    var tight =
        new Limits(
            20_000,
            60,
            200,
            1,
            1,
            Duration.ofSeconds(9),
            Duration.ofSeconds(60),
            Duration.ofSeconds(9));
    try (var small = server(tight, Optional.empty())) {
      var body =
          completion("llama", "Once", ", \"n\": 2, \"logit_bias\": {\"510\": -100}")
              .replace("12", "150");
      var post = HttpRequest.BodyPublishers.ofString(body);
      var asked =
          IntStream.range(0, 6)
              .mapToObj(_ ->
                  client.sendAsync(
                      request(small, "/v1/completions").POST(post).build(),
                      HttpResponse.BodyHandlers.ofString()))
              .toList();
      var answers = asked.stream().map(one -> one.join()).toList();
      assertThat(answers).anyMatch(answer -> answer.statusCode() == 200);
      var refused = answers.stream().filter(answer -> answer.statusCode() != 200).toList();
      assertThat(refused).isNotEmpty();
      for (var one : refused) {
        assertThat(one.statusCode()).isEqualTo(429);
        assertThat(one.headers().firstValue("Retry-After")).hasValue("1");
        assertThat(one.body()).contains("rate_limit_error").contains("queue_full");
      }
    }
  }

  @Test
  void asksForItsToken() {
    try (var guarded = server(LIMITS, Optional.of("secret"))) {
      var models = request(guarded, "/v1/models").GET();
      assertThat(send(models.build()).statusCode()).isEqualTo(401);
      assertThat(send(models.copy().header("Authorization", "Bearer wrong").build()).body())
          .contains("invalid_api_key")
          .doesNotContain("secret");
      assertThat(send(models.copy().header("Authorization", "Bearer secret").build()).statusCode())
          .isEqualTo(200);
      assertThat(send(request(guarded, "/health").GET().build()).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void cutsAnswersWhoseTimeIsUp() {
    var brief =
        new Limits(
            20_000,
            60,
            200,
            4,
            4,
            Duration.ofSeconds(9),
            Duration.ofMillis(1),
            Duration.ofSeconds(9));
    try (var hasty = server(brief, Optional.empty())) {
      var body =
          completion("llama", "Once", ", \"logit_bias\": {\"510\": -100}").replace("12", "200");
      var response =
          send(
              request(hasty, "/v1/completions")
                  .POST(HttpRequest.BodyPublishers.ofString(body))
                  .build());
      var answer = Json.parse("answer", response.body());
      assertThat(answer.path("choices").get(0).path("finish_reason").asString())
          .isEqualTo("length");
      assertThat(answer.path("usage").path("completion_tokens").asInt()).isLessThan(200);
    }
  }

  @Test
  void endsInOrder() throws Exception {
    var ending = server(LIMITS, Optional.empty());
    var body =
        completion("llama", "Once", ", \"stream\": true, \"logit_bias\": {\"510\": -100}")
            .replace("12", "200");
    var running =
        client.sendAsync(
            request(ending, "/v1/completions")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    while (!send(request(ending, "/metrics").GET().build())
        .body()
        .contains("alidade_rows_active{model=\"llama\"} 1")) {
      Thread.sleep(2);
    }
    ending.stop(Duration.ofSeconds(60));
    var answer = running.join();
    assertThat(answer.body()).endsWith("data: [DONE]\n\n").contains("\"finish_reason\":\"length\"");
    assertThat(answer.body().lines().filter(l -> l.contains("\"text\":")).count())
        .isGreaterThan(50);
    assertThat(LOG).allMatch(line -> line.lines().count() == 1);
  }

  @Test
  void aCutAtTheEndStillCompletesTheAnswer() throws Exception {
    var ending = server(LIMITS, Optional.empty());
    var body =
        completion("llama", "Once", ", \"n\": 8, \"logit_bias\": {\"510\": -100}")
            .replace("12", "200");
    var running =
        client.sendAsync(
            request(ending, "/v1/completions")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    while (!send(request(ending, "/metrics").GET().build())
        .body()
        .contains("alidade_rows_active{model=\"llama\"} 8")) {
      Thread.sleep(2);
    }
    ending.stop(Duration.ZERO);
    var usage = Json.parse("answer", running.join().body()).path("usage");
    assertThat(usage.path("completion_tokens").asInt()).isLessThan(1600);
  }
}
