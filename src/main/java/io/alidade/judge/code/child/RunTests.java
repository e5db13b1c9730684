package io.alidade.judge.code.child;

import java.io.DataInputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;
import java.util.Properties;
import java.util.TimeZone;

/// Runs tests beside the program that they test, and reports each outcome behind a secret.
///
/// The secret comes through standard input before any foreign class is loaded, and stays in a field
/// of a module that opens nothing, so that foreign code cannot print outcomes of its own. A process
/// that ends without a report has failed, whatever its exit code says.
public final class RunTests {
  private static final int LONGEST_MESSAGE = 300;

  private static String secret = "";

  private RunTests() {}

  /// Reads the secret and the names of test classes, and runs each test's method `alidadeTest()`.
  ///
  /// @param args the folder with all class files
  public static void main(String[] args) throws Exception {
    var out = new FileOutputStream(FileDescriptor.out);
    var in = new DataInputStream(new FileInputStream(FileDescriptor.in));
    secret = in.readUTF();
    var tests = new String[in.readInt()];
    for (int i = 0; i < tests.length; i++) {
      tests[i] = in.readUTF();
    }
    System.setIn(InputStream.nullInputStream());
    Thread.ofPlatform().daemon().start(() -> endWithParent(in));
    // From here on the way in which processes are started cannot be changed any more.
    Class.forName("java.lang.ProcessImpl");
    report(out, "READY", "");
    var before = new Before();
    for (var test : tests) {
      before.restore();
      run(out, Path.of(args[0]), test);
    }
    Runtime.getRuntime().halt(0);
  }

  /// What a test may change for the whole process, as it was before any test.
  private static final class Before {
    private final PrintStream out = System.out;
    private final PrintStream err = System.err;
    private final Properties properties = (Properties) System.getProperties().clone();
    private final Locale locale = Locale.getDefault();
    private final TimeZone zone = TimeZone.getDefault();

    void restore() {
      var _ = Thread.interrupted();
      System.setOut(out);
      System.setErr(err);
      System.setProperties((Properties) properties.clone());
      Locale.setDefault(locale);
      TimeZone.setDefault(zone);
      Thread.setDefaultUncaughtExceptionHandler(null);
    }
  }

  /// Whoever started this holds standard input open; when it dies, nobody wants the outcomes.
  private static void endWithParent(InputStream in) {
    try {
      int end = in.read();
      Runtime.getRuntime().halt(end < 0 ? 1 : 2);
    } catch (IOException closed) {
      Runtime.getRuntime().halt(1);
    }
  }

  private static void run(FileOutputStream out, Path folder, String test) throws IOException {
    try {
      var type = Class.forName(test, true, new Classes(folder));
      var instance = type.getDeclaredConstructor();
      instance.setAccessible(true);
      var method = type.getDeclaredMethod("alidadeTest");
      method.setAccessible(true);
      method.invoke(instance.newInstance());
      report(out, "PASS", "");
    } catch (InvocationTargetException failure) {
      report(out, cause(failure));
    } catch (ExceptionInInitializerError failure) {
      report(out, cause(failure));
    } catch (Throwable failure) {
      report(out, failure);
    }
  }

  private static Throwable cause(Throwable failure) {
    var cause = failure.getCause();
    return cause == null ? failure : cause;
  }

  private static void report(FileOutputStream out, Throwable failure) throws IOException {
    report(out, failure instanceof AssertionError ? "FAIL" : "ERROR", describe(failure));
  }

  /// What a failure says of itself; its methods are foreign code too.
  private static String describe(Throwable failure) {
    try {
      var text = String.valueOf(failure);
      return text.length() > LONGEST_MESSAGE ? text.substring(0, LONGEST_MESSAGE) : text;
    } catch (Throwable second) {
      return failure.getClass().getName();
    }
  }

  private static void report(FileOutputStream out, String word, String message) throws IOException {
    var encoded = Base64.getEncoder().encodeToString(message.getBytes(StandardCharsets.UTF_8));
    out.write(
        ("\n" + secret + " " + word + " " + encoded + "\n").getBytes(StandardCharsets.US_ASCII));
  }

  /// The classes of program and tests, anew for each test, so that none finds what another left.
  /// Assertions stay on, whatever the program asks for.
  private static final class Classes extends ClassLoader {
    private final Path folder;

    Classes(Path folder) {
      super("tests", ClassLoader.getPlatformClassLoader());
      this.folder = folder;
      super.setDefaultAssertionStatus(true);
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      try {
        var bytes = Files.readAllBytes(folder.resolve(name + ".class"));
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException failure) {
        throw new ClassNotFoundException(name, failure);
      }
    }

    @Override
    public void setDefaultAssertionStatus(boolean enabled) {
      // Ignored: assertions are the tests.
    }

    @Override
    public void setPackageAssertionStatus(String name, boolean enabled) {
      // Ignored: assertions are the tests.
    }

    @Override
    public void setClassAssertionStatus(String name, boolean enabled) {
      // Ignored: assertions are the tests.
    }

    @Override
    public void clearAssertionStatus() {
      // Ignored: assertions are the tests.
    }
  }
}
