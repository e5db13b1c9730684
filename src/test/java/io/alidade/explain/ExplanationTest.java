package io.alidade.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.constraint.ForwardKl;
import io.alidade.constraint.ReverseKl;
import io.alidade.objective.Dpo;
import io.alidade.objective.Ipo;
import io.alidade.objective.Objective;
import io.alidade.recipe.ClassPath;
import io.alidade.recipe.Plan;
import io.alidade.recipe.Slots;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ExplanationTest {
  private static SequencedMap<String, String> sets(String... pairs) {
    var sets = new LinkedHashMap<String, String>();
    for (int i = 0; i < pairs.length; i += 2) {
      sets.put(pairs[i], pairs[i + 1]);
    }
    return sets;
  }

  @Test
  void everyRecipeIsExplained() {
    assertThat(Plan.recipes())
        .allSatisfy(name -> {
          var explanation = new Explanation(Subject.of(name, sets()));
          assertThat(explanation.confirmed()).isTrue();
          assertThat(explanation.text()).contains("Parameters (recipe " + name);
        });
  }

  @TestFactory
  Stream<DynamicTest> everyObjectiveIsExplainedAndItsLimitsHold() {
    return Slots.names(Objective.class).stream()
        .map(name ->
            DynamicTest.dynamicTest(
                name,
                () -> {
                  var explanation = new Explanation(Subject.of(name, sets()));
                  var text = explanation.text();
                  assertThat(text).startsWith(name).contains("Parameters (recipe ", "Needs\n");
                  assertThat(text).as("every parameter has its meaning").doesNotContain("\n\n\n");
                  assertThat(text).doesNotContain("NaN", "Infinity", "FAILED", "`");
                  assertThat(explanation.confirmed()).isTrue();
                  assertThat(explanation.html())
                      .contains("<svg", name, "push")
                      .doesNotContain("NaN");
                }));
  }

  @Test
  void everyDeclarationBelongsToAnObjective() {
    var names = Slots.names(Objective.class);
    var declared =
        ClassPath.list("io/alidade/explain").stream().filter(f -> f.endsWith(".yaml")).toList();
    assertThat(declared).hasSizeGreaterThan(40);
    assertThat(declared).allMatch(file -> names.contains(file.replace(".yaml", "")));
  }

  @Test
  void aWrongFactFails() {
    var dpo = new Dpo(0.1, new ReverseKl());
    assertThat(fact("at: '0', loss: ln(2)").check(dpo, Map.of(), 0).holds()).isTrue();
    assertThat(fact("at: '0', loss: ln(3)").check(dpo, Map.of(), 0).holds()).isFalse();
    assertThat(fact("at: '0', slope: beta/2").check(dpo, Map.of(), 0).holds()).isFalse();
    assertThat(fact("like: Hinge").check(dpo, Map.of(), 0).holds()).isFalse();
    assertThat(fact("like: Cdpo, with: {label_smoothing: 0}").check(dpo, Map.of(), 0).holds())
        .isTrue();
    assertThat(fact("like: Cdpo, with: {label_smoothing: 0.1}").check(dpo, Map.of(), 0).holds())
        .isFalse();
    var ipo = new Ipo(0.1, false, new ReverseKl());
    assertThat(fact("minimum: 1/(2*beta)").check(ipo, Map.of(), 0).holds()).isTrue();
    assertThat(fact("minimum: 1/beta").check(ipo, Map.of(), 0).holds()).isFalse();
    assertThatThrownBy(() -> fact("loss: ln(2)"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("note must go with one of");
  }

  private static Limit fact(String rest) {
    var node = io.alidade.recipe.Yaml.parse("fact", "{note: a fact, " + rest + "}");
    return io.alidade.recipe.Binder.bind(Limit.class, node, "fact");
  }

  @Test
  void theCurveOfDpoIsThatOfItsEquation() {
    var sweep = new Sweep(new Dpo(0.3, new ReverseKl()), Map.of(), 0);
    for (double margin : new double[] {-10, -1, 0, 2, 10}) {
      var place = sweep.at(margin);
      assertThat(place.loss()).isCloseTo(Math.log1p(Math.exp(-0.3 * margin)), within());
      double weight = 0.3 / (1 + Math.exp(0.3 * margin));
      assertThat(place.push()[0]).isCloseTo(weight, within());
      assertThat(place.push()[1]).isCloseTo(-weight, within());
    }
  }

  private static org.assertj.core.data.Offset<Double> within() {
    return org.assertj.core.data.Offset.offset(1e-12);
  }

  @Test
  void parametersComeFromTheRecipeAndMayBeSet() {
    assertThat(Subject.of("dpo", sets()).objective()).isEqualTo(new Dpo(0.1, new ReverseKl()));
    assertThat(Subject.of("Dpo", sets("beta", "0.2", "divergence", "ForwardKl")).objective())
        .isEqualTo(new Dpo(0.2, new ForwardKl()));
    assertThat(Subject.of("dpo", sets("objective.Dpo.beta", "0.2")).objective())
        .isEqualTo(new Dpo(0.2, new ReverseKl()));
    assertThatThrownBy(() -> Subject.of("Dpoo", sets()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no objective and no recipe 'Dpoo'; did you mean 'Dpo'?");
    assertThatThrownBy(() -> Subject.of("dpo", sets("betta", "0.2")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("did you mean 'beta'?");
    assertThatThrownBy(() -> Subject.of("dpo", sets("beta", "-1")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("beta must be positive and finite, was -1.0");
  }

  @Test
  void formulas() {
    var names = Map.of("beta", 0.1, "label_smoothing", 0.25);
    assertThat(Formula.value("1/(2*beta)", names)).isEqualTo(5);
    assertThat(Formula.value("-ln( label_smoothing ) + 1e-3 - 2", names))
        .isEqualTo(-Math.log(0.25) + 1e-3 - 2);
    assertThat(Formula.value("softplus(0)/sigmoid(0)*exp(0)", names))
        .isCloseTo(2 * Math.log(2), within());
    for (var bad : List.of("ReverseKl", "beta beta", "1/(2", "", "gamma", "sin(1)")) {
      assertThat(Formula.ifFormula(bad, names)).as(bad).isEmpty();
    }
  }
}
