package io.alidade.judge.answer;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.IntToDoubleFunction;

/// A number, or an expression with letters in it.
sealed interface Expression {
  /// A written number.
  record Number(BigDecimal value) implements Expression {}

  /// A constant with a name: pi, infinity.
  record Constant(double value) implements Expression {}

  /// A letter that stands for a number.
  record Letter(int codePoint) implements Expression {}

  /// Two joined by one of `+ - * / ^`.
  record Binary(char operator, Expression left, Expression right) implements Expression {}

  /// A function of one number: `neg`, `sin`, `ln`, …
  record Call(String name, Expression of) implements Expression {}

  /// The letters in it.
  default SortedSet<Integer> letters() {
    var letters = new TreeSet<Integer>();
    collect(this, letters);
    return letters;
  }

  private static void collect(Expression e, SortedSet<Integer> letters) {
    switch (e) {
      case Number _, Constant _ -> {}
      case Letter(int letter) -> letters.add(letter);
      case Binary(_, var left, var right) -> {
        collect(left, letters);
        collect(right, letters);
      }
      case Call(_, var of) -> collect(of, letters);
    }
  }

  /// Its value where letters have the values given.
  default double at(IntToDoubleFunction letters) {
    return switch (this) {
      case Number(var value) -> value.doubleValue();
      case Constant(double value) -> value;
      case Letter(int letter) -> letters.applyAsDouble(letter);
      case Binary(char operator, var left, var right) -> {
        double a = left.at(letters);
        double b = right.at(letters);
        yield switch (operator) {
          case '+' -> a + b;
          case '-' -> a - b;
          case '*' -> a * b;
          case '/' -> a / b;
          default -> power(a, b, right.exact());
        };
      }
      case Call(var name, var of) -> call(name, of.at(letters));
    };
  }

  /// A negative number has real roots of odd degree, which `Math.pow` does not know.
  private static double power(double a, double b, Optional<Fraction> exponent) {
    boolean odd =
        exponent.isPresent()
            && exponent.get().denominator().testBit(0)
            && !exponent.get().denominator().equals(BigInteger.ONE);
    if (a < 0 && odd) {
      double root = Math.pow(-a, b);
      return exponent.get().numerator().testBit(0) ? -root : root;
    }
    return Math.pow(a, b);
  }

  private static double call(String name, double x) {
    return switch (name) {
      case "neg" -> -x;
      case "abs" -> Math.abs(x);
      case "sin" -> Math.sin(x);
      case "cos" -> Math.cos(x);
      case "tan" -> Math.tan(x);
      case "ln" -> Math.log(x);
      case "log" -> Math.log10(x);
      case "exp" -> Math.exp(x);
      default -> throw new IllegalStateException(name);
    };
  }

  /// Its value as a fraction, if it is one and stays of a size worth computing with.
  default Optional<Fraction> exact() {
    return switch (this) {
      case Number(var value) -> Fraction.of(value);
      case Constant _, Letter _ -> Optional.empty();
      case Call(var name, var of) ->
          name.equals("neg") ? of.exact().map(Fraction::negated) : Optional.empty();
      case Binary(char operator, var left, var right) ->
          left.exact().flatMap(a -> right.exact().flatMap(b -> a.with(operator, b)));
    };
  }

  /// A fraction in lowest terms with a positive denominator.
  record Fraction(BigInteger numerator, BigInteger denominator) {
    private static final int LARGEST = 4096; // bits

    static Optional<Fraction> of(BigDecimal value) {
      if (Math.abs((long) value.scale()) > 1000) {
        return Optional.empty();
      }
      return value.scale() <= 0
          ? reduced(value.toBigIntegerExact(), BigInteger.ONE)
          : reduced(value.unscaledValue(), BigInteger.TEN.pow(value.scale()));
    }

    private static Optional<Fraction> reduced(BigInteger n, BigInteger d) {
      if (d.signum() == 0 || n.bitLength() > LARGEST || d.bitLength() > LARGEST) {
        return Optional.empty();
      }
      var common = n.gcd(d);
      var sign = BigInteger.valueOf(d.signum());
      var by = common.signum() == 0 ? sign : common.multiply(sign);
      return Optional.of(new Fraction(n.divide(by), d.divide(by)));
    }

    Fraction negated() {
      return new Fraction(numerator.negate(), denominator);
    }

    boolean whole() {
      return denominator.equals(BigInteger.ONE);
    }

    Optional<Fraction> with(char operator, Fraction o) {
      return switch (operator) {
        case '+' -> sum(o);
        case '-' -> sum(o.negated());
        case '*' -> reduced(numerator.multiply(o.numerator), denominator.multiply(o.denominator));
        case '/' -> reduced(numerator.multiply(o.denominator), denominator.multiply(o.numerator));
        default -> power(o);
      };
    }

    private Optional<Fraction> sum(Fraction o) {
      return reduced(
          numerator.multiply(o.denominator).add(o.numerator.multiply(denominator)),
          denominator.multiply(o.denominator));
    }

    private Optional<Fraction> power(Fraction o) {
      if (!o.whole() || o.numerator.bitLength() > 10) {
        return Optional.empty();
      }
      int exponent = o.numerator.intValue();
      long bits =
          (long) Math.abs(exponent) * Math.max(numerator.bitLength(), denominator.bitLength());
      if (bits > LARGEST) {
        return Optional.empty();
      }
      return exponent >= 0
          ? reduced(numerator.pow(exponent), denominator.pow(exponent))
          : reduced(denominator.pow(-exponent), numerator.pow(-exponent));
    }
  }
}
