package io.alidade.mine;

/// One method with a body, as it stands in one source file.
///
/// @param file path inside its archive or repository, with `/`
/// @param method enclosing types, name and parameter types, such as `Outer.Inner.name(int,String)`
/// @param prompt Javadoc (if any) and signature as source text, ending in ` {`
/// @param body what follows the prompt, up to and with the closing brace
/// @param code fingerprint of the body's tokens without white space, comments and `final`
/// @param documented whether the prompt starts with Javadoc
/// @param empty whether the body holds no token
record SourceMethod(
    String file,
    String method,
    String prompt,
    String body,
    String code,
    boolean documented,
    boolean empty) {
  /// Where releases are joined: the same method of the same file.
  String key() {
    return file + '#' + method;
  }

  /// The same under another path.
  SourceMethod at(String path) {
    return file.equals(path)
        ? this
        : new SourceMethod(path, method, prompt, body, code, documented, empty);
  }
}
