package io.alidade.learning;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.example.Signal;
import io.alidade.journal.Journal;
import io.alidade.model.Scorer;
import io.alidade.model.Trainee;
import io.alidade.objective.Loss;
import io.alidade.objective.Needs;
import io.alidade.objective.Objective;
import io.alidade.reference.Moving;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Phase;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// A model in training, with everything that a loop needs to move it: data, reference, objective,
/// optimizer, the count of steps, and the folder of checkpoints.
///
/// The loops of this package are written in its verbs. A session that was restored from a
/// checkpoint continues with the same bits as one that was never interrupted.
public final class Session implements AutoCloseable {
  private static final Groups NOTHING = Groups.of(List.of());

  /// Before the name of a metric whose sum is kept in the memory.
  private static final String SUM = "sum of ";

  private final Objective objective;
  private final Needs needs;
  private final Trainee policy;
  private final Optimizer optimizer;
  private final Schedule schedule;
  private final Settings settings;
  private final Groups train;
  private final Optional<Groups> held;
  private final Journal journal;
  private final Pass pass;
  private final Optional<Scorer> reference;
  private final Optional<Moving> moving;
  private final Checkpoints checkpoints;

  private final Map<String, Double> memory = new HashMap<>();
  private final Map<Signal, Map<String, double[]>> labels = new HashMap<>();
  private final LinkedHashMap<String, Loss.Metric> window = new LinkedHashMap<>();
  private final Map<String, Double> latest = new HashMap<>();
  private Optimizer.Updater updater;
  private Course course;
  private int collected = -1; // the round whose groups are at hand
  private int promptsPerRound;
  private final Optional<Collector> collector;
  private boolean restarts;
  private long done;
  private long tokens;

  /// Assembles a session; nothing is computed yet. The session owns the optimizer's state, and the
  /// caller keeps the rest.
  ///
  /// @param folder where checkpoints go
  public Session(
      Objective objective,
      Trainee policy,
      Optional<Scorer> reference,
      Optimizer optimizer,
      Schedule schedule,
      Settings settings,
      Groups train,
      Optional<Groups> held,
      Path folder,
      Journal journal) {
    this(
        objective,
        policy,
        reference,
        optimizer,
        schedule,
        settings,
        train,
        held,
        Optional.empty(),
        folder,
        journal);
    if (train.count() == 0) {
      throw new UserException("the training data holds no usable row; `data check` tells why");
    }
  }

  /// Assembles a session that learns from what it collects, round by round, and is measured on
  /// groups of the data.
  public Session(
      Objective objective,
      Trainee policy,
      Optional<Scorer> reference,
      Optimizer optimizer,
      Schedule schedule,
      Settings settings,
      Collector collector,
      Optional<Groups> held,
      Path folder,
      Journal journal) {
    this(
        objective,
        policy,
        reference,
        optimizer,
        schedule,
        settings,
        NOTHING,
        held,
        Optional.of(collector),
        folder,
        journal);
  }

  /// Assembles a session that learns from what it collects, round by round.
  public Session(
      Objective objective,
      Trainee policy,
      Optional<Scorer> reference,
      Optimizer optimizer,
      Schedule schedule,
      Settings settings,
      Collector collector,
      Path folder,
      Journal journal) {
    this(
        objective,
        policy,
        reference,
        optimizer,
        schedule,
        settings,
        NOTHING,
        Optional.empty(),
        Optional.of(collector),
        folder,
        journal);
  }

  private Session(
      Objective objective,
      Trainee policy,
      Optional<Scorer> reference,
      Optimizer optimizer,
      Schedule schedule,
      Settings settings,
      Groups train,
      Optional<Groups> held,
      Optional<Collector> collector,
      Path folder,
      Journal journal) {
    this.objective = objective;
    this.needs = objective.needs();
    this.reference = reference;
    this.policy = policy;
    this.optimizer = optimizer;
    this.updater = optimizer.open(policy.trainable());
    this.schedule = schedule;
    this.settings = settings;
    this.train = relabelled(train);
    this.held = held;
    this.collector = collector;
    this.journal = journal;
    this.pass = new Pass(objective, policy, reference, Meter.watched(needs));
    this.moving = reference.flatMap(r -> r instanceof Moving m ? Optional.of(m) : Optional.empty());
    this.course = Course.whole(this.train, settings, 1);
    this.checkpoints = new Checkpoints(folder, settings.saveTotalLimit());
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
    course = Course.round(NOTHING, settings, 0, rounds, steps);
    collected = -1;
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

  private Collector collecting() {
    return collector.orElseThrow(() -> new IllegalStateException("this session draws nothing"));
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
      fresh.metrics().forEach((name, value) -> add(name, new Loss.Metric(value, 1)));
    }
    course =
        Course.round(
            relabelled(fresh.groups()), settings, round, course.stages(), course.at(done).steps());
    collected = round;
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
    return new Pass(
        other, model, reference, java.util.EnumSet.noneOf(io.alidade.batch.Readout.class));
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

  /// Whether steps are left.
  public boolean unfinished() {
    return done < course.total();
  }

  /// Whether the next step is the first one of a stage.
  public boolean beginsStage() {
    return course.begins(done);
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
    double before = reward();
    reference.anchored();
    double after = reward();
    if (!(after >= before - tolerance.get())) { // NaN too
      reference.withdraw();
      say(
          "step %,d: momentum would take the held-out reward from %.4g to %.4g; this round goes without it"
              .formatted(done, before, after));
    }
  }

  private double reward() {
    policy.training(false);
    var reward = collecting().measure().get("eval_reward");
    if (reward == null) {
      throw new UserException(
          "reference.Extrapolated.tolerance: there are no held-out prompts to measure the reward on; set eval_data or eval_fraction");
    }
    return reward;
  }

  /// Forgets the optimizer's state, as at the beginning of a run.
  public void restart() {
    updater.close();
    updater = optimizer.open(policy.trainable());
  }

  /// Steps done.
  public long done() {
    return done;
  }

  /// Steps of the whole run.
  public long total() {
    return course.total();
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
    policy.training(true);
    double norm;
    try (var _ = new Step()) {
      Natives.call(() -> gradients(passes))
          .forEach((name, metric) -> add(name, new Loss.Metric(metric.mean(), 1)));
      try (var _ = Phase.OPTIMIZER.begin()) {
        norm = Natives.call(() -> updater.update(rate));
      }
    }
    if (!Double.isFinite(norm)) {
      throw diverged("gradient norm", norm, passes);
    }
    policy.training(false);
    add("grad_norm", new Loss.Metric(norm, 1));
    latest.forEach((name, value) -> memory.computeIfPresent(SUM + name, (_, sum) -> sum + value));
    stepped(rate, passes);
  }

  /// What is due after a step, or after one for which there was nothing to learn from.
  private void stepped(double rate, List<Batch> passes) {
    done++;
    moving.ifPresent(reference -> reference.stepped(done));
    tokens += Meter.tokens(passes);
    progress();
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

  private SequencedMap<String, Loss.Metric> gradients(List<Batch> passes) {
    var weights = weights(passes);
    var step = new LinkedHashMap<String, Loss.Metric>();
    for (int p = 0; p < passes.size(); p++) {
      try (var _ = new Step()) {
        var batch = passes.get(p);
        var result = pass.differentiate(batch, memory, weights.get(p));
        double loss = 0;
        for (int t = 0; t < result.loss().terms().size(); t++) {
          var term = result.loss().terms().get(t);
          loss += Ops.number(term.sum().detach()) * Pass.share(term, weights.get(p).get(t));
        }
        if (!Double.isFinite(loss)) {
          throw diverged("loss", loss, List.of(batch));
        }
        merge(step, "loss", new Loss.Metric(loss, p == 0 ? 1 : 0));
        boolean whole = settings.lossAveraging() == Settings.Averaging.STEP;
        Meter.of(needs, batch, result)
            .forEach((name, metric) ->
                merge(step, name, whole ? metric : new Loss.Metric(metric.mean(), 1)));
        keep(batch, result.loss());
      }
    }
    return step;
  }

  /// For each pass, what each term of its loss is divided by.
  private List<List<Double>> weights(List<Batch> passes) {
    var own = new ArrayList<List<Double>>();
    for (var batch : passes) {
      try (var _ = new Step()) {
        own.add(pass.weights(batch));
      }
    }
    if (settings.lossAveraging() == Settings.Averaging.MICRO_BATCH) {
      return own.stream()
          .map(terms -> terms.stream().map(weight -> weight * passes.size()).toList())
          .toList();
    }
    var sums = new ArrayList<Double>();
    for (int t = 0; t < own.getFirst().size(); t++) {
      double sum = 0;
      for (var terms : own) {
        sum += terms.get(t);
      }
      sums.add(sum);
    }
    return passes.stream().<List<Double>>map(_ -> sums).toList();
  }

  private void keep(Batch batch, Loss loss) {
    memory.putAll(loss.memory());
    loss.labels()
        .forEach((signal, values) -> {
          int at = 0;
          var rows = labels.computeIfAbsent(signal, _ -> new HashMap<>());
          for (var group : batch.groups()) {
            int length =
                switch (signal.scope()) {
                  case GROUP -> 1;
                  case CANDIDATE -> group.candidates().size();
                  case UNIT -> throw new IllegalStateException("unit signals cannot be relabelled");
                };
            rows.put(group.row().toString(), java.util.Arrays.copyOfRange(values, at, at + length));
            at += length;
          }
        });
  }

  private Groups relabelled(Groups groups) {
    return new Groups() {
      @Override
      public int count() {
        return groups.count();
      }

      @Override
      public Group group(int index) {
        var group = groups.group(index);
        if (labels.isEmpty()) {
          return group;
        }
        var signals = new HashMap<>(group.signals());
        labels.forEach((signal, rows) -> {
          var values = rows.get(group.row().toString());
          if (values != null) {
            signals.put(signal, values);
          }
        });
        return new Group(group.row(), group.prompt(), group.candidates(), signals);
      }
    };
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

  private void add(String name, Loss.Metric metric) {
    merge(window, name, metric);
    latest.put(name, metric.mean());
  }

  private static void merge(Map<String, Loss.Metric> into, String name, Loss.Metric metric) {
    into.merge(name, metric, Loss.Metric::plus);
  }

  private void progress() {
    var headline = new LinkedHashMap<String, Double>();
    for (var name : List.of("loss", "rewards/accuracies", "accuracy", "mean_token_accuracy")) {
      var value = latest.get(name);
      if (value != null) {
        headline.put(name, value);
      }
    }
    journal.progress("train", done, course.total(), "steps", headline);
  }

  private void log(double rate) {
    var metrics = new LinkedHashMap<String, Double>();
    window.forEach((name, metric) -> metrics.put(name, metric.mean()));
    metrics.put("learning_rate", rate);
    metrics.put("num_tokens", (double) tokens);
    if (course.stages() > 1) {
      metrics.put("stage", course.number(done - 1) + 1.0);
    }
    journal.log(done, course.epoch(done), metrics);
    window.clear();
  }

  /// Measures loss and metrics on the held-out groups, without touching the model.
  public void evaluate() {
    if (held.isPresent()) {
      journal.evaluation(done, course.epoch(done), measure(held.get(), "eval_"));
    } else if (collector.isPresent()) {
      policy.training(false);
      var measured = collector.get().measure();
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
    var terms = new ArrayList<Loss.Metric>();
    var sums = new LinkedHashMap<String, Loss.Metric>();
    int size = settings.perDeviceEvalBatchSize();
    for (int at = 0; at < groups.count(); at += size) {
      var members = new ArrayList<Group>();
      for (int i = at; i < Math.min(groups.count(), at + size); i++) {
        members.add(groups.group(i));
      }
      var batch = new Batch(members);
      try (var _ = new Step()) {
        var result = Natives.call(() -> pass.evaluate(batch, memory));
        for (int t = 0; t < result.loss().terms().size(); t++) {
          var term = result.loss().terms().get(t);
          var metric = new Loss.Metric(Ops.number(term.sum()) * term.coefficient(), term.weight());
          if (t < terms.size()) {
            terms.set(t, terms.get(t).plus(metric));
          } else {
            terms.add(metric);
          }
        }
        Meter.of(needs, batch, result).forEach((name, metric) -> merge(sums, name, metric));
      }
    }
    var metrics = new LinkedHashMap<String, Double>();
    metrics.put(prefix + "loss", terms.stream().mapToDouble(Loss.Metric::mean).sum());
    sums.forEach((name, metric) -> metrics.put(prefix + name, metric.mean()));
    return metrics;
  }

  /// Writes a checkpoint of the present state, beside the earlier ones and then renamed; the oldest
  /// beyond the limit are removed.
  public void save() {
    var state = new Checkpoints.State(done, tokens, memory, labels, window, policy.randomState());
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
      labels.putAll(state.labels());
      window.putAll(state.window());
      policy.restoreRandomState(state.randomState());
    }
  }

  @Override
  public void close() {
    updater.close();
  }
}
