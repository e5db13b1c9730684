package io.alidade.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.recipe.Plan;
import io.alidade.tensor.Natives;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every study that there is, found as the command line finds them, in its reduced form.
class StudiesTest {
  private static final int LEAST = 12;

  @TempDir private Path folder;

  static Stream<String> names() {
    return Studies.all().keySet().stream();
  }

  private static Study study(String name) {
    var study = Studies.all().get(name);
    return java.util.Objects.requireNonNull(study, name);
  }

  private Trial run(String name, long seed) throws Exception {
    Natives.threads(1);
    return study(name)
        .run(new Bench(seed, true, Files.createTempDirectory(folder, "scratch"), (_, _) -> {}));
  }

  @Test
  void enoughStudiesAreFound() {
    assertThat(Studies.all()).hasSizeGreaterThanOrEqualTo(LEAST);
  }

  @ParameterizedTest
  @MethodSource("names")
  void itSaysWhatItTests(String name) {
    var study = study(name);
    assertThat(study.claim()).isNotBlank().endsWith(".");
    assertThat(study.criterion()).isNotBlank().endsWith(".").matches("(?s).*\\d.*");
    assertThat(study.recipes()).isNotEmpty().isSubsetOf(Plan.recipes());
    for (var recipe : study.recipes()) {
      assertThat(Studies.find(recipe)).as(recipe).isNotBlank();
    }
    assertThat(Studies.find(name)).isEqualTo(name);
  }

  @ParameterizedTest
  @MethodSource("names")
  void itsReducedFormGivesNumbersInTheDirectionOfTheClaim(String name) throws Exception {
    var trial = run(name, 1);
    var results = new Results(List.of(trial));
    assertThat(trial.arms()).hasSizeGreaterThanOrEqualTo(2);
    trial
        .arms()
        .forEach((arm, measures) ->
            assertThat(measures)
                .as(arm)
                .isNotEmpty()
                .allSatisfy(
                    (measure, value) -> assertThat(value).as("%s of %s", measure, arm).isFinite()));
    assertThat(study(name).direction(results).parts()).allMatch(Verdict.Part::held);
    for (var figure : study(name).figures(results)) {
      assertThat(figure.standalone()).startsWith("<svg");
    }
  }

  @Test
  void twoRunsGiveTheSameNumbers() throws Exception {
    var one = run("power-dl", 2);
    var two = run("power-dl", 2);
    assertThat(two.arms()).isEqualTo(one.arms());
    assertThat(run("power-dl", 3).arms().keySet()).isEqualTo(one.arms().keySet());
  }

  @Test
  void anUnknownNameSuggestsTheNearest() {
    assertThatThrownBy(() -> Studies.find("no-such-thing-at-all"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("./alidade study");
  }

  @Test
  void namesAreKebabCase() {
    assertThat(Studies.name(Study.class)).isEqualTo("study");
    assertThat(Studies.name(FDpo.class)).isEqualTo("f-dpo");
    assertThat(Studies.name(SimPo2.class)).isEqualTo("sim-po2");
  }

  private interface FDpo {}

  private interface SimPo2 {}
}
