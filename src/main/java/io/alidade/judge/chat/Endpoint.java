package io.alidade.judge.chat;

import io.alidade.Check;
import java.net.URI;
import java.net.URISyntaxException;

/// A language model behind the interface of OpenAI's `chat/completions`.
///
/// @param url up to and without `/chat/completions`, such as `http://127.0.0.1:8000/v1`
/// @param model its name there
/// @param keyVariable name of the environment variable that holds the key; empty for none
/// @param maxTokens of an answer, at least 1
/// @param temperature of its draws, at least 0
/// @param timeoutSeconds for one answer, positive
public record Endpoint(
    String url,
    String model,
    String keyVariable,
    int maxTokens,
    double temperature,
    double timeoutSeconds) {
  /// Checks the ranges.
  public Endpoint {
    Check.atLeast("max_tokens", 1, maxTokens);
    Check.notNegative("temperature", temperature);
    Check.positive("timeout_seconds", timeoutSeconds);
    try {
      var scheme = new URI(url).getScheme();
      if (!"http".equals(scheme) && !"https".equals(scheme)) {
        throw new IllegalArgumentException(
            "url must begin with http:// or https://, was '%s'".formatted(url));
      }
    } catch (URISyntaxException failure) {
      throw new IllegalArgumentException(
          "url must be an address, was '%s'".formatted(url), failure);
    }
  }

  URI address() {
    return URI.create(url.replaceFirst("/+$", "") + "/chat/completions");
  }
}
