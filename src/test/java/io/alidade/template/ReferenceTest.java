package io.alidade.template;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/// Each operator, filter, test, statement, whitespace rule and error, against what Jinja2 made of
/// the same small template.
class ReferenceTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2024-07-26T09:05:03Z"), ZoneOffset.UTC);

  @Test
  @SuppressWarnings("unchecked")
  void rendersAsJinja() throws IOException {
    JsonNode golden;
    try (InputStream in = getClass().getResourceAsStream("/golden/template/reference.json")) {
      golden = new ObjectMapper().readTree(Objects.requireNonNull(in));
    }
    Map<String, Object> variables =
        new ObjectMapper().convertValue(golden.get("variables"), Map.class);
    List<String> failures = new ArrayList<>();
    for (var each : golden.get("cases")) {
      var template = each.get("template").asString();
      var expected = each.has("text") ? each.get("text").asString() : null;
      try {
        var text = ChatTemplate.parse(template, CLOCK, Limits.DEFAULT).render(variables).text();
        if (!text.equals(expected)) {
          failures.add(template + "\n  gave " + text + "\n  not " + each);
        }
      } catch (TemplateException | UserException failure) {
        if (expected != null) {
          failures.add(template + "\n  failed: " + failure.getMessage());
        }
      }
    }
    assertThat(failures).isEmpty();
    assertThat(golden.get("cases").size()).isGreaterThan(700);
  }
}
