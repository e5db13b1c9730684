package io.alidade.mine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;

/// What a run of the miner found, split by library so that no library stands on both sides, and
/// within the others by class, if that was asked for.
///
/// @param options what was asked for
/// @param libraries a report per library, in the order asked for
/// @param train pairs to learn from
/// @param test pairs of the libraries held out
/// @param testClasses pairs of the classes held out of the libraries to learn from
/// @param trainMethods documented methods to learn from
/// @param testMethods documented methods of the libraries and classes held out
public record Mined(
    MineOptions options,
    List<LibraryReport> libraries,
    List<MethodPair> train,
    List<MethodPair> test,
    List<MethodPair> testClasses,
    List<MinedMethod> trainMethods,
    List<MinedMethod> testMethods) {

  /// Which side a row is on, the one that is kept cleanest last.
  private enum Side {
    TRAIN,
    CLASS,
    LIBRARY;

    static Side of(String library, String file, MineOptions options) {
      if (options.holdout().contains(library)) {
        return LIBRARY;
      }
      return options.holdsOutClass(file) ? CLASS : TRAIN;
    }
  }

  /// Splits, and drops rows that stand twice or whose prompt is also on a side that is kept
  /// cleaner.
  static Mined of(List<Miner.Ore> ores, MineOptions options) {
    var sides = new HashMap<String, Side>();
    for (var ore : ores) {
      for (var pair : ore.pairs()) {
        sides.merge(pair.prompt(), Side.of(ore.library(), pair.file(), options), Mined::cleaner);
      }
      for (var method : ore.methods()) {
        sides.merge(
            method.prompt(), Side.of(ore.library(), method.file(), options), Mined::cleaner);
      }
    }
    var train = new ArrayList<MethodPair>();
    var test = new ArrayList<MethodPair>();
    var testClasses = new ArrayList<MethodPair>();
    var trainMethods = new ArrayList<MinedMethod>();
    var testMethods = new ArrayList<MinedMethod>();
    var reports = new ArrayList<LibraryReport>();
    var seenPairs = new HashSet<List<String>>();
    var seenMethods = new HashSet<List<String>>();
    for (var ore : ores) {
      int pairs = 0;
      for (var pair : ore.pairs()) {
        var side = Side.of(ore.library(), pair.file(), options);
        if (side != sides.get(pair.prompt())) {
          ore.tally().move(Outcome.LEAKED);
        } else if (!seenPairs.add(List.of(pair.prompt(), pair.chosen(), pair.rejected()))) {
          ore.tally().move(Outcome.DUPLICATE);
        } else {
          (switch (side) {
                case TRAIN -> train;
                case CLASS -> testClasses;
                case LIBRARY -> test;
              })
              .add(pair);
          pairs++;
        }
      }
      int methods = 0;
      for (var method : ore.methods()) {
        var side = Side.of(ore.library(), method.file(), options);
        if (side == sides.get(method.prompt())
            && seenMethods.add(List.of(method.prompt(), method.completion()))) {
          (side == Side.TRAIN ? trainMethods : testMethods).add(method);
          methods++;
        }
      }
      reports.add(
          new LibraryReport(
              ore.library(),
              ore.license(),
              options.holdout().contains(ore.library()),
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
        List.copyOf(testClasses),
        List.copyOf(trainMethods),
        List.copyOf(testMethods));
  }

  private static Side cleaner(Side one, Side other) {
    return one.compareTo(other) > 0 ? one : other;
  }
}
