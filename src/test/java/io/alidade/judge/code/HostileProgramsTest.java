package io.alidade.judge.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.alidade.UserException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Programs that mean harm: loops, floods, theft, and what holds them back.
class HostileProgramsTest extends Sandboxed {
  @Test
  void endlessLoopsRecursionAndSleepEnd() {
    assertThat(endless("while (true) {}").result()).isEqualTo(Result.TIMEOUT);
    assertThat(endless("Thread.sleep(Long.MAX_VALUE);").message())
        .isEqualTo("not done after 3.0 s");
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
      try (var weak = new JavaSandbox(jail, Limits.usual().withSeconds(30));
          var brief = new JavaSandbox(jail, Limits.usual().withSeconds(3))) {
        var program = "static int f(int x) { return x + 1; }";
        assertThat(brief.run(program, List.of("while (true) {}")))
            .extracting(Outcome::result)
            .containsExactly(Result.TIMEOUT);
        assertThat(
                weak.run(
                    program,
                    List.of(
                        "assert f(1) == 2;",
                        "assert f(1) == 3;",
                        "while (true) System.out.println(f(1));",
                        "var all = new ArrayList<byte[]>(); while (true) all.add(new byte[1 << 20]);",
                        "assert !System.getenv().containsKey(\"HOME\");")))
            .extracting(Outcome::result)
            .containsExactly(Result.PASS, Result.FAIL, Result.OUTPUT, Result.ERROR, Result.PASS);
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
            "static class A<T> {} static "
                + "A<".repeat(2000)
                + "Integer"
                + ">".repeat(2000)
                + " x;",
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
}
