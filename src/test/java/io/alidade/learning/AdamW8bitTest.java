package io.alidade.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeSet;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/// Eight-bit moments against float32 ones.
class AdamW8bitTest {
  private static final AdamW8bit EIGHT = new AdamW8bit(1e-2, 0.9, 0.99, 1e-8, 0.1, 1, 256);
  private static final AdamW FULL = new AdamW(1e-2, 0.9, 0.99, 1e-8, 0.1, 1);

  @Test
  void aCodeIsTheNearestOfTheMap() {
    var random = new Random(1);
    for (var map : List.of(EightBits.SIGNED, EightBits.UNSIGNED)) {
      boolean signed = map == EightBits.SIGNED;
      var values = new TreeSet<Float>();
      for (int code = 0; code < 256; code++) {
        values.add(map.value((byte) code));
        assertThat(map.value(map.code(map.value((byte) code)))).isEqualTo(map.value((byte) code));
      }
      assertThat(values).hasSizeGreaterThanOrEqualTo(255).contains(0f, 1f);
      for (int i = 0; i < 50_000; i++) {
        float magnitude = (float) Math.pow(10, -8 * random.nextDouble());
        float x = signed && random.nextBoolean() ? -magnitude : magnitude;
        var below = values.floor(x);
        var above = values.ceiling(x);
        float distance =
            Math.min(
                below == null ? Float.MAX_VALUE : x - below,
                above == null ? Float.MAX_VALUE : above - x);
        assertThat(Math.abs(map.value(map.code(x)) - x)).as("%s", x).isEqualTo(distance);
      }
    }
  }

  /// Section 2 of the paper: the largest relative error of a decade is that of half a part.
  @Test
  void aBlockKeepsItsLargestNumberAndTheOrderOfTheRest() {
    var numbers = new float[] {3, -1.5f, 0.02f, 0, -3e-6f};
    var codes = new byte[5];
    var read = new float[5];
    float largest = EightBits.SIGNED.write(numbers, 5, codes);
    EightBits.SIGNED.read(codes, 5, largest, read);
    assertThat(largest).isEqualTo(3);
    assertThat(read[0]).isEqualTo(3);
    assertThat(read[1]).isCloseTo(-1.5f, within(3 * 0.9f / 64 / 2));
    assertThat(read[2]).isCloseTo(0.02f, within(3 * 0.9f / 16 / 2 / 100));
    assertThat(read[3]).isZero();
    assertThat(read[4]).isNegative().isCloseTo(-3e-6f, within(2e-6f));
    assertThat(EightBits.UNSIGNED.write(new float[4], 4, codes)).isZero();
  }

  /// Weights after some steps towards noisy targets; `sizes` are of the parameters, by name.
  private static Map<String, float[]> trained(
      Optimizer optimizer, int steps, ScalarType type, long... rows) {
    var weights = new LinkedHashMap<String, Owned>();
    var trained = new LinkedHashMap<String, float[]>();
    try (var _ = new Step();
        var random = new Rng(3)) {
      for (long count : rows) {
        var weight = random.normal(count, 8).to(type).set_requires_grad(true);
        weights.put("w" + count, Owned.keep(weight));
      }
      var open = new LinkedHashMap<String, Tensor>();
      weights.forEach((name, weight) -> open.put(name, weight.tensor()));
      try (var updater = optimizer.open(open)) {
        for (int step = 0; step < steps; step++) {
          try (var _ = new Step()) {
            open.values()
                .forEach(weight -> {
                  var noise = Ops.times(random.normal(Ops.shape(weight)), 0.3).to(type);
                  Grad.add(weight, weight.detach().add(noise));
                });
            assertThat(updater.update(1e-2)).isPositive();
          }
        }
      }
      open.forEach((name, weight) -> trained.put(name, Ops.toFloats(weight)));
    }
    weights.values().forEach(Owned::close);
    return trained;
  }

  private static double distance(
      Map<String, float[]> some, Map<String, float[]> others, String name) {
    var a = Objects.requireNonNull(some.get(name));
    var b = Objects.requireNonNull(others.get(name));
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.pow((double) a[i] - b[i], 2);
    }
    return Math.sqrt(sum / a.length);
  }

  @Test
  void theFirstStepIsThatOfAdamW() {
    var eight = trained(EIGHT, 1, ScalarType.Float, 10, 1000);
    var full = trained(FULL, 1, ScalarType.Float, 10, 1000);
    full.keySet().forEach(name -> assertThat(distance(full, eight, name)).isLessThan(1e-7));
  }

  @Test
  void smallTensorsFollowAdamWAndLargeOnesKeepNearIt() {
    var start = trained(FULL, 0, ScalarType.Float, 10, 1000);
    var eight = trained(EIGHT, 60, ScalarType.Float, 10, 1000);
    var full = trained(FULL, 60, ScalarType.Float, 10, 1000);
    double moved = distance(start, full, "w1000");
    assertThat(moved).isGreaterThan(0.3);
    assertThat(distance(eight, full, "w10")).isLessThan(1e-5);
    assertThat(distance(eight, full, "w1000")).isBetween(1e-6, 0.1 * moved);
  }

  @Test
  void roundedWeightsHaveAMasterCopy() {
    var full = trained(FULL, 40, ScalarType.BFloat16, 1000);
    var eight = trained(EIGHT, 40, ScalarType.BFloat16, 1000);
    var start = trained(FULL, 0, ScalarType.BFloat16, 1000);
    double moved = distance(start, full, "w1000");
    assertThat(distance(eight, full, "w1000")).isLessThan(0.1 * moved);
  }

  @Test
  void bitsDoNotDependOnThreads() {
    int before = Natives.threads();
    var one = trained(EIGHT, 5, ScalarType.Float, 3001);
    Natives.threads(3);
    try {
      assertThat(trained(EIGHT, 5, ScalarType.Float, 3001).get("w3001"))
          .isEqualTo(one.get("w3001"));
    } finally {
      Natives.threads(before);
    }
  }

  @Test
  void aRestoredStateGoesOnWithTheSameBits() {
    try (var _ = new Step();
        var random = new Rng(5)) {
      var weight = random.normal(600, 8).set_requires_grad(true);
      var named = new LinkedHashMap<String, Tensor>();
      named.put("w", weight);
      var gradients = List.of(random.normal(600, 8), random.normal(600, 8), random.normal(600, 8));
      var expected = new float[0];
      var middle = new LinkedHashMap<String, Tensor>();
      Tensor at = weight.detach().clone();
      try (var updater = EIGHT.open(named)) {
        for (int i = 0; i < 3; i++) {
          Grad.add(weight, gradients.get(i).clone());
          updater.update(1e-2);
          if (i == 1) {
            updater.state().forEach((name, tensor) -> middle.put(name, tensor.clone()));
            at = weight.detach().clone();
          }
        }
        expected = Ops.toFloats(weight);
      }
      assertThat(middle.keySet())
          .containsExactly(
              "steps", "w.exp_avg", "w.exp_avg.absmax", "w.exp_avg_sq", "w.exp_avg_sq.absmax");
      assertThat(middle.values().stream().mapToLong(Tensor::nbytes).sum())
          .isLessThan((long) (2.1 * weight.numel()));
      var start = at;
      Grad.off(() -> weight.copy_(start));
      try (var updater = EIGHT.open(named)) {
        updater.restore(middle);
        Grad.add(weight, gradients.get(2).clone());
        updater.update(1e-2);
        assertThat(Ops.toFloats(weight)).isEqualTo(expected);
        middle.remove("w.exp_avg.absmax");
        assertThatThrownBy(() -> updater.restore(middle))
            .isInstanceOf(UserException.class)
            .hasMessageContaining("w.exp_avg.absmax");
      }
    }
  }

  @Test
  void aGradientThatIsNoNumberChangesNothing() {
    try (var _ = new Step();
        var random = new Rng(5)) {
      for (Optimizer optimizer : List.of(EIGHT, FULL)) {
        var weight = random.normal(600, 8).set_requires_grad(true);
        var before = Ops.toFloats(weight);
        var named = new LinkedHashMap<String, Tensor>();
        named.put("w", weight);
        try (var updater = optimizer.open(named)) {
          Grad.add(weight, Ops.times(random.normal(600, 8), Double.NaN));
          assertThat(updater.update(1e-2)).isNaN();
          assertThat(Ops.toFloats(weight)).isEqualTo(before);
        }
        Grad.clear(weight);
      }
    }
  }

  @Test
  void wideWeightsAreRefused() {
    try (var _ = new Step();
        var random = new Rng(5)) {
      var named = new LinkedHashMap<String, Tensor>();
      named.put("w", random.normal(3, 3).to(ScalarType.Double).set_requires_grad(true));
      assertThatThrownBy(() -> EIGHT.open(named))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("use AdamW");
    }
  }
}
