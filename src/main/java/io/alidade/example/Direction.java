package io.alidade.example;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// How much each objective shall count: a unit vector in the space of rewards (DPA, Wang et al.
/// 2024, arXiv:2402.18571). The worth of an answer along it is `v . r`.
///
/// @param components one an objective; of length 1
public record Direction(List<Double> components) {
  /// Checks the length.
  public Direction {
    components = List.copyOf(components);
    double squares = components.stream().mapToDouble(v -> v * v).sum();
    if (components.isEmpty() || !(Math.abs(squares - 1) < 1e-9)) {
      throw new IllegalArgumentException(
          "a direction has length 1, this one %s (%s)".formatted(Math.sqrt(squares), components));
    }
  }

  /// `(cos theta, sin theta)`: at 0 the first objective alone, at 90 the second.
  ///
  /// @param theta degrees
  public static Direction degrees(double theta) {
    double radians = Math.toRadians(theta);
    return of(Math.cos(radians), Math.sin(radians));
  }

  /// The direction of some weights.
  ///
  /// @param weights finite, not all 0
  public static Direction of(double... weights) {
    double length = Math.sqrt(Arrays.stream(weights).map(w -> w * w).sum());
    if (!(length > 0) || Double.isInfinite(length)) {
      throw new IllegalArgumentException(
          "a direction needs finite weights that are not all 0, was " + Arrays.toString(weights));
    }
    return new Direction(Arrays.stream(weights).map(w -> w / length).boxed().toList());
  }

  /// The angle of two objectives, degrees from -180 to 180.
  public double degrees() {
    return Math.toDegrees(Math.atan2(components.get(1), components.get(0)));
  }

  /// `v . r`, the worth of an answer.
  ///
  /// @param rewards one an objective
  public double project(double... rewards) {
    if (rewards.length != components.size()) {
      throw new IllegalArgumentException(
          "%d rewards along a direction of %d objectives"
              .formatted(rewards.length, components.size()));
    }
    double sum = 0;
    for (int i = 0; i < rewards.length; i++) {
      sum += components.get(i) * rewards[i];
    }
    return sum;
  }

  /// The cosine of the angle between two directions.
  public double cosine(Direction other) {
    return project(other.components.stream().mapToDouble(v -> v).toArray());
  }

  /// What stands in a prompt: each component in hundredths, rounded.
  public int[] percent() {
    return components.stream().mapToInt(v -> (int) Math.round(100 * v)).toArray();
  }

  /// The percentages as a model reads them, `helpfulness*87+verbosity*50`.
  ///
  /// @param objectives their names
  public String words(List<String> objectives) {
    int[] percent = percent();
    if (objectives.size() != percent.length) {
      throw new IllegalArgumentException(
          "%d names of objectives for %d components".formatted(objectives.size(), percent.length));
    }
    return IntStream.range(0, percent.length)
        .mapToObj(i -> String.format(Locale.ROOT, "%s*%d", objectives.get(i), percent[i]))
        .collect(Collectors.joining("+"));
  }
}
