package io.alidade.mine;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import io.alidade.UserException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/// Asks javac whether text is Java: its parser alone, without looking up a single name.
public final class JavaSyntax {
  private JavaSyntax() {}

  /// Whether `prompt + body` is one method of a class, as javac parses it: the prompt is Javadoc
  /// and signature up to the brace, the body the rest, closing brace included. Text that goes on
  /// after the method, or leaves the class around it, does not count.
  ///
  /// @throws UserException where the running Java has no compiler
  public static boolean parses(String prompt, String body) {
    return problem(prompt, body).isEmpty();
  }

  /// The first error that javac reports, or nothing.
  public static synchronized Optional<String> problem(String prompt, String body) {
    var compiler = compiler();
    var diagnostics = new DiagnosticCollector<JavaFileObject>();
    var source = new Source("class X {\n" + prompt + body + "\n}\n");
    try {
      var task =
          (JavacTask)
              compiler.getTask(
                  Writer.nullWriter(),
                  Holder.FILES,
                  diagnostics,
                  List.of("-proc:none", "-implicit:none"),
                  null,
                  List.of(source));
      boolean alone = false;
      for (var unit : task.parse()) {
        alone = isOneMethod(unit.getTypeDecls());
      }
      for (var diagnostic : diagnostics.getDiagnostics()) {
        if (diagnostic.getKind() == Diagnostic.Kind.ERROR) {
          return Optional.of(diagnostic.getMessage(Locale.ROOT));
        }
      }
      return alone ? Optional.empty() : Optional.of("the text is not one method");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (StackOverflowError e) {
      return Optional.of("nested too deeply");
    } catch (IllegalStateException e) {
      if (e.getCause() instanceof StackOverflowError) {
        return Optional.of("nested too deeply"); // as javac wraps it
      }
      throw e;
    }
  }

  private static boolean isOneMethod(List<? extends Tree> types) {
    return types.size() == 1
        && types.getFirst() instanceof ClassTree type
        && type.getSimpleName().contentEquals("X")
        && type.getMembers().size() == 1
        && type.getMembers().getFirst() instanceof MethodTree;
  }

  private static JavaCompiler compiler() {
    var compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) {
      throw new UserException(
          "the Java at %s has no compiler; run with a JDK (package jdk.compiler), not a JRE"
              .formatted(System.getProperty("java.home")));
    }
    return compiler;
  }

  /// One file manager for all checks: to open one costs more than to parse a method.
  private static final class Holder {
    static final StandardJavaFileManager FILES =
        compiler().getStandardFileManager(null, Locale.ROOT, null);
  }

  private static final class Source extends SimpleJavaFileObject {
    private final String text;

    Source(String text) {
      super(URI.create("string:///X.java"), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }
}
