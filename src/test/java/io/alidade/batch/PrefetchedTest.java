package io.alidade.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.example.Example;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class PrefetchedTest {
  private final Map<Integer, Thread> readers = new ConcurrentHashMap<>();
  private final CountDownLatch open = new CountDownLatch(1);

  /// Ten groups; the seventh is bad, the ninth waits.
  private final Groups groups =
      new Groups() {
        @Override
        public int count() {
          return 10;
        }

        @Override
        public Group group(int index) {
          readers.put(index, Thread.currentThread());
          if (index == 6) {
            throw new UserException("rows.jsonl:7: bad");
          }
          if (index == 8) {
            try {
              open.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          }
          return new Group(
              new Example.Row("rows.jsonl", index + 1L),
              new int[] {index},
              List.of(Completion.of(index)),
              Map.of());
        }
      };

  @Test
  void whatIsAskedForNextIsReadByAnotherThreadAndTheSame() {
    try (var prefetched = new Prefetched(groups)) {
      assertThat(prefetched.group(1).row().number()).isEqualTo(2);
      assertThat(readers.get(1)).isSameAs(Thread.currentThread());
      prefetched.ahead(4, 2);
      for (int index : new int[] {4, 2}) {
        assertThat(prefetched.group(index))
            .usingRecursiveComparison()
            .isEqualTo(groups.group(index));
      }
      readers.clear();
      prefetched.ahead(3, 5);
      assertThat(prefetched.group(5).prompt()).containsExactly(5);
      assertThat(readers.get(5)).matches(thread -> thread != null && thread.isVirtual());
      assertThat(readers.get(3)).isSameAs(readers.get(5));
      assertThat(prefetched.group(9).prompt()).containsExactly(9);
      assertThat(readers.get(9)).isSameAs(Thread.currentThread());
    }
  }

  @Test
  void nobodyWaitsForOthersThanTheOneAskedFor() {
    try (var prefetched = new Prefetched(groups)) {
      prefetched.ahead(8);
      assertThat(prefetched.group(0).prompt()).containsExactly(0);
      open.countDown();
      assertThat(prefetched.group(8).prompt()).containsExactly(8);
    }
  }

  @Test
  void aBadRowIsNamedWhenItIsAskedFor() {
    try (var prefetched = new Prefetched(groups)) {
      prefetched.ahead(5, 6, 7);
      assertThat(prefetched.group(5).prompt()).containsExactly(5);
      assertThatThrownBy(() -> prefetched.group(6))
          .isInstanceOf(UserException.class)
          .hasMessage("rows.jsonl:7: bad");
      assertThat(prefetched.group(7).prompt()).containsExactly(7);
    }
  }
}
