package io.alidade.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CrewTest {
  private int before;

  @BeforeEach
  void threeThreads() {
    before = Natives.threads();
    Natives.threads(3);
  }

  @AfterEach
  void asBefore() {
    Natives.threads(before);
  }

  private static int[] counts(int parts) {
    var counts = new AtomicIntegerArray(parts);
    Crew.each(parts, counts::incrementAndGet);
    var all = new int[parts];
    Arrays.setAll(all, counts::get);
    return all;
  }

  @Test
  void eachPartIsDoneOnceHoweverManyThereAre() {
    for (int round = 0; round < 300; round++) {
      int parts = round % 7;
      var once = new int[parts];
      Arrays.fill(once, 1);
      assertArrayEquals(once, counts(parts));
    }
  }

  @Test
  void partsOfPartsAreDoneByTheThreadThatHasThem() {
    var count = new AtomicInteger();
    Crew.each(4, _ -> Crew.each(5, _ -> count.incrementAndGet()));
    assertEquals(20, count.get());
  }

  @Test
  void aPartThatFailsFailsTheWholeAndTheOthersAreDone() {
    var count = new AtomicInteger();
    var thrown =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                Crew.each(
                    6,
                    part -> {
                      count.incrementAndGet();
                      if (part == 2) {
                        throw new IllegalArgumentException("part 2");
                      }
                    }));
    assertEquals("part 2", thrown.getMessage());
    assertEquals(6, count.get());
    assertArrayEquals(new int[] {1, 1, 1}, counts(3));
  }

  @Test
  void theNumberOfThreadsIsAsItWas() {
    Crew.each(4, _ -> {});
    assertEquals(3, Natives.threads());
  }

  @Test
  void operationsOfAPartUseOneThread() {
    var seen = new int[8];
    Crew.each(8, part -> seen[part] = Natives.threads());
    for (int threads : seen) {
      assertEquals(1, threads);
    }
  }
}
