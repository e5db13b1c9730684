package io.alidade.learning;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.batch.Prefetched;
import io.alidade.batch.Readout;
import io.alidade.example.Signal;
import io.alidade.journal.Journal;
import io.alidade.model.Policy;
import io.alidade.model.Scorer;
import io.alidade.model.Trainee;
import io.alidade.objective.Loss;
import io.alidade.objective.Objective;
import io.alidade.reference.Moving;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Phase;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// A model in training, with everything that a loop needs to move it: data, reference, objective,
/// optimizer, the count of steps, and the folder of checkpoints.
///
/// The loops of this package are written in its verbs. A session that was restored from a
/// checkpoint continues with the same bits as one that was never interrupted.
public final class Session implements AutoCloseable {
  /// Before the name of a metric whose sum is kept in the memory.
  private static final String SUM = "sum of ";

  /// In the memory, the largest held-out reward of a policy that was kept.
  private static final String BEST = "best held-out reward";

  private final Objective objective;
  private final Trainee policy;
  private final Optional<Scorer> reference;
  private final Optional<Moving> moving;
  private final Optimizer optimizer;
  private final Schedule schedule;
  private final Settings settings;
  private final Experience experience;
  private final Prefetched given;
  private final Groups train;
  private final Journal journal;
  private final Accumulation accumulation;
  private final Validation validation;
  private final Checkpoints checkpoints;

  private final Map<String, Double> memory = new HashMap<>();
  private final Labels labels = new Labels();
  private final Window window = new Window();
  private Optimizer.Updater updater;
  private Course course;
  private int collected = -1; // the round whose groups are at hand
  private int promptsPerRound;
  private boolean restarts;
  private long done;
  private long tokens;

  /// Assembles a session; nothing is computed yet. The session owns the optimizer's state, and the
  /// caller keeps the rest.
  ///
  /// @param policy what is trained
  /// @param reference what the objective compares it with, where it does
  /// @param experience what it learns from and is measured on
  /// @param folder where checkpoints go
  public Session(
      Objective objective,
      Trainee policy,
      Optional<Scorer> reference,
      Optimizer optimizer,
      Schedule schedule,
      Settings settings,
      Experience experience,
      Path folder,
      Journal journal) {
    this.objective = objective;
    this.policy = policy;
    this.reference = reference;
    this.optimizer = optimizer;
    this.schedule = schedule;
    this.settings = settings;
    this.experience = experience;
    this.journal = journal;
    updater = optimizer.open(policy.trainable());
    moving = reference.flatMap(r -> r instanceof Moving m ? Optional.of(m) : Optional.empty());
    var needs = objective.needs();
    var pass = new Pass(objective, policy, reference, Meter.watched(needs));
    accumulation = new Accumulation(pass, needs, settings.lossAveraging());
    validation = new Validation(pass, needs, settings.perDeviceEvalBatchSize());
    given = new Prefetched(experience.train());
    train = labels.over(given);
    course = Course.whole(train, settings, 1);
    checkpoints = new Checkpoints(folder, settings.saveTotalLimit());
  }

  /// Settles how many steps the run has: the number set for the run, or as many as the epochs take.
  public void plan(int epochs) {
    course = Course.whole(train, settings, epochs);
  }

  /// Settles stages: the rows with the smallest number in a signal first, and so on.
  ///
  /// @param epochs passes over the rows of each stage
  /// @param stage one number a row
  /// @param restarts whether the schedule begins anew with each stage
  public void plan(int epochs, Signal stage, boolean restarts) {
    course = Course.staged(train, settings, epochs, stage);
    this.restarts = restarts;
  }

  /// Settles rounds: each has as many steps as its prompts would give with a group each.
  ///
  /// @param rounds of the run
  /// @param prompts of each round
  /// @param epochs passes over the groups of a round
  /// @param restarts whether the schedule begins anew with each round
  public void plan(int rounds, int prompts, int epochs, boolean restarts) {
    promptsPerRound = prompts;
    this.restarts = restarts;
    long steps = (long) epochs * Math.ceilDiv(prompts, groupsPerStep());
    course = Course.round(train, settings, 0, rounds, steps);
    collected = -1;
  }

  /// Whether steps are left.
  public boolean unfinished() {
    return done < course.total();
  }

  /// Whether the next step is the first one of a stage.
  public boolean beginsStage() {
    return course.begins(done);
  }

  /// Draws and judges what the next step's round learns from, unless it is at hand.
  public void collect() {
    int round = course.number(done);
    if (round == collected) {
      return;
    }
    policy.training(false);
    var fresh = collecting().round(round, promptsPerRound);
    if (course.begins(done)) {
      fresh.metrics().forEach((name, value) -> window.add(name, new Loss.Metric(value, 1)));
    }
    course =
        Course.round(
            labels.over(fresh.groups()), settings, round, course.stages(), course.at(done).steps());
    collected = round;
  }

  private Collector collecting() {
    return experience
        .collector()
        .orElseThrow(() -> new IllegalStateException("this session draws nothing"));
  }

  /// Tells a reference that follows the policy that a new part of the run begins. If that moves the
  /// policy, the optimizer begins anew.
  public void anchor() {
    moving.ifPresent(this::anchored);
    if (moving.filter(Moving::movesPolicy).isPresent()) {
      restart();
    }
    journal.message(
        "stage %d of %d: %,d steps"
            .formatted(course.number(done) + 1, course.stages(), course.at(done).steps()));
  }

  /// Anchors a reference. If that moves the policy and costs more held-out reward than it may, the
  /// move is taken back.
  private void anchored(Moving reference) {
    var tolerance = reference.tolerance();
    if (tolerance.isEmpty() || done == 0) { // before the first round there is nowhere to move
      reference.anchored();
      return;
    }
    double before = reward("reference.Extrapolated.tolerance");
    reference.anchored();
    double after = reward("reference.Extrapolated.tolerance");
    if (!(after >= before - tolerance.get())) { // NaN too
      reference.withdraw();
      say(
          String.format(
              Locale.ROOT,
              "step %,d: momentum would take the held-out reward from %.4g to %.4g; this round goes without it",
              done,
              before,
              after));
    }
  }

  /// Keeps the policy as it is, if its held-out reward is the largest so far.
  public void keepBest() {
    double reward = reward("best");
    double before = memory.getOrDefault(BEST, Double.NEGATIVE_INFINITY);
    if (reward > before) { // not for NaN
      memory.put(BEST, reward);
      try (var _ = new Step()) {
        checkpoints.keepBest(trainee(Policy.class).changeable());
      }
    }
    say(
        String.format(
            Locale.ROOT,
            "step %,d: held-out reward %.4g%s",
            done,
            reward,
            reward > before ? ", the best so far" : ""));
  }

  /// Goes back to the policy that was kept last, if one was.
  public void takeBest() {
    var reward = memory.get(BEST);
    if (reward != null) {
      try (var _ = new Step()) {
        trainee(Policy.class).put(checkpoints.best());
      }
      say(String.format(Locale.ROOT, "took the policy with held-out reward %.4g", reward));
    }
  }

  private double reward(String setting) {
    policy.training(false);
    var reward = collecting().measure().get("eval_reward");
    if (reward == null) {
      throw new UserException(
          setting
              + ": there are no held-out prompts to measure the reward on; set eval_data or eval_fraction");
    }
    return reward;
  }

  /// Forgets the optimizer's state, as at the beginning of a run.
  public void restart() {
    updater.close();
    updater = optimizer.open(policy.trainable());
  }

  /// Takes the next step: gradients over its passes, one update, and whatever is due after it (a
  /// line of metrics, an evaluation, a checkpoint).
  ///
  /// @throws UserException if the loss or the gradient is not finite; the model is left as it was
  ///   before the step
  public void step() {
    var stage = course.at(done);
    double factor =
        restarts
            ? schedule.factor(done - stage.first(), stage.steps())
            : schedule.factor(done, course.total());
    double rate = optimizer.learningRate() * settings.learningRateFactor() * factor;
    if (stage.order().empty()) {
      stepped(rate, List.of());
      return;
    }
    List<Batch> passes;
    try (var _ = Phase.DATA.begin()) {
      passes = stage.passes(done);
    }
    if (done + 1 < course.total()) {
      stage.ahead(done + 1);
    }
    policy.training(true);
    double norm;
    try (var _ = new Step()) {
      Natives.call(() -> accumulation.gradients(passes, memory, labels, this::diverged))
          .forEach((name, metric) -> window.add(name, new Loss.Metric(metric.mean(), 1)));
      try (var _ = Phase.OPTIMIZER.begin()) {
        norm = Natives.call(() -> updater.update(rate));
      }
    }
    if (!Double.isFinite(norm)) {
      throw diverged("gradient norm", norm, passes);
    }
    policy.training(false);
    window.add("grad_norm", new Loss.Metric(norm, 1));
    window
        .latest()
        .forEach((name, value) -> memory.computeIfPresent(SUM + name, (_, sum) -> sum + value));
    stepped(rate, passes);
  }

  /// What is due after a step, or after one for which there was nothing to learn from.
  private void stepped(double rate, List<Batch> passes) {
    done++;
    moving.ifPresent(reference -> reference.stepped(done));
    tokens += Meter.tokens(passes);
    journal.progress("train", done, course.total(), "steps", window.headline());
    if (done % settings.loggingSteps() == 0 || done == course.total()) {
      log(rate);
    }
    if (due(settings.evalSteps()) || done == course.total()) {
      evaluate();
    }
    if (due(settings.saveSteps()) || done == course.total()) {
      save();
    }
  }

  private boolean due(int every) {
    return every > 0 && done % every == 0;
  }

  private UserException diverged(String what, double value, List<Batch> passes) {
    var rows = String.join(", ", passes.stream().map(Batch::rows).toList());
    return new UserException(
        "step %d: the %s is %s on rows %s; lower learning_rate or look at these rows. %s"
            .formatted(
                done + 1,
                what,
                value,
                rows,
                checkpoints
                    .latest()
                    .map(c -> "The last checkpoint stands: " + c)
                    .orElse("No checkpoint was due yet")));
  }

  private void log(double rate) {
    var metrics = window.close();
    metrics.put("learning_rate", rate);
    metrics.put("num_tokens", (double) tokens);
    if (course.stages() > 1) {
      metrics.put("stage", course.number(done - 1) + 1.0);
    }
    journal.log(done, course.epoch(done), metrics);
  }

  /// Measures loss and metrics on the held-out groups, without touching the model.
  public void evaluate() {
    if (experience.held().isPresent()) {
      journal.evaluation(done, course.epoch(done), measure(experience.held().get(), "eval_"));
    } else if (experience.collector().isPresent()) {
      policy.training(false);
      var measured = experience.collector().get().measure();
      if (!measured.isEmpty()) {
        journal.evaluation(done, course.epoch(done), measured);
      }
    }
  }

  /// The loss and metrics of any groups under the model as it is.
  ///
  /// @param prefix put before each name
  public SequencedMap<String, Double> measure(Groups groups, String prefix) {
    policy.training(false);
    return validation.measure(groups, memory, prefix);
  }

  /// Writes a checkpoint of the present state, beside the earlier ones and then renamed; the oldest
  /// beyond the limit are removed.
  public void save() {
    var state =
        new Checkpoints.State(
            done, tokens, memory, labels.state(), window.state(), policy.randomState());
    try (var _ = new Step()) {
      checkpoints.save(state, policy, updater, moving);
    }
  }

  /// Continues from a checkpoint whose weights the policy was opened with.
  ///
  /// @param checkpoint a folder that [Checkpoints#latest()] named
  public void restore(Path checkpoint) {
    try (var _ = new Step()) {
      var state = checkpoints.restore(checkpoint, updater, moving);
      done = state.step();
      tokens = state.tokens();
      memory.putAll(state.memory());
      labels.restore(state.labels());
      window.restore(state.window());
      policy.restoreRandomState(state.randomState());
    }
  }

  /// Steps done.
  public long done() {
    return done;
  }

  /// Steps of the whole run.
  public long total() {
    return course.total();
  }

  /// Groups that a step learns from.
  public int groupsPerStep() {
    return settings.perDeviceTrainBatchSize() * settings.gradientAccumulationSteps();
  }

  /// The number of steps that was set for the run; -1 if none was.
  public long maxSteps() {
    return settings.maxSteps();
  }

  /// How many prompts a loop can draw from.
  public int prompts() {
    return collecting().prompts();
  }

  /// What is trained, for a loop that trains more than a policy.
  ///
  /// @throws IllegalStateException if it is something else
  public <T extends Trainee> T trainee(Class<T> type) {
    if (!type.isInstance(policy)) {
      throw new IllegalStateException(
          "this session trains a %s, not a %s"
              .formatted(policy.getClass().getSimpleName(), type.getSimpleName()));
    }
    return type.cast(policy);
  }

  /// What is minimised, for a loop that needs to know.
  public <T extends Objective> T objective(Class<T> type) {
    return type.cast(objective);
  }

  /// A memory of a stage: some of its groups, chosen at random.
  ///
  /// @param stage from 0
  public List<Group> remembered(int stage, int count) {
    return course.sample(stage, count, settings.seed() + stage);
  }

  /// How many stages the run has.
  public int stages() {
    return course.stages();
  }

  /// Compares other models with the reference of this session.
  Pass pass(Objective other, Scorer model) {
    return new Pass(other, model, reference, EnumSet.noneOf(Readout.class));
  }

  /// Leaves a line in the journal.
  public void say(String line) {
    journal.message(line);
  }

  /// Sums up a metric over the steps from now on; see [#taken].
  public void sum(String metric) {
    memory.putIfAbsent(SUM + metric, 0.0);
  }

  /// The sum of a metric over the steps since it was taken last; it begins anew.
  public double taken(String metric) {
    var sum = memory.put(SUM + metric, 0.0);
    return sum == null ? 0 : sum;
  }

  @Override
  public void close() {
    given.close();
    updater.close();
  }
}
