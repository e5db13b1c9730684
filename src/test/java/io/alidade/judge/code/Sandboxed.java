package io.alidade.judge.code;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/// A sandbox for the tests of a class, and programs to put into it.
abstract class Sandboxed {
  /// Gives time enough on a machine that is busy.
  static JavaSandbox sandbox;

  /// For programs that never end.
  static JavaSandbox brief;

  @BeforeAll
  static void open() {
    sandbox = JavaSandbox.open(Limits.usual().withSeconds(30), Set.of());
    brief = JavaSandbox.open(Limits.usual().withSeconds(3), Set.of());
    System.out.println("sandbox: in force " + sandbox.protections());
  }

  @AfterAll
  static void close() {
    sandbox.close();
    brief.close();
  }

  static Outcome run(String program, String test) {
    return sandbox.run(program, List.of(test)).getFirst();
  }

  /// A program whose method does something before it gives the right answer.
  static Outcome hostile(String statements) {
    return hostile(sandbox, statements);
  }

  /// The same for one that never ends by itself.
  static Outcome endless(String statements) {
    return hostile(brief, statements);
  }

  private static Outcome hostile(JavaSandbox in, String statements) {
    return in.run(
            "static int answer() throws Throwable { if (true) {\n"
                + statements
                + "\n} return 42; }",
            List.of("assert answer() == 42;"))
        .getFirst();
  }

  static void behind(Protection protection) {
    assumeTrue(
        sandbox.protections().contains(protection),
        "this machine offers no protection of " + protection);
  }
}
