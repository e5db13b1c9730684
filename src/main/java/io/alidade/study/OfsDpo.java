package io.alidade.study;

import io.alidade.constraint.ReverseKl;
import io.alidade.learning.AdamW;
import io.alidade.learning.FastSlow;
import io.alidade.learning.Learning;
import io.alidade.learning.Offline;
import io.alidade.learning.Optimizer;
import io.alidade.learning.TwoSpeeds;
import io.alidade.model.FastAndSlow;
import io.alidade.model.Policy;
import io.alidade.model.Trainee;
import io.alidade.objective.FastSlowDpo;
import io.alidade.objective.Objective;
import io.alidade.report.Chart;
import io.alidade.study.Verdict.Part;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import io.alidade.world.TinyModels;
import io.alidade.world.TinyPair;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.DoubleConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/// Whether a chase between a fast and a slow adapter learns a stream of preferences sooner than DPO
/// (OFS-DPO).
public record OfsDpo() implements Study {
  private static final String DPO = "DPO";
  private static final String OFS = "OFS-DPO";
  private static final String ROLES = "roles alone (alpha 0)";
  private static final String LOSS = "loss on a batch before learning it";
  private static final String NORM = "gradient norm, last 50 steps";
  private static final String ACCURACY = "accuracy on new pairs";
  private static final int LAST = 50;
  private static final double RATE = 1e-3;
  private static final double BETA = 0.1;

  @Override
  public List<String> recipes() {
    return List.of("ofs-dpo");
  }

  @Override
  public String claim() {
    return "The leader of a fast-slow pair has a lower loss on each new batch of a stream than DPO at the fast rate, and its gradient does not die out.";
  }

  @Override
  public String criterion() {
    return "In at least 4 of 5 seeds (of 3 seeds in all): OFS-DPO's mean loss over 600 batches of 8 pairs, each before it is learned from, is below DPO's, and its gradient norm over the last 50 steps is above DPO's.";
  }

  @Override
  public String remarks() {
    return """
    Pairs are two answers of the language, each with a share of the prompt's class drawn at random, labelled by Bradley and Terry's model of the gold reward; all arms see the same
    4,800 pairs once, in the same order. beta 0.1, alpha 0.5, rate 0.001 and half of it, roles looked at every 20 steps, Adam, gradients not cut. Gradient norms are those of the leader's
    adapter alone. "Roles alone" is the pair without the chase: two runs of DPO at two rates of which the better one leads.\
    """;
  }

  /// Tells the gradient's norm of some parameters before each update.
  private record Listening(Optimizer of, Supplier<String> prefix, DoubleConsumer told)
      implements Optimizer {
    @Override
    public double learningRate() {
      return of.learningRate();
    }

    @Override
    public double maxGradNorm() {
      return of.maxGradNorm();
    }

    @Override
    public Updater open(SequencedMap<String, Tensor> parameters) {
      var updater = of.open(parameters);
      return new Updater() {
        @Override
        public double update(double learningRate) {
          double squares = 0;
          for (var entry : parameters.entrySet()) {
            if (entry.getKey().startsWith(prefix.get()) && Grad.has(entry.getValue())) {
              try (var _ = new Step()) {
                squares += Ops.number(Grad.gathered(entry.getValue()).square().sum());
              }
            }
          }
          told.accept(Math.sqrt(squares));
          return updater.update(learningRate);
        }

        @Override
        public SequencedMap<String, Tensor> state() {
          return updater.state();
        }

        @Override
        public void restore(Map<String, Tensor> state) {
          updater.restore(state);
        }

        @Override
        public void close() {
          updater.close();
        }
      };
    }
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    try (var world = new AdapterStream(bench)) {
      var stream = AdapterStream.groups(pairs(bench, "stream", bench.size(600, 30) * 8), 0);
      var held = pairs(bench, "held", bench.size(512, 64));
      var adam = new AdamW(RATE, 0.9, 0.999, 1e-8, 0, 1e9);
      var arms = bench.reduced() ? List.of(DPO, OFS) : List.of(DPO, OFS, ROLES);
      for (int a = 0; a < arms.size(); a++) {
        var arm = arms.get(a);
        double share = 0.1 + 0.9 * a / arms.size();
        bench.at(arm, share);
        boolean pair = !arm.equals(DPO);
        Objective objective =
            pair
                ? new FastSlowDpo(BETA, arm.equals(OFS) ? 0.5 : 0)
                : new io.alidade.objective.Dpo(BETA, new ReverseKl());
        Learning learning = pair ? new FastSlow(1, 20) : new Offline(1);
        var losses = new ArrayList<Double>();
        var norms = new ArrayList<Double>();
        var leads = new String[] {pair ? FastAndSlow.FAST : ""};
        Function<Policy, Trainee> makes =
            policy -> pair ? new FastAndSlow(policy, Optional.empty()) : policy;
        world.learn(
            learning,
            objective,
            makes,
            new Listening(pair ? new TwoSpeeds(0.5, adam) : adam, () -> leads[0], norms::add),
            stream,
            new AdapterStream.Arm() {
              @Override
              public void end(Trainee trainee, Policy policy) {
                var served = trainee instanceof FastAndSlow both ? both.leader() : policy;
                trial.note(arm, LOSS, mean(losses));
                trial.note(
                    arm, NORM, mean(norms.subList(Math.max(0, norms.size() - LAST), norms.size())));
                trial.note(arm, ACCURACY, TinyModels.rank(served, world.start(), held).accuracy());
              }

              @Override
              public void at(long step, Trainee trainee, Policy policy) {
                leads[0] =
                    trainee instanceof FastAndSlow both
                        ? both.slowLeads() ? FastAndSlow.SLOW : FastAndSlow.FAST
                        : "";
              }
            },
            (metrics, step) -> {
              var loss = metrics.get(pair ? "fast_slow/leader_loss" : "loss");
              losses.add(java.util.Objects.requireNonNull(loss));
              if (step % LAST == 0) {
                trial.point(
                    arm, (double) step, mean(losses.subList(losses.size() - LAST, losses.size())));
              }
            });
      }
    }
    return trial;
  }

  private static List<TinyPair> pairs(Bench bench, String purpose, int count) {
    var random = bench.random(purpose);
    var pairs = new ArrayList<TinyPair>();
    for (var prompt : TinyModels.prompts(count, random)) {
      var answers = AdapterStream.answers(prompt, random);
      pairs.add(new TinyPair(prompt, answers[0], answers[1]).labelled(random));
    }
    return pairs;
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(v -> v).average().orElse(Double.NaN);
  }

  @Override
  public Verdict judge(Results results) {
    int seeds = results.trials().size();
    int enough = seeds - (seeds >= 5 ? 1 : 0);
    return Verdict.of(
        Part.atLeast(
            "seeds in which OFS-DPO's loss on new batches is below DPO's",
            results.wins(DPO, OFS, LOSS),
            enough),
        Part.atLeast(
            "seeds in which OFS-DPO's last gradients are larger than DPO's",
            results.wins(OFS, DPO, NORM),
            enough));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(
        Part.atLeast("OFS-DPO's gradients over DPO's", reduced.gain(OFS, DPO, NORM), 0));
  }

  @Override
  public List<Chart> figures(Results results) {
    var charts = new ArrayList<>(results.bars());
    charts.add(
        Chart.Lines.of(
            "Loss on new batches, mean of %d steps".formatted(LAST),
            "step",
            "nats",
            results.curves()));
    return charts;
  }
}
