package io.alidade.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.example.Example;
import io.alidade.example.Signal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BatchTest {
  /// A group of one candidate, of which the model reads so many tokens.
  private static Group group(int number, int tokens) {
    return new Group(
        new Example.Row("rows", number),
        new int[] {1},
        List.of(Completion.of(new int[tokens - 1])),
        Map.of());
  }

  private static Batch reading(int... tokens) {
    var groups = new ArrayList<Group>();
    for (int g = 0; g < tokens.length; g++) {
      groups.add(group(g + 1, tokens[g]));
    }
    return new Batch(groups);
  }

  /// What each part reads, group by group.
  private static List<List<Integer>> work(List<Batch> parts) {
    return parts.stream()
        .map(part -> part.groups().stream().map(Group::distinctTokens).toList())
        .toList();
  }

  @Test
  void partsEndNearestToEqualShares() {
    assertThat(work(reading(5, 5, 5, 5).parts(2))).containsExactly(List.of(5, 5), List.of(5, 5));
    assertThat(work(reading(5, 5, 5, 5).parts(3)))
        .containsExactly(List.of(5), List.of(5, 5), List.of(5));
    assertThat(work(reading(8, 2, 2, 2, 2).parts(2)))
        .containsExactly(List.of(8), List.of(2, 2, 2, 2));
    assertThat(work(reading(2, 2, 2, 2, 8).parts(2)))
        .containsExactly(List.of(2, 2, 2, 2), List.of(8));
  }

  @Test
  void noPartIsWithoutGroupsHoweverLongTheLastOneIs() {
    assertThat(work(reading(2, 2, 90).parts(3)))
        .containsExactly(List.of(2), List.of(2), List.of(90));
    assertThat(work(reading(90, 2, 2).parts(3)))
        .containsExactly(List.of(90), List.of(2), List.of(2));
    assertThat(work(reading(7).parts(4))).containsExactly(List.of(7));
    assertThat(work(reading(3, 4).parts(1))).containsExactly(List.of(3, 4));
  }

  @Test
  void partsAreAllGroupsInOrderAndNoneReadsMuchMoreThanItsShare() {
    var random = new Random(1);
    for (int trial = 0; trial < 2000; trial++) {
      int[] tokens = random.ints(1 + random.nextInt(12), 2, 60).toArray();
      var batch = reading(tokens);
      int most = 1 + random.nextInt(8);
      var parts = batch.parts(most);
      assertThat(parts).hasSize(Math.min(most, tokens.length));
      assertThat(parts.stream().flatMap(part -> part.groups().stream()))
          .containsExactlyElementsOf(batch.groups());
      long all = batch.groups().stream().mapToLong(Group::distinctTokens).sum();
      int longest = batch.groups().stream().mapToInt(Group::distinctTokens).max().orElseThrow();
      for (var part : parts) {
        long share = part.groups().stream().mapToLong(Group::distinctTokens).sum();
        assertThat(share).isLessThanOrEqualTo(all / parts.size() + longest);
      }
    }
  }

  @Test
  void signalsAndMasksAreLaidOutByTheLongestCandidate() {
    var row = Signal.perGroup("margin");
    var each = Signal.perCandidate("score");
    var unit = Signal.perUnit("weight");
    var group =
        new Group(
            new Example.Row("rows", 1),
            new int[] {1, 2},
            List.of(Completion.of(new int[] {3}), Completion.of(new int[] {4, 5})),
            Map.of(
                row, new double[] {7},
                each, new double[] {1, 2},
                unit, new double[] {0.1, 0.2, 0.3}));
    var lone =
        new Group(
            new Example.Row("rows", 2),
            new int[] {1},
            List.of(Completion.of(new int[] {6, 7, 8})),
            Map.of(
                row, new double[] {9},
                each, new double[] {3},
                unit, new double[] {0.4, 0.5, 0.6}));
    var batch = new Batch(List.of(group, lone));
    assertThat(batch.candidates()).isEqualTo(3);
    assertThat(batch.units()).isEqualTo(3);
    assertThat(batch.signal(row)).containsExactly(7, 9);
    assertThat(batch.signal(each)).containsExactly(1, 2, 3);
    assertThat(batch.signal(unit)).containsExactly(0.1, 0, 0, 0.2, 0.3, 0, 0.4, 0.5, 0.6);
    assertThat(batch.mask()).containsExactly(1, 0, 0, 1, 1, 0, 1, 1, 1);
    assertThat(batch.rows()).isEqualTo("rows:1, rows:2");
    assertThatThrownBy(() -> batch.signal(Signal.perGroup("rate")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("rows:1: no signal 'rate'; the row or a strategy must provide it");
  }

  @Test
  void aBatchHasGroups() {
    assertThatThrownBy(() -> new Batch(List.of())).isInstanceOf(IllegalArgumentException.class);
  }
}
