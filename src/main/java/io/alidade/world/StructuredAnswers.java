package io.alidade.world;

import io.alidade.Check;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/// Answers in a fixed form of which two tokens decide, as when text is annotated.
///
/// A prompt has three tokens of 20 kinds each (fewer in a reduced world). Its one right answer has eight:
///
///     4 5 CODE 10 SUB 16 17 END
///
/// CODE, one of four tokens, is a function of the prompt's first token. SUB, one of five, is looked
/// up in a random table by the first and the second. The third token means nothing. A wrong answer
/// is the right one with one of the two tokens replaced by what a model confuses it with.
public final class StructuredAnswers {
  /// Number of tokens there are.
  public static final int VOCABULARY = 40;

  /// Tokens of a prompt.
  public static final int PROMPT = 3;

  /// Tokens of an answer, the last one its end.
  public static final int ANSWER = 8;

  /// How much a token matters, as [io.alidade.objective.TabPo] reads it.
  private static final Signal WEIGHT = Signal.perUnit("token_weight");

  private static final int END = 1;
  private static final int FIRST_KIND = 20;
  private static final int CODES = 4;
  private static final int FIRST_CODE = 6;
  private static final int CODE_AT = 2;
  private static final int SUBS = 5;
  private static final int FIRST_SUB = 11;
  private static final int SUB_AT = 4;

  /// Weights of the tokens that decide, and of those in which two answers differ: the defaults of
  /// TAB-PO's authors.
  private static final double CODE_WEIGHT = 1.1;

  private static final double SUB_WEIGHT = 1.2;
  private static final double DIFFERENCE = 1.2;

  private final int kinds;
  private final int[] code;
  private final int[][] sub;

  /// A world with tables of its own.
  ///
  /// @param kinds of each token of a prompt, from 4 to 20
  public StructuredAnswers(int kinds, RandomGenerator random) {
    Check.between("kinds", CODES, VOCABULARY - FIRST_KIND, kinds);
    this.kinds = kinds;
    code = new int[kinds];
    sub = new int[kinds][kinds];
    for (int first = 0; first < kinds; first++) {
      code[first] = FIRST_CODE + first % CODES;
      for (int second = 0; second < kinds; second++) {
        sub[first][second] = FIRST_SUB + random.nextInt(SUBS);
      }
    }
  }

  /// The right answer.
  public int[] gold(int... prompt) {
    int first = prompt[0] - FIRST_KIND;
    int second = prompt[1] - FIRST_KIND;
    return new int[] {4, 5, code[first], 10, sub[first][second], 16, 17, END};
  }

  /// Different prompts in random order.
  public List<int[]> prompts(int count, RandomGenerator random) {
    var all = new int[kinds * kinds * kinds];
    for (int i = 0; i < all.length; i++) {
      int j = random.nextInt(i + 1);
      all[i] = all[j];
      all[j] = i;
    }
    return Arrays.stream(all, 0, count)
        .mapToObj(number ->
            new int[] {
              FIRST_KIND + number / (kinds * kinds),
              FIRST_KIND + number / kinds % kinds,
              FIRST_KIND + number % kinds
            })
        .toList();
  }

  /// Prompts with their right answers, to be imitated.
  public List<Group> demonstrations(List<int[]> prompts) {
    var groups = new ArrayList<Group>();
    for (var prompt : prompts) {
      groups.add(
          new Group(
              row("demonstrations", groups.size()),
              prompt,
              List.of(Completion.of(gold(prompt))),
              Map.of()));
    }
    return groups;
  }

  /// Pairs of the right answer and one in which SUB (in 70 of 100 cases) or CODE is wrong: drawn
  /// from what a model thinks possible at that place, the right one left out.
  public List<Group> confusions(List<int[]> prompts, Policy policy, RandomGenerator random) {
    var groups = new ArrayList<Group>();
    for (var prompt : prompts) {
      var gold = gold(prompt);
      var wrong = gold.clone();
      if (random.nextDouble() < 0.7) {
        wrong[SUB_AT] = confused(policy, prompt, gold, SUB_AT, FIRST_SUB, SUBS, random);
      } else {
        wrong[CODE_AT] = confused(policy, prompt, gold, CODE_AT, FIRST_CODE, CODES, random);
      }
      groups.add(pair(row("pairs", groups.size()), prompt, gold, wrong));
    }
    return groups;
  }

  private static int confused(
      Policy policy,
      int[] prompt,
      int[] gold,
      int at,
      int first,
      int count,
      RandomGenerator random) {
    var read = Arrays.copyOf(prompt, PROMPT + at);
    System.arraycopy(gold, 0, read, PROMPT, at);
    float[] logits;
    try (var _ = new Step()) {
      var all = policy.logits(read); // [T, V]
      logits = Ops.toFloats(all.narrow(0, all.size(0) - 1, 1));
    }
    var weights = new double[count];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      // The largest logit of a small model is far from what overflows.
      weights[i] = first + i == gold[at] ? 0 : Math.exp(logits[first + i]);
      sum += weights[i];
    }
    double left = random.nextDouble() * sum;
    int last = -1;
    for (int i = 0; i < count; i++) {
      if (weights[i] > 0) {
        last = i;
        left -= weights[i];
        if (left < 0) {
          break;
        }
      }
    }
    return first + last;
  }

  private static Group pair(Example.Row row, int[] prompt, int[] gold, int[] wrong) {
    var weights = new double[2 * ANSWER];
    for (int t = 0; t < ANSWER; t++) {
      double kind = t == CODE_AT ? CODE_WEIGHT : t == SUB_AT ? SUB_WEIGHT : 1;
      double weight = gold[t] == wrong[t] ? kind : kind * DIFFERENCE;
      weights[t] = weight;
      weights[ANSWER + t] = weight;
    }
    return new Group(
        row, prompt, List.of(Completion.of(gold), Completion.of(wrong)), Map.of(WEIGHT, weights));
  }

  /// The share of prompts that a model's most likely tokens answer rightly, to the last token.
  public double exactMatch(Policy policy, List<int[]> prompts) {
    var drawn = new Generator(policy, Sampling.greedy(ANSWER), Set.of(END)).generate(prompts);
    int right = 0;
    for (int i = 0; i < prompts.size(); i++) {
      right += Arrays.equals(drawn.get(i).tokens(), gold(prompts.get(i))) ? 1 : 0;
    }
    return (double) right / prompts.size();
  }

  /// The mean log-likelihood of the right answers, nats.
  public double goldLikelihood(Policy policy, List<int[]> prompts) {
    return likelihood(policy, demonstrations(prompts), 0);
  }

  /// The mean log-likelihood of one answer of each group, nats.
  ///
  /// @param which answer, from 0
  public static double likelihood(Policy policy, List<Group> groups, int which) {
    double sum = 0;
    for (var totals : Totals.of(policy, groups)) {
      sum += totals[which];
    }
    return sum / groups.size();
  }

  private static Example.Row row(String of, int number) {
    return new Example.Row(of, number + 1L);
  }
}
