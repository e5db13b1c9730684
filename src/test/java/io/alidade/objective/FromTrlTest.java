package io.alidade.objective;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.recipe.Plan;
import io.alidade.recipe.Wiring;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// `docs/from-trl.md` says which recipe computes which of TRL's losses.
class FromTrlTest {
  private static final Path PAGE = Path.of("docs", "from-trl.md");
  private static final Pattern SETTING = Pattern.compile("`([A-Za-z_.]+)=([^`]+)`");
  private static final Pattern ROW =
      Pattern.compile(
          "\\| (?:`(\\w+)` \\| )?`(\\w+)` \\| \\[([a-z0-9-]+)\\]\\([^)]*\\) \\|(.*)\\|");

  /// A row of a table.
  ///
  /// @param trainer empty for `DPOTrainer`
  private record Row(String trainer, String type, String recipe, String settings) {
    Plan plan() {
      return plan(new LinkedHashMap<>());
    }

    /// @param more set beyond what the row says
    Plan plan(Map<String, String> more) {
      var overrides = new LinkedHashMap<>(more);
      var setting = SETTING.matcher(settings);
      while (setting.find()) {
        overrides.putIfAbsent(setting.group(1), setting.group(2));
      }
      return Plan.load(recipe, "tiny", overrides);
    }

    /// The row's objective with the parameters of a recorded case.
    Objective like(JsonNode params) {
      var type = plan().recipe().objective().getClass();
      var more = new LinkedHashMap<String, String>();
      for (var component : type.getRecordComponents()) {
        var key = component.getName().equals("labelSmoothing") ? "label_smoothing" : "beta";
        if (Set.of("beta", "labelSmoothing").contains(component.getName())) {
          double value = params.get(key).doubleValue();
          more.put("objective.%s.%s".formatted(type.getSimpleName(), key), "" + value);
        }
      }
      return plan(more).recipe().objective();
    }
  }

  private static List<Row> rows() throws IOException {
    var rows = new ArrayList<Row>();
    for (var line : Files.readAllLines(PAGE)) {
      var row = ROW.matcher(line);
      if (row.matches()) {
        rows.add(
            new Row(
                Optional.ofNullable(row.group(1)).orElse(""),
                row.group(2),
                row.group(3),
                row.group(4)));
      }
    }
    return rows;
  }

  @Test
  void everyLossOfTheTrainersHasARecipeThatIsThereAndFits() throws IOException {
    var rows = rows();
    assertThat(rows.stream().map(row -> (row.trainer + " " + row.type).strip()))
        .contains(
            "sigmoid",
            "hinge",
            "ipo",
            "exo_pair",
            "nca_pair",
            "robust",
            "bco_pair",
            "sppo_hard",
            "aot",
            "aot_unpaired",
            "apo_zero",
            "apo_down",
            "discopop",
            "sigmoid_norm",
            "sft",
            "KTOTrainer kto",
            "KTOTrainer apo_zero_unpaired",
            "CPOTrainer sigmoid",
            "CPOTrainer hinge",
            "CPOTrainer ipo",
            "CPOTrainer simpo",
            "CPOTrainer alphapo",
            "ORPOTrainer orpo")
        .doesNotHaveDuplicates();
    for (var row : rows) {
      Wiring.check(row.plan());
    }
  }

  @Test
  void everyLinkedRecipeAndEverySettingIsThere() throws IOException {
    var text = Files.readString(PAGE);
    assertThat(Pattern.compile("\\[([^\\]]+)\\]\\(\\.\\./recipes/([^)]+)\\.yaml\\)").matcher(text))
        .matches(links -> {
          while (links.find()) {
            assertThat(links.group(1)).isEqualTo(links.group(2)).isIn(Plan.recipes());
          }
          return true;
        });
    for (var setting :
        List.of(
            List.of("ipo", "objective.Ipo.length_normalised", "false"),
            List.of("ld-dpo", "objective.LengthDesensitised.alpha", "0.5"),
            List.of("dpo", "reference", "{Cached: {of: Frozen}}"))) {
      assertThat(text).contains("`%s=%s`".formatted(setting.get(1), setting.get(2)));
      var overrides = new LinkedHashMap<String, String>();
      overrides.put(setting.get(1), setting.get(2));
      Wiring.check(Plan.load(setting.getFirst(), "tiny", overrides));
    }
  }

  @Test
  void recipesOfPairsGiveTheRecordedNumbers() throws IOException {
    var file = Golden.read("dpo_vectors");
    int found = 0;
    for (var row : rows()) {
      if (!row.trainer.isEmpty() || row.type.equals("sft")) {
        continue;
      }
      var recorded = recorded(file, row.type);
      if (recorded.isEmpty()) {
        continue;
      }
      var known = recorded.get();
      var in = file.get("inputs").get(known.get("set").stringValue());
      try (var _ = new Step()) {
        var sample =
            Sample.pairs(
                Golden.numbers(in.get("policy_chosen_logps")),
                Golden.numbers(in.get("policy_rejected_logps")),
                Optional.of(Golden.numbers(in.get("ref_chosen_logps"))),
                Optional.of(Golden.numbers(in.get("ref_rejected_logps"))),
                Golden.numbers(in.get("chosen_lengths")),
                Golden.numbers(in.get("rejected_lengths")));
        var loss = row.like(known.get("params")).loss(sample.batch());
        Golden.close(row.type, Ops.number(loss.value()), known.get("loss").doubleValue(), 1e-5);
      }
      found++;
    }
    assertThat(found).isGreaterThanOrEqualTo(9); // of the others no numbers were recorded
  }

  /// A recorded case of a loss, of several pairs.
  private static Optional<JsonNode> recorded(JsonNode file, String type) {
    return Golden.list(file.get("cases")).stream()
        .filter(c -> c.get("loss_type").stringValue().equals(type))
        .filter(c -> c.get("params").get("f_divergence_type").stringValue().equals("reverse_kl"))
        .filter(c -> !c.get("set").stringValue().equals("single"))
        .findFirst();
  }
}
