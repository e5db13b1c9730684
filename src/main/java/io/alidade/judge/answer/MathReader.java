package io.alidade.judge.answer;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads mathematical text in the spelling of [MathText] by recursive descent.
final class MathReader {
  private static final Pattern NUMBER =
      Pattern.compile("(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?");
  private static final Pattern WORDS =
      Pattern.compile("\\\\(?:text|mathrm|mbox|textbf|textit|operatorname|mathbf)\\s*\\{");
  private static final Pattern UNIT =
      Pattern.compile(
          "(?: ?[a-zA-Z]{2,}| (?:m|s|g|h|L|N|J|W|V|K))(?:[ /*]+[a-zA-Z]+)*(?:\\^\\{?[23]\\}?)?$");
  private static final Set<String> FUNCTIONS = Set.of("sin", "cos", "tan", "ln", "log", "exp");
  private static final Pattern DATE =
      Pattern.compile("\\d{4}-\\d{1,2}-\\d{1,2}|\\d{1,2}/\\d{1,2}/\\d{2,4}");
  private static final int DEEPEST = 200;

  /// Thrown where the text is none that is known here.
  private static final class Unreadable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unreadable() {
      super("", null, false, false);
    }
  }

  private final String text;
  private int at;
  private int depth;

  private MathReader(String text) {
    this.text = text;
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
      reader.space();
      if (reader.at == text.length()) {
        return meaning;
      }
    } catch (Unreadable | ArithmeticException | NumberFormatException none) {
      // Words, then.
    }
    return new Meaning.Words(MathText.words(text));
  }

  /// `a, b and c`: without brackets a list is a set of solutions. A union stays in order.
  private Meaning list() {
    var members = new ArrayList<Meaning>();
    members.add(union());
    while (take(",") || take("and ") || take("or ")) {
      var _ = take("and ") || take("or ");
      members.add(union());
    }
    var flat = members.stream().flatMap(MathReader::signs).toList();
    return flat.size() == 1 ? flat.getFirst() : new Meaning.Several("{", flat, "}");
  }

  /// `a ± b` is two numbers.
  private static java.util.stream.Stream<Meaning> signs(Meaning one) {
    return one instanceof Meaning.Several several && several.open().equals("±")
        ? several.members().stream()
        : java.util.stream.Stream.of(one);
  }

  private Meaning union() {
    var first = one();
    if (!peek("∪")) {
      return first;
    }
    var parts = new ArrayList<>(List.of(first));
    while (take("∪")) {
      parts.add(one());
    }
    return new Meaning.Several("∪", parts, "∪");
  }

  private Meaning one() {
    space();
    if (take("∅") || take("\\{ \\}") || take("\\{\\}")) {
      return new Meaning.Several("{", List.of(), "}");
    }
    if (peek("\\begin{")) {
      return matrix();
    }
    int start = at;
    if (peek("\\{") || peek("(") || peek("[") || peek("{")) {
      var several = brackets();
      space();
      boolean over = at == text.length() || ",∪)]}\\".indexOf(text.charAt(at)) >= 0;
      if (several.isPresent() && over) {
        return several.get();
      }
      at = start;
    }
    return amount();
  }

  /// Two or more in brackets, or any number in braces; a single one in round brackets is an
  /// expression and left to others.
  private Optional<Meaning> brackets() {
    boolean set = take("\\{") || take("{");
    var open = set ? "{" : text.substring(at, ++at);
    deeper();
    var members = new ArrayList<Meaning>();
    try {
      members.add(one());
      while (take(",")) {
        members.add(one());
      }
    } catch (Unreadable none) {
      return Optional.empty();
    } finally {
      depth--;
    }
    space();
    String close;
    if (take("\\}") || take("}")) {
      close = "}";
    } else if (take(")")) {
      close = ")";
    } else if (take("]")) {
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
    int end = text.indexOf("\\end{", at);
    int from = text.indexOf('}', at) + 1;
    int close = end < 0 ? -1 : text.indexOf('}', end);
    if (from <= 0 || end < from || close < 0) {
      throw new Unreadable();
    }
    var rows = new ArrayList<Meaning>();
    for (var row : text.substring(from, end).split(MathText.LINE)) {
      if (!row.isBlank()) {
        var cells = new ArrayList<Meaning>();
        for (var cell : row.split("&")) {
          cells.add(read(cell));
        }
        rows.add(new Meaning.Several("&", cells, "&"));
      }
    }
    at = close + 1;
    return new Meaning.Several("matrix", rows, "matrix");
  }

  private Meaning amount() {
    var value = sum();
    space();
    if (take("±")) {
      var by = sum();
      return new Meaning.Several(
          "±",
          List.of(
              new Meaning.Amount(new Expression.Binary('+', value, by), false, ""),
              new Meaning.Amount(new Expression.Binary('-', value, by), false, "")),
          "±");
    }
    boolean percent = take("%") || take("percent") || take("per cent");
    return new Meaning.Amount(value, percent, unit());
  }

  /// What follows a number to the end of the text: `cm`, `\text{ square feet}`.
  private String unit() {
    space();
    var rest = text.substring(at);
    var words = WORDS.matcher(rest);
    if (words.lookingAt()) {
      int close = FinalAnswer.closing(rest, words.end() - 1);
      if (close < 0) {
        throw new Unreadable();
      }
      at += close + 1;
      var power = Pattern.compile("\\^\\{?[23]\\}?").matcher(text.substring(at));
      var exponent = "";
      if (power.lookingAt()) {
        exponent = power.group();
        at += power.end();
      }
      return singular(rest.substring(words.end(), close) + exponent);
    }
    var unit = UNIT.matcher(" " + rest);
    if (!rest.isEmpty() && unit.lookingAt() && unit.end() == rest.length() + 1) {
      at = text.length();
      return singular(rest);
    }
    return "";
  }

  private static String singular(String unit) {
    var plain = unit.toLowerCase(java.util.Locale.ROOT).replaceAll("[\\s{}.]+", "");
    return plain.length() > 3 && plain.endsWith("s")
        ? plain.substring(0, plain.length() - 1)
        : plain;
  }

  private Expression sum() {
    deeper();
    var sum = product();
    while (true) {
      if (take("+")) {
        sum = new Expression.Binary('+', sum, product());
      } else if (take("-")) {
        sum = new Expression.Binary('-', sum, product());
      } else {
        depth--;
        return sum;
      }
    }
  }

  private Expression product() {
    var product = signed();
    while (true) {
      if (take("*")) {
        product = new Expression.Binary('*', product, signed());
      } else if (take("/")) {
        product = new Expression.Binary('/', product, signed());
      } else if (factorFollows()) {
        product = beside(product, power());
      } else {
        return product;
      }
    }
  }

  /// `3 1/2` and `3\frac{1}{2}` are mixed numbers; anything else side by side is a product.
  private Expression beside(Expression left, Expression right) {
    boolean whole = left instanceof Expression.Number(var value) && value.scale() <= 0;
    boolean fraction =
        right instanceof Expression.Binary(char operator, Expression.Number _, Expression.Number _)
            && operator == '/';
    return new Expression.Binary(whole && fraction ? '+' : '*', left, right);
  }

  private Expression signed() {
    if (take("-")) {
      deeper();
      // The sign of a mixed number holds for all of it.
      var value = product();
      depth--;
      return new Expression.Call("neg", value);
    }
    return take("+") ? signed() : mixed();
  }

  /// A number, and a fraction after a space.
  private Expression mixed() {
    int start = at;
    var simple = Pattern.compile("(\\d+) (\\d+)/(\\d+)(?![\\d.])").matcher(text);
    space();
    if (simple.region(at, text.length()).lookingAt()) {
      at = simple.end();
      return new Expression.Binary(
          '+',
          number(simple.group(1)),
          new Expression.Binary('/', number(simple.group(2)), number(simple.group(3))));
    }
    at = start;
    return power();
  }

  private static Expression number(String digits) {
    return new Expression.Number(new BigDecimal(digits));
  }

  private boolean factorFollows() {
    space();
    if (at >= text.length()) {
      return false;
    }
    char next = text.charAt(at);
    boolean digit = next >= '0' && next <= '9';
    boolean letter = Character.isLetter(next) && !wordFollows();
    return next == '('
        || next == 'π'
        || piFollows()
        || (letter && next != 'π')
        || peek("\\frac")
        || peek("\\sqrt")
        || FUNCTIONS.stream().anyMatch(name -> peek("\\" + name))
        || (digit && at > 0 && ")}".indexOf(text.charAt(at - 1)) >= 0);
  }

  /// Two letters in a row are a word: a unit perhaps, but no product.
  private boolean wordFollows() {
    boolean spaced = at > 0 && text.charAt(at - 1) == ' ';
    boolean two = at + 1 < text.length() && Character.isLetter(text.charAt(at + 1));
    return two || (spaced && UNIT.matcher(" " + text.substring(at)).matches());
  }

  private Expression power() {
    var base = atom();
    if (take("^")) {
      deeper();
      var exponent = take("-") ? new Expression.Call("neg", group()) : group();
      depth--;
      return new Expression.Binary('^', base, exponent);
    }
    return base;
  }

  /// What a LaTeX command takes: braces, or one character.
  private Expression group() {
    space();
    if (take("{")) {
      var inner = sum();
      expect("}");
      return inner;
    }
    if (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
      return number(text.substring(at, ++at));
    }
    return atom();
  }

  /// An exponent in plain text has all its digits: `2^10`; in LaTeX one: `\frac12`.
  private Expression atom() {
    space();
    deeper();
    try {
      if (take("\\frac")) {
        var top = group();
        return new Expression.Binary('/', top, group());
      }
      if (take("\\sqrt")) {
        Expression degree = new Expression.Number(BigDecimal.valueOf(2));
        if (take("[")) {
          degree = sum();
          expect("]");
        }
        var one = new Expression.Number(BigDecimal.ONE);
        return new Expression.Binary('^', group(), new Expression.Binary('/', one, degree));
      }
      for (var name : FUNCTIONS) {
        if (take("\\" + name)) {
          return new Expression.Call(name, power());
        }
      }
      if (take("(")) {
        var inner = sum();
        expect(")");
        return inner;
      }
      if (take("{")) {
        var inner = sum();
        expect("}");
        return inner;
      }
      if (take("|")) {
        var inner = sum();
        expect("|");
        return new Expression.Call("abs", inner);
      }
      if (take("∞")) {
        return new Expression.Constant(Double.POSITIVE_INFINITY);
      }
      if (take("π") || wordPi()) {
        return new Expression.Constant(Math.PI);
      }
      Matcher number = NUMBER.matcher(text).region(at, text.length());
      if (number.lookingAt()) {
        at = number.end();
        return number(number.group());
      }
      if (at < text.length() && Character.isLetter(text.charAt(at)) && !twoLetters()) {
        return new Expression.Letter(text.charAt(at++));
      }
      throw new Unreadable();
    } finally {
      depth--;
    }
  }

  private boolean piFollows() {
    return peek("pi") && (at + 2 >= text.length() || !Character.isLetter(text.charAt(at + 2)));
  }

  private boolean wordPi() {
    boolean word = piFollows();
    at += word ? 2 : 0;
    return word;
  }

  private boolean twoLetters() {
    return at + 1 < text.length() && Character.isLetter(text.charAt(at + 1));
  }

  private void deeper() {
    if (++depth > DEEPEST) {
      throw new Unreadable();
    }
  }

  private void space() {
    while (at < text.length() && text.charAt(at) == ' ') {
      at++;
    }
  }

  private boolean peek(String what) {
    return text.startsWith(what, at);
  }

  private boolean take(String what) {
    space();
    if (peek(what)) {
      at += what.length();
      return true;
    }
    return false;
  }

  private void expect(String what) {
    if (!take(what)) {
      throw new Unreadable();
    }
  }
}
