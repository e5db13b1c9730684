package io.alidade.run;

import io.alidade.batch.Readout;
import io.alidade.data.RowEncoder;
import io.alidade.generation.LanguageModel;
import io.alidade.journal.Journal;
import io.alidade.journal.Provenance;
import io.alidade.journal.RunFolder;
import io.alidade.judge.Sitting;
import io.alidade.learning.Checkpoints;
import io.alidade.learning.Learning;
import io.alidade.learning.Session;
import io.alidade.learning.Settings;
import io.alidade.learning.rounds.Accompanied;
import io.alidade.learning.rounds.Asking;
import io.alidade.learning.rounds.Site;
import io.alidade.model.Head;
import io.alidade.model.MemoryBudget;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.SaveOptions;
import io.alidade.model.Scorer;
import io.alidade.model.Team;
import io.alidade.model.Trainee;
import io.alidade.model.causal.ModelConfig;
import io.alidade.objective.Needs;
import io.alidade.recipe.Plan;
import io.alidade.recipe.Scale;
import io.alidade.recipe.Wiring;
import io.alidade.reference.Reference;
import io.alidade.report.RunReport;
import io.alidade.report.Sample;
import io.alidade.store.Json;
import io.alidade.store.WeightFiles;
import io.alidade.tensor.Natives;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Supplier;

/// Trains a model as a plan says and leaves a run folder: the resolved recipe, provenance, metrics,
/// checkpoints, the model, and a report.
///
/// Everything that is wrong with plan, data or folder is found before a weight is read. A run that
/// was stopped at any moment continues from its last checkpoint, and ends with the bits that it
/// would have had.
public final class TrainingRun {
  /// Prompts whose answers are shown in the report.
  private static final int SHOWN = 6;

  /// New tokens of each sample.
  private static final int SAMPLE_TOKENS = 96;

  /// Bytes of weights below which one thread is fastest.
  private static final long SMALL_MODEL = 8L << 20;

  private TrainingRun() {}

  /// Carries out a plan.
  ///
  /// @param plan what to do; model and data must be set
  /// @param out folder of the run
  /// @param resume whether the folder holds a run that is to be continued
  /// @param cache where likelihoods of references are kept between runs
  /// @param console told what happens, beside the files
  /// @param command the command line, for the provenance; may be empty
  /// @return the folder of the trained model (of the adapter, if one was trained)
  /// @throws io.alidade.UserException if anything that the user can put right is wrong
  public static Path run(
      Plan plan, Path out, boolean resume, Path cache, Journal console, List<String> command) {
    Wiring.check(plan);
    var scale = plan.scale();
    try (var folder = RunFolder.create(out, resume)) {
      try (var inputs = Inputs.open(plan, console)) {
        ModelConfig.read(inputs.model()).note().ifPresent(console::message);
        folder.resolved(plan.yaml()); // from here on the folder holds a run
        int threads = threads(scale, inputs.model());
        Natives.threads(threads);
        folder.provenance(
            new Provenance(
                command, scale.seed(), threads, "cpu", read(scale, inputs), Instant.now()));
        train(plan, folder, cache, inputs, console);
        folder.finished(Instant.now());
        RunReport.write(folder.path());
        return folder.model();
      }
    }
  }

  /// Threads of a pass: what the scale says, else what the environment says, else one for a model
  /// so small that threads spend more time meeting than working, and one a core for others.
  static int threads(Scale scale, Path model) {
    if (scale.threads() > 0) {
      return scale.threads();
    }
    var asked = System.getenv("OMP_NUM_THREADS");
    if (asked != null && asked.matches("[1-9]\\d{0,3}")) {
      return Integer.parseInt(asked);
    }
    try (var weights = WeightFiles.open(model)) {
      long bytes = 0;
      for (var name : weights.names()) {
        bytes += weights.entry(name).size();
      }
      return bytes < SMALL_MODEL ? 1 : Runtime.getRuntime().availableProcessors();
    }
  }

  private static List<Provenance.Input> read(Scale scale, Inputs inputs) {
    var read = new ArrayList<Provenance.Input>();
    read.add(Provenance.Input.of("model", scale.model().orElse(""), inputs.model()));
    read.add(Provenance.Input.of("data", scale.data().orElse(""), inputs.data()));
    inputs
        .evalData()
        .ifPresent(
            path -> read.add(Provenance.Input.of("eval_data", scale.evalData().orElse(""), path)));
    return read;
  }

  private static void train(
      Plan plan, RunFolder folder, Path cache, Inputs inputs, Journal console) {
    var recipe = plan.recipe();
    var scale = plan.scale();
    var head = Wiring.head(recipe);
    var start =
        PolicySpec.frozen(scale.dtype())
            .with(head)
            .seeded(scale.seed())
            .withOutputs(outputs(recipe.objective().needs(), head));
    var latest = new Checkpoints(folder.checkpoints(), scale.saveTotalLimit()).latest();
    try (var policy = open(scale, inputs.model(), start, latest)) {
      Optional<Scorer> reference =
          recipe
              .reference()
              .map(spec ->
                  spec.open(
                      new Reference.Setting(
                          () -> Policy.open(inputs.model(), start),
                          scale.adapter().map(_ -> policy.withoutAdapter()),
                          cache,
                          policy)));
      if (recipe.objective().needs().readouts().contains(Readout.DIVERGENCE)) {
        reference.ifPresent(policy::compareWith);
      }
      var trainee =
          recipe
              .learning()
              .trains(
                  new Learning.Setting(
                      policy,
                      other -> open(scale, inputs.model(), start.with(other), Optional.empty()),
                      latest));
      Supplier<Policy> served = () -> trainee instanceof Team team ? team.served() : policy;
      var samples =
          head == Head.LANGUAGE
              ? inputs
                  .held()
                  .map(held ->
                      new Samples(served, inputs.tokenizer(), held, SAMPLE_TOKENS, scale.seed()))
              : Optional.<Samples>empty();
      long step = latest.map(Checkpoints::step).orElse(0L);
      try (var metrics = folder.metrics(step);
          var sitting = Sittings.open(recipe.learning(), console);
          var session =
              session(
                  plan,
                  folder,
                  inputs,
                  policy,
                  trainee,
                  reference,
                  sitting,
                  new Measured(Journal.of(console, metrics), samples, reference))) {
        latest.ifPresent(session::restore);
        var before = folder.path().resolve("samples-before.json");
        if (latest.isEmpty()) {
          session.evaluate();
          samples.ifPresent(s -> Json.write(before, texts(s.greedy(SHOWN))));
        } else {
          console.message("resumed from " + latest.get());
        }
        recipe.learning().run(session);
        if (trainee instanceof Team team) {
          team.save(folder.path());
        }
        save(served.get(), scale, folder.model());
        RunReport.write(
            folder.path(),
            List.of(),
            samples.map(s -> compared(before, s.greedy(SHOWN))).orElse(List.of()));
      } finally {
        if (trainee != policy) {
          trainee.close();
        }
        reference.ifPresent(Scorer::close);
      }
    }
  }

  private static Session session(
      Plan plan,
      RunFolder folder,
      Inputs inputs,
      Policy policy,
      Trainee trainee,
      Optional<Scorer> reference,
      Sittings sitting,
      Journal journal) {
    var recipe = plan.recipe();
    var scale = plan.scale();
    var accompanied = recipe.learning().accompanied();
    if (accompanied.isPresent()) {
      return new Session(
          recipe.objective(),
          policy,
          reference,
          recipe.optimizer(),
          recipe.schedule(),
          settings(scale),
          new Accompanied(
              site(inputs, policy, folder, scale, journal),
              inputs.train(),
              accompanied.get(),
              recipe.objective().needs().every()),
          inputs.held(),
          folder.checkpoints(),
          journal);
    }
    if (inputs.prompts().isEmpty()) {
      return new Session(
          recipe.objective(),
          trainee,
          reference,
          recipe.optimizer(),
          recipe.schedule(),
          settings(scale),
          inputs.train(),
          inputs.held(),
          folder.checkpoints(),
          journal);
    }
    var needs = recipe.objective().needs();
    return new Session(
        recipe.objective(),
        trainee,
        reference,
        recipe.optimizer(),
        recipe.schedule(),
        settings(scale),
        recipe
            .learning()
            .collects(
                new Asking(
                    site(inputs, policy, folder, scale, journal),
                    inputs.prompts().get().train(),
                    inputs.prompts().get().held(),
                    sitting.sitting().orElseThrow(),
                    needs,
                    new RowEncoder(inputs.tokenizer(), Inputs.encoding(needs, scale)))),
        folder.checkpoints(),
        journal);
  }

  private static Site site(
      Inputs inputs, Policy policy, RunFolder folder, Scale scale, Journal journal) {
    return new Site(
        policy,
        inputs.tokenizer(),
        LanguageModel.ends(inputs.model(), policy.config(), inputs.tokenizer()),
        folder.path().resolve("rounds"),
        scale.seed(),
        scale.shuffle(),
        journal);
  }

  /// The judge of a loop that draws, while the run lasts.
  private record Sittings(Optional<Sitting> sitting) implements AutoCloseable {
    static Sittings open(Learning learning, Journal console) {
      return new Sittings(learning.draws().map(drawing -> drawing.judge().open(console::message)));
    }

    @Override
    public void close() {
      sitting.ifPresent(Sitting::close);
    }
  }

  /// A head of one output may have any width that the checkpoint says, and be refused for it.
  private static int outputs(Needs needs, Head head) {
    return head == Head.REWARD && needs.outputs() > 1 ? needs.outputs() : 0;
  }

  private static Policy open(Scale scale, Path model, PolicySpec start, Optional<Path> latest) {
    var spec =
        new PolicySpec(
            start.precision(),
            start.head(),
            Optional.empty(),
            Optional.empty(),
            true,
            scale.gradientCheckpointing(),
            scale.memory().map(MemoryBudget::of).orElse(MemoryBudget.NONE),
            scale.seed(),
            start.outputs());
    if (scale.adapter().isPresent()) {
      return Policy.open(
          model,
          latest.isPresent()
              ? spec.withAdapter(latest.get())
              : spec.with(scale.adapter().get().spec()));
    }
    return Policy.open(latest.orElse(model), spec);
  }

  private static void save(Policy policy, Scale scale, Path model) {
    if (scale.adapter().isPresent()) {
      policy.saveAdapter(model, scale.model().orElse(""));
    } else {
      policy.save(model, SaveOptions.PLAIN);
    }
  }

  private static Settings settings(Scale scale) {
    return new Settings(
        scale.perDeviceTrainBatchSize(),
        scale.gradientAccumulationSteps(),
        scale.perDeviceEvalBatchSize(),
        scale.maxSteps(),
        scale.learningRateFactor(),
        scale.lossAveraging(),
        scale.shuffle(),
        scale.loggingSteps(),
        scale.evalSteps(),
        scale.saveSteps(),
        scale.saveTotalLimit(),
        scale.seed());
  }

  private static List<Map<String, String>> texts(List<Samples.Said> said) {
    return said.stream().map(s -> Map.of("prompt", s.prompt(), "answer", s.answer())).toList();
  }

  private static List<Sample> compared(Path before, List<Samples.Said> after) {
    var old = Files.exists(before) ? Json.read(before) : null;
    var samples = new ArrayList<Sample>();
    for (int i = 0; i < after.size(); i++) {
      var was = old == null ? "" : old.path(i).path("answer").asString();
      samples.add(new Sample(after.get(i).prompt(), was, after.get(i).answer(), ""));
    }
    return samples;
  }

  /// Adds to each evaluation what only a sampler can measure.
  private record Measured(Journal journal, Optional<Samples> samples, Optional<Scorer> reference)
      implements Journal {
    @Override
    public void log(long step, double epoch, SequencedMap<String, Double> metrics) {
      journal.log(step, epoch, metrics);
    }

    @Override
    public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {
      var all = new LinkedHashMap<>(metrics);
      if (samples.isPresent() && reference.isPresent()) {
        samples.get().divergence(reference.get()).ifPresent(kl -> all.put("eval_kl", kl));
      }
      journal.evaluation(step, epoch, all);
    }

    @Override
    public void message(String line) {
      journal.message(line);
    }

    @Override
    public void progress(
        String what, long done, long total, String unit, SequencedMap<String, Double> shown) {
      journal.progress(what, done, total, unit, shown);
    }

    @Override
    public void close() {
      journal.close();
    }
  }
}
