package io.alidade.run;

import io.alidade.data.RowEncoder;
import io.alidade.generation.LanguageModel;
import io.alidade.journal.Journal;
import io.alidade.journal.RunFolder;
import io.alidade.judge.Sitting;
import io.alidade.learning.Experience;
import io.alidade.learning.rounds.Accompanied;
import io.alidade.learning.rounds.Asking;
import io.alidade.learning.rounds.Site;
import io.alidade.model.Policy;
import io.alidade.recipe.Plan;
import java.util.Optional;

/// Where the experience of a run comes from: its rows, its rows with fresh answers beside them, or
/// what its loop collects, scored by a judge.
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
              site(journal),
              inputs.train(),
              learning.accompanied().get(),
              plan.recipe().objective().needs().every());
      return Experience.collected(collector, inputs.held());
    }
    return inputs.prompts().isEmpty()
        ? Experience.given(inputs.train(), inputs.held())
        : Experience.collected(learning.collects(asking(inputs.prompts().get(), journal)));
  }

  private Asking asking(Inputs.Asked prompts, Journal journal) {
    var needs = plan.recipe().objective().needs();
    return new Asking(
        site(journal),
        prompts.train(),
        prompts.held(),
        judge.orElseThrow(),
        needs,
        new RowEncoder(inputs.tokenizer(), Inputs.encoding(needs, plan.scale())));
  }

  private Site site(Journal journal) {
    return new Site(
        policy,
        inputs.tokenizer(),
        LanguageModel.ends(inputs.model(), policy.config(), inputs.tokenizer()),
        folder.path().resolve("rounds"),
        plan.scale().seed(),
        plan.scale().shuffle(),
        journal);
  }

  @Override
  public void close() {
    judge.ifPresent(Sitting::close);
  }
}
