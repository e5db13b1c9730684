package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.journal.Provenance;
import io.alidade.recipe.Nearest;
import io.alidade.recipe.Slots;
import io.alidade.tensor.NativeMemory;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/// Entry point. Commands are the classes of this package whose names end in `Command`; nothing
/// lists them.
@Command(
    name = "alidade",
    versionProvider = Main.Version.class,
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    description = "Preference optimization for the JVM.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:bad input: a file, a value or a folder; the message says what to do",
      "2:the command line is wrong",
      "3:a mistake of this program; the message names a log file",
      "130:interrupted"
    })
public final class Main implements Callable<Integer> {
  static final int OK = 0;
  static final int BAD_INPUT = 1;
  static final int USAGE = 2;
  static final int BUG = 3;

  @Spec private CommandSpec spec = CommandSpec.create(); // picocli puts the real one here

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "When something fails, show where in the program.")
  private boolean stacktrace;

  private Main() {}

  /// Runs the command line and ends the process with its exit code.
  public static void main(String[] args) {
    System.exit(
        run(
            new PrintWriter(System.out, true, StandardCharsets.UTF_8),
            new PrintWriter(System.err, true, StandardCharsets.UTF_8),
            args));
  }

  /// Runs the command line.
  ///
  /// @return the exit code
  static int run(PrintWriter out, PrintWriter err, String... args) {
    if (args.length == 0) {
      Guide.print(out); // at once: the parser alone takes longer than the answer
      return OK;
    }
    var main = new Main();
    var line = new CommandLine(main);
    for (var command : command(args[0]).map(List::of).orElseGet(Main::commands)) {
      line.addSubcommand(command);
    }
    line.setOut(out).setErr(err);
    line.setUsageHelpWidth(Paragraph.WIDTH);
    Synopsis.set(line);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler(Main::usage);
    line.setExecutionExceptionHandler((failure, _, _) -> main.failed(failure, err));
    try {
      return line.execute(args);
    } catch (Error failure) { // picocli hands on exceptions only
      return main.failed(failure, err);
    }
  }

  /// Every command of this package, made without touching what it would use.
  static List<Object> commands() {
    return Slots.classes(Main.class).stream()
        .filter(type -> type.getSimpleName().endsWith("Command"))
        .filter(type -> type.isAnnotationPresent(Command.class))
        .map(Main::made)
        .toList();
  }

  /// The command of a name, so that a start need not look at all of them: `list` is `ListCommand`.
  private static Optional<Object> command(String name) {
    if (!name.matches("[a-z]+")) {
      return Optional.empty();
    }
    var type = name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1) + "Command";
    try {
      return Optional.of(
          made(Class.forName(Main.class.getPackageName() + "." + type, false, loader())));
    } catch (ClassNotFoundException _) {
      return Optional.empty();
    }
  }

  private static ClassLoader loader() {
    return Main.class.getClassLoader();
  }

  private static Object made(Class<?> type) {
    try {
      var constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true);
      return constructor.newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " needs a constructor without parameters", e);
    }
  }

  @Override
  public Integer call() {
    Guide.print(spec.commandLine().getOut()); // options without a command
    return OK;
  }

  /// One line on what is wrong and what was probably meant, and where to read on.
  private static int usage(ParameterException failure, String[] args) {
    var line = failure.getCommandLine();
    var err = line.getErr();
    err.println(
        "alidade: "
            + switch (failure) {
              case UnmatchedArgumentException unmatched -> unknown(unmatched, line);
              default -> firstLine(String.valueOf(failure.getMessage()));
            });
    err.printf("Try './%s --help'.%n", line.getCommandSpec().qualifiedName());
    err.flush();
    return USAGE;
  }

  private static String unknown(UnmatchedArgumentException failure, CommandLine line) {
    var written = failure.getUnmatched().getFirst();
    if (failure.isUnknownOption()) {
      var name = written.split("=", 2)[0];
      return "unknown option '%s'%s"
          .formatted(name, hint(name, line.getCommandSpec().optionsMap()));
    }
    return line.getSubcommands().isEmpty()
        ? "'%s' is one argument too many".formatted(written)
        : "unknown command '%s'%s".formatted(written, hint(written, line.getSubcommands()));
  }

  private static String hint(String written, Map<String, ?> known) {
    return Nearest.hint(written, known.keySet());
  }

  private int failed(Throwable failure, PrintWriter err) {
    int code =
        switch (failure) {
          case UserException user -> {
            err.println("alidade: " + user.getMessage());
            yield BAD_INPUT;
          }
          case OutOfMemoryError _ -> {
            err.println(
                "alidade: out of Java heap: raise it, for example ALIDADE_JAVA_OPTS=-Xmx8g, or"
                    + " give less data at once");
            yield BAD_INPUT;
          }
          case RuntimeException tensors when NativeMemory.exhausted(tensors).isPresent() -> {
            err.println("alidade: " + NativeMemory.exhausted(tensors).get());
            yield BAD_INPUT;
          }
          default -> {
            err.println(
                "alidade: internal error: %s; details in %s"
                    .formatted(firstLine(String.valueOf(failure)), logged(failure)));
            yield BUG;
          }
        };
    if (stacktrace) {
      failure.printStackTrace(err);
    }
    err.flush();
    return code;
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().orElse("");
  }

  /// Keeps the whole failure for a report of it.
  private static String logged(Throwable failure) {
    var trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace));
    try {
      var log = Files.createTempFile("alidade-", ".log");
      Files.writeString(
          log,
          "alidade %s, Java %s, %s %s%n%s"
              .formatted(
                  Provenance.version(),
                  System.getProperty("java.version"),
                  System.getProperty("os.name"),
                  System.getProperty("os.arch"),
                  trace));
      return log.toString();
    } catch (IOException e) {
      return "no log file (" + e.getMessage() + "); use --stacktrace";
    }
  }

  /// What `--version` prints.
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {
        "alidade " + Provenance.version(), "Java " + System.getProperty("java.version")
      };
    }
  }
}
