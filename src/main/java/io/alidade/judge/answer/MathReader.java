package io.alidade.judge.answer;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Reads mathematical text in the spelling of [MathText]: lists, sets, tuples, intervals, matrices
/// and amounts.
final class MathReader {
  private static final Pattern WORDS =
      Pattern.compile("\\\\(?:text|mathrm|mbox|textbf|textit|operatorname|mathbf)\\s*\\{");
  private static final Pattern POWER = Pattern.compile("\\^\\{?[23]\\}?");
  private static final Pattern DATE =
      Pattern.compile("\\d{4}-\\d{1,2}-\\d{1,2}|\\d{1,2}/\\d{1,2}/\\d{2,4}");

  private final Cursor in;
  private final ExpressionReader expressions;

  private MathReader(String text) {
    in = new Cursor(text);
    expressions = new ExpressionReader(in);
  }

  /// What a text means; words, if nothing else.
  static Meaning read(String written) {
    var text = MathText.of(written);
    var words = WORDS.matcher(text);
    if (words.lookingAt() && FinalAnswer.closing(text, words.end() - 1) == text.length() - 1) {
      return read(text.substring(words.end(), text.length() - 1));
    }
    if (DATE.matcher(text).matches()) {
      return new Meaning.Words(text);
    }
    try {
      var reader = new MathReader(text);
      var meaning = reader.list();
      reader.in.space();
      if (reader.in.at == text.length()) {
        return meaning;
      }
    } catch (Cursor.Unreadable | ArithmeticException | NumberFormatException none) {
      // Words, then.
    }
    return new Meaning.Words(MathText.words(text));
  }

  /// `a, b and c`: without brackets a list is a set of solutions. A union stays in order.
  private Meaning list() {
    var members = new ArrayList<Meaning>();
    members.add(union());
    while (in.take(",") || in.take("and ") || in.take("or ")) {
      var _ = in.take("and ") || in.take("or ");
      members.add(union());
    }
    var flat = members.stream().flatMap(MathReader::signs).toList();
    return flat.size() == 1 ? flat.getFirst() : new Meaning.Several("{", flat, "}");
  }

  /// `a ± b` is two numbers.
  private static Stream<Meaning> signs(Meaning one) {
    return one instanceof Meaning.Several several && several.open().equals("±")
        ? several.members().stream()
        : Stream.of(one);
  }

  private Meaning union() {
    var first = one();
    if (!in.peek("∪")) {
      return first;
    }
    var parts = new ArrayList<>(List.of(first));
    while (in.take("∪")) {
      parts.add(one());
    }
    return new Meaning.Several("∪", parts, "∪");
  }

  private Meaning one() {
    in.space();
    if (in.take("∅") || in.take("\\{ \\}") || in.take("\\{\\}")) {
      return new Meaning.Several("{", List.of(), "}");
    }
    if (in.peek("\\begin{")) {
      return matrix();
    }
    int start = in.at;
    if (in.peek("\\{") || in.peek("(") || in.peek("[") || in.peek("{")) {
      var several = brackets();
      in.space();
      boolean over = in.at == in.text.length() || ",∪)]}\\".indexOf(in.text.charAt(in.at)) >= 0;
      if (several.isPresent() && over) {
        return several.get();
      }
      in.at = start;
    }
    return amount();
  }

  /// Two or more in brackets, or any number in braces; a single one in round brackets is an
  /// expression and left to others.
  private Optional<Meaning> brackets() {
    boolean set = in.take("\\{") || in.take("{");
    var open = set ? "{" : in.text.substring(in.at, ++in.at);
    in.deeper();
    var members = new ArrayList<Meaning>();
    try {
      members.add(one());
      while (in.take(",")) {
        members.add(one());
      }
    } catch (Cursor.Unreadable none) {
      return Optional.empty();
    } finally {
      in.back();
    }
    in.space();
    String close;
    if (in.take("\\}") || in.take("}")) {
      close = "}";
    } else if (in.take(")")) {
      close = ")";
    } else if (in.take("]")) {
      close = "]";
    } else {
      return Optional.empty();
    }
    boolean fits = set == close.equals("}");
    boolean single = members.size() == 1 && !set;
    return fits && !single
        ? Optional.of(new Meaning.Several(open, members, close))
        : Optional.empty();
  }

  private Meaning matrix() {
    int end = in.text.indexOf("\\end{", in.at);
    int from = in.text.indexOf('}', in.at) + 1;
    int close = end < 0 ? -1 : in.text.indexOf('}', end);
    if (from <= 0 || end < from || close < 0) {
      throw new Cursor.Unreadable();
    }
    var rows = new ArrayList<Meaning>();
    for (var row : in.text.substring(from, end).split(MathText.LINE)) {
      if (!row.isBlank()) {
        var cells = new ArrayList<Meaning>();
        for (var cell : row.split("&")) {
          cells.add(read(cell));
        }
        rows.add(new Meaning.Several("&", cells, "&"));
      }
    }
    in.at = close + 1;
    return new Meaning.Several("matrix", rows, "matrix");
  }

  private Meaning amount() {
    var value = expressions.sum();
    in.space();
    if (in.take("±")) {
      var by = expressions.sum();
      return new Meaning.Several(
          "±",
          List.of(
              new Meaning.Amount(new Expression.Binary('+', value, by), false, ""),
              new Meaning.Amount(new Expression.Binary('-', value, by), false, "")),
          "±");
    }
    boolean percent = in.take("%") || in.take("percent") || in.take("per cent");
    return new Meaning.Amount(value, percent, unit());
  }

  /// What follows a number to the end of the text: `cm`, `\text{ square feet}`.
  private String unit() {
    in.space();
    var rest = in.text.substring(in.at);
    var words = WORDS.matcher(rest);
    if (words.lookingAt()) {
      int close = FinalAnswer.closing(rest, words.end() - 1);
      if (close < 0) {
        throw new Cursor.Unreadable();
      }
      in.at += close + 1;
      var power = POWER.matcher(in.text.substring(in.at));
      var exponent = "";
      if (power.lookingAt()) {
        exponent = power.group();
        in.at += power.end();
      }
      return singular(rest.substring(words.end(), close) + exponent);
    }
    var unit = ExpressionReader.UNIT.matcher(" " + rest);
    if (!rest.isEmpty() && unit.lookingAt() && unit.end() == rest.length() + 1) {
      in.at = in.text.length();
      return singular(rest);
    }
    return "";
  }

  private static String singular(String unit) {
    var plain = unit.toLowerCase(Locale.ROOT).replaceAll("[\\s{}.]+", "");
    return plain.length() > 3 && plain.endsWith("s")
        ? plain.substring(0, plain.length() - 1)
        : plain;
  }
}
