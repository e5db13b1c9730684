package io.alidade.data.instruction;

import io.alidade.store.Json;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.random.RandomGenerator;

/// Kinds of instruction, each about something else of an answer, so that one of a kind can be given
/// beside one of another. An argument decides what exactly is wanted: a bound such as `<=12` or
/// `>=3`, a word, or which of two states.
public enum Family {
  /// How many words.
  WORDS(text -> Texts.words(text).size(), "word"),
  /// How many sentences.
  SENTENCES(Texts::sentences, "sentence"),
  /// How many paragraphs.
  PARAGRAPHS(Texts::paragraphs, "paragraph"),
  /// How many items of a list.
  BULLETS(Texts::bullets, "bullet point"),
  /// A word that must be there.
  CONTAINS("Use the word \"%s\".", "The word \"%s\" has to occur.") {
    @Override
    List<String> arguments(List<String> answers, RandomGenerator random) {
      return some(answers, random);
    }

    @Override
    boolean met(String argument, String answer) {
      return Texts.count(argument, answer) > 0;
    }
  },
  /// A word that must not be there.
  WITHOUT("Do not use the word \"%s\".", "Avoid the word \"%s\".") {
    @Override
    List<String> arguments(List<String> answers, RandomGenerator random) {
      return some(answers, random);
    }

    @Override
    boolean met(String argument, String answer) {
      return Texts.count(argument, answer) == 0;
    }
  },
  /// A word that must come more than once.
  REPEATS("Use the word \"%s\" at least twice.", "Let \"%s\" occur two times or more.") {
    @Override
    List<String> arguments(List<String> answers, RandomGenerator random) {
      return some(answers, random);
    }

    @Override
    boolean met(String argument, String answer) {
      return Texts.count(argument, answer) > 1;
    }
  },
  /// The first word.
  STARTS("Begin with the word \"%s\".", "The first word has to be \"%s\".") {
    @Override
    List<String> arguments(List<String> answers, RandomGenerator random) {
      return edges(answers, true, random);
    }

    @Override
    boolean met(String argument, String answer) {
      var words = Texts.words(answer);
      return !words.isEmpty() && words.getFirst().equals(argument);
    }
  },
  /// The last word.
  ENDS("End with the word \"%s\".", "The last word has to be \"%s\".") {
    @Override
    List<String> arguments(List<String> answers, RandomGenerator random) {
      return edges(answers, false, random);
    }

    @Override
    boolean met(String argument, String answer) {
      var words = Texts.words(answer);
      return !words.isEmpty() && words.getLast().equals(argument);
    }
  },
  /// Capital letters.
  CAPITALS("capital letters", text -> text.chars().anyMatch(Character::isUpperCase)),
  /// Commas.
  COMMAS("commas", text -> text.contains(",")),
  /// Question marks.
  QUESTIONS("question marks", text -> text.contains("?")),
  /// Exclamation marks.
  EXCLAMATIONS("exclamation marks", text -> text.contains("!")),
  /// Digits.
  DIGITS("digits", text -> text.chars().anyMatch(Character::isDigit)),
  /// Parentheses.
  PARENTHESES("parentheses", text -> text.contains("(")),
  /// A title in angle brackets.
  TITLE(
      "a title in double angular brackets, such as <<title>>",
      text -> text.matches("(?s).*<<[^\\n]+>>.*")),
  /// JSON.
  JSON("JSON, and nothing else, as the whole answer", Family::json);

  private static final String SOME = "some";
  private static final String NONE = "none";
  private static final List<String> STOCK =
      List.of("however", "example", "because", "first", "please", "also", "finally", "note");

  private final List<String> phrasings;
  private final Counted counted;

  private interface Counted {
    boolean met(String argument, String answer);

    List<String> arguments(List<String> answers, RandomGenerator random);
  }

  private interface State {
    boolean there(String text);
  }

  /// A bound on a count.
  Family(ToIntFunction<String> count, String unit) {
    this.phrasings = List.of(unit, unit);
    this.counted =
        new Counted() {
          @Override
          public boolean met(String argument, String answer) {
            int bound = Integer.parseInt(argument.substring(2));
            int found = count.applyAsInt(answer);
            return argument.startsWith("<=") ? found <= bound : found >= bound;
          }

          @Override
          public List<String> arguments(List<String> answers, RandomGenerator random) {
            var all = new ArrayList<String>();
            for (var answer : answers) {
              int found = count.applyAsInt(answer);
              int slack = random.nextInt(1 + found / 4);
              all.add("<=" + (found + slack));
              all.add(">=" + (found + 1 + slack));
              if (found > 0) {
                all.add(">=" + Math.max(1, found - slack));
                all.add("<=" + Math.max(0, found - 1 - slack));
              }
            }
            return all;
          }
        };
  }

  /// Something with a word.
  Family(String one, String two) {
    this.phrasings = List.of(one, two);
    this.counted =
        new Counted() {
          @Override
          public boolean met(String argument, String answer) {
            throw new IllegalStateException("its family knows");
          }

          @Override
          public List<String> arguments(List<String> answers, RandomGenerator random) {
            throw new IllegalStateException("its family knows");
          }
        };
  }

  /// Something that is there or not.
  Family(String what, State state) {
    this.phrasings = List.of(what, what);
    this.counted =
        new Counted() {
          @Override
          public boolean met(String argument, String answer) {
            return state.there(answer) == argument.equals(SOME);
          }

          @Override
          public List<String> arguments(List<String> answers, RandomGenerator random) {
            return List.of(SOME, NONE);
          }
        };
  }

  /// Arguments for which some of the answers may obey and others not.
  List<String> arguments(List<String> answers, RandomGenerator random) {
    return counted.arguments(answers, random);
  }

  /// Whether an answer is as wanted.
  boolean met(String argument, String answer) {
    return counted.met(argument, answer);
  }

  /// The instruction in words.
  ///
  /// @param phrasing which of two ways to say it, 0 or 1
  String words(String argument, int phrasing) {
    var pattern = phrasings.get(phrasing);
    if (pattern.contains("%s")) {
      return pattern.formatted(argument);
    }
    if (argument.equals(SOME) || argument.equals(NONE)) {
      boolean some = argument.equals(SOME);
      return phrasing == 0
          ? (some ? "Use %s." : "Do not use %s.").formatted(pattern)
          : (some ? "The answer has to contain %s." : "The answer must not contain %s.")
              .formatted(pattern);
    }
    int bound = Integer.parseInt(argument.substring(2));
    var unit = bound == 1 ? pattern : pattern + "s";
    boolean most = argument.startsWith("<=");
    return phrasing == 0
        ? "Use at %s %d %s.".formatted(most ? "most" : "least", bound, unit)
        : "%s %d %s, please.".formatted(most ? "No more than" : "Not fewer than", bound, unit);
  }

  /// A word of each answer, and one that is usual.
  private static List<String> some(List<String> answers, RandomGenerator random) {
    Set<String> all = new LinkedHashSet<>();
    for (var answer : answers) {
      var words = Texts.words(answer).stream().filter(w -> w.length() > 2).toList();
      for (int n = 0; n < 3 && !words.isEmpty(); n++) {
        all.add(words.get(random.nextInt(words.size())));
      }
    }
    all.add(STOCK.get(random.nextInt(STOCK.size())));
    return List.copyOf(all);
  }

  private static List<String> edges(List<String> answers, boolean first, RandomGenerator random) {
    Set<String> all = new LinkedHashSet<>();
    for (var answer : answers) {
      var words = Texts.words(answer);
      if (!words.isEmpty()) {
        all.add(first ? words.getFirst() : words.getLast());
      }
    }
    all.add(STOCK.get(random.nextInt(STOCK.size())));
    return List.copyOf(all);
  }

  private static boolean json(String text) {
    var stripped = text.strip();
    if (!stripped.startsWith("{") && !stripped.startsWith("[")) {
      return false;
    }
    try {
      Json.parse("answer", stripped);
      return true;
    } catch (io.alidade.UserException notJson) {
      return false;
    }
  }
}
