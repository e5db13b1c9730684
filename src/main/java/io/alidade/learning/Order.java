package io.alidade.learning;

import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.batch.Shuffle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;

/// Which groups each step sees: a function of the seed and the step's number alone, so that a run
/// can go on anywhere.
///
/// An epoch is cut into passes of `perDeviceTrainBatchSize` groups and steps of
/// `gradientAccumulationSteps` passes. The last pass of an epoch may hold fewer groups, its last
/// step fewer passes.
final class Order {
  private final Groups groups;
  private final Settings settings;
  private final long salt;
  private int[] permutation = {};
  private long permuted = -1;

  /// @param salt makes the orders of equal seeds differ; 0 for the first part of a run
  Order(Groups groups, Settings settings, long salt) {
    this.groups = groups;
    this.settings = settings;
    this.salt = salt;
  }

  /// Whether there is nothing to visit.
  boolean empty() {
    return groups.count() == 0;
  }

  /// Some groups, chosen at random, each at most once.
  List<Group> sample(int count, long seed) {
    var places = new ArrayList<>(IntStream.range(0, groups.count()).boxed().toList());
    Collections.shuffle(places, new Random(seed));
    return places.stream().limit(count).map(groups::group).toList();
  }

  long stepsPerEpoch() {
    long passes = ceil(groups.count(), settings.perDeviceTrainBatchSize());
    return ceil(passes, settings.gradientAccumulationSteps());
  }

  double epoch(long step) {
    return (double) step / stepsPerEpoch();
  }

  /// The passes of a step, from 0.
  List<Batch> step(long step) {
    int[] indices = indices(step);
    int size = settings.perDeviceTrainBatchSize();
    var passes = new ArrayList<Batch>();
    for (int at = 0; at < indices.length; at += size) {
      var members = new ArrayList<Group>();
      for (int i = at; i < Math.min(indices.length, at + size); i++) {
        members.add(groups.group(indices[i]));
      }
      passes.add(new Batch(members));
    }
    return passes;
  }

  /// Has the groups of a step fetched meanwhile.
  void ahead(long step) {
    groups.ahead(indices(step));
  }

  private int[] indices(long step) {
    int most = settings.perDeviceTrainBatchSize() * settings.gradientAccumulationSteps();
    int first = (int) ((step % stepsPerEpoch()) * most);
    return Arrays.copyOfRange(
        order(step / stepsPerEpoch()), first, (int) Math.min(groups.count(), (long) first + most));
  }

  private int[] order(long epoch) {
    if (permuted != epoch) {
      permutation = IntStream.range(0, groups.count()).toArray();
      if (settings.shuffle()) {
        Shuffle.of(permutation, generator(settings.seed(), epoch, salt)::nextInt);
      }
      permuted = epoch;
    }
    return permutation;
  }

  private static RandomGenerator generator(long seed, long epoch, long salt) {
    // Large odd constants keep the streams of neighbouring seeds, epochs and parts apart.
    return RandomGeneratorFactory.of("L64X128MixRandom")
        .create(
            seed * 0x9E3779B97F4A7C15L
                + epoch * 0xD1B54A32D192ED03L
                + salt * 0x8CB92BA72F3D8DD7L
                + 1);
  }

  private static long ceil(long count, long size) {
    return (count + size - 1) / size;
  }
}
