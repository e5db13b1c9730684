package io.alidade.judge.answer;

import java.math.BigDecimal;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads numbers and expressions by recursive descent: sums of products of powers of atoms.
final class ExpressionReader {
  private static final Pattern NUMBER =
      Pattern.compile("(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?");
  private static final Pattern MIXED = Pattern.compile("(\\d+) (\\d+)/(\\d+)(?![\\d.])");
  private static final Set<String> FUNCTIONS = Set.of("sin", "cos", "tan", "ln", "log", "exp");

  /// What may follow a number to the end of a text: `cm`, `square feet`, `m`.
  static final Pattern UNIT =
      Pattern.compile(
          "(?: ?[a-zA-Z]{2,}| (?:m|s|g|h|L|N|J|W|V|K))(?:[ /*]+[a-zA-Z]+)*(?:\\^\\{?[23]\\}?)?$");

  private final Cursor in;

  ExpressionReader(Cursor in) {
    this.in = in;
  }

  Expression sum() {
    in.deeper();
    var sum = product();
    while (true) {
      if (in.take("+")) {
        sum = new Expression.Binary('+', sum, product());
      } else if (in.take("-")) {
        sum = new Expression.Binary('-', sum, product());
      } else {
        in.back();
        return sum;
      }
    }
  }

  private Expression product() {
    var product = signed();
    while (true) {
      if (in.take("*")) {
        product = new Expression.Binary('*', product, signed());
      } else if (in.take("/")) {
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
    boolean whole = left instanceof Expression.Numeral(var value) && value.scale() <= 0;
    boolean fraction =
        right
                instanceof
                Expression.Binary(char operator, Expression.Numeral _, Expression.Numeral _)
            && operator == '/';
    return new Expression.Binary(whole && fraction ? '+' : '*', left, right);
  }

  private Expression signed() {
    if (in.take("-")) {
      in.deeper();
      // The sign of a mixed number holds for all of it.
      var value = product();
      in.back();
      return new Expression.Call("neg", value);
    }
    return in.take("+") ? signed() : mixed();
  }

  /// A number, and a fraction after a space.
  private Expression mixed() {
    int start = in.at;
    var simple = MIXED.matcher(in.text);
    in.space();
    if (simple.region(in.at, in.text.length()).lookingAt()) {
      in.at = simple.end();
      return new Expression.Binary(
          '+',
          number(simple.group(1)),
          new Expression.Binary('/', number(simple.group(2)), number(simple.group(3))));
    }
    in.at = start;
    return power();
  }

  private static Expression number(String digits) {
    return new Expression.Numeral(new BigDecimal(digits));
  }

  private boolean factorFollows() {
    in.space();
    if (in.at >= in.text.length()) {
      return false;
    }
    char next = in.text.charAt(in.at);
    boolean digit = next >= '0' && next <= '9';
    boolean letter = Character.isLetter(next) && !wordFollows();
    return next == '('
        || next == 'π'
        || piFollows()
        || (letter && next != 'π')
        || in.peek("\\frac")
        || in.peek("\\sqrt")
        || FUNCTIONS.stream().anyMatch(name -> in.peek("\\" + name))
        || (digit && in.at > 0 && ")}".indexOf(in.text.charAt(in.at - 1)) >= 0);
  }

  /// Two letters in a row are a word: a unit perhaps, but no product.
  private boolean wordFollows() {
    boolean spaced = in.at > 0 && in.text.charAt(in.at - 1) == ' ';
    boolean two = in.at + 1 < in.text.length() && Character.isLetter(in.text.charAt(in.at + 1));
    return two || (spaced && UNIT.matcher(" " + in.text.substring(in.at)).matches());
  }

  private Expression power() {
    var base = atom();
    if (in.take("^")) {
      in.deeper();
      var exponent = in.take("-") ? new Expression.Call("neg", group()) : group();
      in.back();
      return new Expression.Binary('^', base, exponent);
    }
    return base;
  }

  /// What a LaTeX command takes: braces, or one character.
  private Expression group() {
    in.space();
    if (in.take("{")) {
      var inner = sum();
      in.expect("}");
      return inner;
    }
    if (in.at < in.text.length() && in.text.charAt(in.at) >= '0' && in.text.charAt(in.at) <= '9') {
      return number(in.text.substring(in.at, ++in.at));
    }
    return atom();
  }

  /// An exponent in plain text has all its digits: `2^10`; in LaTeX one: `\frac12`.
  private Expression atom() {
    in.space();
    in.deeper();
    try {
      if (in.take("\\frac")) {
        var top = group();
        return new Expression.Binary('/', top, group());
      }
      if (in.take("\\sqrt")) {
        Expression degree = new Expression.Numeral(BigDecimal.valueOf(2));
        if (in.take("[")) {
          degree = sum();
          in.expect("]");
        }
        var one = new Expression.Numeral(BigDecimal.ONE);
        return new Expression.Binary('^', group(), new Expression.Binary('/', one, degree));
      }
      for (var name : FUNCTIONS) {
        if (in.take("\\" + name)) {
          return new Expression.Call(name, power());
        }
      }
      if (in.take("(")) {
        var inner = sum();
        in.expect(")");
        return inner;
      }
      if (in.take("{")) {
        var inner = sum();
        in.expect("}");
        return inner;
      }
      if (in.take("|")) {
        var inner = sum();
        in.expect("|");
        return new Expression.Call("abs", inner);
      }
      if (in.take("∞")) {
        return new Expression.Constant(Double.POSITIVE_INFINITY);
      }
      if (in.take("π") || wordPi()) {
        return new Expression.Constant(Math.PI);
      }
      Matcher number = NUMBER.matcher(in.text).region(in.at, in.text.length());
      if (number.lookingAt()) {
        in.at = number.end();
        return number(number.group());
      }
      if (in.at < in.text.length() && Character.isLetter(in.text.charAt(in.at)) && !twoLetters()) {
        return new Expression.Letter(in.text.charAt(in.at++));
      }
      throw new Cursor.Unreadable();
    } finally {
      in.back();
    }
  }

  private boolean piFollows() {
    return in.peek("pi")
        && (in.at + 2 >= in.text.length() || !Character.isLetter(in.text.charAt(in.at + 2)));
  }

  private boolean wordPi() {
    boolean word = piFollows();
    in.at += word ? 2 : 0;
    return word;
  }

  private boolean twoLetters() {
    return in.at + 1 < in.text.length() && Character.isLetter(in.text.charAt(in.at + 1));
  }
}
