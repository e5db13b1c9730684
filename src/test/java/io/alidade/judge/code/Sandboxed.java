package io.alidade.judge.code;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/// A sandbox for the tests of a class, and programs to put into it.
abstract class Sandboxed {
  static JavaSandbox sandbox;

  @BeforeAll
  static void open() {
    sandbox = JavaSandbox.open(Limits.usual().withSeconds(2), Set.of());
    System.out.println("sandbox: in force " + sandbox.protections());
  }

  @AfterAll
  static void close() {
    sandbox.close();
  }

  static Outcome run(String program, String test) {
    return sandbox.run(program, List.of(test)).getFirst();
  }

  /// A program whose method does something before it gives the right answer.
  static Outcome hostile(String statements) {
    return run(
        "static int answer() throws Throwable { if (true) {\n" + statements + "\n} return 42; }",
        "assert answer() == 42;");
  }

  static void behind(Protection protection) {
    assumeTrue(
        sandbox.protections().contains(protection),
        "this machine offers no protection of " + protection);
  }
}
