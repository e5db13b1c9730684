package io.alidade.mine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MethodReaderTest {
  private static List<SourceMethod> read(String source) {
    return new MethodReader().read("p/T.java", source).orElseThrow();
  }

  @Test
  void methodMovesToTheLeftMarginAndKeepsItsText() {
    var methods =
        read(
            "class T {\r\n\t/**\r\n\t * Sums.\r\n\t */\r\n\t@Deprecated\r\n\tpublic <E> int"
                + " sum(int[] a,\r\n\t\t\tE... more) throws X\r\n\t{\r\n\t\tint  s=0; // odd \r\n"
                + "\r\n\t\treturn s;\r\n\t}\r\n}\r\n");
    assertThat(methods).hasSize(1);
    var method = methods.getFirst();
    assertThat(method.prompt())
        .isEqualTo(
            "/**\n * Sums.\n */\n@Deprecated\npublic <E> int sum(int[] a,\n        E... more) throws X {");
    assertThat(method.body()).isEqualTo("\n    int  s=0; // odd\n\n    return s;\n}");
    assertThat(method.method()).isEqualTo("T.sum(int[],E...)");
    assertThat(method.documented()).isTrue();
  }

  @Test
  void innerTypesAreNamedAndBodilessMethodsLeftOut() {
    var methods =
        read("interface T { void a(); default int b() {return 0;} enum E { X; void c() {} } }");
    assertThat(methods).extracting(SourceMethod::method).containsExactly("T.b()", "T.E.c()");
    assertThat(methods.get(0).prompt()).isEqualTo("default int b() {");
    assertThat(methods.get(0).body()).isEqualTo(" return 0;}");
    assertThat(methods.get(1).empty()).isTrue();
    assertThat(methods.get(1).documented()).isFalse();
  }

  @Test
  void fingerprintSeesCodeAlone() {
    var base = code("int y = x; return y;");
    assertThat(code("final int y=x; /* why */\n\t\treturn y; // so")).isEqualTo(base);
    assertThat(code("int y = x; return -y;")).isNotEqualTo(base);
    assertThat(code("String y = \"final\";")).isNotEqualTo(code("String y = \"\";"));
  }

  private static String code(String body) {
    return read("class T { int f(int x) { " + body + "\n} }").getFirst().code();
  }

  @Test
  void brokenOrHostileSourceDoesNotParse() {
    assertThat(new MethodReader().read("T.java", "class T { void f( }")).isEmpty();
    var deep = "class T { int f() { return " + "(".repeat(200_000) + "; } }";
    assertThat(new MethodReader().read("T.java", deep)).isEmpty();
  }

  @Test
  void oldSourceParses() {
    assertThat(read("class T { int f() { int enum = 1; return enum; } }")).hasSize(1);
  }
}
