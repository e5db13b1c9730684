package io.alidade.world;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Example;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Code that a small model can write: programs of a stack machine for instructions such as `f(a,b) =
/// a*b+a`, and tests of them, with an interpreter. Numbers are digits; sums and products are taken
/// modulo 10.
///
///     instruction   a * b + a P      the program is asked for
///     program       a b * a +        push, push, multiply, push, add; `:` copies the top, `~` swaps
///     and a test    ; 2 3 2 3 2 6 8 .   f(2,3), worked out: operands, first result, the result
///
/// After the mark `T` in place of `P` a test alone is asked for. Demonstrations are often wrong:
/// programs by a wrong operator, operand or order, tests by a wrong result.
public final class StackPrograms {
  /// Number of tokens there are.
  public static final int VOCABULARY = 21;

  /// Tokens of an instruction with its mark.
  public static final int PROMPT = 6;

  /// Tokens of an answer at most: program, test, and their ends.
  public static final int ANSWER = 16;

  /// Ends a program.
  public static final int SEMICOLON = 18;

  /// Ends an answer.
  public static final int END = 19;

  private static final String SIGNS = "0123456789ab+*:~PT;. ";
  private static final int A = 10;
  private static final int PLUS = 12;
  private static final int TIMES = 13;
  private static final int COPY = 14;
  private static final int SWAP = 15;
  private static final int PROGRAM = 16;
  private static final int TEST = 17;
  private static final int OPERANDS = 7; // 1 to 5, a and b
  private static final int TEST_LENGTH = 7;
  private static final int HELD = 4; // one instruction in so many is never learned from
  private static final double WRONG_PROGRAM = 0.75;
  private static final double WRONG_TEST = 0.25;

  private StackPrograms() {}

  /// Distinct instructions, without a mark.
  ///
  /// @param held whether those that nothing is learned from
  public static List<int[]> instructions(int count, boolean held, RandomGenerator random) {
    var all = new ArrayList<int[]>();
    for (int n = 0; n < 4 * OPERANDS * OPERANDS * OPERANDS; n++) {
      int spread = n * 0x9E3779B1;
      boolean never = (spread >>> 8) % HELD == 0;
      if (never == held) {
        int rest = n / 4;
        all.add(
            new int[] {
              operand(rest % OPERANDS),
              PLUS + n % 2,
              operand(rest / OPERANDS % OPERANDS),
              PLUS + n / 2 % 2,
              operand(rest / OPERANDS / OPERANDS)
            });
      }
    }
    java.util.Collections.shuffle(all, java.util.Random.from(random));
    return List.copyOf(all.subList(0, Math.min(count, all.size())));
  }

  private static int operand(int number) {
    return number < 2 ? A + number : number - 1;
  }

  /// An instruction with the mark that asks for a program, and a test after it.
  public static int[] asksProgram(int... instruction) {
    return joined(instruction, PROGRAM);
  }

  /// An instruction with the mark that asks for a test alone.
  public static int[] asksTest(int... instruction) {
    return joined(instruction, TEST);
  }

  private static int[] joined(int[] one, int... two) {
    var both = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, both, one.length, two.length);
    return both;
  }

  /// The program of a joint answer, without the mark that ends it.
  public static int[] program(int... answer) {
    int end =
        IntStream.range(0, answer.length)
            .filter(i -> answer[i] >= SEMICOLON)
            .findFirst()
            .orElse(answer.length);
    return Arrays.copyOf(answer, end);
  }

  /// Program and test as one answer.
  public static int[] joint(int[] program, int... test) {
    return joined(joined(joined(program, SEMICOLON), test), END);
  }

  /// What a program leaves on the stack, or -1 where it fails or leaves more than a number.
  public static int run(int[] program, int a, int b) {
    var stack = new int[program.length + 1];
    int top = 0;
    for (int token : program) {
      int taken = token == PLUS || token == TIMES || token == SWAP ? 2 : token == COPY ? 1 : 0;
      if (top < taken || token > SWAP) {
        return -1;
      }
      switch (token) {
        case PLUS -> {
          top--;
          stack[top - 1] = (stack[top - 1] + stack[top]) % 10;
        }
        case TIMES -> {
          top--;
          stack[top - 1] = stack[top - 1] * stack[top] % 10;
        }
        case COPY -> {
          stack[top] = stack[top - 1];
          top++;
        }
        case SWAP -> {
          int one = stack[top - 1];
          stack[top - 1] = stack[top - 2];
          stack[top - 2] = one;
        }
        default -> {
          stack[top] = value(token, a, b);
          top++;
        }
      }
    }
    return top == 1 ? stack[0] : -1;
  }

  private static int value(int operand, int a, int b) {
    return operand < A ? operand : operand == A ? a : b;
  }

  /// What an instruction means, multiplication before addition.
  static int meaning(int[] instruction, int a, int b) {
    return run(compiled(instruction), a, b);
  }

  private static int[] compiled(int... i) {
    return i[1] == PLUS && i[3] == TIMES
        ? new int[] {i[0], i[2], i[4], TIMES, PLUS}
        : new int[] {i[0], i[2], i[1], i[4], i[3]};
  }

  /// Whether a program does what an instruction says, for all arguments.
  public static boolean right(int[] instruction, int... program) {
    return IntStream.range(0, 100)
        .allMatch(n -> run(program, n / 10, n % 10) == meaning(instruction, n / 10, n % 10));
  }

  /// Whether tokens are a test.
  public static boolean test(int... test) {
    return test.length == TEST_LENGTH && IntStream.of(test).allMatch(token -> token < A);
  }

  /// Whether a test says what an instruction means.
  public static boolean valid(int[] instruction, int... test) {
    return test(test) && test[6] == meaning(instruction, test[0], test[1]);
  }

  /// Whether a program passes a test: what lies between arguments and result is not looked at.
  public static boolean passes(int[] program, int... test) {
    return run(program, test[0], test[1]) == test[6];
  }

  /// Answers to be imitated, half of them tests alone.
  public static List<Group> demonstrations(int count, RandomGenerator random) {
    var instructions = instructions(Integer.MAX_VALUE, false, random);
    var groups = new ArrayList<Group>();
    for (int n = 0; n < count; n++) {
      var instruction = instructions.get(random.nextInt(instructions.size()));
      boolean alone = n % 2 == 0;
      var answer =
          alone
              ? joined(tested(instruction, random), END)
              : joint(written(instruction, random), tested(instruction, random));
      groups.add(
          new Group(
              new Example.Row("demonstrations", n + 1L),
              alone ? asksTest(instruction) : asksProgram(instruction),
              List.of(Completion.of(answer)),
              Map.of()));
    }
    return groups;
  }

  private static int[] written(int[] instruction, RandomGenerator random) {
    var meant = instruction.clone();
    int mistake = random.nextDouble() < WRONG_PROGRAM ? random.nextInt(3) : -1;
    if (mistake == 0) {
      int at = 1 + 2 * random.nextInt(2);
      meant[at] = PLUS + TIMES - meant[at];
    } else if (mistake == 1) {
      meant[2 * random.nextInt(3)] = operand(random.nextInt(OPERANDS));
    }
    var program =
        mistake == 2
            ? new int[] {meant[0], meant[2], meant[4], meant[3], meant[1]}
            : compiled(meant);
    if (program[0] == program[1] && random.nextBoolean()) {
      program[1] = COPY;
    } else if (random.nextInt(8) == 0) { // sums and products do not ask for an order
      program =
          IntStream.concat(
                  IntStream.of(program[0], program[1], SWAP),
                  Arrays.stream(program, 2, program.length))
              .toArray();
    }
    return program;
  }

  private static int[] tested(int[] instruction, RandomGenerator random) {
    int a = random.nextInt(10);
    int b = random.nextInt(10);
    int[] x = {
      value(instruction[0], a, b), value(instruction[2], a, b), value(instruction[4], a, b)
    };
    boolean later = instruction[1] == PLUS && instruction[3] == TIMES;
    int between =
        later ? x[1] * x[2] % 10 : instruction[1] == PLUS ? (x[0] + x[1]) % 10 : x[0] * x[1] % 10;
    int result = meaning(instruction, a, b);
    boolean wrong = random.nextDouble() < WRONG_TEST;
    return new int[] {
      a, b, x[0], x[1], x[2], between, wrong ? (result + 1 + random.nextInt(9)) % 10 : result
    };
  }

  /// Tokens as they are written, for a reader.
  public static String text(int... tokens) {
    var text = new StringBuilder();
    for (int token : tokens) {
      text.append(SIGNS.charAt(token));
    }
    return text.toString();
  }
}
