package io.alidade.judge.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import io.alidade.UserException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Programs that do what they should, and programs that do what they should not.
class JavaSandboxTest {
  private static JavaSandbox sandbox;

  @BeforeAll
  static void open() {
    sandbox = JavaSandbox.open(Limits.usual().withSeconds(2), Set.of());
    System.out.println("sandbox: in force " + sandbox.protections());
  }

  @AfterAll
  static void close() {
    sandbox.close();
  }

  private static Outcome run(String program, String test) {
    return sandbox.run(program, List.of(test)).getFirst();
  }

  /// A program whose method does something before it gives the right answer.
  private static Outcome hostile(String statements) {
    return run(
        "static int answer() throws Throwable { if (true) {\n" + statements + "\n} return 42; }",
        "assert answer() == 42;");
  }

  private static void behind(Protection protection) {
    assumeTrue(
        sandbox.protections().contains(protection),
        "this machine offers no protection of " + protection);
  }

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
            sandbox.run(
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

  @Test
  void endlessLoopsRecursionAndSleepEnd() {
    assertThat(hostile("while (true) {}").result()).isEqualTo(Result.TIMEOUT);
    assertThat(hostile("Thread.sleep(Long.MAX_VALUE);").message())
        .isEqualTo("not done after 2.0 s");
    assertThat(run("static int f(int x) { return f(x + 1) + 1; }", "f(0);").message())
        .isEqualTo("java.lang.StackOverflowError");
    assertThat(hostile("System.in.read(); new Object().wait();").result()).isEqualTo(Result.ERROR);
  }

  @Test
  void endlessOutputEnds() {
    assertThat(hostile("while (true) System.out.println(\"spam\");"))
        .isEqualTo(new Outcome(Result.OUTPUT, "printed more than 256 KiB"));
    assertThat(hostile("while (true) System.out.print(\"x\".repeat(10000));").result())
        .isEqualTo(Result.OUTPUT);
    assertThat(
            hostile("System.out.println(\"a little\"); System.err.println(\"is fine\");").passed())
        .isTrue();
  }

  @Test
  void hugeAllocationsFail() {
    assertThat(hostile("var a = new long[Integer.MAX_VALUE - 8]; a[7] = 1;").message())
        .startsWith("java.lang.OutOfMemoryError");
    assertThat(
            hostile("var all = new ArrayList<byte[]>(); while (true) all.add(new byte[1 << 20]);")
                .message())
        .startsWith("java.lang.OutOfMemoryError");
    behind(Protection.MEMORY);
    assertThat(
            hostile(
                    "var arena = java.lang.foreign.Arena.ofShared();"
                        + " for (int i = 0; i < 64; i++) arena.allocate(1L << 27).fill((byte) 1);")
                .result())
        .isEqualTo(Result.ERROR);
  }

  @Test
  void floodsOfThreadsAndProcessesAreHeldBack() {
    behind(Protection.PROCESSES);
    var threads =
        hostile(
            """
            for (int i = 0; i < 10_000; i++) {
              var t = new Thread(() -> { try { Thread.sleep(1000000); } catch (Exception e) {} });
              t.setDaemon(true);
              t.start();
            }
            """);
    assertThat(threads.result()).isEqualTo(Result.ERROR);
    assertThat(threads.message()).contains("OutOfMemoryError");
    for (var command :
        List.of("/java/bin/java", "/bin/sh", "/setpriv", "/lib64/ld-linux-x86-64.so.2")) {
      assertThat(hostile("new ProcessBuilder(\"" + command + "\").start();").message())
          .as(command)
          .contains("java.io.IOException");
    }
    assertThat(
            hostile(
                    "System.setProperty(\"jdk.lang.Process.launchMechanism\", \"FORK\");"
                        + " new ProcessBuilder(\"/java/bin/java\", \"-version\").start();")
                .message())
        .contains("java.io.IOException");
  }

  @Test
  void secretsOfEnvironmentAndFilesCannotBeRead(@TempDir Path home) throws IOException {
    assertThat(System.getenv()).isNotEmpty();
    assertThat(
            hostile(
                """
                var names = new TreeSet<>(System.getenv().keySet());
                names.removeAll(Set.of("PATH", "PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"));
                assert names.isEmpty() : names;
                """))
        .isEqualTo(new Outcome(Result.PASS, ""));
    behind(Protection.FILES);
    var secret = Files.writeString(home.resolve("secret"), "secret");
    for (var path :
        List.of(
            secret.toString(), "/etc/passwd", "/root", "/home", "/proc/1/environ", "/old/etc")) {
      assertThat(hostile("assert !Files.exists(Path.of(\"%s\"));".formatted(path)).passed())
          .as(path)
          .isTrue();
    }
  }

  @Test
  void nothingCanBeWrittenButALittleThatVanishes(@TempDir Path home) throws IOException {
    behind(Protection.FILES);
    Files.setPosixFilePermissions(
        home, java.nio.file.attribute.PosixFilePermissions.fromString("rwxrwxrwx"));
    for (var path :
        List.of(home.resolve("x").toString(), "/x", "/work/x", "/work/classes/x", "/java/x")) {
      assertThat(hostile("Files.writeString(Path.of(\"%s\"), \"x\");".formatted(path)).message())
          .as(path)
          .matches("java.nio.file.(NoSuchFileException|FileSystemException|AccessDenied).*");
    }
    assertThat(home.resolve("x")).doesNotExist();
    assertThat(
            sandbox.run(
                "static void write(String f, int n) throws Exception {"
                    + " Files.write(Path.of(f), new byte[n]); }",
                List.of(
                    "write(\"/tmp/a\", 1000); assert Files.size(Path.of(\"/tmp/a\")) == 1000;",
                    "for (int i = 0; i < 100; i++) write(\"/tmp/\" + i, 1 << 20);")))
        .extracting(Outcome::result)
        .containsExactly(Result.PASS, Result.ERROR);
    assertThat(hostile("assert !Files.exists(Path.of(\"/tmp/a\"));").passed()).isTrue();
  }

  @Test
  void noNetworkIsReached() throws IOException {
    behind(Protection.NETWORK);
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    var reached = new AtomicInteger();
    server.createContext("/", exchange -> reached.incrementAndGet());
    server.start();
    try {
      assertThat(
              hostile("new Socket(\"127.0.0.1\", %d);".formatted(server.getAddress().getPort()))
                  .message())
          .contains("Network is unreachable");
      assertThat(hostile("new Socket(\"1.1.1.1\", 53);").message())
          .contains("Network is unreachable");
    } finally {
      server.stop(0);
    }
    assertThat(reached).hasValue(0);
  }

  @Test
  void aSourceThatTakesTheCompilerDownTakesNobodyElseWithIt() {
    var bomb = new StringBuilder("static final String s0 = \"" + "x".repeat(60_000) + "\";\n");
    for (int i = 1; i < 20; i++) {
      bomb.append("static final String s%d = s%d + s%d;%n".formatted(i, i - 1, i - 1));
    }
    var outcome = run(bomb.toString(), "assert true;");
    assertThat(outcome.result()).as(outcome.message()).isEqualTo(Result.NOT_COMPILED);
    assertThat(hostile("").passed()).isTrue();
  }

  @Test
  void weakerJailsStillLimitTimeHeapAndOutputAndSayWhatTheyLack() {
    for (var kind : EnumSet.of(Jail.Kind.PLAIN, Jail.Kind.LIMITS)) {
      if (kind == Jail.Kind.LIMITS && !Files.isExecutable(Path.of("/usr/bin/prlimit"))) {
        continue;
      }
      var jail = new Jail(kind, "");
      assertThat(jail.protections())
          .contains(Protection.TIME, Protection.HEAP, Protection.OUTPUT, Protection.ENVIRONMENT)
          .doesNotContain(Protection.REPORT, Protection.FILES, Protection.NETWORK);
      try (var weak = new JavaSandbox(jail, Limits.usual().withSeconds(2))) {
        assertThat(
                weak.run(
                    "static int f(int x) { return x + 1; }",
                    List.of(
                        "assert f(1) == 2;",
                        "assert f(1) == 3;",
                        "while (true) {}",
                        "while (true) System.out.println(f(1));",
                        "var all = new ArrayList<byte[]>(); while (true) all.add(new byte[1 << 20]);",
                        "assert !System.getenv().containsKey(\"HOME\");")))
            .extracting(Outcome::result)
            .containsExactly(
                Result.PASS, Result.FAIL, Result.TIMEOUT, Result.OUTPUT, Result.ERROR, Result.PASS);
      }
    }
  }

  @Test
  void aProtectionThatIsRequiredAndAbsentIsAnError() {
    var missing = EnumSet.allOf(Protection.class);
    missing.removeAll(JavaSandbox.offered());
    if (missing.isEmpty()) {
      JavaSandbox.open(Limits.usual(), JavaSandbox.everything()).close();
    } else {
      assertThatThrownBy(() -> JavaSandbox.open(Limits.usual(), JavaSandbox.everything()))
          .isInstanceOf(UserException.class)
          .hasMessageContaining(missing.toString());
    }
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

  /// Attempts that do not end the process, each of which must fail by an exception.
  @Test
  void whatIsForbiddenFailsInTheProgramThatTriesIt() {
    behind(Protection.FILES);
    behind(Protection.PROCESSES);
    var attempts =
        List.of(
            "Files.readString(Path.of(\"/proc/self/environ\"))",
            "Files.readString(Files.createSymbolicLink(Path.of(\"/tmp/l\"), Path.of(\"/etc/passwd\")))",
            "Files.readString(Path.of(\"/tmp/../../../etc/passwd\"))",
            "new FileInputStream(\"/dev/mem\").read()",
            "Class.forName(\"sun.misc.Unsafe\")",
            "opened(Class.forName(\"jdk.internal.misc.Unsafe\").getDeclaredField(\"theUnsafe\"))",
            "opened(Module.class.getDeclaredMethod(\"implAddOpens\", String.class))",
            "opened(Class.forName(\"java.lang.Shutdown\").getDeclaredMethod(\"exit\", int.class))",
            "java.lang.foreign.Linker.nativeLinker().downcallHandle("
                + "java.lang.foreign.FunctionDescriptor.ofVoid())",
            "loaded(\"/java/lib/libnet.so\")",
            "Runtime.getRuntime().exec(new String[] {\"/java/bin/java\"})",
            "ProcessHandle.current().parent().orElseThrow()",
            "ProcessHandle.allProcesses().findAny().orElseThrow()",
            "grown(1L << 40)",
            "doubled()",
            "new Deep()",
            "Class.forName(\"com.sun.tools.attach.VirtualMachine\")",
            "Class.forName(\"java.net.http.HttpClient\")");
    var program =
        """
        static Object opened(java.lang.reflect.AccessibleObject o) { o.setAccessible(true); return o; }
        static Object loaded(String file) { System.load(file); return file; }
        static Object grown(long size) throws Exception {
          try (var file = new RandomAccessFile("/tmp/hole", "rw")) { file.setLength(size); }
          return size;
        }
        static Object doubled() { var s = new StringBuilder("x"); while (true) s.append(s); }
        static class Deep { Deep() { new Deep(); } }
        """;
    var tests =
        attempts.stream()
            .map(attempt ->
                "Object got; try { got = %s; } catch (Throwable refused) { return; } throw new Error(\"got \" + got);"
                    .formatted(attempt))
            .toList();
    var outcomes = sandbox.run(program, tests);
    for (int i = 0; i < attempts.size(); i++) {
      assertThat(outcomes.get(i)).as(attempts.get(i)).isEqualTo(new Outcome(Result.PASS, ""));
    }
  }

  @Test
  void sourcesThatAreHardToCompileAreRefusedAndTheNextOneIsNot() {
    var bombs =
        List.of(
            "static class A<T> {} static " + "A<".repeat(2000) + "Integer" + ">".repeat(2000) + " x;",
            "static int f() { return " + "- ".repeat(100_000) + "1; }",
            "static void f(int x) { " + "if (x == 1) {} else ".repeat(10_000) + "{} }",
            "static int[] x = {" + "1,".repeat(60_000) + "};",
            "static Object f() { return new int" + "[1]".repeat(300) + "; }",
            "static class A extends B {} static class B extends A {}",
            "static int f() { \\uZZZZ }",
            "static class P extends javax.annotation.processing.AbstractProcessor {}",
            "module bomb {}");
    for (var bomb : bombs) {
      assertThat(run(bomb, "assert true;").result())
          .as(bomb.substring(0, Math.min(60, bomb.length())))
          .isEqualTo(Result.NOT_COMPILED);
    }
    assertThat(run("static int f() { return 1; }", "assert f() == 1;").passed()).isTrue();
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
