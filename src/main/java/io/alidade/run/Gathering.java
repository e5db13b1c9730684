package io.alidade.run;

import io.alidade.data.RowEncoder;
import io.alidade.generation.LanguageModel;
import io.alidade.journal.Journal;
import io.alidade.journal.RunFolder;
import io.alidade.judge.Sitting;
import io.alidade.learning.Collector;
import io.alidade.learning.Experience;
import io.alidade.model.Policy;
import io.alidade.recipe.Plan;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/// Where the experience of a run comes from: its rows, its rows with fresh answers beside them, or
/// rollouts that a judge scores, of whole answers, of trees of steps, or of code against code.
///
/// @param policy what draws
/// @param judge of a loop that draws, while the run lasts
record Gathering(Plan plan, RunFolder folder, Inputs inputs, Policy policy, Optional<Sitting> judge)
    implements AutoCloseable {
  static Gathering open(
      Plan plan, RunFolder folder, Inputs inputs, Policy policy, Journal console) {
    var judge =
        plan.recipe().learning().draws().map(drawing -> drawing.judge().open(console::message));
    return new Gathering(plan, folder, inputs, policy, judge);
  }

  /// @param journal told what is drawn
  Experience experience(Journal journal) {
    var learning = plan.recipe().learning();
    if (learning.accompanied().isPresent()) {
      var collector =
          new Accompanied(
              policy,
              inputs.tokenizer(),
              ends(),
              inputs.train(),
              learning.accompanied().get(),
              rounds(),
              plan.scale().seed(),
              plan.scale().shuffle());
      return Experience.collected(collector, inputs.held());
    }
    return inputs.prompts().isEmpty()
        ? Experience.given(inputs.train(), inputs.held())
        : Experience.collected(rollouts(inputs.prompts().get(), journal));
  }

  private Collector rollouts(Inputs.Prompts prompts, Journal journal) {
    var learning = plan.recipe().learning();
    var scale = plan.scale();
    var asked = prompts.train();
    var plain =
        new Rollouts(
            policy,
            inputs.tokenizer(),
            ends(),
            asked,
            prompts.held(),
            learning.draws().orElseThrow(),
            judge.orElseThrow(),
            plan.recipe().objective().needs(),
            rounds(),
            scale.seed(),
            scale.shuffle(),
            journal);
    var turns = new Turns(asked.kept().length, scale.seed(), scale.shuffle());
    if (learning.searches().isPresent()) {
      return new TreeRollouts(
          learning.searches().get(),
          plain,
          turns,
          policy,
          inputs.tokenizer(),
          ends(),
          asked,
          judge.orElseThrow(),
          rounds(),
          scale.seed(),
          journal);
    }
    if (learning.crossTests().isPresent()) {
      return new CrossTestRollouts(
          learning.crossTests().get(),
          plain,
          turns,
          policy,
          inputs.tokenizer(),
          ends(),
          asked,
          new RowEncoder(
              inputs.tokenizer(), Inputs.encoding(plan.recipe().objective().needs(), scale)),
          rounds(),
          scale.seed(),
          journal);
    }
    return plain;
  }

  /// Tokens that end an answer.
  private Set<Integer> ends() {
    return LanguageModel.ends(inputs.model(), policy.config(), inputs.tokenizer());
  }

  /// Folder of what is drawn.
  private Path rounds() {
    return folder.path().resolve("rounds");
  }

  @Override
  public void close() {
    judge.ifPresent(Sitting::close);
  }
}
