package io.alidade;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.Utf8Entry;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The compiled classes of the program, for tests of its structure.
final class Classes {
  private Classes() {}

  static List<ClassModel> ofMain() {
    try {
      var root = Path.of(Check.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      var classes = new ArrayList<ClassModel>();
      try (var files = Files.walk(root)) {
        for (var file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
          classes.add(ClassFile.of().parse(file));
        }
      }
      return classes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Every name, descriptor and signature that a class mentions; its text constants too.
  static List<String> strings(ClassModel model) {
    var strings = new ArrayList<String>();
    for (var entry : model.constantPool()) {
      if (entry instanceof Utf8Entry text) {
        strings.add(text.stringValue());
      }
    }
    return strings;
  }
}
