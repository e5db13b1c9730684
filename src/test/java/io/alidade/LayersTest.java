package io.alidade;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Packages are layers: each uses only those before it in this list, so that the direction in which
/// data travels is the direction in which the source can be read. A package inside of another
/// belongs to its layer.
class LayersTest {
  private static final List<String> LAYERS =
      List.of(
          "tensor",
          "example",
          "store",
          "template",
          "tokenizer",
          "batch",
          "constraint",
          "objective",
          "model",
          "reference",
          "journal",
          "data",
          "generation",
          "judge",
          "learning",
          "evaluation",
          "mine",
          "recipe",
          "report",
          "run",
          "bench",
          "world",
          "study",
          "demo",
          "explain",
          "serve",
          "cli");

  private static final Pattern OURS = Pattern.compile("\\bL?io/alidade/([a-z]+)/");

  @Test
  void packagesUseOnlyEarlierLayers() {
    var classes = Classes.ofMain();
    assertThat(classes).hasSizeGreaterThan(100);
    var wrong = new TreeSet<String>();
    var seen = new TreeSet<String>();
    for (var model : classes) {
      var name = model.thisClass().asInternalName();
      var own = OURS.matcher(name);
      if (!own.find()) {
        for (var used : used(Classes.strings(model))) {
          wrong.add(name + " uses " + used + ", but everything may use it");
        }
        continue;
      }
      int layer = LAYERS.indexOf(own.group(1));
      assertThat(layer).as("%s is in no layer; add its package to the list", name).isNotNegative();
      seen.add(own.group(1));
      for (var used : used(Classes.strings(model))) {
        if (LAYERS.indexOf(used) > layer) {
          wrong.add(name + " uses " + used);
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(seen).contains("tensor", "objective", "learning", "cli");
  }

  @Test
  void theTreeOfTheReadmeIsTheirOrder() throws IOException {
    var tree = Pattern.compile("^[├└]─ ([a-z]+)/ ", Pattern.MULTILINE);
    assertThat(tree.matcher(Files.readString(Path.of("README.md"))).results().map(m -> m.group(1)))
        .containsExactlyElementsOf(LAYERS);
  }

  private static List<String> used(List<String> strings) {
    var used = new ArrayList<String>();
    for (var string : strings) {
      var matcher = OURS.matcher(string);
      while (matcher.find()) {
        used.add(matcher.group(1));
      }
    }
    return used;
  }
}
