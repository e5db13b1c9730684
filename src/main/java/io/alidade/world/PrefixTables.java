package io.alidade.world;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.model.Scoring;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/// A tree of choices: at each of some steps one of a few actions, with logits and a value of its
/// own for every prefix. A trajectory is right if one action was taken at one step, whatever else
/// was; so all that can be learned is in one place, and the optimum is known. float64.
public final class PrefixTables implements WithoutDropout {
  /// Steps of a trajectory.
  public static final int STEPS = 5;

  /// Actions at each step.
  public static final int ACTIONS = 3;

  /// The step that decides, from 0.
  public static final int DECIDING = 2;

  private static final int RIGHT = 1;
  private static final int PREFIXES = (power(STEPS) - 1) / (ACTIONS - 1);

  private final Owned logits; // [PREFIXES, ACTIONS]
  private final Owned values; // [PREFIXES]

  /// Every action alike, every value 0.
  public PrefixTables() {
    logits = Owned.keep(Grad.leaf(Ops.doubles(new double[PREFIXES * ACTIONS], PREFIXES, ACTIONS)));
    values = Owned.keep(Grad.leaf(Ops.doubles(new double[PREFIXES], PREFIXES)));
  }

  private static int power(int exponent) {
    int power = 1;
    for (int i = 0; i < exponent; i++) {
      power *= ACTIONS;
    }
    return power;
  }

  /// Random trajectories with their labels.
  public static List<Group> trajectories(int count, RandomGenerator random) {
    var groups = new ArrayList<Group>();
    for (int n = 0; n < count; n++) {
      var actions = random.ints(STEPS, 0, ACTIONS).toArray();
      groups.add(
          new Group(
              new Example.Row("trajectories", n + 1L),
              new int[] {0},
              List.of(Completion.of(actions)),
              Map.of(Signal.perGroup("label"), new double[] {actions[DECIDING] == RIGHT ? 1 : 0})));
    }
    return groups;
  }

  /// Random pairs of a right and a wrong trajectory.
  public static List<Group> pairs(List<Group> trajectories, int count, RandomGenerator random) {
    var right = new ArrayList<Completion>();
    var wrong = new ArrayList<Completion>();
    for (var group : trajectories) {
      var one = group.candidates().getFirst();
      (one.tokens()[DECIDING] == RIGHT ? right : wrong).add(one);
    }
    var pairs = new ArrayList<Group>();
    for (int n = 0; n < count; n++) {
      pairs.add(
          new Group(
              new Example.Row("pairs", n + 1L),
              new int[] {0},
              List.of(
                  right.get(random.nextInt(right.size())), wrong.get(random.nextInt(wrong.size()))),
              Map.of()));
    }
    return pairs;
  }

  /// What a policy does over the whole tree.
  ///
  /// @param success probability of a right trajectory
  /// @param divergence from uniform choices, nats a trajectory
  /// @param share of the divergence that is spent at the deciding step
  public record Measured(double success, double divergence, double share) {}

  /// Exactly, over all prefixes.
  public Measured measure() {
    double[] p;
    try (var _ = new Step()) {
      p = Ops.toDoubles(logits.tensor().detach().softmax(1));
    }
    var reach = new double[PREFIXES];
    reach[0] = 1;
    double success = 0;
    double all = 0;
    double deciding = 0;
    int first = 0; // of this step's prefixes
    for (int step = 0, width = 1; step < STEPS; step++, width *= ACTIONS) {
      for (int i = 0; i < width; i++) {
        for (int a = 0; a < ACTIONS; a++) {
          double one = p[(first + i) * ACTIONS + a];
          double spent = one == 0 ? 0 : reach[first + i] * one * Math.log(one * ACTIONS);
          all += spent;
          if (step == DECIDING) {
            deciding += spent;
            success += a == RIGHT ? reach[first + i] * one : 0;
          }
          if (step + 1 < STEPS) {
            reach[first + width + i * ACTIONS + a] = reach[first + i] * one;
          }
        }
      }
      first += width;
    }
    return new Measured(success, all, all == 0 ? 0 : deciding / all);
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    int n = batch.candidates();
    var prefixes = new int[n * STEPS];
    var cells = new int[n * STEPS];
    int at = 0;
    for (var group : batch.groups()) {
      for (var candidate : group.candidates()) {
        int first = 0;
        int place = 0;
        for (int step = 0, width = 1; step < STEPS; step++, width *= ACTIONS) {
          prefixes[at] = first + place;
          cells[at] = (first + place) * ACTIONS + candidate.tokens()[step];
          place = place * ACTIONS + candidate.tokens()[step];
          first += width;
          at++;
        }
      }
    }
    var graphs = new LinkedHashMap<Readout, Tensor>();
    java.util.function.Supplier<Map<Readout, Tensor>> read =
        () -> {
          for (var readout : readouts) {
            graphs.put(
                readout,
                switch (readout) {
                  case LOG_LIKELIHOOD ->
                      logits
                          .tensor()
                          .log_softmax(1)
                          .view(-1)
                          .index_select(0, Ops.indices(cells))
                          .view(n, STEPS);
                  case VALUE ->
                      values.tensor().index_select(0, Ops.indices(prefixes)).view(n, STEPS);
                  case ENTROPY -> {
                    var log = logits.tensor().log_softmax(1);
                    var entropy = log.exp().mul(log).sum(1).neg();
                    yield entropy.index_select(0, Ops.indices(prefixes)).view(n, STEPS);
                  }
                  case MEAN_LOGIT ->
                      logits.tensor().mean(1).index_select(0, Ops.indices(prefixes)).view(n, STEPS);
                  case TOP_ONE -> {
                    var table = logits.tensor();
                    var top = table.ge(table.amax(new long[] {1}, true)).to(table.scalar_type());
                    yield top.view(-1).index_select(0, Ops.indices(cells)).view(n, STEPS);
                  }
                  case COLLISION,
                      LOG_NORMALIZER,
                      LIKELIEST,
                      LIKELIEST_UNITS,
                      RIVAL,
                      DIVERGENCE,
                      HIDDEN,
                      REWARD,
                      PROMPT ->
                      throw new IllegalStateException("no readout " + readout);
                });
          }
          return graphs;
        };
    var _ = differentiable ? Grad.on(read) : Grad.off(read);
    var outputs = new LinkedHashMap<Readout, Tensor>();
    graphs.forEach((readout, graph) -> outputs.put(readout, graph.detach()));
    return new Scoring() {
      @Override
      public Map<Readout, Tensor> outputs() {
        return outputs;
      }

      @Override
      public void backward(Map<Readout, Tensor> gradients) {
        var order = List.copyOf(gradients.keySet());
        Grad.backward(
            order.stream().map(r -> java.util.Objects.requireNonNull(graphs.get(r))).toList(),
            order.stream().map(r -> java.util.Objects.requireNonNull(gradients.get(r))).toList());
      }
    };
  }

  @Override
  public SequencedMap<String, Tensor> trainable() {
    var trainable = new LinkedHashMap<String, Tensor>();
    trainable.put("logits", logits.tensor());
    trainable.put("values", values.tensor());
    return trainable;
  }

  @Override
  public void close() {
    logits.close();
    values.close();
  }
}
