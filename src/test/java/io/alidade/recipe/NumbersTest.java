package io.alidade.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// Every number of every recipe and of every scale, set to what it cannot be.
class NumbersTest {
  private static final String HUGE = "1e39"; // more than single precision holds

  /// A number of a recipe on the scale `tiny`.
  ///
  /// @param recipe where it stands
  /// @param whole whether it is an integer
  private record Setting(String recipe, boolean whole) {}

  /// Numbers by path; those of a component that several recipes have in one place count once.
  private static SequencedMap<String, Setting> numbers() {
    var numbers = new TreeMap<String, Setting>();
    for (var recipe : Plan.recipes()) {
      var plan = Plan.load(recipe, "tiny", new LinkedHashMap<>());
      collect(recipe, "", Resolved.of(plan.recipe()), numbers);
      collect(recipe, "", Resolved.of(plan.scale()), numbers);
    }
    return numbers;
  }

  private static void collect(String recipe, String path, Node node, Map<String, Setting> numbers) {
    switch (node) {
      case Node.Scalar scalar -> {
        var text = scalar.text();
        boolean whole = text.matches("-?\\d+");
        if (!scalar.quoted() && (whole || text.matches("-?[0-9.]+([eE]-?\\d+)?"))) {
          numbers.putIfAbsent(path, new Setting(recipe, whole));
        }
      }
      case Node.Sequence sequence -> {
        for (int i = 0; i < sequence.items().size(); i++) {
          collect(recipe, path(path, "" + i), sequence.items().get(i), numbers);
        }
      }
      case Node.Mapping mapping ->
          mapping.entries().forEach((key, item) -> collect(recipe, path(path, key), item, numbers));
    }
  }

  private static String path(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private static Plan set(Setting number, String path, String value) {
    var overrides = new LinkedHashMap<String, String>();
    overrides.put(path, value);
    return Plan.load(number.recipe, "tiny", overrides);
  }

  @Test
  void whatIsNoNumberOrTooLargeIsRefusedByNameAndValue() {
    var numbers = numbers();
    assertThat(numbers).hasSizeGreaterThan(120).containsKey("optimizer.AdamW.learning_rate");
    numbers.forEach((path, number) -> {
      for (var value : new String[] {".nan", ".inf", "-.inf", "many", HUGE}) {
        assertThatThrownBy(() -> set(number, path, value))
            .as("%s=%s", path, value)
            .isInstanceOf(UserException.class)
            .hasMessageContaining(path)
            .hasMessageContaining(value);
      }
    });
  }

  @Test
  void whatIsOutOfRangeIsRefusedWithTheRange() {
    var anything = new TreeSet<String>();
    numbers()
        .forEach((path, number) -> {
          for (var value : number.whole ? new String[] {"-1000", "-7"} : new String[] {"-1e30"}) {
            try {
              set(number, path, value);
              anything.add(path.replaceAll("\\.\\d+\\.", ".N."));
            } catch (UserException refused) {
              assertThat(refused)
                  .as("%s=%s", path, value)
                  .hasMessageContaining(path.substring(path.lastIndexOf('.') + 1))
                  .hasMessageContaining("must be")
                  .hasMessageFindingMatch("-1\\.0E30|-1000|-7");
            }
          }
        });
    // Weights that may be negative, ends of scales, a curve's exponent, and seeds.
    assertThat(anything)
        .as("numbers without a lower bound")
        .allMatch(path ->
            path.matches(
                "(.*\\.)?seed|objective\\.AlphaPo\\.alpha|.*\\.Copo\\.b|.*\\.Oreo\\.(right|wrong)|.*\\.weights?(\\.\\d+)?|objective\\.Modpo(Hinge)?\\.others\\..*|.*\\.NashRounds\\.floor|.*\\.PreferenceTree\\.low|.*\\.Ratings\\.(factors|offsets)\\..*"));
  }

  @Test
  void aRateThatBlowsUpSinglePrecisionIsRefused() {
    var plan = new Setting("dpo", false);
    assertThatThrownBy(() -> set(plan, "optimizer.AdamW.learning_rate", "1e38"))
        .hasMessageContaining("learning_rate must be between 0.0 and 1.0E30, was 1.0E38");
    assertThatThrownBy(() -> set(plan, "learning_rate_factor", "1e38"))
        .hasMessageContaining("learning_rate_factor must be above 0.0 and at most 1000000.0");
  }
}
