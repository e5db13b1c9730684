package io.alidade.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.example.Direction;
import io.alidade.generation.Neighborhood;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Judges that look at a context or along a direction, on the published cases.
class ContextAndDirectionTest {
  private static final Offset<Double> DIGITS = within(1e-8);

  @TempDir Path folder;
  private final List<String> log = new ArrayList<>();

  private Verdict of(Judge judge, Case one) {
    try (var sitting = judge.open(log::add)) {
      return sitting.judge(one);
    }
  }

  // Contexts (Pitis et al. 2024).

  @Test
  void anErrorSplitsIntoThatInContextAndThatOfTheContext() {
    var truth = new Decomposition(new double[] {.6, .4}, new double[] {.9, .2});
    var model = new Decomposition(new double[] {.5, .5}, new double[] {.8, .3});
    assertThat(truth.marginal()).isCloseTo(0.62, DIGITS);
    assertThat(model.marginal()).isCloseTo(0.55, DIGITS);
    assertThat(truth.errorInContext(model)).isCloseTo(0.10, DIGITS);
    assertThat(truth.errorOfContext(model)).isCloseTo(0.10, DIGITS);
    assertThat(truth.bound(model)).isCloseTo(0.20, DIGITS);
    assertThat(new Decomposition(new double[] {0, 1}, new double[] {.9, .2}).marginal())
        .isEqualTo(.2);
    assertThatThrownBy(() -> new Decomposition(new double[] {.6, .3}, new double[] {.9, .2}))
        .hasMessageContaining("sum of the chances of contexts");
  }

  /// Prefers long answers where the prompt asks for long ones, else short ones; one nat a
  /// character.
  private static final Reward TASTE =
      (one, i) ->
          (Case.words(one.prompt()).contains("at length") ? 1 : -1) * one.answer(i).length();

  @Test
  void aProfileIsFoundFromAFewChoices() throws IOException {
    var choices =
        Files.writeString(
            folder.resolve("choices.jsonl"),
            """
            {"prompt": "Why?", "chosen": "Because of many things.", "rejected": "Because."}
            {"prompt": "How?", "chosen": "By hand, slowly.", "rejected": "By hand."}
            """);
    var profile =
        new Profile(
            TASTE,
            List.of("in a word", "at length", "at all"),
            choices.toString(),
            8,
            "Answer {context}.\n");
    var verdict = of(profile, Case.of("When?", "Now.", "Now, at the latest."));
    assertThat(verdict.best()).isEqualTo(1);
    assertThat(log)
        .containsExactly("profile 'at length' fits 2 labelled pairs best, -0.000 nats a pair");
    assertThat(of(TASTE, Case.of("When?", "Now.", "Now, at the latest.")).best()).isZero();
    var prompts = Files.writeString(folder.resolve("p.jsonl"), "{\"prompt\": \"Why?\"}\n");
    assertThatThrownBy(() ->
            of(
                new Profile(TASTE, List.of("a"), prompts.toString(), 8, "{context}"),
                Case.of("q", "a")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("a profile is found from pairs that a user labelled");
  }

  // Directions (Wang et al. 2024).

  @Test
  void anAngleBecomesThePercentagesOfThePaper() {
    int[][] known = {{0, 100, 0}, {15, 97, 26}, {30, 87, 50}, {45, 71, 71}};
    for (int[] one : known) {
      assertThat(Direction.degrees(one[0]).percent()).containsExactly(one[1], one[2]);
      assertThat(Direction.degrees(-one[0]).percent()).containsExactly(one[1], -one[2]);
    }
    assertThat(Direction.degrees(-30).words(List.of("helpfulness", "verbosity")))
        .isEqualTo("helpfulness*87+verbosity*-50");
    assertThat(Direction.of(3, 4).components()).containsExactly(0.6, 0.8);
    assertThatThrownBy(() -> Direction.of(0, 0)).hasMessageContaining("not all 0");
    assertThatThrownBy(() -> new Direction(List.of(1.0, 1.0))).hasMessageContaining("length 1");
  }

  private static final double[][] RATED = {{70, 60}, {66, 30}, {75, 90}};

  /// A judge that earns what a table says.
  private static Judge table(double[][] rewards) {
    return new Weighted(
        Map.of("help", (Reward) (_, i) -> rewards[i][0], "verb", (Reward) (_, i) -> rewards[i][1]),
        Map.of("help", 1.0, "verb", 0.0));
  }

  private Verdict along(double degrees, double... deviations) {
    var judge =
        new Directional(
            table(RATED),
            "direction",
            List.of("help", "verb"),
            java.util.Arrays.stream(deviations).boxed().toList(),
            List.of());
    return of(
        judge,
        Case.of("q", "a", "b", "c").with("direction", Direction.degrees(degrees).components()));
  }

  @Test
  void theBestAnswerDependsOnTheDirection() {
    assertThat(along(-15, 1, 1).standing())
        .containsExactly(new double[] {52.08566513, 55.98653318, 49.15072291}, DIGITS);
    assertThat(along(-15, 1, 1).best()).isEqualTo(1);
    assertThat(along(0, 1, 1).best()).isEqualTo(2);
    assertThat(along(0, 1, 1).standing()[2]).isCloseTo(75, DIGITS);
    assertThat(along(-45, 1, 1).standing())
        .containsExactly(new double[] {7.07106781, 25.45584412, -10.60660172}, DIGITS);
    assertThat(along(-45, 1, 1).best()).isEqualTo(1);
    assertThat(along(-45, 10, 10).best()).as("whatever the scale").isEqualTo(1);
    assertThat(along(-45, 1, 1000).best()).as("verbosity hardly counts").isEqualTo(2);
    assertThat(along(-15, 1, 1).parts().get("verb")).containsExactly(60, 30, 90);
  }

  /// With a slope of 0.15 the answers are helpful by 61, 61.5 and 61.5 beyond their length.
  @Test
  void whatVerbosityExplainsCanBeTakenOffHelpfulness() {
    var judge =
        new Directional(
            table(RATED), "direction", List.of("help", "verb"), List.of(2., 1.), List.of(0.15));
    var straight = Case.of("q", "a", "b", "c").with("direction", List.of(1, 0));
    assertThat(of(judge, straight).standing())
        .containsExactly(new double[] {30.5, 30.75, 30.75}, DIGITS);
    var verbose = Case.of("q", "a", "b", "c").with("direction", List.of(0, 1));
    assertThat(of(judge, verbose).standing()).containsExactly(60, 30, 90);
  }

  @Test
  void aDirectionThatIsMissingOrUnknownIsSaid() {
    var judge =
        new Directional(
            table(RATED), "direction", List.of("help", "verb"), List.of(1., 1.), List.of());
    assertThatThrownBy(() -> of(judge, Case.of("q", "a")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("column 'direction' holds null, a direction is 2 finite numbers");
    assertThatThrownBy(() -> of(judge, Case.of("q", "a").with("direction", List.of(0, 0))))
        .isInstanceOf(UserException.class);
    var other =
        new Directional(
            table(RATED), "direction", List.of("help", "wit"), List.of(1., 1.), List.of());
    assertThatThrownBy(() -> of(other, Case.of("q", "a").with("direction", List.of(1, 0))))
        .isInstanceOf(UserException.class)
        .hasMessage("the judge says nothing of 'wit' beside its verdict; it says [help, verb]");
    assertThatThrownBy(() -> new Directional(judge, "d", List.of("help"), List.of(), List.of()))
        .hasMessageContaining("one number an objective");
    assertThatThrownBy(() -> new Directional(judge, "d", List.of("help"), List.of(1.), List.of(2.)))
        .hasMessage("residual must hold one number for each objective but the first, were 1 for 1");
  }

  // Neighbourhoods (RPS, Mao et al. 2025).

  private static final double[][] CANDIDATES = {
    {0.8, 0.1}, {0.5, 0.6}, {0.2, 0.7}, {0.9, -0.1}, {0.6, 0.45}
  };

  private static List<Direction> at(double... degrees) {
    return java.util.Arrays.stream(degrees).mapToObj(Direction::degrees).toList();
  }

  @Test
  void theBestAlongTheTargetIsKept() {
    var target = Direction.degrees(45);
    double[] worth = {0.63639610, 0.77781746, 0.63639610, 0.56568542, 0.74246212};
    for (int i = 0; i < 5; i++) {
      assertThat(target.project(CANDIDATES[i])).isCloseTo(worth[i], DIGITS);
    }
    var near = at(15, 30, 45, 60, 75);
    double[] cosines = {0.86602540, 0.96592583, 1, 0.96592583, 0.86602540};
    for (int i = 0; i < 5; i++) {
      assertThat(near.get(i).cosine(target)).isCloseTo(cosines[i], DIGITS);
    }
    assertThat(Neighborhood.best(target, near, CANDIDATES)).isEqualTo(1);
    assertThat(Neighborhood.best(Direction.degrees(0), near, CANDIDATES))
        .as("along the target and not along the direction of the draw")
        .isEqualTo(3);
    assertThat(Neighborhood.best(target, near, new double[][] {{1, 0}, {1, 0}}))
        .as("equal; 30 degrees are nearer to 45 than 15")
        .isEqualTo(1);
    assertThat(Neighborhood.best(target, at(30, 30), new double[][] {{1, 0}, {1, 0}})).isZero();
    assertThat(
            Neighborhood.best(
                target, near, new double[][] {{Double.NaN, 0}, {Double.NaN, 1}, {0, Double.NaN}}))
        .isEqualTo(-1);
  }

  @Test
  void neighboursStayWithinTheRadius() {
    var random = new SplittableRandom(1);
    var target = Direction.degrees(45);
    var wide = new Neighborhood(200, 30, false, Optional.empty()).around(target, random);
    assertThat(wide).allMatch(v -> v.cosine(target) >= 0.86602540 - 1e-9);
    assertThat(wide).anyMatch(v -> v.degrees() > 60).anyMatch(v -> v.degrees() < 30);
    assertThat(new Neighborhood(3, 0, false, Optional.empty()).around(target, random))
        .containsOnly(target);
    assertThat(new Neighborhood(50, 30, false, Optional.of(45.0)).around(target, random))
        .allMatch(v -> v.degrees() <= 45 + 1e-9);
    assertThat(new Neighborhood(4, 30, true, Optional.empty()).around(target, random).getFirst())
        .isEqualTo(target);
    var inward = new Neighborhood(200, 30, false, Optional.empty(), true, false);
    assertThat(inward.around(target, random))
        .allMatch(v -> v.degrees() >= 15 - 1e-9 && v.degrees() <= 45 + 1e-9)
        .anyMatch(v -> v.degrees() < 20);
    assertThat(inward.around(Direction.degrees(-45), random))
        .allMatch(v -> v.degrees() >= -45 - 1e-9 && v.degrees() <= -15 + 1e-9);
    var even = new Neighborhood(6, 30, false, Optional.empty(), false, true);
    var spread = even.around(target, random);
    for (int i = 0; i < 6; i++) {
      assertThat(spread.get(i).degrees()).isBetween(15 + 10.0 * i - 1e-9, 25 + 10.0 * i + 1e-9);
    }
    var space = Direction.of(1, 2, -2);
    assertThat(new Neighborhood(200, 30, false, Optional.empty()).around(space, random))
        .hasSize(200)
        .allMatch(v -> v.cosine(space) >= 0.86602540 - 1e-9)
        .anyMatch(v -> v.cosine(space) < 0.9);
    assertThatThrownBy(
            () -> new Neighborhood(2, 30, false, Optional.of(45.0)).around(space, random))
        .hasMessageContaining("an angle between two objectives");
    assertThatThrownBy(() -> new Neighborhood(0, 30, false, Optional.empty()))
        .hasMessageContaining("k");
  }

  @Test
  void choosingAmongAllIsChoosingTheFirstOfTheLargest() {
    var random = new SplittableRandom(2);
    for (int n = 0; n < 50; n++) {
      var target = Direction.degrees(random.nextDouble(-90, 90));
      var near = new Neighborhood(5, 30, false, Optional.empty()).around(target, random);
      var rewards =
          IntStream.range(0, 5).mapToObj(_ -> random.doubles(2).toArray()).toArray(double[][]::new);
      int best = Neighborhood.best(target, near, rewards);
      for (var other : rewards) {
        assertThat(target.project(rewards[best])).isGreaterThanOrEqualTo(target.project(other));
      }
      for (var other : rewards) {
        other[0] *= 3;
        other[1] *= 3;
      }
      assertThat(Neighborhood.best(target, near, rewards)).as("scaled").isEqualTo(best);
    }
  }
}
