package io.alidade.template;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/// Renders published templates and compares with the reference's renderings, to the byte. Reads a
/// folder of `*.jinja` files and a `renderings.json`, named by the environment variable
/// `ALIDADE_TEMPLATES` or the system property `alidade.templates`; skipped where neither is set.
class GoldenTemplatesTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2024-07-26T12:00:00Z"), ZoneOffset.UTC);

  @Test
  void rendersPublishedTemplatesAsTheReference() throws IOException {
    var folder = System.getProperty("alidade.templates", System.getenv("ALIDADE_TEMPLATES"));
    Assumptions.assumeTrue(
        folder != null, "set ALIDADE_TEMPLATES to a folder of templates and renderings.json");
    var root = Path.of(folder);
    var json = new ObjectMapper().readTree(Files.readString(root.resolve("renderings.json")));
    Map<String, ChatTemplate> templates = new HashMap<>();
    List<String> failures = new ArrayList<>();
    int checked = 0;
    for (var gold : json.get("gold").properties()) {
      var name = gold.getKey().substring(0, gold.getKey().indexOf('/'));
      var scenario = gold.getKey().substring(gold.getKey().indexOf('/') + 1);
      if (!templates.containsKey(name)) {
        var source = Files.readString(root.resolve(name + ".jinja"));
        templates.put(name, ChatTemplate.parse(source, CLOCK, Limits.DEFAULT));
      }
      Map<String, Object> variables = new HashMap<>();
      variables.put("tools", null);
      variables.put("documents", null);
      variables.putAll(map(json.get("base")));
      variables.putAll(map(json.get("scen").get(scenario)));
      checked++;
      compare(gold.getKey(), templates.get(name), variables, gold.getValue(), failures);
    }
    assertThat(failures).isEmpty();
    assertThat(checked).isPositive();
  }

  private static void compare(
      String name,
      ChatTemplate template,
      Map<String, Object> variables,
      JsonNode expected,
      List<String> failures) {
    boolean renders = expected.get("ok").booleanValue();
    try {
      var text = template.render(variables).text();
      if (!renders) {
        failures.add(name + ": rendered, but the reference says " + expected.get("err"));
      } else if (!text.equals(expected.get("text").asString())) {
        failures.add(name + ":\n" + text + "\n--- expected\n" + expected.get("text").asString());
      }
    } catch (TemplateException | UserException failure) {
      if (renders) {
        failures.add(name + ": " + failure.getMessage());
      }
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(JsonNode node) {
    return new ObjectMapper().convertValue(node, Map.class);
  }
}
