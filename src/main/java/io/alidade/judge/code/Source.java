package io.alidade.judge.code;

import java.util.regex.Pattern;

/// Text of Java as a compiler wants it: whole files, made of whole files, of members of a class, or
/// of statements. All of `java.base` is imported.
///
/// @param imports further import lines
/// @param body the rest
record Source(String imports, String body) {
  /// The class around a program of methods alone.
  static final String PROGRAM = "Solution";

  private static final String IMPORTS = "import module java.base; ";
  private static final Pattern IMPORT =
      Pattern.compile("(?m)(?:^|\\G)[ \\t]*import\\s+[\\w.*\\s]+;[ \\t]*");
  private static final Pattern PACKAGE = Pattern.compile("(?m)^[ \\t]*package\\s+[\\w.\\s]+;");
  private static final Pattern TYPE =
      Pattern.compile(
          "(?m)^(?:(?:public|final|abstract|sealed|non-sealed|strictfp|@\\w+)\\s+)*"
              + "(?:class|interface|record|enum|@interface)\\s+\\w+");

  static Source of(String text) {
    var imports = new StringBuilder();
    IMPORT.matcher(text).results().forEach(match -> imports.append(match.group()).append(' '));
    return new Source(
        imports.toString(), PACKAGE.matcher(IMPORT.matcher(text).replaceAll("")).replaceFirst(""));
  }

  /// Whether it declares types of its own, to the left of everything.
  boolean declaresTypes() {
    return TYPE.matcher(body).find();
  }

  /// As a file of its own.
  String file() {
    return IMPORTS + imports + body;
  }

  /// As members of [#PROGRAM].
  String members() {
    return IMPORTS + imports + "public class " + PROGRAM + " {" + body + "\n}\n";
  }

  /// As statements of a test, which sees the members of the program as its own.
  ///
  /// @param program imports of the program hold here too
  /// @param inherits whether the program is [#PROGRAM]
  String test(Source program, String name, boolean inherits) {
    return IMPORTS
        + program.imports
        + imports
        + "public class "
        + name
        + (inherits ? " extends " + PROGRAM : "")
        + " { void alidadeTest() throws Throwable {"
        + body
        + "\n}\n}\n";
  }
}
