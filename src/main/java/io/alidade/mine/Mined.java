package io.alidade.mine;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What a run of the miner found, split by library so that no library stands on both sides.
///
/// @param options what was asked for
/// @param libraries a report per library, in the order asked for
/// @param train pairs to learn from
/// @param test pairs of the libraries held out
/// @param trainMethods documented methods to learn from
/// @param testMethods documented methods of the libraries held out
public record Mined(
    MineOptions options,
    List<LibraryReport> libraries,
    List<MethodPair> train,
    List<MethodPair> test,
    List<MinedMethod> trainMethods,
    List<MinedMethod> testMethods) {

  /// Splits, and drops rows that stand twice or whose prompt is also on the held-out side.
  static Mined of(List<Miner.Ore> ores, MineOptions options) {
    var heldOutPrompts = new HashSet<String>();
    for (var ore : ores) {
      if (options.holdout().contains(ore.library())) {
        ore.pairs().forEach(pair -> heldOutPrompts.add(pair.prompt()));
        ore.methods().forEach(method -> heldOutPrompts.add(method.prompt()));
      }
    }
    var train = new ArrayList<MethodPair>();
    var test = new ArrayList<MethodPair>();
    var trainMethods = new ArrayList<MinedMethod>();
    var testMethods = new ArrayList<MinedMethod>();
    var reports = new ArrayList<LibraryReport>();
    var seenPairs = new HashSet<List<String>>();
    var seenMethods = new HashSet<List<String>>();
    for (var ore : ores) {
      boolean heldOut = options.holdout().contains(ore.library());
      Set<String> leaks = heldOut ? Set.of() : heldOutPrompts;
      int pairs = 0;
      for (var pair : ore.pairs()) {
        if (leaks.contains(pair.prompt())) {
          ore.tally().move(Outcome.LEAKED);
        } else if (!seenPairs.add(List.of(pair.prompt(), pair.chosen(), pair.rejected()))) {
          ore.tally().move(Outcome.DUPLICATE);
        } else {
          (heldOut ? test : train).add(pair);
          pairs++;
        }
      }
      int methods = 0;
      for (var method : ore.methods()) {
        if (!leaks.contains(method.prompt())
            && seenMethods.add(List.of(method.prompt(), method.completion()))) {
          (heldOut ? testMethods : trainMethods).add(method);
          methods++;
        }
      }
      reports.add(
          new LibraryReport(
              ore.library(),
              ore.license(),
              heldOut,
              ore.releases(),
              ore.missing(),
              ore.tally().counts(),
              pairs,
              methods));
    }
    return new Mined(
        options,
        List.copyOf(reports),
        List.copyOf(train),
        List.copyOf(test),
        List.copyOf(trainMethods),
        List.copyOf(testMethods));
  }
}
