package io.alidade;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// A number is written with a point, whatever the user's language is.
class LocaleTest {
  private static final Pattern FRACTION = Pattern.compile("%[-+ 0,#(]*\\d*(\\.\\d+[feEgG]|[fgG])");

  @Test
  void fractionsAreFormattedInNoLanguage() {
    var wrong = new TreeSet<String>();
    for (var model : Classes.ofMain()) {
      wrong.addAll(offenders(model));
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void thisTestSees() throws java.io.IOException {
    try (var bytes = LocaleTest.class.getResourceAsStream("LocaleTest$Wrong.class")) {
      var model = java.lang.classfile.ClassFile.of().parse(bytes.readAllBytes());
      assertThat(offenders(model))
          .containsExactlyInAnyOrder(
              "io/alidade/LocaleTest$Wrong.one", "io/alidade/LocaleTest$Wrong.two");
    }
  }

  /// What is forbidden, and what is not.
  static final class Wrong {
    private Wrong() {}

    static String one(double value) {
      return "%.2f".formatted(value);
    }

    static String two(double value) {
      return String.format("about %,10.3g", value);
    }

    static String right(double value) {
      return String.format(java.util.Locale.ROOT, "%.2f", value) + "%d %%f".formatted(3);
    }
  }

  private static List<String> offenders(ClassModel model) {
    return model.methods().stream()
        .filter(method -> method.code().map(LocaleTest::offends).orElse(false))
        .map(method -> model.thisClass().asInternalName() + "." + method.methodName().stringValue())
        .toList();
  }

  /// Whether a method formats a text with a fraction in it by a call that takes no language.
  private static boolean offends(CodeModel code) {
    boolean fraction = false;
    for (var element : code) {
      if (element instanceof ConstantInstruction constant
          && constant.constantValue() instanceof String text) {
        fraction |= FRACTION.matcher(text.replace("%%", "")).find();
      }
      if (element instanceof InvokeInstruction call && fraction && formats(call)) {
        return true;
      }
      if (element instanceof InvokeInstruction call && named(call) && !formats(call)) {
        fraction = false; // that text is done with
      }
    }
    return false;
  }

  private static boolean named(InvokeInstruction call) {
    return List.of("formatted", "format", "printf").contains(call.name().stringValue());
  }

  private static boolean formats(InvokeInstruction call) {
    return named(call) && !call.type().stringValue().contains("java/util/Locale");
  }
}
