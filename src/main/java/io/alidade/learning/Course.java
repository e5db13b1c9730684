package io.alidade.learning;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.example.Signal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/// The way through a data set: its stages, each with the groups that it visits and its share of the
/// steps. A run without stages has one, of all groups. Like [Order], a function of data, settings
/// and step alone.
final class Course {
  /// A part of a run.
  ///
  /// @param order of its groups
  /// @param first step of the run that belongs to it, from 0
  /// @param steps that it has
  record Stage(Order order, long first, long steps) {
    /// The passes of a step of the run.
    List<Batch> passes(long step) {
      return order.step(step - first);
    }

    /// Has the groups of a step fetched meanwhile, if it belongs to this stage.
    void ahead(long step) {
      if (step < first + steps) {
        order.ahead(step - first);
      }
    }
  }

  private final List<Stage> stages;
  private final int rounds; // 0 where all stages are known
  private final long total;

  private Course(List<Stage> stages, int rounds, long total) {
    this.stages = List.copyOf(stages);
    this.rounds = rounds;
    this.total = total;
  }

  private Course(List<Stage> stages) {
    this(stages, 0, stages.getLast().first() + stages.getLast().steps());
  }

  /// One of several stages of equal length whose groups are not known before they begin.
  ///
  /// @param number of the stage, from 0
  /// @param of how many there are
  /// @param steps of each
  static Course round(Groups groups, Settings settings, int number, int of, long steps) {
    var order = new Order(groups, settings, number);
    long whole = of * steps;
    return new Course(
        List.of(new Stage(order, number * steps, steps)),
        of,
        settings.maxSteps() > 0 ? Math.min(settings.maxSteps(), whole) : whole);
  }

  /// One stage of all groups.
  static Course whole(Groups groups, Settings settings, int epochs) {
    var order = new Order(groups, settings, 0);
    long steps = settings.maxSteps() > 0 ? settings.maxSteps() : epochs * order.stepsPerEpoch();
    return new Course(List.of(new Stage(order, 0, steps)));
  }

  /// A stage for each value of a signal, the smallest first. A number of steps set for the run is
  /// divided evenly among them.
  static Course staged(Groups groups, Settings settings, int epochs, Signal signal) {
    var members = new TreeMap<Double, List<Integer>>();
    for (int i = 0; i < groups.count(); i++) {
      var group = groups.group(i);
      var value = group.signals().get(signal);
      if (value == null) {
        throw new UserException(
            "%s: no column '%s', which learning in stages reads (one number a row); add it, or a strategy"
                    .formatted(group.row(), signal.name())
                + " that yields it (Curriculum)");
      }
      members.computeIfAbsent(value[0], _ -> new ArrayList<>()).add(i);
    }
    var stages = new ArrayList<Stage>();
    long first = 0;
    int number = 0;
    for (var indices : members.values()) {
      var order = new Order(subset(groups, indices), settings, number);
      number++;
      long end =
          settings.maxSteps() > 0
              ? settings.maxSteps() * number / members.size()
              : first + epochs * order.stepsPerEpoch();
      if (end > first) {
        stages.add(new Stage(order, first, end - first));
      }
      first = end;
    }
    return new Course(stages);
  }

  private static Groups subset(Groups groups, List<Integer> indices) {
    int[] members = indices.stream().mapToInt(i -> i).toArray();
    return new Groups() {
      @Override
      public int count() {
        return members.length;
      }

      @Override
      public Group group(int index) {
        return groups.group(members[index]);
      }

      @Override
      public void ahead(int... indices) {
        groups.ahead(Arrays.stream(indices).map(i -> members[i]).toArray());
      }
    };
  }

  /// Some groups of a stage, chosen at random, each at most once: what a reservoir holds at its
  /// end.
  List<Group> sample(int stage, int count, long seed) {
    return stages.get(stage).order().sample(count, seed);
  }

  /// Steps of the whole run.
  long total() {
    return total;
  }

  int stages() {
    return rounds > 0 ? rounds : stages.size();
  }

  /// The number of the stage that a step belongs to, from 0; the last one for steps after it.
  int number(long step) {
    if (rounds > 0) {
      return Math.toIntExact(Math.min(step / stages.getFirst().steps(), rounds - 1));
    }
    int number = 0;
    while (number + 1 < stages.size() && stages.get(number + 1).first() <= step) {
      number++;
    }
    return number;
  }

  /// Whether a step is the first one of its stage.
  boolean begins(long step) {
    return rounds > 0 ? step % stages.getFirst().steps() == 0 : at(step).first() == step;
  }

  /// The stage that a step belongs to; of rounds, the one whose groups are at hand.
  Stage at(long step) {
    return rounds > 0 ? stages.getFirst() : stages.get(number(step));
  }

  /// Passes over the data after some steps, fractional: those of finished stages and of this one.
  double epoch(long step) {
    if (step == 0) {
      return 0;
    }
    if (rounds > 0) {
      return (double) step
          / stages.getFirst().steps(); // nothing is passed over twice: rounds count
    }
    double epochs = 0;
    for (var stage : stages) {
      long within = Math.clamp(step - stage.first(), 0, stage.steps());
      epochs += stage.order().epoch(within);
    }
    return epochs / stages.size();
  }
}
