package io.alidade.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.batch.Readout;
import io.alidade.constraint.ReverseKl;
import io.alidade.data.Strategy;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import io.alidade.model.Head;
import io.alidade.objective.Dpo;
import io.alidade.objective.Needs;
import io.alidade.objective.Objective;
import io.alidade.reference.AdaptersOff;
import io.alidade.reference.Cached;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanTest {
  @TempDir Path temp;

  private static SequencedMap<String, String> sets(String... pairs) {
    var sets = new LinkedHashMap<String, String>();
    for (int i = 0; i < pairs.length; i += 2) {
      sets.put(pairs[i], pairs[i + 1]);
    }
    return sets;
  }

  @Test
  void everyRecipeBindsOnEveryScaleAndIsWired() {
    assertThat(Plan.recipes()).contains("dpo", "kto", "reward", "sft");
    assertThat(Plan.scales()).contains("paper", "small", "tiny");
    for (var recipe : Plan.recipes()) {
      for (var scale : Plan.scales()) {
        var plan = Plan.load(recipe, scale, sets());
        Wiring.check(plan);
        assertThat(plan.recipe().claim()).as(recipe).isNotBlank();
      }
    }
  }

  @Test
  void setsReachRecipeAndScale() {
    var plan =
        Plan.load(
            "dpo",
            "tiny",
            sets(
                "objective.Dpo.beta", "0.2",
                "max_steps", "20",
                "model", "org/name@v1",
                "adapter", "{r: 8, lora_alpha: 16}"));
    assertThat(plan.recipe().objective()).isEqualTo(new Dpo(0.2, new ReverseKl()));
    assertThat(plan.scale().settings().maxSteps()).isEqualTo(20);
    assertThat(plan.scale().model()).contains("org/name@v1");
    assertThat(plan.scale().adapter().orElseThrow().spec().r()).isEqualTo(8);
    assertThat(plan.overrides()).containsKey("objective.Dpo.beta");
  }

  @Test
  void recipeAndScaleShareNoComponent() {
    assertThat(Components.of(Recipe.class).keySet())
        .doesNotContainAnyElementsOf(Components.of(Scale.class).keySet());
  }

  @Test
  void aResolvedPlanIsAPlan() throws IOException {
    for (var recipe : Plan.recipes()) {
      var plan =
          Plan.load(
              recipe, "paper", sets("data", "a b.jsonl", "adapter", "{r: 8, lora_alpha: 16}"));
      var file = temp.resolve(recipe + ".yaml");
      Files.writeString(file, plan.yaml());
      var again = Plan.load(file.toString(), "tiny", sets());
      assertThat(again.recipe()).isEqualTo(plan.recipe());
      assertThat(again.scale()).isEqualTo(plan.scale());
      assertThat(again.yaml()).isEqualTo(plan.yaml());
    }
  }

  @Test
  void unknownNamesSuggest() {
    assertThatThrownBy(() -> Plan.load("dpoo", "tiny", sets()))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "no recipe 'dpoo'; did you mean 'dpo'? './alidade list' names all %d, or give the path of a .yaml file"
                .formatted(Plan.recipes().size()));
    assertThatThrownBy(() -> Plan.load("transformer", "tiny", sets()))
        .hasMessageStartingWith("no recipe 'transformer'; './alidade list' names all ");
    assertThatThrownBy(() -> Plan.load("dpo", "tyni", sets()))
        .hasMessageStartingWith("no scale 'tyni'; did you mean 'tiny'? known: [");
    assertThatThrownBy(() -> Plan.load("x/dpo.yaml", "tiny", sets()))
        .hasMessage("there is no recipe file x/dpo.yaml");
    assertThatThrownBy(() -> Plan.load("dpo", "tiny", sets("maks_length", "3")))
        .hasMessageStartingWith(
            "--set: neither recipe nor scale has 'maks_length'; did you mean 'max_length'?");
  }

  @Test
  void scaleChecksItsParts() {
    assertThatThrownBy(() -> Plan.load("dpo", "tiny", sets("logging_steps", "0")))
        .hasMessageStartingWith("scale: logging_steps must be at least 1, was 0");
    assertThatThrownBy(() -> Plan.load("dpo", "tiny", sets("eval_fraction", "1")))
        .hasMessageStartingWith("scale: eval_fraction must be at least 0.0 and below 1.0, was 1.0");
    assertThatThrownBy(() -> Plan.load("dpo", "tiny", sets("adapter", "{r: 0, lora_alpha: 1}")))
        .hasMessageStartingWith("scale.adapter: r must be at least 1, was 0");
    assertThatThrownBy(() -> Plan.load("dpo", "tiny", sets("dtype", "bfloat")))
        .hasMessageContaining("did you mean 'bfloat16'?");
  }

  @Test
  void aReferenceIsThereIfAndOnlyIfNeeded() {
    assertThatThrownBy(() -> Wiring.check(Plan.load("dpo", "tiny", sets("reference", ""))))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("recipe.reference: Dpo compares with a frozen model");
    assertThatThrownBy(() -> Wiring.check(Plan.load("sft", "tiny", sets("reference", "Frozen"))))
        .hasMessageContaining("Sft does not compare with a frozen model; remove 'reference'");
    for (var reference : List.of("AdaptersOff", "{Cached: {of: AdaptersOff}}")) {
      assertThatThrownBy(() -> Wiring.check(Plan.load("dpo", "tiny", sets("reference", reference))))
          .hasMessageContaining("the scale trains no adapter");
      var plan =
          Plan.load(
              "dpo", "tiny", sets("reference", reference, "adapter", "{r: 8, lora_alpha: 16}"));
      assertThatCode(() -> Wiring.check(plan)).doesNotThrowAnyException();
      assertThat(plan.recipe().reference().orElseThrow())
          .isIn(new AdaptersOff(), new Cached(new AdaptersOff()));
    }
  }

  @Test
  void dataMustBeWhatTheObjectiveLearnsFrom() {
    var dpo = Plan.load("dpo", "tiny", sets());
    assertThatCode(() -> Wiring.check(dpo, rows(Form.PAIR))).doesNotThrowAnyException();
    assertThatThrownBy(() -> Wiring.check(dpo, rows(Form.LABELLED)))
        .hasMessageStartingWith(
            "d.jsonl holds a labelled answer: prompt, completion, label, and Dpo learns from preference pairs");
    var margins = Plan.load("reward", "tiny", sets("objective.BradleyTerry.margin", "true"));
    assertThatThrownBy(() -> Wiring.check(margins, rows(Form.PAIR, Signal.perGroup("margn"))))
        .hasMessageContaining(
            "no column 'margin', which BradleyTerry reads (one number a row); did you mean 'margn'?");
    assertThatThrownBy(() -> Wiring.check(margins, rows(Form.PAIR, Signal.perCandidate("margin"))))
        .hasMessageContaining("no column 'margin' of this shape, which BradleyTerry reads");
    assertThatCode(() -> Wiring.check(margins, rows(Form.PAIR, Signal.perGroup("margin"))))
        .doesNotThrowAnyException();
    var kto = Plan.load("kto", "tiny", sets());
    assertThatCode(() -> Wiring.check(kto, rows(Form.PAIR))).doesNotThrowAnyException();
  }

  private static Strategy.Outline rows(Form form, Signal... signals) {
    return new Strategy.Outline("d.jsonl", form, Set.of(signals), Set.of());
  }

  @Test
  void everyObjectiveHasAHead() {
    assertThat(Wiring.head(Needs.pairs())).isEqualTo(Head.LANGUAGE);
    assertThat(Wiring.head(Needs.pairs().readingOnly(Readout.REWARD))).isEqualTo(Head.REWARD);
    assertThat(Wiring.head(Needs.rollouts().reading(Readout.VALUE))).isEqualTo(Head.VALUE);
    assertThatThrownBy(() -> Wiring.head(Needs.pairs().reading(Readout.REWARD)))
        .isInstanceOf(UserException.class);
  }

  @Test
  void theCatalogueNamesEveryComponentWithItsPaper() {
    var slots = Catalogue.slots();
    assertThat(slots)
        .extracting(Catalogue.Slot::name)
        .contains(
            "Strategy",
            "Objective",
            "Reference",
            "Learning",
            "Optimizer",
            "Schedule",
            "Divergence");
    var objectives =
        slots.stream().filter(slot -> slot.name().equals("Objective")).findFirst().orElseThrow();
    assertThat(objectives.components()).hasSameSizeAs(Slots.of(Objective.class));
    assertThat(slots)
        .allSatisfy(slot -> {
          assertThat(slot.summary()).endsWith(".");
          assertThat(slot.components()).isNotEmpty();
          assertThat(slot.components())
              .allSatisfy(component ->
                  assertThat(component.summary()).isNotBlank().doesNotContain("arXiv", "///"));
        });
    var dpo =
        objectives.components().stream()
            .filter(c -> c.name().equals("Dpo"))
            .findFirst()
            .orElseThrow();
    assertThat(dpo.parameters()).containsExactly("beta", "divergence");
    assertThat(dpo.summary()).isEqualTo("Direct preference optimization.");
    assertThat(dpo.papers()).containsExactly("arXiv:2305.18290", "arXiv:2309.16240");
  }

  @Test
  void firstSentences() {
    assertThat(Catalogue.sentence("One (Xu et al. 2024. No). Two."))
        .isEqualTo("One (Xu et al. 2024. No).");
    assertThat(Catalogue.uncited("A [Foo] and `b` (Xu 2024, arXiv:2401.00001, eq. 3): c."))
        .isEqualTo("A Foo and b: c.");
  }
}
