package io.alidade.judge.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Questions to a server that fails in every way there is.
class ChatClientTest {
  @TempDir Path folder;

  private final List<String> log = Collections.synchronizedList(new ArrayList<>());
  private final List<Double> waits = Collections.synchronizedList(new ArrayList<>());

  /// Time that passes only where somebody sleeps.
  private final ChatClient.Clock clock =
      new ChatClient.Clock() {
        private double now = 100;

        @Override
        public synchronized double now() {
          return now;
        }

        @Override
        public synchronized void sleep(double seconds) {
          waits.add(seconds);
          now += seconds;
        }
      };

  private static final Price FREE = new Price(0, 0, 0);

  private ChatClient client(StubChat stub, double perSecond, Price price, boolean cached) {
    return client(stub, 20, perSecond, price, cached);
  }

  private ChatClient client(
      StubChat stub, double timeout, double perSecond, Price price, boolean cached) {
    return new ChatClient(
        new Endpoint(stub.url(), "m", "KEY", 64, 0, timeout),
        new Patience(3, 1, 8, perSecond, 4),
        price,
        cached ? Optional.of(folder) : Optional.empty(),
        log::add,
        name -> "KEY".equals(name) ? "secret" : null,
        clock);
  }

  private static StubChat stub(BiFunction<String, Integer, StubChat.Behaviour> behaviour)
      throws IOException {
    return new StubChat(behaviour);
  }

  private static StubChat.Behaviour says(String text) {
    return new StubChat.Behaviour.Says(text);
  }

  private static StubChat.Behaviour sends(int status, String body) {
    return new StubChat.Behaviour.Sends(status, body, Map.of());
  }

  private ChatClient.Reply ask(ChatClient client, String question) {
    return client.ask(question, 7, text -> text.contains("yes"));
  }

  @Test
  void whateverFailsIsTriedAgainAndCounted() throws IOException {
    var failures =
        List.of(
            sends(500, "oops"),
            sends(503, ""),
            sends(200, "{not json"),
            sends(200, "[]"),
            sends(200, "{\"choices\": [{\"message\": {}}]}"),
            sends(200, ""),
            says("maybe"),
            new StubChat.Behaviour.HangsUp(),
            new StubChat.Behaviour.Stalls());
    for (var failure : failures) {
      waits.clear();
      try (var stub = stub((_, n) -> n == 0 ? failure : says("yes"));
          var client =
              client(
                  stub, failure instanceof StubChat.Behaviour.Stalls ? 1 : 20, 1e6, FREE, false)) {
        assertThat(ask(client, "q"))
            .as("%s", failure)
            .isEqualTo(new ChatClient.Reply.Accepted("yes"));
        assertThat(client.spent().failed()).isEqualTo(1);
        assertThat(waits.stream().filter(w -> w > 0.1).toList())
            .as("one wait of half a second to a second")
            .hasSize(1)
            .allMatch(w -> w >= 0.5 && w <= 1);
        assertThat(stub.keys).containsOnly("Bearer secret");
      }
    }
  }

  @Test
  void afterTheLastAttemptThereIsNoAnswerButAReason() throws IOException {
    try (var stub = stub((_, _) -> says("perhaps"));
        var client = client(stub, 1e6, FREE, true)) {
      assertThat(ask(client, "q"))
          .isEqualTo(
              new ChatClient.Reply.Failed(
                  "an answer that says nothing ('perhaps'), 3 times asked"));
      assertThat(stub.requests.stream().map(r -> r.get("seed").intValue()).toList())
          .as("another draw each time")
          .containsExactly(7, 8, 9);
      assertThat(client.spent()).isEqualTo(new Spent(3, 3, 0, 30, 6, 0));
      try (var files = Files.list(folder)) {
        assertThat(files).as("nonsense is not remembered").isEmpty();
      }
    }
  }

  @Test
  void waitsDoubleWithJitterFromTheSeedAndTheServerMayAskForMore() throws IOException {
    var patience = new Patience(9, 1, 8, 1, 1);
    var one = new SplittableRandom(3);
    var two = new SplittableRandom(3);
    for (int failures = 1; failures < 9; failures++) {
      double wait = patience.delay(failures, 0, one);
      double doubled = Math.min(8, Math.pow(2, failures - 1));
      assertThat(wait).isBetween(doubled / 2, doubled);
      assertThat(patience.delay(failures, 0, two)).isEqualTo(wait);
    }
    assertThat(patience.delay(1, 5, one)).isEqualTo(5);
    assertThat(patience.delay(1, 500, one)).as("never longer than the longest").isEqualTo(8);
    try (var stub =
            stub((_, n) ->
                n == 0
                    ? new StubChat.Behaviour.Sends(429, "slow down", Map.of("Retry-After", "6"))
                    : says("yes"));
        var client = client(stub, 1e6, FREE, false)) {
      assertThat(ask(client, "q")).isInstanceOf(ChatClient.Reply.Accepted.class);
      assertThat(waits).contains(6.0);
    }
  }

  @Test
  void requestsKeepTheirDistance() throws IOException {
    try (var stub = stub((_, _) -> says("yes"));
        var client = client(stub, 4, FREE, false)) {
      double start = clock.now();
      for (int i = 0; i < 9; i++) {
        ask(client, "q" + i);
      }
      assertThat(clock.now() - start).isCloseTo(8 / 4.0, within(1e-9));
    }
  }

  @Test
  void aRefusalIsTheUsersToPutRightAndShowsNoKey() throws IOException {
    for (int status : new int[] {400, 401, 403, 404}) {
      try (var stub = stub((_, _) -> sends(status, "no such model"));
          var client = client(stub, 1e6, FREE, false)) {
        assertThatThrownBy(() -> ask(client, "q"))
            .isInstanceOf(UserException.class)
            .hasMessageContaining("status " + status)
            .hasMessageContaining("no such model")
            .hasMessageContaining("check url, model and key")
            .hasMessageNotContaining("secret");
        assertThat(stub.questions).hasSize(1);
      }
    }
    var endpoint = new Endpoint("http://127.0.0.1:1/v1", "m", "NONE", 8, 0, 1);
    assertThatThrownBy(() ->
            new ChatClient(
                endpoint,
                new Patience(1, 1, 1, 1, 1),
                FREE,
                Optional.empty(),
                log::add,
                _ -> null,
                clock))
        .hasMessage(
            "the environment variable NONE holds no key; set it, or leave key_variable empty");
    assertThatThrownBy(() -> new Endpoint("ftp://x", "m", "", 1, 0, 1))
        .hasMessage("url must begin with http:// or https://, was 'ftp://x'");
  }

  @Test
  void answersAreRememberedByTheirContentAndADamagedFileIsAskedForAgain() throws IOException {
    try (var stub = stub((_, n) -> n == 0 ? says("no") : says("yes " + n))) {
      try (var client = client(stub, 1e6, FREE, true)) {
        assertThat(ask(client, "q")).isEqualTo(new ChatClient.Reply.Accepted("yes 1"));
      }
      try (var client = client(stub, 1e6, FREE, true)) {
        assertThat(ask(client, "q")).isEqualTo(new ChatClient.Reply.Accepted("yes 1"));
        assertThat(client.spent()).isEqualTo(new Spent(0, 0, 1, 0, 0, 0));
        assertThat(ask(client, "another")).isEqualTo(new ChatClient.Reply.Accepted("yes 2"));
      }
      try (var files = Files.walk(folder)) {
        for (var file : files.filter(Files::isRegularFile).toList()) {
          Files.writeString(file, "{\"answer\": ");
        }
      }
      try (var client = client(stub, 1e6, FREE, true)) {
        assertThat(ask(client, "q")).isEqualTo(new ChatClient.Reply.Accepted("yes 3"));
      }
      assertThat(log).hasSize(1).allMatch(line -> line.contains("not a remembered answer"));
    }
  }

  @Test
  void nothingIsAskedBeyondTheBudget() throws IOException {
    try (var stub = stub((_, _) -> says("yes"));
        var client = client(stub, 1e6, new Price(1e5, 5e5, 3.5), false)) {
      for (int i = 0; i < 4; i++) {
        ask(client, "q" + i);
      }
      assertThat(client.spent().cost()).as("two tokens of 0.5 and ten of 0.1 each").isEqualTo(4);
      assertThat(stub.questions).hasSize(2);
      assertThat(ask(client, "more"))
          .isEqualTo(new ChatClient.Reply.Failed("the budget of 3.5 is spent"));
    }
  }
}
