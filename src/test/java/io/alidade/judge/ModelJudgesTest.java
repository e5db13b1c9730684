package io.alidade.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.store.Json;
import io.alidade.tokenizer.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// Judges that are models, and judges made of judges.
class ModelJudgesTest {
  private static final Offset<Double> CLOSE = within(1e-6);

  @TempDir Path folder;
  private final List<String> log = new ArrayList<>();

  private static final Case ONE = Case.of("The sky is", " blue.", " green, they say.", " blue.");

  private Verdict of(Judge judge, Case one) {
    try (var sitting = judge.open(log::add)) {
      return sitting.judge(one);
    }
  }

  private static String reward() {
    return Golden.path("models/llama_reward").toString();
  }

  /// A classifier with a new head of some outputs.
  private String classifier(int outputs) throws IOException {
    var into = Files.createDirectories(folder.resolve("head" + outputs));
    try (var files = Files.list(Golden.path("models/llama"))) {
      for (var file : files.toList()) {
        Files.copy(file, into.resolve(file.getFileName().toString()));
      }
    }
    ObjectNode config = Json.readObject(into.resolve("config.json"));
    config.putArray("architectures").add("LlamaForSequenceClassification");
    var labels = config.putObject("id2label");
    for (int d = 0; d < outputs; d++) {
      labels.put("" + d, "LABEL_" + d);
    }
    Json.write(into.resolve("config.json"), config);
    return into.toString();
  }

  private double[][] outputs(String model, Case one) {
    try (var reader = new RewardReader(model, OptionalInt.empty(), log::add)) {
      return reader.outputs(List.of(one)).getFirst();
    }
  }

  @Test
  void aRewardModelRanksAnswersWhateverStandsBesideThem() {
    var together = of(new RewardModel(reward()), ONE).standing();
    assertThat(together[0]).isEqualTo(together[2]).isNotEqualTo(together[1]);
    assertThat(of(new RewardModel(reward()), Case.of("The sky is", " green, they say.")).standing())
        .containsExactly(new double[] {together[1]}, CLOSE);
    var halved = new RewardModel(reward(), List.of(1.0), 2, Optional.empty());
    assertThat(of(halved, ONE).standing()[0]).isCloseTo(together[0] / 2, CLOSE);
    assertThat(of(new RewardModel(reward()), Case.of("The sky is")).size()).isZero();
    assertThat(log).isEmpty();
  }

  @Test
  void answersThatCannotBeReadAreLeftOutAndTheOthersStand() {
    var judge = new RewardModel(reward(), List.of(1.0), 1, Optional.of(24));
    var one = Case.of("The sky is", " blue.", " blue and ever bluer ".repeat(20), "");
    var standing = of(judge, one).standing();
    assertThat(standing[0]).isCloseTo(of(new RewardModel(reward()), ONE).standing()[0], CLOSE);
    assertThat(standing[1]).isNaN();
    assertThat(standing[2]).as("an empty answer is a text too").isFinite();
    assertThat(log)
        .containsExactly(
            "case:1: 1 of 3 answers have no reward and are left out (longer than max_length)");
  }

  @Test
  void severalObjectivesComeToOneAlongADirection() throws IOException {
    var model = classifier(3);
    var raw = outputs(model, ONE);
    var verdict = of(new RewardModel(model, List.of(1.0, 0.0, -2.0), 1, Optional.empty()), ONE);
    for (int i = 0; i < 3; i++) {
      assertThat(verdict.standing()[i]).isCloseTo(raw[i][0] - 2 * raw[i][2], CLOSE);
      assertThat(java.util.Objects.requireNonNull(verdict.parts().get("objective/2"))[i])
          .isCloseTo(raw[i][1], CLOSE);
    }
    assertThatThrownBy(() -> of(new RewardModel(model), ONE))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("the head has 3 outputs and the judge 1 weights; give one each");
    assertThatThrownBy(() -> of(new RewardModel(Golden.path("models/llama").toString()), ONE))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("has no reward head");
  }

  @Test
  void preferenceVectorsOfAnyEvenLengthAreScored() throws IOException {
    for (int outputs : new int[] {2, 6}) {
      var model = classifier(outputs);
      var raw = outputs(model, ONE);
      var judge = new PreferenceModel(model, 0.1, true, false, Optional.empty());
      var verdict = (Verdict.Scores) of(judge, ONE);
      double expected =
          PreferenceSpace.score(PreferenceSpace.unit(raw[0]), PreferenceSpace.unit(raw[1])) / 0.1;
      assertThat(verdict.table()[0][1]).isCloseTo(expected, CLOSE);
      assertThat(verdict.table()[1][0]).isEqualTo(-verdict.table()[0][1]);
      assertThat(verdict.table()[0][2]).as("equal answers").isCloseTo(0, CLOSE);
    }
    var odd = classifier(3);
    assertThatThrownBy(() -> of(new PreferenceModel(odd, 0.1, true, false, Optional.empty()), ONE))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("has 3 outputs, a preference model has an even number");
  }

  /// The last two of six outputs are the gates of two blocks, read where the prompt ends.
  @Test
  void theEndOfThePromptWeighsTheBlocksOfAGatedModel() throws IOException {
    var model = classifier(6);
    var raw = outputs(model, ONE);
    double[][] vectors = {Arrays.copyOf(raw[0], 4), Arrays.copyOf(raw[1], 4)};
    var judge = new PreferenceModel(model, 0.1, false, true, Optional.empty());
    var verdict = (Verdict.Scores) of(judge, ONE);
    double one = PreferenceSpace.score(vectors[0], vectors[1], 1, 0) / 0.1;
    double other = PreferenceSpace.score(vectors[0], vectors[1], 0, 1) / 0.1;
    double share = (verdict.table()[0][1] - other) / (one - other);
    assertThat(share).as("a share of each block").isBetween(0.01, 0.99).isNotCloseTo(0.5, CLOSE);
    // Answers that begin the same way are weighed alike, since the gate sees the prompt alone.
    var more = Case.of("The sky is", " blue.", " green, they say.", " anything else");
    assertThat(((Verdict.Scores) of(judge, more)).table()[0][1])
        .isCloseTo(verdict.table()[0][1], CLOSE);
    assertThatThrownBy(
            () -> of(new PreferenceModel(classifier(4), 0.1, true, true, Optional.empty()), ONE))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("has 4 outputs, a preference model has three for each block");
    assertThat(PreferenceSpace.gates(Math.log(3), 0)[0]).isCloseTo(0.75, CLOSE);
    assertThat(PreferenceSpace.gates(2000, 1000)).containsExactly(1, 0);
  }

  @Test
  void aModelOfPairsIsReadInBothOrders() {
    var judge = new PairModel(reward(), "{prompt}|{a}|{b}", 1, Optional.empty());
    var verdict = (Verdict.Scores) of(judge, ONE);
    var texts =
        Case.of("", "The sky is| blue.| green, they say.", "The sky is| green, they say.| blue.");
    var raw = outputs(reward(), texts);
    assertThat(verdict.table()[0][1]).isCloseTo((raw[0][0] - raw[1][0]) / 2, CLOSE);
    assertThat(verdict.table()[0][2]).as("equal answers").isCloseTo(0, CLOSE);
  }

  // The published tests of general preference models.

  @Test
  void scoresOfVectorsAreThoseOfThePaper() {
    double[] a = {.6, .8, 0, 0};
    double[] b = {0, .5, .5, Math.sqrt(.5)};
    assertThat(PreferenceSpace.score(a, b)).isCloseTo(0.3, within(1e-12));
    assertThat(PreferenceSpace.score(b, a)).isCloseTo(-0.3, within(1e-12));
    assertThat(PreferenceSpace.score(a, a)).isZero();
    assertThat(PreferenceSpace.score(a, b, .75, .25)).isCloseTo(0.225, within(1e-12));
    assertThat(PreferenceSpace.score(new double[] {2, 1}, new double[] {.5, 1}))
        .as("Bradley and Terry's")
        .isCloseTo(1.5, within(1e-12));
    var circle = new double[3][];
    for (int i = 0; i < 3; i++) {
      circle[i] = new double[] {Math.cos(2 * Math.PI * i / 3), Math.sin(2 * Math.PI * i / 3)};
    }
    var table = PreferenceSpace.scores(circle, 1);
    for (int i = 0; i < 3; i++) {
      assertThat(table[i][(i + 1) % 3]).isCloseTo(0.86602540, within(1e-8));
    }
    var verdict = new Verdict.Scores(table);
    assertThat(verdict.standing())
        .as("nobody stands above the others")
        .containsOnly(new double[] {0}, within(1e-12));
  }

  @Test
  void theFormTurnsVectorsAndKeepsTheirLength() {
    double[] v = {1, 2, -3, 0.5};
    double[] w = {0.3, -1, 2, 2};
    var turned = PreferenceSpace.turned(v);
    double product = 0;
    for (int i = 0; i < 4; i++) {
      product += turned[i] * w[i];
    }
    assertThat(product).as("<R v, w>").isCloseTo(PreferenceSpace.score(v, w), within(1e-12));
    assertThat(Arrays.stream(turned).map(x -> x * x).sum())
        .isCloseTo(Arrays.stream(v).map(x -> x * x).sum(), within(1e-12));
    assertThat(PreferenceSpace.unit(new double[] {3, 4})).containsExactly(.6, .8);
    assertThat(PreferenceSpace.unit(new double[2])).containsOnly(0);
    double before = PreferenceSpace.score(v, w, 1, 0);
    v[2] = 99;
    assertThat(PreferenceSpace.score(v, w, 1, 0)).as("a block gated off").isEqualTo(before);
    assertThatThrownBy(() -> PreferenceSpace.score(new double[3], new double[3]))
        .hasMessageContaining("an even number of places");
    assertThatThrownBy(() -> PreferenceSpace.score(v, w, 1)).hasMessage("1 gates for 2 blocks");
  }

  private static Reward fixed(double... values) {
    return (_, i) -> values[i];
  }

  @Test
  void anEnsembleIsTheMeanTheWorstOrTheCautiousOne() {
    var judges = List.<Judge>of(fixed(1, 5, Double.NaN), fixed(3, -1, 2));
    var one = Case.of("q", "a", "b", "c");
    assertThat(of(new Ensemble(judges, Ensemble.Combination.MEAN, 0), one).standing())
        .containsExactly(2, 2, 2);
    assertThat(of(new Ensemble(judges, Ensemble.Combination.WORST, 0), one).standing())
        .containsExactly(1, -1, 2);
    var cautious = of(new Ensemble(judges, Ensemble.Combination.CAUTIOUS, 0.5), one);
    assertThat(cautious.standing()).containsExactly(1.5, 0.5, 2);
    assertThat(cautious.parts().get("disagreement")).containsExactly(1, 3, 0);
    assertThat(log)
        .as("each member says what it lacks")
        .hasSize(3)
        .allMatch(line -> line.startsWith("case:1: 1 of 3 answers have no reward"));
  }

  @Test
  void contextsAreAveragedByTheirWeights() {
    // Prefers the answer that the context names.
    Judge judge =
        (Reward)
            (one, i) ->
                Case.words(one.prompt()).startsWith("For " + one.answer(i)) ? Math.log(3) : 0;
    var one = Case.of("q", "a", "b").with("context", List.of("a", "b")).with("p", List.of(3, 1));
    var reward =
        new InContext(judge, "context", "p", "For {context}\n", InContext.Aggregation.REWARD);
    assertThat(of(reward, one).standing())
        .containsExactly(new double[] {.75 * Math.log(3), .25 * Math.log(3)}, CLOSE);
    var borda =
        new InContext(judge, "context", "p", "For {context}\n", InContext.Aggregation.BORDA);
    assertThat(of(borda, one).preference()[0][1]).isCloseTo(.75 * .75 + .25 * .25, CLOSE);
    assertThat(java.util.Objects.requireNonNull(of(borda, one).parts().get("disagreement"))[0])
        .isCloseTo(.25 / 2, CLOSE);
    var single = one.with("context", "b").with("p", List.of(1));
    assertThat(of(borda, single).preference()[1][0]).as("one context").isCloseTo(.75, CLOSE);
    assertThat(of(borda, Case.of("q", "a", "b")).preference()[0][1]).as("none").isEqualTo(.5);
    assertThatThrownBy(() -> of(borda, one.with("p", List.of(1))))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("1 weights for 2 contexts");
  }

  @Test
  void theErrorOfTheMarginStaysWithinTheBoundOfThePaper() {
    // p = (.6, .4), P = (.9, .2) against q = (.5, .5), Q = (.8, .3): 0.62 and 0.55, bound 0.2.
    double[][] chances = {{.9, .2}, {.8, .3}};
    double[][] weights = {{.6, .4}, {.5, .5}};
    var means = new double[2];
    for (int m = 0; m < 2; m++) {
      var table = chances[m];
      Judge judge =
          (Reward)
              (one, i) -> {
                double p = Case.words(one.prompt()).startsWith("0") ? table[0] : table[1];
                return i == 0 ? Math.log(p / (1 - p)) : 0;
              };
      var one =
          Case.of("q", "a", "b")
              .with("z", List.of("0", "1"))
              .with("p", List.of(weights[m][0], weights[m][1]));
      means[m] =
          of(new InContext(judge, "z", "p", "{context}", InContext.Aggregation.BORDA), one)
              .preference()[0][1];
    }
    assertThat(means).containsExactly(new double[] {0.62, 0.55}, CLOSE);
    assertThat(Math.abs(means[0] - means[1])).isLessThan(0.2);
  }
}
