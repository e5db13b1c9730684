package io.alidade.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.UserException;
import io.alidade.constraint.Divergence;
import io.alidade.constraint.ReverseKl;
import io.alidade.objective.Dpo;
import io.alidade.objective.Objective;
import io.alidade.objective.Sft;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;

class BinderTest {
  enum Side {
    KEEP_START,
    KEEP_END
  }

  record Inner(int warmupSteps) {
    Inner {
      Check.atLeast("warmupSteps", 0, warmupSteps);
    }
  }

  record Everything(
      Objective objective,
      Optional<Divergence> divergence,
      double rate,
      int count,
      long big,
      boolean flag,
      String name,
      Path file,
      Side truncationMode,
      List<Double> numbers,
      List<Divergence> slots,
      Map<String, String> words,
      Inner inner,
      @Default("7") int plumbing) {}

  private static final String ALL =
      """
      objective: {Dpo: {beta: 0.1, divergence: ReverseKl}}
      rate: 1e-6
      count: -3
      big: 12345678901
      flag: true
      name: no
      file: a/b.jsonl
      truncation_mode: keep_start
      numbers: [1, 2.5, .5]
      slots: [ReverseKl, {ReverseKl: {}}]
      words: {a: "1", b: two}
      inner: {warmup_steps: 3}
      """;

  private static final Everything BOUND =
      new Everything(
          new Dpo(0.1, new ReverseKl()),
          Optional.empty(),
          1e-6,
          -3,
          12345678901L,
          true,
          "no",
          Path.of("a/b.jsonl"),
          Side.KEEP_START,
          List.of(1.0, 2.5, 0.5),
          List.of(new ReverseKl(), new ReverseKl()),
          Map.of("a", "1", "b", "two"),
          new Inner(3),
          7);

  private static Everything bind(String yaml) {
    return Binder.bind(Everything.class, Yaml.parse("test.yaml", yaml), "test");
  }

  private static AbstractThrowableAssert<?, ?> failure(String from, String to) {
    assertThat(ALL).contains(from);
    return assertThatThrownBy(() -> bind(ALL.replace(from, to))).isInstanceOf(UserException.class);
  }

  @Test
  void bindsEveryKindOfComponent() {
    assertThat(bind(ALL)).isEqualTo(BOUND);
  }

  @Test
  void writesBackWhatBindsToTheSame() {
    var yaml = Yaml.write(Resolved.of(BOUND));
    assertThat(bind(yaml)).isEqualTo(BOUND);
    assertThat(yaml).contains("plumbing: 7").contains("  Dpo:\n    beta: 0.1\n");
  }

  @Test
  void writesBackAwkwardTexts() {
    for (var text : List.of("null", "~", "", "a: b", "\"q\" \\ \n\t", "- x", "#", "é✓", "1.5")) {
      record Holder(String text) {}
      var holder = new Holder(text);
      var yaml = Yaml.write(Resolved.of(holder));
      assertThat(Binder.bind(Holder.class, Yaml.parse("t", yaml), "t")).isEqualTo(holder);
    }
  }

  @Test
  void namesTheKnownComponentsAndTheNearest() {
    failure("Dpo:", "Dop:")
        .hasMessage(
            "test.objective: no Objective named 'Dop'; did you mean 'Dpo'? './alidade list' names all %d (test.yaml, line 1)"
                .formatted(Slots.names(Objective.class).size()));
    failure("ReverseKl", "ReversKl")
        .hasMessageStartingWith(
            "test.objective.Dpo.divergence: no Divergence named 'ReversKl'; did you mean 'ReverseKl'? known: [")
        .hasMessageContaining("ForwardKl");
  }

  @Test
  void cannotLeaveThePackage() {
    for (var name : List.of("java.lang.String", "Loss", "Needs", "../x", "Objective", "dpo")) {
      failure("{Dpo: {beta: 0.1, divergence: ReverseKl}}", name)
          .hasMessageContaining("no Objective named '" + name + "'");
    }
  }

  @Test
  void reportsRangeWithPathAndPlace() {
    failure("beta: 0.1", "beta: -1")
        .hasMessage(
            "test.objective.Dpo: beta must be positive and finite, was -1.0 (test.yaml, line 1)");
    failure("warmup_steps: 3", "warmup_steps: -3")
        .hasMessageContaining("test.inner: warmup_steps must be at least 0, was -3");
  }

  @Test
  void reportsMissing() {
    failure(", divergence: ReverseKl", "")
        .hasMessageStartingWith("test.objective.Dpo: missing 'divergence' (a Divergence: one of [")
        .hasMessageContaining("ReverseKl");
    failure("flag: true", "flag:").hasMessageContaining("test: missing 'flag' (boolean)");
  }

  @Test
  void reportsUnknown() {
    failure("warmup_steps: 3", "warmup_stepz: 3")
        .hasMessage(
            "test.inner: unknown [warmup_stepz]; Inner has [warmup_steps]; did you mean"
                + " 'warmup_steps'? (test.yaml, line 12)");
  }

  @Test
  void reportsWrongTypes() {
    failure("beta: 0.1", "beta: no")
        .hasMessageContaining("test.objective.Dpo.beta: wanted double, got no");
    failure("beta: 0.1", "beta: \"0.1\"")
        .hasMessageContaining("wanted double, got the text \"0.1\"");
    failure("beta: 0.1", "beta: 0x1p3").hasMessageContaining("wanted double, got 0x1p3");
    failure("count: -3", "count: 1.5").hasMessageContaining("test.count: wanted int, got 1.5");
    failure("count: -3", "count: 99999999999")
        .hasMessageContaining("99999999999 is too large for int");
    failure("count: -3", "count: [1]")
        .hasMessageContaining("test.count: wanted int, got a list of 1");
    failure("flag: true", "flag: yes")
        .hasMessageContaining("test.flag: wanted true or false, got yes");
    failure("keep_start", "keep_stat")
        .hasMessageContaining(
            "wanted one of [keep_start, keep_end], got keep_stat; did you mean 'keep_start'?");
    failure("[1, 2.5, .5]", "[1, x]").hasMessageContaining("test.numbers.1: wanted double, got x");
    failure("[1, 2.5, .5]", "3").hasMessageContaining("test.numbers: wanted a list, got 3");
    failure("inner: {warmup_steps: 3}", "inner: 3")
        .hasMessageContaining("test.inner: wanted a map of keys and values, got 3");
    failure("{Dpo: {beta: 0.1, divergence: ReverseKl}}", "{Dpo: {}, Sft: {}}")
        .hasMessageContaining(
            "test.objective: wanted one Objective, as 'Name: {…}', got a map of [Dpo, Sft]");
  }

  @Test
  void refusesWhatIsNotPlainYaml() {
    assertThatThrownBy(() -> Yaml.parse("t.yaml", "a: 1\nb: 2\na: 3\n"))
        .hasMessage("t.yaml, line 3: 'a' stands there twice; first at t.yaml, line 1");
    assertThatThrownBy(() -> Yaml.parse("t.yaml", "a: &x 1\nb: *x\n"))
        .hasMessageContaining("anchors and aliases are not allowed");
    assertThatThrownBy(() -> Yaml.parse("t.yaml", "a: !!java.io.File x\n"))
        .hasMessageContaining("is not allowed");
    assertThatThrownBy(() -> Yaml.parse("t.yaml", "a: [1\nb: 2\n"))
        .isInstanceOf(UserException.class)
        .hasMessageMatching("(?s)t.yaml, line \\d: not YAML: [^\n]*");
    assertThatThrownBy(() -> Yaml.parse("t.yaml", "")).hasMessage("t.yaml is empty");
  }

  @Test
  void findsWhatFillsASlot() {
    assertThat(Slots.of(Objective.class)).contains(Dpo.class, Sft.class);
    assertThat(Slots.names(Divergence.class)).contains("ReverseKl").isSorted();
  }

  @Test
  void findsTheNearestName() {
    var known = List.of("learning_rate", "max_length", "beta");
    assertThat(Nearest.of("learnign_rate", known)).contains("learning_rate");
    assertThat(Nearest.of("max-length", known)).contains("max_length");
    assertThat(Nearest.of("epsilon", known)).isEmpty();
    assertThat(Nearest.distance("kitten", "sitting")).isEqualTo(3);
    assertThat(Nearest.distance("dop", "dpo")).isEqualTo(1);
  }

  private static Everything set(String path, String value) {
    var tree = Yaml.parse("test.yaml", ALL).mapping("test");
    return Binder.bind(
        Everything.class, Overrides.set(Everything.class, "test", tree, path, value), "test");
  }

  @Test
  void overridesByPath() {
    assertThat(set("objective.Dpo.beta", "0.2").objective())
        .isEqualTo(new Dpo(0.2, new ReverseKl()));
    assertThat(set("objective", "Sft").objective()).isEqualTo(new Sft());
    assertThat(set("divergence", "ReverseKl").divergence()).contains(new ReverseKl());
    assertThat(set("plumbing", "9").plumbing()).isEqualTo(9);
    assertThat(set("name", "12: x").name()).isEqualTo("12: x");
    assertThat(set("numbers.1", "4").numbers()).containsExactly(1.0, 4.0, 0.5);
    assertThat(set("words.c", "3").words()).containsEntry("c", "3");
    assertThat(set("inner.warmup_steps", "8").inner()).isEqualTo(new Inner(8));
  }

  @Test
  void refusesUnknownPaths() {
    assertThatThrownBy(() -> set("objective.Dpo.bta", "1"))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "--set: test.objective.Dpo has no 'bta'; it has [beta, divergence]; did you mean 'beta'?");
    assertThatThrownBy(() -> set("objective.Sft.x", "1"))
        .hasMessage("test.objective is Dpo, not Sft; to replace it: --set 'objective={Sft: {…}}'");
    assertThatThrownBy(() -> set("objective.Dop.beta", "1"))
        .hasMessageContaining("; did you mean 'Dpo'?");
    assertThatThrownBy(() -> set("count.x", "1")).hasMessageContaining("is a single value");
    assertThatThrownBy(() -> set("numbers.7", "1")).hasMessageContaining("is a list of 3");
    assertThatThrownBy(() -> set("objective.Dpo.beta", "x"))
        .hasMessageContaining("wanted double, got x (--set objective.Dpo.beta, line 1)");
  }
}
