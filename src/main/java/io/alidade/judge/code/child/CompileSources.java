package io.alidade.judge.code.child;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Writer;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/// Compiles sources that arrive on standard input, one request after the other, and stays warm.
/// Foreign sources can make a compiler run for ever or fill the heap; here they fill this one.
///
/// A request is a number of classes to compile against (name, bytes), then a number of sources
/// (class name, text); the answer is a boolean, then the classes (name, bytes) or the first error.
public final class CompileSources {
  private static final List<String> OPTIONS =
      List.of(
          "-proc:none", "-implicit:none", "-nowarn", "-Xlint:none", "--limit-modules", "java.base");

  private CompileSources() {}

  /// Answers requests until standard input ends.
  public static void main(String[] args) throws IOException {
    var in = new DataInputStream(new BufferedInputStream(new FileInputStream(FileDescriptor.in)));
    var out =
        new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)));
    var compiler = ToolProvider.getSystemJavaCompiler();
    var standard = compiler.getStandardFileManager(null, Locale.ROOT, null);
    out.writeUTF("ready");
    out.flush();
    while (true) {
      int known;
      try {
        known = in.readInt();
      } catch (EOFException end) {
        return;
      }
      var classes = new LinkedHashMap<String, byte[]>();
      for (int i = 0; i < known; i++) {
        classes.put(in.readUTF(), bytes(in));
      }
      var sources = new ArrayList<Source>();
      int count = in.readInt();
      for (int i = 0; i < count; i++) {
        sources.add(
            new Source(
                in.readUTF(), new String(bytes(in), java.nio.charset.StandardCharsets.UTF_8)));
      }
      var files = new InMemory(standard, classes);
      var problems = new DiagnosticCollector<JavaFileObject>();
      String error = null;
      try {
        boolean done =
            compiler.getTask(Writer.nullWriter(), files, problems, OPTIONS, null, sources).call();
        error = done ? null : first(problems);
      } catch (StackOverflowError | IllegalStateException deep) {
        error = "nested too deeply for the compiler";
      } catch (RuntimeException broken) {
        error = "the compiler failed: " + broken.getClass().getSimpleName();
      }
      out.writeBoolean(error == null);
      if (error != null) {
        out.writeUTF(error.length() > 2000 ? error.substring(0, 2000) : error);
      } else {
        out.writeInt(files.made.size());
        for (var made : files.made.entrySet()) {
          out.writeUTF(made.getKey());
          out.writeInt(made.getValue().size());
          made.getValue().writeTo(out);
        }
      }
      out.flush();
    }
  }

  private static byte[] bytes(DataInputStream in) throws IOException {
    var bytes = new byte[in.readInt()];
    in.readFully(bytes);
    return bytes;
  }

  private static String first(DiagnosticCollector<JavaFileObject> problems) {
    for (var problem : problems.getDiagnostics()) {
      if (problem.getKind() == Diagnostic.Kind.ERROR) {
        return "line %d: %s"
            .formatted(
                problem.getLineNumber(),
                problem.getMessage(Locale.ROOT).lines().findFirst().orElse("error"));
      }
    }
    return "the compiler gave no reason";
  }

  private static final class Source extends SimpleJavaFileObject {
    private final String text;

    Source(String name, String text) {
      super(URI.create("string:///" + name + ".java"), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }

    @Override
    public boolean isNameCompatible(String simpleName, Kind kind) {
      return true; // whatever public class it declares
    }
  }

  private static final class Known extends SimpleJavaFileObject {
    private final String name;
    private final byte[] bytes;

    Known(String name, byte[] bytes) {
      super(URI.create("class:///" + name + ".class"), Kind.CLASS);
      this.name = name;
      this.bytes = bytes;
    }

    @Override
    public InputStream openInputStream() {
      return new ByteArrayInputStream(bytes);
    }
  }

  /// Class files in memory: those that are known, and those that are made.
  private static final class InMemory extends ForwardingJavaFileManager<JavaFileManager> {
    private final Map<String, byte[]> known;
    final Map<String, ByteArrayOutputStream> made = new LinkedHashMap<>();

    InMemory(JavaFileManager standard, Map<String, byte[]> known) {
      super(standard);
      this.known = known;
    }

    @Override
    public Iterable<JavaFileObject> list(
        Location location, String packageName, Set<JavaFileObject.Kind> kinds, boolean recurse)
        throws IOException {
      if (location != StandardLocation.CLASS_PATH) {
        return super.list(location, packageName, kinds, recurse);
      }
      var found = new ArrayList<JavaFileObject>();
      if (packageName.isEmpty() && kinds.contains(JavaFileObject.Kind.CLASS)) {
        known.forEach((name, bytes) -> found.add(new Known(name, bytes)));
      }
      return found;
    }

    @Override
    public String inferBinaryName(Location location, JavaFileObject file) {
      return file instanceof Known known ? known.name : super.inferBinaryName(location, file);
    }

    @Override
    public JavaFileObject getJavaFileForOutput(
        Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
      return new SimpleJavaFileObject(URI.create("made:///" + name + ".class"), kind) {
        @Override
        public OutputStream openOutputStream() {
          return made.computeIfAbsent(name, _ -> new ByteArrayOutputStream());
        }
      };
    }
  }
}
