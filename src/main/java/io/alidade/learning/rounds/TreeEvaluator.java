package io.alidade.learning.rounds;

import io.alidade.generation.TextGenerator;
import io.alidade.generation.tree.SelfEvaluation;
import io.alidade.generation.tree.TreeSearch;
import io.alidade.judge.Case;
import io.alidade.judge.Sitting;
import io.alidade.judge.Verdict;
import io.alidade.learning.StepSearch;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.global.torch;

/// The judge and the policy itself, asked about answers to some prompts while trees are searched.
///
/// @param plain how answers become text
/// @param chosen numbers of the prompts in the data
/// @param process who says how good an answer is so far, in place of the policy
record TreeEvaluator(
    Asking asking, StepSearch settings, Rollouts plain, int[] chosen, Optional<Sitting> process)
    implements TreeSearch.Evaluator {
  /// What a right answer is rewarded with at least.
  private static final double RIGHT = 0.5;

  @Override
  public boolean concludes(int... step) {
    return settings
        .conclusion()
        .filter(text -> asking.site().tokenizer().decode(step, true).contains(text))
        .isPresent();
  }

  @Override
  public boolean[] right(int[] prompts, List<int[]> answers) {
    var standing = standing(asking.sitting(), prompts, answers);
    var right = new boolean[prompts.length];
    for (int i = 0; i < right.length; i++) {
      right[i] = standing[i] > RIGHT; // one that cannot be judged is not right
    }
    return right;
  }

  /// What a judge says of answers.
  private double[] standing(Sitting sitting, int[] prompts, List<int[]> answers) {
    var cases = new ArrayList<Case>();
    for (int i = 0; i < prompts.length; i++) {
      int number = chosen[prompts[i]];
      var example = asking.train().example(number);
      var question = TextGenerator.asked(example);
      cases.add(
          new Case(
              example.row(),
              question,
              List.of(plain.answer(question, asking.train().ids().get(number), answers.get(i))),
              asking.train().cells(number)));
    }
    var verdicts = cases.isEmpty() ? List.<Verdict>of() : sitting.judge(cases);
    return verdicts.stream().mapToDouble(verdict -> verdict.standing()[0]).toArray();
  }

  @Override
  public double[] evaluation(int[] prompts, List<int[]> answers) {
    if (process.isPresent()) {
      return Arrays.stream(standing(process.get(), prompts, answers))
          .map(r -> Double.isNaN(r) ? 0 : 1 / (1 + Math.exp(-r))) // 0: nothing is known of it
          .toArray();
    }
    if (settings.evaluation().isEmpty()) {
      return TreeSearch.Evaluator.super.evaluation(prompts, answers);
    }
    var question = settings.evaluation().get();
    var values = new double[prompts.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = sureness(question, chosen[prompts[i]], answers.get(i));
    }
    return values;
  }

  /// The probability of a word that means right after the question.
  private double sureness(SelfEvaluation question, int number, int[] steps) {
    var answer = asking.train().cells(number).get("answer");
    var asked =
        asking
            .site()
            .tokenizer()
            .encode(
                question.ask().replace("{answer}", answer == null ? "" : answer.toString()), false);
    var words = new HashSet<Integer>();
    for (var word : question.right()) {
      words.add(asking.site().tokenizer().encode(word, false)[0]);
    }
    var text = joined(joined(asking.train().ids().get(number), steps), asked);
    try (var _ = new Step()) {
      var last = asking.site().policy().logits(text).select(0, text.length - 1);
      var p = Ops.toDoubles(torch.softmax(last, 0));
      return words.stream().mapToDouble(word -> p[word]).sum();
    }
  }

  static int[] joined(int[] one, int... two) {
    var both = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, both, one.length, two.length);
    return both;
  }
}
