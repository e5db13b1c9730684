package io.alidade.judge.answer;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;

/// What an answer means.
sealed interface Meaning {
  /// A number or an expression.
  ///
  /// @param percent whether a percent sign follows
  /// @param unit what it counts, in lower case; empty for none
  record Amount(Expression value, boolean percent, String unit) implements Meaning {}

  /// Several in brackets.
  ///
  /// @param open the bracket, or `{` for a set or a list without brackets
  /// @param close the closing one
  record Several(String open, List<Meaning> members, String close) implements Meaning {}

  /// Words, in lower case, without spaces and marks.
  record Words(String text) implements Meaning {}

  /// Whether two mean the same.
  ///
  /// @param tolerance relative distance of numbers that are not whole, at least 0
  default boolean same(Meaning other, double tolerance) {
    if (this instanceof Amount a && other instanceof Amount b) {
      return amounts(a, b, tolerance);
    }
    if (this instanceof Several a && other instanceof Several b) {
      return a.open.equals(b.open)
          && a.close.equals(b.close)
          && a.members.size() == b.members.size()
          && (a.open.equals("{")
              ? unordered(a.members, b.members, tolerance)
              : ordered(a.members, b.members, tolerance));
    }
    return this instanceof Words(var one) && other instanceof Words(var two) && one.equals(two);
  }

  private static boolean ordered(List<Meaning> a, List<Meaning> b, double tolerance) {
    for (int i = 0; i < a.size(); i++) {
      if (!a.get(i).same(b.get(i), tolerance)) {
        return false;
      }
    }
    return true;
  }

  private static boolean unordered(List<Meaning> a, List<Meaning> b, double tolerance) {
    var rest = new ArrayList<>(b);
    for (var one : a) {
      int at = -1;
      for (int i = 0; i < rest.size() && at < 0; i++) {
        at = one.same(rest.get(i), tolerance) ? i : -1;
      }
      if (at < 0) {
        return false;
      }
      rest.remove(at);
    }
    return true;
  }

  private static boolean amounts(Amount a, Amount b, double tolerance) {
    if (!a.unit.isEmpty() && !b.unit.isEmpty() && !a.unit.equals(b.unit)) {
      return false;
    }
    if (equal(a.value, b.value, tolerance)) {
      return true;
    }
    // 50 % is 50 percent and is 0.5; two percentages are compared as they are written.
    if (a.percent != b.percent) {
      var hundred = new Expression.Number(java.math.BigDecimal.valueOf(100));
      return a.percent
          ? equal(new Expression.Binary('/', a.value, hundred), b.value, tolerance)
          : equal(a.value, new Expression.Binary('/', b.value, hundred), tolerance);
    }
    return false;
  }

  /// Infinity itself, and not a division by 0 or a number too large to compute with.
  private static boolean endless(Expression e) {
    return switch (e) {
      case Expression.Constant(double value) -> Double.isInfinite(value);
      case Expression.Call(_, var of) -> endless(of);
      default -> false;
    };
  }

  /// Expressions with letters are equal if they are at a few places drawn once and for all.
  private static boolean equal(Expression a, Expression b, double tolerance) {
    if (a instanceof Expression.Number(var one)
        && b instanceof Expression.Number(var two)
        && one.compareTo(two) == 0) {
      return true; // however many digits
    }
    var left = a.exact();
    var right = b.exact();
    if (left.isPresent() && right.isPresent()) {
      if (left.equals(right)) {
        return true;
      }
      if (left.get().whole() && right.get().whole()) {
        return false; // whatever the tolerance: 100000001 is not 100000000
      }
    }
    var letters = new TreeSet<>(a.letters());
    if (!letters.equals(b.letters())) {
      return false;
    }
    var random = new SplittableRandom(20_230_605);
    int places = letters.isEmpty() ? 1 : 5;
    for (int place = 0; place < places; place++) {
      var values = new java.util.HashMap<Integer, Double>();
      letters.forEach(letter -> values.put(letter, random.nextDouble(0.3, 2.7)));
      double x = a.at(letter -> values.getOrDefault(letter, Double.NaN));
      double y = b.at(letter -> values.getOrDefault(letter, Double.NaN));
      double slack = letters.isEmpty() ? Math.max(tolerance, 1e-12) : 1e-9;
      boolean finite = Double.isFinite(x) && Double.isFinite(y);
      boolean close =
          finite
              ? Math.abs(x - y) <= slack * Math.max(Math.abs(x), Math.abs(y))
              : x == y && endless(a) && endless(b);
      if (!close) { // also where one is not a number
        return false;
      }
    }
    return true;
  }
}
