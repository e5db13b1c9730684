package io.alidade.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/// Measures against numbers worked out by hand, by enumeration, or planted.
class MeasuresTest {
  private static final Offset<Double> EXACT = within(1e-12);

  @Test
  void passAtKIsTheShareOfDrawsThatHoldARightOne() {
    assertThat(PassAtK.of(5, 2, 1)).isCloseTo(0.4, EXACT);
    assertThat(PassAtK.of(5, 2, 2)).isCloseTo(0.7, EXACT);
    assertThat(PassAtK.of(5, 0, 3)).isZero();
    assertThat(PassAtK.of(5, 3, 3)).isEqualTo(1);
    for (int n = 1; n <= 7; n++) {
      for (int c = 0; c <= n; c++) {
        for (int k = 1; k <= n; k++) {
          int right = (1 << c) - 1;
          int all = 0;
          int with = 0;
          for (int set = 0; set < 1 << n; set++) {
            if (Integer.bitCount(set) == k) {
              all++;
              with += (set & right) != 0 ? 1 : 0;
            }
          }
          assertThat(PassAtK.of(n, c, k)).isCloseTo((double) with / all, EXACT);
        }
      }
    }
    assertThat(PassAtK.of(200, 1, 100)).as("no binomials that overflow").isCloseTo(0.5, EXACT);
    assertThat(PassAtK.mean(5, new int[] {2, 0, 5}, 1)).isCloseTo(1.4 / 3, EXACT);
    assertThatThrownBy(() -> PassAtK.of(3, 1, 4)).hasMessage("drawn must be at least 4, was 3");
  }

  private static List<List<String>> texts(String... texts) {
    return java.util.Arrays.stream(texts).map(Diversity::words).toList();
  }

  @Test
  void distinctNGrams() {
    var texts = texts("a b a", "a b c");
    assertThat(Diversity.distinct(texts, 1)).isEqualTo(0.5);
    assertThat(Diversity.distinct(texts, 2)).isEqualTo(0.75);
    assertThat(Diversity.distinct(texts, 4)).isNaN();
    assertThat(Diversity.distinct(texts("", " "), 1)).isNaN();
    assertThat(Diversity.distinct(texts("x", "x", "x"), 1)).isCloseTo(1 / 3.0, EXACT);
  }

  @Test
  void selfBleuIsOneForEqualTextsAndLessForOthers() {
    assertThat(Diversity.selfBleu(texts("a b c d e", "a b c d e"), 4)).isCloseTo(1, EXACT);
    // 3/4, (2+1)/(3+1), (1+1)/(2+1), (0+1)/(1+1): the fourth root of 3/16.
    assertThat(Diversity.selfBleu(texts("a b c d", "a b c e"), 4))
        .isCloseTo(Math.pow(0.1875, 0.25), EXACT);
    // Half as long as the other: brevity exp(1 - 2); 1, (1+1)/(1+1).
    assertThat(Diversity.bleu(Diversity.words("a b"), texts("a b c d"), 2))
        .isCloseTo(Math.exp(-1), EXACT);
    assertThat(Diversity.bleu(Diversity.words("a a a"), texts("a b c"), 1))
        .as("a word counts as often as the others have it")
        .isCloseTo(1 / 3.0, EXACT);
    assertThat(Diversity.selfBleu(texts("a b", "c d"), 4)).isZero();
    assertThat(Diversity.selfBleu(texts("a"), 4)).isNaN();
    assertThat(Diversity.selfBleu(texts("", ""), 4)).isEqualTo(1);
  }

  @Test
  void calibrationComparesWhatIsStatedWithWhatHappens() {
    var one =
        Reliability.of(
            new double[] {0.1, 0.1, 0.9, 0.9}, new boolean[] {false, true, true, true}, 10);
    assertThat(one.expectedError()).isCloseTo(0.25, EXACT);
    assertThat(one.largestError()).isCloseTo(0.4, EXACT);
    assertThat(one.bins())
        .containsExactly(new Reliability.Bin(0.1, 0.5, 2), new Reliability.Bin(0.9, 1, 2));
    assertThat(Reliability.of(new double[] {1, 0}, new boolean[] {true, false}, 5).expectedError())
        .isZero();
    assertThat(Reliability.of(new double[0], new boolean[0], 5).expectedError()).isNaN();
    assertThatThrownBy(() -> Reliability.of(new double[] {1.5}, new boolean[1], 5))
        .hasMessage("chance must be between 0.0 and 1.0, was 1.5");
  }

  @Test
  void ratingsOfTwoAreTheLogOddsOfTheirGames() {
    var games = new ArrayList<Ratings.Game>();
    games.add(new Ratings.Game("b", "a", 0));
    for (int i = 0; i < 3; i++) {
      games.add(new Ratings.Game("a", "b", i < 2 ? 1 : 0));
    }
    var ratings = Ratings.of(games, 1e-9, 20, 0.9, 1);
    assertThat(ratings.players()).containsExactly("a", "b");
    double difference = ratings.rating()[0] - ratings.rating()[1];
    assertThat(difference).isCloseTo(400 * Math.log10(3), within(1e-5));
    assertThat(ratings.rating()[0] + ratings.rating()[1]).isCloseTo(2000, EXACT);
    assertThat(ratings.chance("a", "b")).isCloseTo(0.75, within(1e-8));
  }

  @Test
  void chancesByKnownRatingsGiveTheRatingsBack() {
    double[] known = {900, 1000, 1020, 1080};
    var games = new ArrayList<Ratings.Game>();
    for (int i = 0; i < 4; i++) {
      for (int j = i + 1; j < 4; j++) {
        games.add(
            new Ratings.Game(
                "p" + i, "p" + j, 1 / (1 + Math.pow(10, (known[j] - known[i]) / 400))));
      }
    }
    assertThat(Ratings.of(games, 1e-9, 1, 0.9, 1).rating()).containsExactly(known, within(1e-4));
  }

  @Test
  void intervalsHoldTheTruthAboutAsOftenAsTheySay() {
    double[] known = {950, 1000, 1050};
    int held = 0;
    int all = 0;
    for (int world = 0; world < 40; world++) {
      var random = new SplittableRandom(world);
      var games = new ArrayList<Ratings.Game>();
      for (int g = 0; g < 150; g++) {
        int i = random.nextInt(3);
        int j = (i + 1 + random.nextInt(2)) % 3;
        double chance = 1 / (1 + Math.pow(10, (known[j] - known[i]) / 400));
        games.add(new Ratings.Game("p" + i, "p" + j, random.nextDouble() < chance ? 1 : 0));
      }
      var ratings = Ratings.of(games, 0.01, 60, 0.9, 3);
      for (int p = 0; p < 3; p++) {
        all++;
        held += ratings.low()[p] <= known[p] && known[p] <= ratings.high()[p] ? 1 : 0;
      }
      if (world == 0) {
        assertThat(Ratings.of(games, 0.01, 60, 0.9, 3).low())
            .as("same seed, same bits")
            .isEqualTo(ratings.low());
        assertThat(Ratings.of(games, 0.01, 60, 0.9, 4).low()).isNotEqualTo(ratings.low());
      }
    }
    assertThat((double) held / all).isBetween(0.8, 0.97);
  }

  @Test
  void whoWinsAllGamesHasARatingAndNobodyIsRatedByNone() {
    var ratings =
        Ratings.of(
            List.of(new Ratings.Game("a", "b", 1), new Ratings.Game("a", "b", 1)), 1, 5, 0.9, 1);
    assertThat(ratings.rating()[0] - ratings.rating()[1]).isBetween(50.0, 2000.0);
    assertThatThrownBy(() -> Ratings.of(List.of(), 1, 5, 0.9, 1)).isInstanceOf(UserException.class);
    assertThatThrownBy(() -> new Ratings.Game("a", "b", Double.NaN))
        .hasMessage("score must be between 0.0 and 1.0, was NaN");
  }

  @Test
  void lengthControlLeavesOutWhatLengthAdds() {
    int n = 200;
    var random = new SplittableRandom(5);
    var lengths = random.doubles(n, 100, 3000).toArray();
    var baseline = random.doubles(n, 100, 1500).toArray();
    var d = IntStream.range(0, n).mapToDouble(i -> lengths[i] - baseline[i]).toArray();
    double mean = IntStream.range(0, n).mapToDouble(i -> d[i]).average().orElseThrow();
    double sd =
        Math.sqrt(
            IntStream.range(0, n)
                .mapToDouble(i -> (d[i] - mean) * (d[i] - mean))
                .average()
                .orElseThrow());
    var preferences =
        IntStream.range(0, n)
            .mapToDouble(i -> Logistic.sigmoid(-0.4 + 1.5 * Math.tanh(d[i] / sd)))
            .toArray();
    var rate = WinRate.of(preferences, lengths, baseline, new double[0], 1e-9);
    assertThat(rate.theta()).isCloseTo(-0.4, within(1e-6));
    assertThat(rate.phi()).isCloseTo(1.5, within(1e-6));
    assertThat(rate.controlled()).isCloseTo(1 / (1 + Math.exp(0.4)), within(1e-6));
    assertThat(rate.plain()).as("longer answers won more").isGreaterThan(rate.controlled() + 0.05);
    var difficulty = random.doubles(n, -1, 1).toArray();
    var graded =
        IntStream.range(0, n)
            .mapToDouble(
                i -> Logistic.sigmoid(0.3 - 0.7 * Math.tanh(d[i] / sd) + 0.9 * difficulty[i]))
            .toArray();
    var two = WinRate.of(graded, lengths, baseline, difficulty, 1e-9);
    assertThat(two.theta()).isCloseTo(0.3, within(1e-6));
    assertThat(two.phi()).isCloseTo(-0.7, within(1e-6));
    assertThat(two.controlled())
        .isCloseTo(
            IntStream.range(0, n)
                .mapToDouble(i -> Logistic.sigmoid(0.3 + 0.9 * difficulty[i]))
                .average()
                .orElseThrow(),
            within(1e-6));
  }

  @Test
  void atEqualLengthsThereIsNothingToControl() {
    double[] same = {10, 20, 30, 40};
    var rate = WinRate.of(new double[] {1, 1, 0, 0.5}, same, same, new double[0], 0.1);
    assertThat(rate.plain()).isEqualTo(0.625);
    assertThat(rate.controlled()).isCloseTo(0.625, within(1e-5));
    assertThat(rate.error())
        .isCloseTo(Math.sqrt((2 * .375 * .375 + .625 * .625 + .125 * .125) / 12), EXACT);
    var all = WinRate.of(new double[] {1, 1, 1}, same3(), same3(), new double[0], 0.1);
    assertThat(all.controlled()).isBetween(0.99, 1.0);
    var decided =
        WinRate.of(
            new double[] {1, 1, 0, 0},
            new double[] {9, 8, 1, 2},
            new double[] {5, 5, 5, 5},
            new double[0],
            0.01);
    assertThat(decided.controlled()).as("length decides all").isCloseTo(0.5, within(1e-6));
  }

  private static double[] same3() {
    return new double[] {5, 5, 5};
  }

  @Test
  void estimatesOfTheDivergenceAreWithoutBias() {
    // One token of three words: the expectation over the policy's own draws is the divergence.
    double[] policy = {0.5, 0.3, 0.2};
    double[] reference = {0.2, 0.2, 0.6};
    double exact = 0;
    double k1 = 0;
    double k3 = 0;
    for (int w = 0; w < 3; w++) {
      exact += policy[w] * Math.log(policy[w] / reference[w]);
      var one =
          Divergence.of(
              new double[][] {{Math.log(policy[w])}}, new double[][] {{Math.log(reference[w])}});
      k1 += policy[w] * one.perToken();
      k3 += policy[w] * one.k3PerToken();
      assertThat(one.k3PerToken()).isNotNegative();
    }
    assertThat(k1).isCloseTo(exact, EXACT);
    assertThat(k3).isCloseTo(exact, EXACT);
    var two =
        Divergence.of(new double[][] {{-1, -2}, {-1}, {}}, new double[][] {{-1.5, -3}, {-0.5}, {}});
    assertThat(two.perSequence()).isCloseTo((1.5 - 0.5 + 0) / 3, EXACT);
    assertThat(two.perToken()).isCloseTo(1 / 3.0, EXACT);
    assertThat(two.error()).isCloseTo(Math.sqrt((2.5 - 1 / 3.0) / 2 / 3), EXACT);
    assertThat(two.tokens()).isEqualTo(3);
    assertThat(Divergence.of(new double[0][], new double[0][]).perSequence()).isNaN();
  }
}
