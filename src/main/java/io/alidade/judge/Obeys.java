package io.alidade.judge;

import io.alidade.Default;
import io.alidade.UserException;
import io.alidade.data.instruction.Family;
import io.alidade.data.instruction.Instruction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/// A reward for obeying instructions that a program checks: 1 for an answer that obeys all
/// instructions of its row, else 0, so that the mean is the accuracy by prompt. The share of its
/// instructions that each answer obeys, whose mean is the accuracy by instruction, is kept as
/// `obeyed`.
///
/// @param column of the row that holds a list of instructions, each an object with a family of
///   [Family] in small letters and its argument: `[{"words": "<=20"}, {"contains": "sea"}]`
public record Obeys(@Default("instructions") String column) implements Judge {
  private static final Set<Family> COUNTED = EnumSet.range(Family.WORDS, Family.BULLETS);
  private static final Set<Family> STATES = EnumSet.range(Family.CAPITALS, Family.JSON);

  @Override
  public Sitting open(Consumer<String> log) {
    return new Sitting() {
      @Override
      public List<Verdict> judge(List<Case> cases) {
        return cases.stream().map(Obeys.this::verdict).toList();
      }

      @Override
      public void close() {
        // Nothing is held.
      }
    };
  }

  private Verdict verdict(Case one) {
    var instructions = instructions(one);
    var shares = new double[one.answers().size()];
    Arrays.setAll(
        shares,
        i ->
            instructions.stream()
                .mapToDouble(instruction -> instruction.met(one.answer(i)) ? 1 : 0)
                .average()
                .orElse(1));
    return new Verdict.Rewards(Arrays.stream(shares).map(Math::floor).toArray())
        .with("obeyed", shares);
  }

  private List<Instruction> instructions(Case one) {
    if (!(one.columns().get(column) instanceof List<?> list)) {
      throw bad(one, "%s".formatted(one.columns().get(column)));
    }
    var instructions = new ArrayList<Instruction>();
    for (var item : list) {
      if (!(item instanceof Map<?, ?> map) || map.isEmpty()) {
        throw bad(one, "%s".formatted(item));
      }
      map.forEach((family, argument) -> instructions.add(instruction(one, family, argument)));
    }
    return instructions;
  }

  private Instruction instruction(Case one, Object name, Object argument) {
    var family =
        Arrays.stream(Family.values())
            .filter(known -> known.name().equalsIgnoreCase(String.valueOf(name)))
            .findFirst()
            .orElseThrow(() -> bad(one, "%s".formatted(name)));
    var wanted = STATES.contains(family) ? "some|none" : "(?s).+";
    var text = String.valueOf(argument);
    if (!text.matches(COUNTED.contains(family) ? "[<>]=\\d{1,9}" : wanted)) {
      throw bad(one, "%s: %s".formatted(name, argument));
    }
    return new Instruction(family, text);
  }

  private UserException bad(Case one, String found) {
    return new UserException(
        "%s: column '%s' holds %s; it is a list of instructions such as {\"words\": \"<=20\"} or {\"contains\": \"sea\"}, with families %s"
            .formatted(
                one.row(),
                column,
                found,
                Arrays.toString(Family.values()).toLowerCase(Locale.ROOT)));
  }
}
