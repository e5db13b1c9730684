package io.alidade.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Cutting strings apart.
final class Splitting {
  private Splitting() {}

  /// `split` and `rsplit`: at a separator, or at runs of whitespace.
  static Object split(String text, Args args, boolean fromRight) {
    var bound = args.bind(fromRight ? "rsplit" : "split", "sep?", "maxsplit?");
    int most = Args.integer(bound[1], -1);
    int cuts = most < 0 ? Integer.MAX_VALUE : most;
    if (!Args.isGiven(bound[0])) {
      return fromRight ? wordsFromRight(text, cuts) : words(text, cuts);
    }
    var separator = Values.text(bound[0]);
    if (separator.isEmpty()) {
      throw new TemplateException("empty separator");
    }
    return fromRight ? atFromRight(text, separator, cuts) : at(text, separator, cuts);
  }

  private static List<Object> at(String text, String separator, int cuts) {
    List<Object> parts = new ArrayList<>();
    int start = 0;
    for (int hit = text.indexOf(separator);
        hit >= 0 && parts.size() < cuts;
        hit = text.indexOf(separator, start)) {
      parts.add(text.substring(start, hit));
      start = hit + separator.length();
    }
    parts.add(text.substring(start));
    return parts;
  }

  private static List<Object> atFromRight(String text, String separator, int cuts) {
    List<Object> parts = new ArrayList<>();
    int end = text.length();
    while (parts.size() < cuts) {
      int hit = text.lastIndexOf(separator, end - separator.length());
      if (hit < 0 || end < separator.length()) {
        break;
      }
      parts.add(text.substring(hit + separator.length(), end));
      end = hit;
    }
    parts.add(text.substring(0, end));
    Collections.reverse(parts);
    return parts;
  }

  private static List<Object> words(String text, int cuts) {
    List<Object> words = new ArrayList<>();
    var rest = Text.stripLeft(text);
    while (!rest.isEmpty()) {
      if (words.size() == cuts) {
        words.add(rest);
        break;
      }
      int end = 0;
      while (end < rest.length() && !Text.isBlank(rest.charAt(end))) {
        end++;
      }
      words.add(rest.substring(0, end));
      rest = Text.stripLeft(rest.substring(end));
    }
    return words;
  }

  private static List<Object> wordsFromRight(String text, int cuts) {
    List<Object> words = new ArrayList<>();
    var rest = Text.stripRight(text);
    while (!rest.isEmpty()) {
      if (words.size() == cuts) {
        words.add(rest);
        break;
      }
      int start = rest.length();
      while (start > 0 && !Text.isBlank(rest.charAt(start - 1))) {
        start--;
      }
      words.add(rest.substring(start));
      rest = Text.stripRight(rest.substring(0, start));
    }
    Collections.reverse(words);
    return words;
  }

  static Object partition(String text, Args args, boolean fromRight) {
    var separator = Values.text(args.bind(fromRight ? "rpartition" : "partition", "sep")[0]);
    if (separator.isEmpty()) {
      throw new TemplateException("empty separator");
    }
    int hit = fromRight ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (hit < 0) {
      return fromRight ? Tuple.of("", "", text) : Tuple.of(text, "", "");
    }
    return Tuple.of(text.substring(0, hit), separator, text.substring(hit + separator.length()));
  }
}
