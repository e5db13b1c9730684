package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ServeCommandTest {
  private static final String MODELS = "src/test/resources/golden/models/";
  private static final Pattern ADDRESS = Pattern.compile("(http://127\\.0\\.0\\.1:\\d+)/v1\n");

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
  }

  @Test
  void servesAModelAndItsAdapterUntilItIsInterrupted() throws Exception {
    var code = new int[1];
    var thread =
        Thread.ofPlatform()
            .start(() ->
                code[0] =
                    run(
                        "serve",
                        "--model",
                        MODELS + "llama",
                        "--adapter",
                        "terse=" + MODELS + "llama_lora",
                        "--port",
                        "0"));
    var address = ADDRESS.matcher(out.toString());
    while (!address.find() && thread.isAlive()) {
      Thread.sleep(10);
      address = ADDRESS.matcher(out.toString());
    }
    assertThat(out.toString() + err).startsWith("serving llama, terse at ");
    try (var client = HttpClient.newHttpClient()) {
      var uri = URI.create(address.group(1) + "/v1/models");
      var response =
          client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
      assertThat(response.body()).contains("\"terse\"");
    }
    thread.interrupt();
    thread.join();
    assertThat(code[0]).isZero();
    assertThat(out.toString()).contains(" GET /v1/models 200, ");
  }

  @Test
  void refusesToBeOpenToOthersWithoutATokenAndToServeRewards() {
    assertThat(run("serve", "--model", MODELS + "llama", "--host", "0.0.0.0")).isEqualTo(1);
    assertThat(err.toString()).contains("--host 0.0.0.0 is open to others; give a --token");
    assertThat(run("serve", "--model", MODELS + "llama_reward", "--port", "0")).isEqualTo(1);
    assertThat(err.toString()).contains("a reward model has no words");
    assertThat(run("serve", "--model", MODELS + "llama", "--max-body", "much")).isEqualTo(1);
    assertThat(err.toString()).contains("--max-body must be a size");
  }

  @Test
  void measuresHowFastAModelDraws() {
    var code =
        run("generate", "--model", MODELS + "llama", "--measure", "3x5", "--max-new-tokens", "4");
    assertThat(code).as(err.toString()).isZero();
    assertThat(out.toString()).containsPattern("[\\d.]+ tokens/s, [\\d.]+ ms a step");
  }
}
