package io.alidade.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.judge.code.JavaSandbox;
import io.alidade.judge.code.Limits;
import io.alidade.judge.code.Protection;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class CodeRunnerTest {
  private final List<String> log = new ArrayList<>();

  @Test
  void programsEarnTheShareOfTestsThatTheyPass() {
    var judge =
        new CodeRunner(
            "tests", Limits.usual().withSeconds(2), List.copyOf(EnumSet.allOf(Protection.class)));
    try (var sitting = judge.open(log::add)) {
      var one =
          Case.of(
                  "Write int twice(int).",
                  "Here:\n```java\nstatic int twice(int x) { return 2 * x; }\n```\nIt doubles.",
                  "static int twice(int x) { return x * x; }",
                  "static int twice(int x) { while (x > 0) {} return 0; }",
                  "I cannot.",
                  "",
                  "```java\nstatic int twice(int x) { return 2 * x; }\n```")
              .with("tests", List.of("assert twice(2) == 4;", "assert twice(3) == 6;"));
      assertThat(sitting.judge(one).standing()).containsExactly(1, 0.5, 0, 0, 0, 1);
      assertThat(log)
          .containsExactly("case:1: answers [3] ran out of time, which counts as failed");
      log.clear();
      assertThat(sitting.judge(one.with("tests", List.of())).standing()).containsOnly(Double.NaN);
      assertThat(log).containsExactly("case:1: no tests, so no rewards");
    }
  }

  @Test
  void nothingIsRunWithoutTheProtectionThatIsAskedFor() {
    var missing = EnumSet.allOf(Protection.class);
    missing.removeAll(JavaSandbox.offered());
    var judge = new CodeRunner("tests", Limits.usual(), List.of());
    if (missing.isEmpty()) {
      judge.open(log::add).close();
    } else {
      assertThatThrownBy(judge::open).isInstanceOf(UserException.class);
    }
  }
}
