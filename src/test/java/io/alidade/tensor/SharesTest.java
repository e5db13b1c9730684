package io.alidade.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/// Work side by side, in turns where it meets.
class SharesTest {
  @Test
  void sharesAddInTheOrderOfTheirContributions() {
    var order = Collections.synchronizedList(new ArrayList<String>());
    var last = new CountDownLatch(1);
    try (var _ = new Step();
        var shares = new Shares(3)) {
      var results =
          shares.each(share -> {
            if (share == 2) {
              last.countDown(); // the last share is there before the first has begun
            } else {
              awaited(last);
            }
            for (int i = 0; i < (share == 1 ? 1 : 2); i++) {
              int contribution = i;
              Shares.inTurn(order, () -> order.add(share + "." + contribution));
            }
            return share * share;
          });
      assertThat(results).containsExactly(0, 1, 4);
    }
    assertThat(order).containsExactly("0.0", "1.0", "2.0", "0.1", "2.1");
  }

  @Test
  void operationsOfAShareUseOneThread() {
    int before = Natives.threads();
    Natives.threads(2);
    try (var _ = new Step();
        var shares = new Shares(2)) {
      assertThat(shares.each(_ -> Natives.threads())).containsExactly(1, 1);
      assertThat(Natives.threads()).isEqualTo(2);
    } finally {
      Natives.threads(before);
    }
  }

  private static void awaited(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aShareThatFailsHoldsNobodyUp() {
    var order = Collections.synchronizedList(new ArrayList<Integer>());
    try (var _ = new Step();
        var shares = new Shares(3)) {
      assertThatThrownBy(() ->
              shares.each(share -> {
                if (share == 0) {
                  throw new IllegalArgumentException("the first");
                }
                Shares.inTurn(order, () -> order.add(share));
                return share;
              }))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the first");
      assertThat(order).containsExactly(1, 2);
      assertThat(shares.each(share -> share)).isEqualTo(List.of(0, 1, 2));
    }
  }

  @Test
  void sharesReadWhatTheOthersHaveComputed() {
    try (var _ = new Step();
        var shares = new Shares(3)) {
      var joined =
          shares.each(share -> {
            var own = Ops.doubles(new double[] {share, 10 * share}, 2);
            var all = Shares.joined(List.of(own, Ops.times(own, 2)));
            return Ops.toDoubles(Ops.concatenate(all, 0));
          });
      for (var all : joined) {
        assertThat(all).containsExactly(0, 0, 1, 10, 2, 20, 0, 0, 2, 20, 4, 40);
      }
      var sums =
          shares.each(share -> {
            var own = Ops.doubles(new double[] {share, 1, 100 + share}, 3);
            return Ops.toDoubles(Shares.sum(own, share, 1));
          });
      assertThat(sums.get(0)).containsExactly(3);
      assertThat(sums.get(1)).containsExactly(3);
      assertThat(sums.get(2)).containsExactly(303);
      var alone = Ops.doubles(new double[] {1, 2, 3}, 3);
      assertThat(Shares.joined(List.of(alone))).containsExactly(alone);
      assertThat(Ops.toDoubles(Shares.sum(alone, 1, 2))).containsExactly(2, 3);
    }
  }

  @Test
  void aShareThatFailsBeforeAMeetingFailsTheRestWithItsOwnError() {
    try (var _ = new Step();
        var shares = new Shares(3)) {
      assertThatThrownBy(() ->
              shares.each(share -> {
                if (share == 1) {
                  throw new IllegalArgumentException("the second");
                }
                return Shares.joined(List.of(Ops.doubles(new double[] {share}, 1))).size();
              }))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the second");
      assertThat(shares.each(share -> share)).isEqualTo(List.of(0, 1, 2));
    }
  }

  @Test
  void whatOneCallMakesTheNextMayUse() {
    long objects = Step.liveObjects();
    try (var _ = new Step()) {
      var shares = new Shares(2);
      var made = shares.each(share -> Ops.doubles(new double[] {share}, 1));
      assertThat(shares.each(share -> Ops.number(made.get(1 - share)))).containsExactly(1.0, 0.0);
    } // ends them
    assertThat(Step.liveObjects()).isLessThanOrEqualTo(objects);
  }

  @Test
  void aStepMustBeOpen() {
    assertThatThrownBy(() -> new Shares(2)).isInstanceOf(IllegalStateException.class);
  }
}
