package io.alidade.data;

import static io.alidade.data.StrategyTest.ranking;
import static io.alidade.data.StrategyTest.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// Circles of preferences, on ratings written down by hand.
class CyclicPairsTest {
  private static final CyclicPairs THREE = new CyclicPairs(List.of("honest", "true", "helpful"));

  private static Example rated(double[]... ratings) {
    var plain = ranking(3, 2, 1, 0);
    var signals = new LinkedHashMap<>(plain.signals());
    for (int a = 0; a < ratings.length; a++) {
      signals.put(Signal.perCandidate(THREE.attributes().get(a)), ratings[a]);
    }
    return new Example(plain.row(), plain.prompt(), plain.candidates(), signals, plain.extras());
  }

  private static List<String> told(List<Example> pairs) {
    return pairs.stream()
        .map(pair ->
            "%s > %s by %s"
                .formatted(
                    text(pair, 0),
                    text(pair, 1),
                    Objects.requireNonNull(pair.signals().get(RankedPairs.GAP))[0]))
        .toList();
  }

  @Test
  void eachPairIsLabelledByItsOwnAttribute() {
    // The third answer is honest, the first tells the truth, the second helps; the last does none.
    var pairs =
        THREE.of(
            rated(new double[] {1, 1, 5, 1}, new double[] {4, 1, 2, 1}, new double[] {1, 3, 2, 0}));
    assertThat(told(pairs))
        .containsExactly(
            "worth 1.0 > worth 3.0 by 4.0",
            "worth 3.0 > worth 2.0 by 3.0",
            "worth 2.0 > worth 1.0 by 1.0");
    assertThat(pairs).extracting(pair -> pair.row().toString()).doesNotHaveDuplicates();
  }

  @Test
  void noCircleIsMadeOfTiesOrOfOneOrder() {
    assertThat(THREE.of(rated(new double[4], new double[4], new double[4]))).isEmpty();
    double[] order = {4, 3, 2, 1};
    assertThat(THREE.of(rated(order, order, order))).isEmpty();
  }

  @Test
  void circlesOfFourAreFoundToo() {
    var four = new CyclicPairs(List.of("honest", "true", "helpful", "brief"));
    var three =
        rated(new double[] {2, 1, 1, 1}, new double[] {1, 2, 1, 1}, new double[] {1, 1, 2, 1});
    var signals = new LinkedHashMap<>(three.signals());
    signals.put(Signal.perCandidate("brief"), new double[] {1, 1, 1, 2});
    var row = new Example(three.row(), three.prompt(), three.candidates(), signals, three.extras());
    assertThat(told(four.of(row)))
        .containsExactly(
            "worth 3.0 > worth 2.0 by 1.0",
            "worth 2.0 > worth 1.0 by 1.0",
            "worth 1.0 > worth 0.0 by 1.0",
            "worth 0.0 > worth 3.0 by 1.0");
  }

  @Test
  void rowsWithoutTheRatingsAreRefusedByName() {
    var given = Strategy.Outline.of("d.jsonl", Form.RANKING, ranking(1, 2));
    assertThatThrownBy(() -> THREE.outline(given))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("d.jsonl")
        .hasMessageContaining("honest");
    assertThatThrownBy(() -> new CyclicPairs(List.of("honest", "true")))
        .hasMessageContaining("at least 3");
    assertThatThrownBy(() -> new CyclicPairs(List.of("a", "b", "a")))
        .hasMessageContaining("must differ");
  }
}
