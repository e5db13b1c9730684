package io.alidade.generation;

import io.alidade.Check;
import io.alidade.example.Direction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Directions near the one that was asked for, under which a model may be more reliable (RPS, Mao
/// et al. 2025, arXiv:2510.20498): `{v_i : angle(v_i, v*) <= theta_max, i = 1 ... k}`.
///
/// Of two objectives the angle is `theta* + delta`, `delta` uniform within the radius to both
/// sides; of more, `cos(delta) v* + sin(delta) u` with `u` a random unit vector at right angles to
/// `v*`. A radius of 0 gives the direction itself, k times: best of k.
///
/// @param count k, at least 1
/// @param thetaMax radius, degrees, from 0 to 90
/// @param includeTarget whether the first is the direction itself; costs no more
/// @param clamp degrees to both sides of the first objective that a model of two objectives was
///   trained on; angles beyond are moved to the edge
/// @param inward of two objectives, whether neighbours lie on the side of the first objective
///   alone, where the model was trained
/// @param even of two objectives, whether each neighbour is drawn from a part of the range of its
///   own, so that they are spread evenly
public record Neighborhood(
    int count,
    double thetaMax,
    boolean includeTarget,
    Optional<Double> clamp,
    boolean inward,
    boolean even) {
  /// Neighbours to both sides, drawn independently.
  public Neighborhood(int count, double thetaMax, boolean includeTarget, Optional<Double> clamp) {
    this(count, thetaMax, includeTarget, clamp, false, false);
  }

  /// Checks the ranges.
  public Neighborhood {
    Check.atLeast("k", 1, count);
    Check.between("theta_max", 0, 90, thetaMax);
    clamp.ifPresent(edge -> Check.between("clamp", 0, 180, edge));
  }

  /// The k directions.
  public List<Direction> around(Direction target, RandomGenerator random) {
    int objectives = target.components().size();
    if ((clamp.isPresent() || inward || even) && objectives != 2) {
      throw new IllegalArgumentException(
          "clamp, inward and even are about an angle between two objectives, there are "
              + objectives);
    }
    var near = new ArrayList<Direction>();
    for (int i = 0; i < count; i++) {
      near.add(
          includeTarget && i == 0
              ? clamped(target)
              : objectives == 2 ? plane(target, i, random) : space(target, random));
    }
    return near;
  }

  private Direction plane(Direction target, int number, RandomGenerator random) {
    double side = inward ? -Math.signum(target.degrees()) : 1;
    double first = inward ? 0 : -thetaMax;
    double width = (thetaMax - first) / (even ? count : 1);
    double delta =
        thetaMax == 0
            ? 0
            : side * (first + (even ? number : 0) * width + random.nextDouble(0, width));
    return delta == 0 ? clamped(target) : clamped(Direction.degrees(target.degrees() + delta));
  }

  private Direction clamped(Direction direction) {
    if (clamp.isEmpty()) {
      return direction;
    }
    double edge = clamp.get();
    double angle = direction.degrees();
    return Math.abs(angle) <= edge ? direction : Direction.degrees(Math.clamp(angle, -edge, edge));
  }

  private Direction space(Direction target, RandomGenerator random) {
    if (target.components().size() == 1 || thetaMax == 0) {
      return target;
    }
    var v = target.components().stream().mapToDouble(x -> x).toArray();
    var u = new double[v.length];
    double along = 0;
    for (int i = 0; i < u.length; i++) {
      u[i] = random.nextGaussian();
      along += u[i] * v[i];
    }
    double squares = 0;
    for (int i = 0; i < u.length; i++) {
      u[i] -= along * v[i];
      squares += u[i] * u[i];
    }
    double delta = Math.toRadians(random.nextDouble(0, thetaMax));
    var near = new double[v.length];
    for (int i = 0; i < u.length; i++) {
      near[i] = Math.cos(delta) * v[i] + Math.sin(delta) * u[i] / Math.sqrt(squares);
    }
    return Direction.of(near);
  }

  /// Which of several answers is best along the direction that was asked for; of equals the one
  /// drawn under the nearest direction, then the first. -1 if none has a finite worth.
  ///
  /// @param target the direction that was asked for, never the one of the draw
  /// @param drawn the direction of each answer
  /// @param rewards `[k][objectives]`
  public static int best(Direction target, List<Direction> drawn, double[][] rewards) {
    int best = -1;
    double most = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < rewards.length; i++) {
      double worth = target.project(rewards[i]);
      boolean nearer =
          best >= 0
              && worth == most
              && drawn.get(i).cosine(target) > drawn.get(best).cosine(target);
      if (Double.isFinite(worth) && (worth > most || nearer)) {
        best = i;
        most = worth;
      }
    }
    return best;
  }
}
