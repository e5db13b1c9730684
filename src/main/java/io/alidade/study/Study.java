package io.alidade.study;

import io.alidade.report.Chart;
import java.util.List;

/// An experiment that can refute what a paper claims. A record of this package is a study; its name
/// in kebab case (`RobustDpo` is `robust-dpo`) is what `./alidade study` takes, and nothing lists
/// it.
///
/// A study is run once a seed, [#run], and judged over all seeds, [#judge]. It knows nothing of
/// files: what carries it out keeps each trial, so that an interrupted study goes on where it
/// stopped.
public interface Study {
  /// Names of the recipes whose claim is tested, the first one foremost.
  List<String> recipes();

  /// The claim in one sentence that the experiment can refute.
  String claim();

  /// What counts as success, in words with numbers, as it was fixed before the experiment ran.
  String criterion();

  /// What was found beyond the verdict, in Markdown: departures from the experiment as published,
  /// what was tried, what the numbers cannot show. Empty for none.
  default String remarks() {
    return "";
  }

  /// Runs all arms for one seed. Two runs with equal benches give equal numbers.
  Trial run(Bench bench);

  /// Whether the criterion held over all seeds.
  Verdict judge(Results results);

  /// What of the criterion must show in the reduced form too, where its margin allows.
  default Verdict direction(Results reduced) {
    return new Verdict(List.of());
  }

  /// Figures of the page; by default bars of each measure with the interval over seeds.
  default List<Chart> figures(Results results) {
    return results.bars();
  }
}
