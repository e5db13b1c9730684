package io.alidade.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.store.Json;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the server refuses, in one sentence each, and who may ask.
class ServerRefusalsTest extends ServedModels {
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
}
