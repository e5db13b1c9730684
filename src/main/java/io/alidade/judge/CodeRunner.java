package io.alidade.judge;

import io.alidade.judge.code.JavaSandbox;
import io.alidade.judge.code.Limits;
import io.alidade.judge.code.Outcome;
import io.alidade.judge.code.Protection;
import io.alidade.judge.code.Result;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/// A reward for code that runs: the share of tests that a Java program passes. Programs and tests
/// may be hostile; they run in processes of their own behind what the operating system offers.
///
/// An answer without code earns 0, and so does a program that does not compile.
///
/// @param column of the row that holds a test (a block of statements) or a list of them
/// @param limits what a program may use up
/// @param unprotected protections that may be absent; every other one that the machine does not
///   offer is an error
public record CodeRunner(String column, Limits limits, List<Protection> unprotected)
    implements Judge {
  private static final Pattern FENCE = Pattern.compile("(?s)```[a-zA-Z]*[ \\t]*\\n(.*?)(?:```|$)");

  @Override
  public Sitting open(Consumer<String> log) {
    var required = EnumSet.allOf(Protection.class);
    unprotected.forEach(required::remove);
    var sandbox = JavaSandbox.open(limits, required);
    return new Sitting() {
      @Override
      public List<Verdict> judge(List<Case> cases) {
        return cases.stream().map(one -> verdict(sandbox, one, log)).toList();
      }

      @Override
      public void close() {
        sandbox.close();
      }
    };
  }

  /// Equal programs run once.
  private Verdict verdict(JavaSandbox sandbox, Case one, Consumer<String> log) {
    var tests = one.texts(column).stream().map(CodeRunner::code).toList();
    var known = new LinkedHashMap<String, List<Outcome>>();
    var shares = new double[one.answers().size()];
    var slow = new ArrayList<Integer>();
    for (int i = 0; i < shares.length; i++) {
      var program = code(one.answer(i));
      var outcomes =
          program.isBlank()
              ? List.<Outcome>of()
              : known.computeIfAbsent(program, p -> sandbox.run(p, tests));
      shares[i] =
          tests.isEmpty()
              ? Double.NaN
              : (double) outcomes.stream().filter(Outcome::passed).count() / tests.size();
      if (outcomes.stream().anyMatch(o -> o.result() == Result.TIMEOUT)) {
        slow.add(i + 1);
      }
    }
    if (tests.isEmpty()) {
      log.accept(one.row() + ": no tests, so no rewards");
    }
    if (!slow.isEmpty()) {
      log.accept(
          "%s: answers %s ran out of time, which counts as failed".formatted(one.row(), slow));
    }
    return new Verdict.Rewards(shares);
  }

  /// The code of an answer: its fenced blocks, one after the other, or all of it.
  public static String code(String answer) {
    var blocks = FENCE.matcher(answer).results().map(match -> match.group(1)).toList();
    return blocks.isEmpty() ? answer : String.join("\n", blocks);
  }
}
