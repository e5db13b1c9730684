package io.alidade.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class ReorderedTest {
  private static final long[][] SHAPES = {{96, 640}, {576, 64}, {3, 32}, {32, 5}, {1, 1}};

  private static void check(Function<Tensor, Reordered> order) {
    int before = Natives.threads();
    try (var _ = new Step()) {
      var random = new Rng(3);
      for (var shape : SHAPES) {
        var weight = random.normal(shape).to(ScalarType.Float);
        var x = random.normal(41, shape[1]).to(ScalarType.Float);
        try (var copy = order.apply(weight)) {
          var exact = x.to(ScalarType.Double).matmul(weight.to(ScalarType.Double).t());
          Natives.threads(1);
          var all = copy.times(x);
          assertTrue(Ops.number(all.sub(exact).abs_().max()) < 1e-4);
          for (int threads : new int[] {1, 2}) {
            Natives.threads(threads);
            for (int rows : new int[] {1, 3, 8, 9, 40}) {
              // Rows of the middle, as they lie, and columns that do not lie side by side.
              var some = x.narrow(0, 41 - rows, rows);
              assertTrue(copy.times(some).equal(all.narrow(0, 41 - rows, rows)));
              var apart = some.t().contiguous().t();
              assertTrue(copy.times(apart).equal(all.narrow(0, 41 - rows, rows)));
            }
          }
          assertEquals(4L * shape[0] * shape[1], copy.bytes());
        }
      }
    } finally {
      Natives.threads(before);
    }
  }

  private static Tensor contiguous(Tensor weight) {
    return weight.contiguous();
  }

  @Test
  void rowsInOpenBlasOrderHaveTheSameBitsInAnyCompanyAndOnAnyThreads() {
    Natives.load();
    Assumptions.assumeTrue(Panels.here());
    check(weight -> Panels.of(weight));
    check(weight -> Panels.of(contiguous(weight.t()).t())); // a transposed view is copied first
  }

  @Test
  void theOrderInUseMultipliesAsTheGeneralProductDoes() {
    Natives.load();
    Assumptions.assumeTrue(Reordered.alike());
    try (var _ = new Step()) {
      for (int rows : List.of(1, 8, 32)) {
        var weight = torch.eye(96);
        var x = new Rng(rows).normal(rows, 96).to(ScalarType.Float);
        try (var copy = Reordered.of(weight)) {
          assertTrue(copy.times(x).equal(x));
        }
      }
    }
  }
}
