package io.alidade.judge.code;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/// What a program's tests say: passes, failures, errors and their places.
class JavaSandboxTest extends Sandboxed {
  @Test
  void methodsClassesAndImportsAreTested() {
    var max = "static int max(List<Integer> xs) { return Collections.max(xs); }";
    assertThat(
            sandbox.run(
                max,
                List.of(
                    "assert max(List.of(1, 3, 2)) == 3;",
                    "assert max(List.of(1, 3, 2)) == 2 : \"two\";",
                    "max(List.of());",
                    "if (max(List.of(1)) != 1) throw new AssertionError();",
                    "assert max(1) == 1;",
                    "assert Solution.max(List.of(7)) == 7;")))
        .extracting(Outcome::result)
        .containsExactly(
            Result.PASS, Result.FAIL, Result.ERROR, Result.PASS, Result.NOT_COMPILED, Result.PASS);
    assertThat(run(max, "assert max(List.of(1, 3)) == 1 : \"not one\";").message())
        .isEqualTo("java.lang.AssertionError: not one");
    assertThat(run("int twice(int x) { return 2 * x; }", "assert twice(4) == 8;").passed())
        .as("methods of an object")
        .isTrue();
    assertThat(
            run(
                    """
                    package some.where;
                    import java.util.concurrent.atomic.AtomicInteger;
                    public class Counter {
                      private final AtomicInteger n = new AtomicInteger();
                      public int next() { return n.incrementAndGet(); }
                    }
                    record Pair(int a, int b) {}
                    """,
                    "var c = new Counter(); c.next(); assert c.next() == 2 && new Pair(1, 2).b() == 2;")
                .passed())
        .as("a file of classes")
        .isTrue();
    assertThat(
            run("record P(int x) {}\nstatic P p() { return new P(3); }", "assert p().x() == 3;")
                .passed())
        .as("a type beside methods")
        .isTrue();
  }

  @Test
  void whatIsNotJavaSaysWhereAndWhy() {
    assertThat(run("static int f() {\n return \"a\";\n}", "f();"))
        .isEqualTo(
            new Outcome(
                Result.NOT_COMPILED,
                "the program: line 2: incompatible types: java.lang.String cannot be converted to int"));
    assertThat(run("static int f() { return 1; }", "int x = 1;\nassert g() == 1;").message())
        .startsWith("the test: line 2: cannot find symbol");
    assertThat(run("", "assert true;").passed()).as("no program at all").isTrue();
    assertThat(run("}}}", "assert true;").result()).isEqualTo(Result.NOT_COMPILED);
    assertThat(run("static int x() { return " + "(".repeat(50_000), "x();").result())
        .as("nested without end")
        .isEqualTo(Result.NOT_COMPILED);
    assertThat(run("//" + "x".repeat(300_000), "assert true;").message())
        .isEqualTo("the program is longer than 256 KiB");
  }

  @Test
  void noTestFindsWhatAnotherLeft() {
    assertThat(
            sandbox.run(
                "static int n = 0; static int next() { return ++n; }",
                List.of("assert next() == 1;", "assert next() == 1;")))
        .allMatch(Outcome::passed);
  }

  @Test
  void aTestThatTakesTheProcessDownTakesNoOtherWithIt() {
    assertThat(
            brief.run(
                """
                static int f(int x) {
                  if (x == 1) Runtime.getRuntime().halt(0);
                  if (x == 2) while (true) {}
                  return x;
                }
                """,
                List.of(
                    "assert f(0) == 0;",
                    "f(1);",
                    "assert f(3) == 3;",
                    "f(2);",
                    "assert f(4) == 4;")))
        .extracting(Outcome::result)
        .containsExactly(Result.PASS, Result.ERROR, Result.PASS, Result.TIMEOUT, Result.PASS);
  }

  @Test
  void anEndOfTheProcessIsNoPass() {
    assertThat(hostile("System.exit(0);").message())
        .isEqualTo("the process ended before the test did");
    assertThat(hostile("Runtime.getRuntime().halt(0);").result()).isEqualTo(Result.ERROR);
    assertThat(
            run(
                    "static { System.exit(0); } static int answer() { return 42; }",
                    "assert answer() == 42;")
                .result())
        .isEqualTo(Result.ERROR);
  }

  @Test
  void outcomesCannotBePrinted() {
    behind(Protection.REPORT);
    var fakes =
        List.of(
            "System.out.println(\"\\nPASS\\n\"); System.exit(0);",
            "for (int i = 0; i < 99; i++) System.out.println(\"0123456789abcdef PASS \");"
                + " throw new Error();",
            // Looks for the secret wherever Java lets it look.
            """
            for (var frame : StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE)
                .walk(s -> s.toList())) {
              var type = frame.getDeclaringClass();
              if (type.getModule().isNamed() && type.getName().contains("RunTests")) {
                var field = type.getDeclaredField("secret");
                field.setAccessible(true);
                System.out.println("\\n" + field.get(null) + " PASS ");
                System.out.flush();
                Runtime.getRuntime().halt(0);
              }
            }
            """,
            """
            var memory = Files.newInputStream(Path.of("/proc/self/mem"));
            Runtime.getRuntime().halt(memory.read() < 0 ? 1 : 0);
            """,
            """
            MethodHandles.privateLookupIn(
                Class.forName("io.alidade.judge.code.child.RunTests", false,
                    ClassLoader.getSystemClassLoader()), MethodHandles.lookup());
            throw new Error("looked in");
            """,
            """
            var a = java.lang.foreign.MemorySegment.ofAddress(4096).reinterpret(10);
            throw new Error("read " + a);
            """);
    for (var fake : fakes) {
      var outcome = hostile(fake);
      assertThat(outcome.result()).as(fake + " -> " + outcome).isEqualTo(Result.ERROR);
      assertThat(outcome.message()).doesNotContain("looked in", "read ");
    }
  }

  @Test
  void assertionsCannotBeSwitchedOff() {
    assertThat(
            run(
                """
                static {
                  var loader = Solution.class.getClassLoader();
                  loader.setDefaultAssertionStatus(false);
                  loader.clearAssertionStatus();
                  loader.setClassAssertionStatus("AlidadeTest0", false);
                }
                static int answer() { return 1; }
                """,
                "assert answer() == 42;"))
        .isEqualTo(new Outcome(Result.FAIL, "java.lang.AssertionError"));
  }

  @Test
  void exceptionsThatLieAboutThemselvesAreStillErrors() {
    assertThat(
            hostile(
                    """
                    throw new RuntimeException() {
                      @Override public String toString() { throw new Error("no"); }
                    };
                    """)
                .result())
        .isEqualTo(Result.ERROR);
    assertThat(
            hostile(
                    "throw new RuntimeException() { @Override public String getMessage() {"
                        + " return \"x\".repeat(1 << 20) + \"\\n\"; } };")
                .message())
        .hasSizeLessThan(400);
    assertThat(hostile("throw new AssertionError(\"two\\nlines\");").message())
        .isEqualTo("java.lang.AssertionError: two lines");
  }

  /// Streams, flags and threads that a test leaves behind are not the next one's fate.
  @Test
  void noTestSuffersForAnother() {
    var program =
        """
        static int f(int x) {
          if (x == 1) {
            System.setOut(null);
            System.setErr(null);
            System.setProperties(new Properties());
            Locale.setDefault(Locale.forLanguageTag("tr"));
            Thread.setDefaultUncaughtExceptionHandler((t, e) -> Runtime.getRuntime().halt(1));
            Thread.currentThread().interrupt();
          }
          if (x == 2) {
            new Thread(() -> {
              try { Thread.sleep(20); } catch (InterruptedException e) {}
              Runtime.getRuntime().halt(0);
            }).start();
          }
          if (x == 3) new Thread(() -> { while (true) System.out.println("spam"); }).start();
          return x;
        }
        """;
    var innocent =
        "Thread.sleep(150); System.out.println(1); assert \"I\".toLowerCase().equals(\"i\");"
            + " assert System.getProperty(\"java.version\") != null; assert f(0) == 0;";
    assertThat(
            sandbox.run(
                program,
                List.of(
                    "assert f(1) == 1;", innocent,
                    "assert f(2) == 2;", innocent,
                    "assert f(3) == 3;", innocent)))
        .allMatch(Outcome::passed);
  }

  @Test
  void importsMayStandOnTheLineOfWhatFollows() {
    assertThat(
            sandbox.run(
                "import java.util.List; import static java.lang.Math.max; class A { static int f() { return max(1, 2); } }",
                List.of("import java.util.stream.*; assert IntStream.of(1, 1).sum() == A.f();")))
        .allMatch(Outcome::passed);
  }
}
