package io.alidade.mine;

import com.github.javaparser.JavaParser;
import com.github.javaparser.JavaToken;
import com.github.javaparser.ParserConfiguration;
import com.github.javaparser.ParserConfiguration.LanguageLevel;
import com.github.javaparser.TokenRange;
import com.github.javaparser.ast.body.BodyDeclaration;
import com.github.javaparser.ast.body.MethodDeclaration;
import com.github.javaparser.ast.body.TypeDeclaration;
import com.github.javaparser.ast.comments.Comment;
import com.github.javaparser.ast.stmt.BlockStmt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// Reads the methods of one Java source file as text, by their tokens, so that what is kept is what
/// was written. Only the indentation is changed: line ends become `\n`, leading tabs four spaces,
/// and the method is moved to the left margin.
final class MethodReader {
  private final JavaParser parser;

  MethodReader() {
    // RAW accepts every grammar since Java 1.0 and does not validate, so old sources parse too.
    var configuration = new ParserConfiguration().setLanguageLevel(LanguageLevel.RAW);
    parser = new JavaParser(configuration);
  }

  /// The methods with a body, in source order; empty where the file does not parse.
  Optional<List<SourceMethod>> read(String file, String source) {
    try {
      var result = parser.parse(source);
      if (!result.isSuccessful() || result.getResult().isEmpty()) {
        return Optional.empty();
      }
      var methods = new ArrayList<SourceMethod>();
      for (var type : result.getResult().get().getTypes()) {
        walk(file, type.getNameAsString(), type, methods);
      }
      return Optional.of(methods);
    } catch (StackOverflowError | RuntimeException e) {
      // A source that breaks the parser is a file that does not parse; the caller counts it.
      return Optional.empty();
    }
  }

  private static void walk(
      String file, String path, TypeDeclaration<?> type, List<SourceMethod> methods) {
    for (BodyDeclaration<?> member : type.getMembers()) {
      if (member instanceof TypeDeclaration<?> inner) {
        walk(file, path + '.' + inner.getNameAsString(), inner, methods);
      } else if (member instanceof MethodDeclaration method) {
        method.getBody().flatMap(body -> method(file, path, method, body)).ifPresent(methods::add);
      }
    }
  }

  private static Optional<SourceMethod> method(
      String file, String path, MethodDeclaration method, BlockStmt block) {
    var range = method.getTokenRange();
    var body = block.getTokenRange();
    if (range.isEmpty() || body.isEmpty()) {
      return Optional.empty();
    }
    var name =
        path
            + '.'
            + method.getNameAsString()
            + method.getParameters().stream()
                .map(p -> p.getType().asString() + (p.isVarArgs() ? "..." : ""))
                .collect(Collectors.joining(",", "(", ")"));
    var first = range.get().getBegin();
    int margin = Layout.margin(textBefore(first));
    var javadoc =
        method
            .getJavadocComment()
            .flatMap(Comment::getTokenRange)
            .map(TokenRange::toString)
            .map(text -> Layout.left(text, margin) + "\n")
            .orElse("");
    // The body ends the declaration, so what is left before it is the signature.
    var whole = range.get().toString();
    var head = whole.substring(0, whole.length() - body.get().toString().length());
    var signature = Layout.left(head, margin).strip();
    // The brace belongs to the prompt. A space keeps "{return 0;}" from joining the brace's token.
    var rest = Layout.left(body.get().toString(), margin).substring(1);
    if (!Character.isWhitespace(rest.charAt(0))) {
      rest = " " + rest;
    }
    var code = code(body.get());
    return Optional.of(
        new SourceMethod(
            file,
            name,
            javadoc + signature + " {",
            rest,
            Sha256.of(code).substring(0, 32),
            !javadoc.isEmpty(),
            code.equals("{\n}\n")));
  }

  /// The tokens that carry meaning, one a line.
  private static String code(TokenRange body) {
    var code = new StringBuilder();
    for (var token : body) {
      if (!token.getCategory().isWhitespaceOrComment() && !token.getText().equals("final")) {
        code.append(token.getText()).append('\n');
      }
    }
    return code.toString();
  }

  /// What stands before a token on its line.
  private static String textBefore(JavaToken token) {
    var text = new StringBuilder();
    var at = token.getPreviousToken();
    while (at.isPresent() && !at.get().getCategory().isEndOfLine()) {
      text.insert(0, at.get().getText());
      at = at.get().getPreviousToken();
    }
    return text.toString();
  }
}
