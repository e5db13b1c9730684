package io.alidade.learning.rounds;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.judge.code.JavaSandbox;
import io.alidade.judge.code.Limits;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What of written code is worth running.
class CrossTestRolloutsTest {
  @Test
  void testsThatPassWithoutAProgramTellNothing() {
    try (var sandbox = JavaSandbox.open(Limits.usual().withSeconds(30), Set.of())) {
      assertThat(
              CrossTestRollouts.telling(
                  List.of("assert 1 + 1 == 2;", "assert twice(2) == 4;", "twice(2);"), sandbox))
          .containsExactly("assert twice(2) == 4;");
      assertThat(sandbox.compiles("int twice(int x) { return 2 * x; }")).isTrue();
      assertThat(sandbox.compiles("class A { int x; }")).isTrue();
      assertThat(sandbox.compiles("int twice(int x) { return 2 * ; }")).isFalse();
    }
  }
}
