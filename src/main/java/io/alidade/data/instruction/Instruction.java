package io.alidade.data.instruction;

import java.util.HashSet;
import java.util.List;
import java.util.random.RandomGenerator;

/// An instruction that a program can check (MAPL's instruction functions, Sun et al. 2025).
///
/// @param family what it is about
/// @param argument what exactly is wanted, see [Family]
public record Instruction(Family family, String argument) {
  private static final int PHRASINGS = 2;

  /// Whether an answer obeys it.
  public boolean met(String answer) {
    return family.met(argument, answer);
  }

  /// The instruction in words, in one of several phrasings.
  public String words(RandomGenerator random) {
    return family.words(argument, random.nextInt(PHRASINGS));
  }

  /// Instructions of a family whose arguments come from some answers, so that some obey.
  public static List<Instruction> of(Family family, List<String> answers, RandomGenerator random) {
    return family.arguments(answers, random).stream()
        .distinct()
        .map(argument -> new Instruction(family, argument))
        .toList();
  }

  /// Whether no answer could obey all of some instructions of different families, as far as can be
  /// told from them: a word wanted and forbidden, fewer words than its parts need, a form that JSON
  /// cannot have.
  public static boolean contradictory(List<Instruction> instructions) {
    var wanted = new HashSet<String>();
    var forbidden = new HashSet<String>();
    int least = 0;
    int most = Integer.MAX_VALUE;
    boolean json = false;
    boolean prose = false;
    for (var one : instructions) {
      var argument = one.argument;
      switch (one.family) {
        case CONTAINS -> wanted.add(argument);
        case STARTS, ENDS -> {
          wanted.add(argument);
          prose = true;
        }
        case REPEATS -> {
          wanted.add(argument);
          least = Math.max(least, 2);
        }
        case WITHOUT -> forbidden.add(argument);
        case WORDS -> {
          int bound = Integer.parseInt(argument.substring(2));
          if (argument.startsWith("<=")) {
            most = bound;
          } else {
            least = Math.max(least, bound);
          }
        }
        case SENTENCES, PARAGRAPHS, BULLETS -> {
          if (argument.startsWith(">=")) {
            int bound = Integer.parseInt(argument.substring(2));
            least = Math.max(least, bound);
            prose |= bound > 1 || one.family == Family.BULLETS;
          }
        }
        case TITLE -> prose |= argument.equals("some");
        case JSON -> json = argument.equals("some");
        case CAPITALS, COMMAS, QUESTIONS, EXCLAMATIONS, DIGITS, PARENTHESES -> {}
      }
    }
    least = Math.max(least, wanted.size());
    boolean clash = wanted.stream().anyMatch(forbidden::contains);
    return clash || least > most || (json && prose);
  }
}
