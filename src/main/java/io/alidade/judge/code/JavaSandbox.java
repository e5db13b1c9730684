package io.alidade.judge.code;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Compiles and runs Java that nobody trusts, in processes of their own.
///
/// A program is a file of classes, or members of a class: methods, fields, nested types. A test is
/// a block of statements; it passes if it runs to its end, fails by an `AssertionError` (assertions
/// are on), and errs by anything else that is thrown. It sees the members of a program as its own.
/// Every test finds the program's classes as new. All of `java.base` is imported, and nothing else
/// is there.
///
/// May be used by several threads.
public final class JavaSandbox implements AutoCloseable {
  private static final SecureRandom SECRETS = new SecureRandom();

  private final Jail jail;
  private final Limits limits;
  private final Compiler compiler;

  /// A sandbox behind a given jail, whatever the machine offers.
  JavaSandbox(Jail jail, Limits limits) {
    this.jail = jail;
    this.limits = limits;
    this.compiler = new Compiler(jail);
  }

  /// Opens a sandbox, strong as the machine allows.
  ///
  /// @param required what must be in force
  /// @throws UserException naming what the machine does not offer, and why
  public static JavaSandbox open(Limits limits, Set<Protection> required) {
    var jail = Strongest.JAIL;
    var lacking = EnumSet.noneOf(Protection.class);
    lacking.addAll(required);
    lacking.removeAll(jail.protections());
    if (!lacking.isEmpty()) {
      throw new UserException(
          "this machine offers no protection of %s for foreign code (%s); allow user namespaces"
                  .formatted(lacking, jail.lack())
              + " (util-linux, and in a container its seccomp profile), or require less");
    }
    return new JavaSandbox(jail, limits);
  }

  /// All there is.
  static Set<Protection> everything() {
    return Collections.unmodifiableSet(EnumSet.allOf(Protection.class));
  }

  /// What the machine offers at most, as it was seen to work.
  public static Set<Protection> offered() {
    return Strongest.JAIL.protections();
  }

  /// What is in force.
  Set<Protection> protections() {
    return jail.protections();
  }

  /// Runs a program under each of some tests.
  ///
  /// @return one outcome a test
  public List<Outcome> run(String program, List<String> tests) {
    int most = limits.sourceKilobytes() << 10;
    if (program.length() > most) {
      return all(tests, "the program is longer than %d KiB".formatted(limits.sourceKilobytes()));
    }
    var source = Source.of(program);
    if (source.declaresTypes()
        && compiler.compile(Map.of(), Source.PROGRAM, source.file())
            instanceof Compiler.Compiled.Classes(var classes)) {
      return run(source, classes, false, tests);
    }
    return switch (compiler.compile(Map.of(), Source.PROGRAM, source.members())) {
      case Compiler.Compiled.Refused(var message) -> all(tests, "the program: " + message);
      case Compiler.Compiled.Classes(var classes) -> run(source, classes, true, tests);
    };
  }

  /// Whether a program is Java, whatever it does.
  public boolean compiles(String program) {
    int most = limits.sourceKilobytes() << 10;
    if (program.length() > most) {
      return false;
    }
    var source = Source.of(program);
    return (source.declaresTypes() && isJava(source.file())) || isJava(source.members());
  }

  private boolean isJava(String source) {
    return compiler.compile(Map.of(), Source.PROGRAM, source) instanceof Compiler.Compiled.Classes;
  }

  private static List<Outcome> all(List<String> tests, String message) {
    return Collections.nCopies(tests.size(), new Outcome(Result.NOT_COMPILED, message));
  }

  /// @param inherits whether the program is one class, whose members the tests see
  private List<Outcome> run(
      Source program, Map<String, byte[]> classes, boolean inherits, List<String> tests) {
    var outcomes = new ArrayList<>(all(tests, ""));
    var compiled = new LinkedHashMap<Integer, Map<String, byte[]>>();
    for (int t = 0; t < tests.size(); t++) {
      switch (test(program, classes, inherits, tests.get(t), t)) {
        case Compiler.Compiled.Refused(var message) ->
            outcomes.set(t, new Outcome(Result.NOT_COMPILED, "the test: " + message));
        case Compiler.Compiled.Classes(var made) -> compiled.put(t, made);
      }
    }
    var waiting = new ArrayList<>(compiled.keySet());
    while (!waiting.isEmpty()) {
      var files = new LinkedHashMap<>(classes);
      waiting.forEach(t -> files.putAll(compiled.getOrDefault(t, Map.of())));
      var done = start(files, waiting.stream().map(JavaSandbox::name).toList());
      for (int i = 0; i < done.size(); i++) {
        outcomes.set(waiting.get(i), done.get(i));
      }
      waiting.subList(0, done.size()).clear();
    }
    return List.copyOf(outcomes);
  }

  private Compiler.Compiled test(
      Source program, Map<String, byte[]> classes, boolean inherits, String test, int number) {
    if (test.length() > limits.sourceKilobytes() << 10) {
      return new Compiler.Compiled.Refused(
          "longer than %d KiB".formatted(limits.sourceKilobytes()));
    }
    return compiler.compile(
        classes, name(number), Source.of(test).test(program, name(number), inherits));
  }

  private static String name(int number) {
    return "AlidadeTest" + number;
  }

  private List<Outcome> start(Map<String, byte[]> classes, List<String> tests) {
    try (var folder = Folder.create()) {
      var files = Files.createDirectories(folder.path().resolve("work").resolve("classes"));
      for (var file : classes.entrySet()) {
        Files.write(plain(files, file.getKey()), file.getValue());
      }
      var process = jail.start(folder.path(), false, limits, processor(tests.size()));
      var outcomes = new TestProcess(process, limits, secret()).run(tests);
      if (outcomes.isEmpty()) {
        throw new UserException(
            "the process for foreign code did not start: "
                + folder.complaint()
                + "; free memory, or run less at once");
      }
      return outcomes;
    } catch (IOException failure) {
      throw new UserException(
          "foreign code cannot be run: " + failure.getMessage() + "; check the temporary folder",
          failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while foreign code ran", interrupted);
    }
  }

  /// Class names come from foreign text and become names of files.
  private static Path plain(Path folder, String name) {
    if (name.contains("/") || name.contains("\\") || name.startsWith(".")) {
      throw new IllegalStateException("a class outside of the unnamed package: " + name);
    }
    return folder.resolve(name + ".class");
  }

  /// Two processors may be busy for the whole time of each test, and the start is not free.
  private long processor(int tests) {
    return 10 + (long) Math.ceil(2 * limits.seconds() * tests);
  }

  private static String secret() {
    var bytes = new byte[16];
    SECRETS.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public void close() {
    compiler.close();
  }

  /// Found by trying, once.
  private static final class Strongest {
    static final Jail JAIL = find();

    private static Jail find() {
      var lack = "";
      for (var kind : Jail.Kind.values()) {
        var jail = new Jail(kind, lack);
        var trouble = kind == Jail.Kind.PLAIN ? "" : trouble(jail);
        if (trouble.isEmpty()) {
          return jail;
        }
        lack = lack.isEmpty() ? trouble : lack;
      }
      throw new IllegalStateException("the plain kind needs nothing");
    }

    /// Runs nothing behind it, to see whether that works.
    private static String trouble(Jail jail) {
      try (var folder = Folder.create()) {
        var process = jail.start(folder.path(), false, Limits.usual(), 30);
        return new TestProcess(process, Limits.usual(), secret()).starts()
            ? ""
            : folder.complaint();
      } catch (IOException | UnsupportedOperationException failure) {
        return String.valueOf(failure.getMessage());
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return "interrupted";
      }
    }
  }
}
