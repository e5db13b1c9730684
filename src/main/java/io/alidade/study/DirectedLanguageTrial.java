package io.alidade.study;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.constraint.ReverseKl;
import io.alidade.evaluation.Ridge;
import io.alidade.example.Direction;
import io.alidade.example.Example;
import io.alidade.model.Drawn;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import io.alidade.model.SaveOptions;
import io.alidade.objective.Dpo;
import io.alidade.objective.Sft;
import io.alidade.run.RidgeReward;
import io.alidade.world.DirectedStrings;
import io.alidade.world.Lesson;
import io.alidade.world.SmallModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ObjIntConsumer;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Directional preference alignment (DPA, Wang et al. 2024, arXiv:2402.18571) of a small language
/// model on [DirectedStrings], with a reward model of two outputs that is fitted to ratings.
///
/// The model is a GPT-2 of 2 layers, 64 wide, about 0.1 million weights, fine-tuned for 300 steps
/// of 32 answers at 1e-3. The reward model is a ridge regression on its hidden states from 1500
/// rated answers of its own. A round draws 8 answers to each of 192 prompts and takes 30 steps of
/// 32.
final class DirectedLanguageTrial implements AutoCloseable {
  private static final int SAMPLES = 8;
  private static final int BATCH = 32;
  private static final double RATE = 1e-3;
  private static final double NOISE = 0.05; // standard deviation of a rating
  private static final double[] PENALTIES = {1e-4, 1e-3, 1e-2, 1e-1, 1, 1e1, 1e2, 1e3, 1e4};

  private final Bench bench;
  private final double range;
  private final Path begin;
  private final Policy start;
  private final List<Ridge> heads = new ArrayList<>();
  private int lessons;

  /// How a round learns from its answers.
  enum Form {
    /// The best answer along the direction is imitated: rejection sampling.
    BEST,
    /// The best answer against the worst one, by DPO with the start as reference.
    PAIR
  }

  /// Answers to one prompt.
  ///
  /// @param degrees of the direction in the prompt
  record Answered(double degrees, int[] prompt, List<int[]> answers) {}

  /// @param range angles in training go from minus so many degrees to plus so many
  DirectedLanguageTrial(Bench bench, double range) {
    this.bench = bench;
    this.range = range;
    var fresh = bench.scratch().resolve("fresh");
    new SmallModel(
            DirectedStrings.VOCABULARY,
            64,
            2,
            DirectedStrings.PROMPT + DirectedStrings.LONGEST + 1,
            1.0 / 8)
        .write(fresh, bench.seed("weights"));
    begin = bench.scratch().resolve("start");
    int steps = bench.size(300, 10);
    try (var policy = SmallModel.trainable(fresh)) {
      teach(
          policy,
          steps,
          DirectedStrings.demonstrations(BATCH * steps, range, bench.random("demonstrations")));
      policy.save(begin, SaveOptions.PLAIN);
    }
    start = SmallModel.frozen(begin);
    rate();
  }

  private void teach(Policy policy, int steps, List<Group> groups) {
    new Lesson(rate(RATE), BATCH, steps, bench.seed("order " + lessons++), scratch())
        .teach(new Sft(), policy, groups);
  }

  private io.alidade.learning.AdamW rate(double rate) {
    return Lesson.cut(bench.reduced() ? 3 * rate : rate);
  }

  private Path scratch() {
    return bench.scratch().resolve("lessons");
  }

  /// Fits the reward model to rated answers of the start; one in five is set aside.
  private void rate() {
    var random = bench.random("ratings");
    var rated = answered(start, random, bench.size(1500, 160), _ -> Double.NaN, 1, "rated");
    var states = states(rated);
    int aside = states.length / 5;
    for (int objective = 0; objective < 2; objective++) {
      int o = objective;
      var labels =
          rated.stream()
              .mapToDouble(one ->
                  DirectedStrings.rewards(one.prompt, one.answers.getFirst())[o]
                      + NOISE * random.nextGaussian())
              .toArray();
      heads.add(
          Ridge.chosen(
              Arrays.copyOfRange(states, aside, states.length),
              Arrays.copyOfRange(labels, aside, labels.length),
              Arrays.copyOf(states, aside),
              Arrays.copyOf(labels, aside),
              PENALTIES));
    }
  }

  /// The share of the variance of set-aside ratings that the reward model explains.
  double fit(int objective) {
    return heads.get(objective).fit();
  }

  /// What the reward model says of answers, `[answers][2]`.
  double[][] rewards(List<Answered> answered) {
    return Arrays.stream(states(answered))
        .map(state ->
            heads.stream()
                .mapToDouble(head ->
                    IntStream.range(0, state.length)
                        .mapToDouble(i -> head.weights()[i] * state[i])
                        .sum())
                .toArray())
        .toArray(double[][]::new);
  }

  /// Hidden states of the start at the last token of each answer, and a one for the intercept.
  private double[][] states(List<Answered> answered) {
    var groups = new ArrayList<Group>();
    for (var one : answered) {
      // rated without regard to the direction in the prompt
      var plain = one.prompt.clone();
      var straight = DirectedStrings.prompt(0, Direction.degrees(0));
      System.arraycopy(straight, 2, plain, 2, plain.length - 2);
      one.answers.forEach(answer -> groups.add(group(plain, answer)));
    }
    var states = new double[groups.size()][];
    for (int from = 0; from < states.length; from += 256) {
      int to = Math.min(states.length, from + 256);
      var some = RidgeReward.states(start, groups.subList(from, to));
      for (int i = from; i < to; i++) {
        var state = some.get(i - from);
        states[i] = Arrays.copyOf(state, state.length + 1);
        states[i][state.length] = 1;
      }
    }
    return states;
  }

  private static Group group(int[] prompt, int[]... answers) {
    return new Group(
        new Example.Row("directed", 1),
        prompt,
        Arrays.stream(answers).map(Completion::of).toList(),
        Map.of());
  }

  Policy start() {
    return start;
  }

  /// A trainable copy of the start.
  Policy copy() {
    return SmallModel.trainable(begin);
  }

  /// Answers of a policy to random topics.
  ///
  /// @param degrees the angle of a prompt, or NaN for a random one within the range; given a
  ///   uniform number in `[-1, 1)`
  List<Answered> answered(
      Policy policy,
      RandomGenerator random,
      int count,
      DoubleUnaryOperator degrees,
      int samples,
      String purpose) {
    var angles = new double[count];
    var prompts = new ArrayList<int[]>();
    for (int p = 0; p < count; p++) {
      double uniform = random.nextDouble(-1, 1);
      double given = degrees.applyAsDouble(uniform);
      angles[p] = Double.isNaN(given) ? range * uniform : given;
      prompts.add(
          DirectedStrings.prompt(DirectedStrings.topic(random), Direction.degrees(angles[p])));
    }
    return drawn(policy, prompts, angles, samples, purpose);
  }

  /// Answers of a policy to prompts.
  List<Answered> drawn(
      Policy policy, List<int[]> prompts, double[] angles, int samples, String purpose) {
    var drawn = new Drawn[prompts.size()][samples];
    new Generator(
            policy,
            Sampling.plain(DirectedStrings.LONGEST, bench.seed(purpose)),
            Set.of(DirectedStrings.END))
        .sample(prompts, samples, 0, s -> drawn[s.prompt()][s.number()] = s.drawn());
    return IntStream.range(0, prompts.size())
        .mapToObj(p ->
            new Answered(
                angles[p], prompts.get(p), Arrays.stream(drawn[p]).map(Drawn::tokens).toList()))
        .toList();
  }

  /// Teaches a policy to read directions: of four answers of the start to a topic the best along
  /// each of two directions, with that direction in the prompt.
  void warm(Policy policy) {
    var random = bench.random("warm");
    var groups = new ArrayList<Group>();
    var answered = answered(start, random, bench.size(400, 32), _ -> Double.NaN, 4, "warm");
    var rewards = rewards(answered);
    for (int p = 0; p < answered.size(); p++) {
      for (int d = 0; d < 2; d++) {
        var direction = Direction.degrees(random.nextDouble(-range, range));
        int[] order = order(direction, rewards, 4 * p, 4);
        int topic = answered.get(p).prompt[1] - DirectedStrings.prompt(0, direction)[1];
        groups.add(
            group(DirectedStrings.prompt(topic, direction), answered.get(p).answers.get(order[0])));
      }
    }
    teach(policy, Math.ceilDiv(groups.size(), BATCH), groups);
  }

  /// Trains a policy in place.
  ///
  /// @param judged the angle that an answer to a prompt's angle is judged along
  /// @param watch told the policy after each round, from 1
  void rounds(
      Policy policy,
      int rounds,
      Form form,
      String arm,
      DoubleUnaryOperator judged,
      ObjIntConsumer<Policy> watch) {
    var random = bench.random(arm);
    int count = bench.size(192, 32);
    for (int round = 1; round <= rounds; round++) {
      // a tenth of the prompts asks for helpfulness alone, so that this is not forgotten
      var answered =
          answered(
              policy,
              random,
              count,
              u -> u < -0.8 ? 0 : range * (u - 0.1) / 0.9,
              SAMPLES,
              arm + " round " + round);
      var rewards = rewards(answered);
      var groups = new ArrayList<Group>();
      for (int p = 0; p < count; p++) {
        var one = answered.get(p);
        var direction = Direction.degrees(judged.applyAsDouble(one.degrees));
        int[] order = order(direction, rewards, SAMPLES * p, SAMPLES);
        var best = one.answers.get(order[0]);
        groups.add(
            form == Form.BEST
                ? group(one.prompt, best)
                : group(one.prompt, best, one.answers.get(order[SAMPLES - 1])));
      }
      int steps = bench.size(5, 2) * Math.ceilDiv(count, BATCH);
      if (form == Form.BEST) {
        teach(policy, steps, groups);
      } else {
        new Lesson(rate(RATE / 3), BATCH, steps, bench.seed("order " + lessons++), scratch())
            .teach(new Dpo(0.1, new ReverseKl()), policy, start, groups);
      }
      watch.accept(policy, round);
    }
  }

  /// Places of some answers from the best to the worst along a direction.
  private static int[] order(Direction direction, double[][] rewards, int first, int count) {
    return IntStream.range(0, count)
        .boxed()
        .sorted(
            java.util.Comparator.comparingDouble(
                (Integer i) -> -direction.project(rewards[first + i])))
        .mapToInt(i -> i)
        .toArray();
  }

  /// What a policy's answers are truly worth on average when asked for an angle.
  ///
  /// @param worth along the direction
  /// @param quality helpfulness without what length adds to it
  record Worth(double worth, double quality, double helpful, double verbose) {}

  /// Draws answers to fresh topics and measures them.
  Worth worth(Policy policy, double degrees) {
    var direction = Direction.degrees(degrees);
    var answered =
        answered(
            policy, bench.random("held-out"), bench.size(120, 16), _ -> degrees, 1, "held-out");
    double worth = 0;
    double quality = 0;
    double helpful = 0;
    double verbose = 0;
    for (var one : answered) {
      var answer = one.answers.getFirst();
      var rewards = DirectedStrings.rewards(one.prompt, answer);
      worth += direction.project(rewards);
      quality += DirectedStrings.quality(one.prompt, answer);
      helpful += rewards[0];
      verbose += rewards[1];
    }
    double count = answered.size();
    return new Worth(worth / count, quality / count, helpful / count, verbose / count);
  }

  @Override
  public void close() {
    start.close();
  }
}
