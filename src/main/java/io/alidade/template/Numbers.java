package io.alidade.template;

import io.alidade.template.Expr.Operator;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/// Python's numbers: `int` is a Long, or a BigInteger where it does not fit; `float` is a Double;
/// booleans count as 0 and 1.
final class Numbers {
  /// An integer of more bits than this is not computed.
  private static final long MOST_BITS = 100_000;

  private Numbers() {}

  static Object normal(BigInteger value) {
    return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
  }

  static boolean isNumber(Object value) {
    return value instanceof Number || value instanceof Boolean;
  }

  static boolean isInteger(Object value) {
    return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
  }

  static BigInteger big(Object value) {
    return value instanceof BigInteger big
        ? big
        : BigInteger.valueOf(
            value instanceof Boolean truth ? (truth ? 1 : 0) : ((Number) value).longValue());
  }

  static double real(Object value) {
    return value instanceof Boolean truth ? (truth ? 1 : 0) : ((Number) value).doubleValue();
  }

  /// A value used as an index or a count.
  static long index(Object value) {
    return switch (value) {
      case Long integer -> integer;
      case Boolean truth -> truth ? 1 : 0;
      case BigInteger big -> big.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
      case Undefined undefined -> throw undefined.failure();
      default ->
          throw new TemplateException(
              "'" + Values.type(value) + "' object cannot be interpreted as an integer");
    };
  }

  static int compare(Object a, Object b) {
    if (a instanceof Long x && b instanceof Long y) {
      return Long.compare(x, y);
    }
    if (isInteger(a) && isInteger(b)) {
      return big(a).compareTo(big(b));
    }
    double x = real(a);
    double y = real(b);
    if (isFinite(x) && isFinite(y)) {
      return exact(a).compareTo(exact(b));
    }
    return Double.compare(x, y);
  }

  static boolean isNan(Object value) {
    return value instanceof Double real && real.isNaN();
  }

  private static boolean isFinite(double value) {
    return !Double.isNaN(value) && !Double.isInfinite(value);
  }

  private static BigDecimal exact(Object value) {
    return value instanceof Double real ? new BigDecimal(real) : new BigDecimal(big(value));
  }

  /// The result of an operator on two numbers.
  static Object apply(Operator operator, Object a, Object b) {
    if (!(isInteger(a) && isInteger(b))) {
      return real(operator, real(a), real(b));
    }
    if (a instanceof Long x && b instanceof Long y) {
      var small = small(operator, x, y);
      if (small != null) {
        return small;
      }
    }
    var x = big(a);
    var y = big(b);
    return switch (operator) {
      case ADD -> normal(x.add(y));
      case SUBTRACT -> normal(x.subtract(y));
      case MULTIPLY -> normal(bounded(x.bitLength() + (long) y.bitLength(), x).multiply(y));
      case DIVIDE -> divide(x, y);
      case FLOOR_DIVIDE -> normal(floor(x, y));
      case MODULO -> normal(x.subtract(floor(x, y).multiply(y)));
      case POWER -> power(x, y);
    };
  }

  /// Fast paths; null where the result may not fit.
  private static @Nullable Object small(Operator operator, long x, long y) {
    return switch (operator) {
      case ADD -> {
        long sum = x + y;
        yield ((x ^ sum) & (y ^ sum)) < 0 ? null : (Object) sum;
      }
      case SUBTRACT -> {
        long difference = x - y;
        yield ((x ^ y) & (x ^ difference)) < 0 ? null : (Object) difference;
      }
      case MODULO -> y == 0 ? null : (Object) Math.floorMod(x, y);
      default -> null;
    };
  }

  private static BigInteger bounded(long bits, BigInteger value) {
    if (bits > MOST_BITS) {
      throw Limits.exceeded("bits of an integer", MOST_BITS);
    }
    return value;
  }

  private static Object divide(BigInteger x, BigInteger y) {
    if (y.signum() == 0) {
      throw new TemplateException("division by zero");
    }
    if (x.bitLength() <= 53 && y.bitLength() <= 53) {
      return x.doubleValue() / y.doubleValue();
    }
    return new BigDecimal(x)
        .divide(new BigDecimal(y), java.math.MathContext.DECIMAL128)
        .doubleValue();
  }

  private static BigInteger floor(BigInteger x, BigInteger y) {
    if (y.signum() == 0) {
      throw new TemplateException("integer division or modulo by zero");
    }
    var parts = x.divideAndRemainder(y);
    return parts[1].signum() != 0 && parts[1].signum() != y.signum()
        ? parts[0].subtract(BigInteger.ONE)
        : parts[0];
  }

  private static Object power(BigInteger x, BigInteger y) {
    if (y.signum() < 0) {
      return real(Operator.POWER, x.doubleValue(), y.doubleValue());
    }
    if (x.abs().bitLength()
        <= 1) { // -1, 0 and 1: only whether the exponent is 0, odd or even counts
      return normal(x.pow(y.signum() == 0 ? 0 : y.testBit(0) ? 1 : 2));
    }
    bounded(y.bitLength() > 31 ? Long.MAX_VALUE : x.bitLength() * y.longValue(), x);
    return normal(x.pow(y.intValueExact()));
  }

  private static double real(Operator operator, double x, double y) {
    return switch (operator) {
      case ADD -> x + y;
      case SUBTRACT -> x - y;
      case MULTIPLY -> x * y;
      case DIVIDE -> x / nonZero(y, "float division by zero");
      case FLOOR_DIVIDE -> {
        double quotient = (x - modulo(x, nonZero(y, "float floor division by zero"))) / y;
        double floor = Math.floor(quotient);
        yield quotient - floor > 0.5 ? floor + 1 : floor;
      }
      case MODULO -> modulo(x, nonZero(y, "float modulo"));
      case POWER -> {
        if (x == 0 && y < 0) {
          throw new TemplateException("0.0 cannot be raised to a negative power");
        }
        double power = Math.pow(x, y);
        if (Double.isNaN(power) && !Double.isNaN(x) && !Double.isNaN(y)) {
          throw new TemplateException("complex numbers are not supported");
        }
        yield power;
      }
    };
  }

  private static double nonZero(double value, String failure) {
    if (value == 0) {
      throw new TemplateException(failure);
    }
    return value;
  }

  private static double modulo(double x, double y) {
    double rest = x % y;
    return rest == 0 ? Math.copySign(0.0, y) : (rest < 0) == (y < 0) ? rest : rest + y;
  }

  static Object negate(Object value) {
    return value instanceof Double real ? (Object) (-real) : normal(big(value).negate());
  }

  static Object absolute(Object value) {
    return value instanceof Double real ? (Object) Math.abs(real) : normal(big(value).abs());
  }

  /// `round`: halves of the exact value go to the even neighbour.
  static Object round(Object value, int digits) {
    if (value instanceof Double real) {
      return isFinite(real)
          ? Math.copySign(
              new BigDecimal(real).setScale(digits, RoundingMode.HALF_EVEN).doubleValue(), real)
          : real;
    }
    return digits >= 0
        ? normal(big(value))
        : normal(
            new BigDecimal(big(value)).setScale(digits, RoundingMode.HALF_EVEN).toBigInteger());
  }

  /// Python's `repr` of a float: the shortest digits that read back, with an exponent below 1e-4
  /// and from 1e16 on.
  static String repr(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0.0";
    }
    var decimal = new BigDecimal(Double.toString(Math.abs(value))).stripTrailingZeros();
    var digits = decimal.unscaledValue().toString();
    int exponent = digits.length() - decimal.scale() - 1;
    var sign = value < 0 ? "-" : "";
    if (exponent >= -4 && exponent < 16) {
      var plain = decimal.toPlainString();
      return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
    }
    return sign
        + digits.charAt(0)
        + (digits.length() > 1 ? "." + digits.substring(1) : "")
        + "e"
        + (exponent < 0 ? "-" : "+")
        + (Math.abs(exponent) < 10 ? "0" : "")
        + Math.abs(exponent);
  }

  /// What `int(text, base)` gives, or null where the text is no integer.
  static @Nullable Object parseInteger(String text, int base) {
    var digits = Text.stripRight(Text.stripLeft(text));
    boolean negative = digits.startsWith("-");
    var body = negative || digits.startsWith("+") ? digits.substring(1) : digits;
    var lower = Text.lower(body);
    if ((base == 16 && lower.startsWith("0x"))
        || (base == 8 && lower.startsWith("0o"))
        || (base == 2 && lower.startsWith("0b"))) {
      body = body.substring(2);
    }
    if (!body.matches("[0-9a-zA-Z]+(_[0-9a-zA-Z]+)*")) {
      return null;
    }
    try {
      var value = new BigInteger(body.replace("_", ""), base);
      return normal(negative ? value.negate() : value);
    } catch (NumberFormatException notInteger) {
      return null;
    }
  }

  /// What `float(text)` gives, or null where the text is no number.
  static @Nullable Double parseReal(String text) {
    var body = Text.lower(Text.stripRight(Text.stripLeft(text))).replaceAll("(?<=\\d)_(?=\\d)", "");
    if (body.matches("[+-]?(\\d+\\.?\\d*|\\.\\d+)(e[+-]?\\d+)?")) {
      return Double.valueOf(body);
    }
    return switch (body) {
      case "inf", "+inf", "infinity", "+infinity" -> Double.POSITIVE_INFINITY;
      case "-inf", "-infinity" -> Double.NEGATIVE_INFINITY;
      case "nan", "+nan", "-nan" -> Double.NaN;
      default -> null;
    };
  }
}
