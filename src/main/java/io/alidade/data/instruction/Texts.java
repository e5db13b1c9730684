package io.alidade.data.instruction;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// What can be counted in an answer.
final class Texts {
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+(?:['’-][\\p{L}\\p{N}]+)*");
  private static final Pattern SENTENCE = Pattern.compile("[.!?]+(?:\\s|$)");
  private static final Pattern BULLET = Pattern.compile("(?m)^\\s*[-*•]\\s+\\S");

  private Texts() {}

  /// The words, in lower case.
  static List<String> words(String text) {
    return WORD.matcher(text).results().map(m -> m.group().toLowerCase(Locale.ROOT)).toList();
  }

  /// Runs of text that end as sentences do; what follows the last end counts too.
  static int sentences(String text) {
    return (int) Arrays.stream(SENTENCE.split(text)).filter(s -> !words(s).isEmpty()).count();
  }

  /// Parts between empty lines that hold anything.
  static int paragraphs(String text) {
    return (int) Arrays.stream(text.split("\\n\\s*\\n")).filter(p -> !p.isBlank()).count();
  }

  /// Lines that begin as items of a list.
  static int bullets(String text) {
    return (int) BULLET.matcher(text).results().count();
  }

  /// How often a word stands there.
  static int count(String word, String text) {
    return (int) words(text).stream().filter(word::equals).count();
  }
}
