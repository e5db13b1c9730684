package io.alidade.evaluation;

import io.alidade.Check;
import io.alidade.UserException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;

/// Ratings of players from games of two, as arenas give them: the maximum likelihood of Bradley and
/// Terry (1952) on Elo's scale, with intervals by the bootstrap (Chiang et al. 2024,
/// arXiv:2403.04132).
///
/// `P(i beats j) = 1 / (1 + 10^((R_j - R_i) / 400))`. A tie is half a win for each. Ratings have
/// the mean 1000. Each player also plays one imaginary game against an average one and ties,
/// weighted by `prior`, so that who has won or lost all games has a rating.
///
/// @param players in alphabetical order
/// @param rating of each, Elo points
/// @param low lower end of each interval
/// @param high upper end of each interval
public record Ratings(List<String> players, double[] rating, double[] low, double[] high) {
  private static final double SCALE = 400 / Math.log(10);

  /// A game.
  ///
  /// @param score of the first player: 1 for a win, 0 for a loss, 1/2 for a tie, or any chance
  public record Game(String first, String second, double score) {
    /// Checks the range.
    public Game {
      Check.between("score", 0, 1, score);
    }
  }

  /// Rates the players of some games.
  ///
  /// @param prior weight of the imaginary game, positive
  /// @param rounds of the bootstrap, at least 1
  /// @param share of the bootstrap's ratings within an interval, in `(0, 1)`
  public static Ratings of(List<Game> games, double prior, int rounds, double share, long seed) {
    Check.positive("prior", prior);
    Check.atLeast("rounds", 1, rounds);
    Check.between("share", 0, 1, share);
    if (games.isEmpty()) {
      throw new UserException("no games to rate anybody by");
    }
    var names = new TreeSet<String>();
    games.forEach(game -> {
      names.add(game.first);
      names.add(game.second);
    });
    var players = List.copyOf(names);
    var indexed = new ArrayList<int[]>();
    games.forEach(
        game -> indexed.add(new int[] {players.indexOf(game.first), players.indexOf(game.second)}));
    var weights = new double[games.size()];
    Arrays.fill(weights, 1);
    var rating = fit(games, indexed, weights, players.size(), prior);
    var drawn = new double[players.size()][rounds];
    var random = new SplittableRandom(seed);
    for (int r = 0; r < rounds; r++) {
      Arrays.fill(weights, 0);
      for (int g = 0; g < weights.length; g++) {
        weights[random.nextInt(weights.length)]++;
      }
      var again = fit(games, indexed, weights, players.size(), prior);
      for (int p = 0; p < again.length; p++) {
        drawn[p][r] = again[p];
      }
    }
    var low = new double[players.size()];
    var high = new double[players.size()];
    for (int p = 0; p < low.length; p++) {
      Arrays.sort(drawn[p]);
      low[p] = quantile(drawn[p], (1 - share) / 2);
      high[p] = quantile(drawn[p], (1 + share) / 2);
    }
    return new Ratings(players, rating, low, high);
  }

  /// Linear between the two nearest of some sorted numbers.
  static double quantile(double[] sorted, double q) {
    double at = q * (sorted.length - 1);
    int below = (int) Math.floor(at);
    int above = Math.min(sorted.length - 1, below + 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  /// The games of each two players are one row of a logistic regression on who plays whom.
  private static double[] fit(
      List<Game> games, List<int[]> indexed, double[] weights, int players, double prior) {
    var won = new double[players][players];
    var met = new double[players][players];
    for (int g = 0; g < weights.length; g++) {
      int i = indexed.get(g)[0];
      int j = indexed.get(g)[1];
      boolean turned = i > j;
      double score = games.get(g).score;
      won[Math.min(i, j)][Math.max(i, j)] += weights[g] * (turned ? 1 - score : score);
      met[Math.min(i, j)][Math.max(i, j)] += weights[g];
    }
    var features = new ArrayList<double[]>();
    var chances = new ArrayList<Double>();
    var counts = new ArrayList<Double>();
    for (int i = 0; i < players; i++) {
      features.add(row(players, i, -1));
      chances.add(0.5);
      counts.add(prior);
      for (int j = i + 1; j < players; j++) {
        if (met[i][j] > 0) {
          features.add(row(players, i, j));
          chances.add(won[i][j] / met[i][j]);
          counts.add(met[i][j]);
        }
      }
    }
    var strength =
        Logistic.fit(
            features.toArray(double[][]::new),
            chances.stream().mapToDouble(p -> p).toArray(),
            counts.stream().mapToDouble(c -> c).toArray(),
            new double[players]);
    double mean = Arrays.stream(strength).average().orElse(0);
    return Arrays.stream(strength).map(s -> 1000 + SCALE * (s - mean)).toArray();
  }

  private static double[] row(int players, int first, int second) {
    var row = new double[players];
    row[first] = 1;
    if (second >= 0) {
      row[second] = -1;
    }
    return row;
  }

  /// Chance that one player beats another by their ratings.
  public double chance(String first, String second) {
    double difference = rating[players.indexOf(first)] - rating[players.indexOf(second)];
    return 1 / (1 + Math.exp(-difference / SCALE));
  }
}
