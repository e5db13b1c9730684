package io.alidade.mine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JavaSyntaxTest {
  private static final String PROMPT = "/**\n * Does f.\n */\npublic int f(int x) {";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\n    return x;\n}",
        "}",
        " if (unknown(x)) { return new Absent().call(); } return switch (x) { default -> 1; }; }",
      })
  void javaParses(String body) {
    assertThat(JavaSyntax.parses(PROMPT, body)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n    return x;\n",
        "\n    return x\n}",
        "\n    return (x;\n}",
        "\n    return x; }\n}",
        "\n    return x; }} class Y {",
        "\n    return x; } void g() {}",
        "\n    return x; } } void g() {",
        "\n    return x; } /*",
        "\n    char c = 'unclosed; }",
        "\n    String s = \"unclosed; }",
      })
  void otherTextDoesNot(String body) {
    assertThat(JavaSyntax.parses(PROMPT, body)).isFalse();
    assertThat(JavaSyntax.problem(PROMPT, body)).isPresent();
  }

  @Test
  void deepNestingIsAnAnswerAndNotACrash() {
    assertThat(JavaSyntax.parses(PROMPT, " return " + "(".repeat(100_000) + "x; }")).isFalse();
  }
}
