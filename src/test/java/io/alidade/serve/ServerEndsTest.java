package io.alidade.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.store.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// How requests end before their time: clients that stall or go, limits of time, the server's own
/// end.
class ServerEndsTest extends ServedModels {
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

  /// What a client hears of an answer that is being drawn when the server is told to end.
  ///
  /// @param rows that are drawn
  private static String ended(String body, int rows, Duration grace) throws Exception {
    var ending = server(LIMITS, Optional.empty());
    var running =
        client.sendAsync(
            request(ending, "/v1/completions")
                .POST(HttpRequest.BodyPublishers.ofString(body.replace("12", "200")))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    while (!send(request(ending, "/metrics").GET().build())
        .body()
        .contains("alidade_rows_active{model=\"llama\"} " + rows)) {
      Thread.sleep(2);
    }
    ending.stop(grace);
    return running.join().body();
  }

  @Test
  void endsInOrderAndCutsWhatOutlastsItsPatience() throws Exception {
    var streamed =
        ended(
            completion("llama", "Once", ", \"stream\": true, \"logit_bias\": {\"510\": -100}"),
            1,
            Duration.ofSeconds(60));
    assertThat(streamed).endsWith("data: [DONE]\n\n").contains("\"finish_reason\":\"length\"");
    assertThat(streamed.lines().filter(l -> l.contains("\"text\":")).count()).isGreaterThan(50);
    assertThat(LOG).allMatch(line -> line.lines().count() == 1);

    var cut =
        ended(
            completion("llama", "Once", ", \"n\": 8, \"logit_bias\": {\"510\": -100}"),
            8,
            Duration.ZERO);
    var usage = Json.parse("a whole answer", cut).path("usage");
    assertThat(usage.path("completion_tokens").asInt()).isBetween(8, 1599);
  }
}
