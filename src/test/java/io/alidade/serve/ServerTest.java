package io.alidade.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.generation.TextGenerator;
import io.alidade.model.Sampling;
import io.alidade.store.Json;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// What the server answers: completions, streams, likelihoods, and what it tells of itself.
class ServerTest extends ServedModels {
  private static JsonNode ok(String path, String body) {
    var response = post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    return Json.parse("response", response.body());
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
}
