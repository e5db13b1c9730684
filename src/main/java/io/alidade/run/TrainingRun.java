package io.alidade.run;

import io.alidade.batch.Readout;
import io.alidade.journal.Journal;
import io.alidade.journal.Provenance;
import io.alidade.journal.RunFolder;
import io.alidade.learning.Checkpoints;
import io.alidade.learning.Learning;
import io.alidade.learning.Session;
import io.alidade.learning.Settings;
import io.alidade.model.Head;
import io.alidade.model.MemoryBudget;
import io.alidade.model.Policy;
import io.alidade.model.Scorer;
import io.alidade.model.Team;
import io.alidade.model.Trainee;
import io.alidade.model.causal.ModelConfig;
import io.alidade.recipe.Plan;
import io.alidade.recipe.Scale;
import io.alidade.recipe.Wiring;
import io.alidade.reference.Reference;
import io.alidade.report.RunReport;
import io.alidade.report.Sample;
import io.alidade.store.Json;
import io.alidade.tensor.NativeMemory;
import io.alidade.tensor.Natives;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

  private TrainingRun() {}

  /// Carries out a plan.
  ///
  /// @param plan what to do; model and data must be set
  /// @param out folder of the run
  /// @param resume whether the folder holds a run that is to be continued
  /// @param cache where likelihoods of references and ids of rows are kept between runs
  /// @param console told what happens, beside the files
  /// @param command the command line, for the provenance; may be empty
  /// @return the folder of the trained model (of the adapter, if one was trained)
  /// @throws io.alidade.UserException if anything that the user can put right is wrong
  public static Path run(
      Plan plan, Path out, boolean resume, Path cache, Journal console, List<String> command) {
    Wiring.check(plan);
    var scale = plan.scale();
    try (var folder = RunFolder.create(out, resume)) {
      try (var inputs = Inputs.open(plan, cache, console)) {
        ModelConfig.read(inputs.model()).note().ifPresent(console::message);
        folder.resolved(plan.yaml()); // from here on the folder holds a run
        console.message("run folder: " + folder.path());
        int threads = Threads.of(scale, inputs.model());
        Natives.threads(threads);
        folder.provenance(
            new Provenance(
                command,
                plan.name(),
                scale.seed(),
                threads,
                "cpu",
                read(scale, inputs),
                Instant.now()));
        train(plan, folder, cache, inputs, console);
        folder.finished(Instant.now());
        RunReport.write(folder.path());
        return folder.model();
      }
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
    var start = new TrainedPolicy(plan, inputs.model());
    var latest = new Checkpoints(folder.checkpoints(), scale.saveTotalLimit()).latest();
    try (var policy = start.open(latest)) {
      Optional<Scorer> reference =
          recipe
              .reference()
              .map(spec ->
                  spec.open(
                      new Reference.Setting(
                          start::frozen,
                          scale.adapter().map(_ -> policy.withoutAdapter()),
                          cache,
                          policy)));
      if (recipe.objective().needs().readouts().contains(Readout.DIVERGENCE)) {
        reference.ifPresent(policy::compareWith);
      }
      var trainee = recipe.learning().trains(new Learning.Setting(policy, start::beside, latest));
      Supplier<Policy> served = () -> trainee instanceof Team team ? team.served() : policy;
      var samples =
          Wiring.head(recipe) == Head.LANGUAGE
              ? inputs
                  .held()
                  .map(held ->
                      new Samples(served, inputs.tokenizer(), held, SAMPLE_TOKENS, scale.seed()))
              : Optional.<Samples>empty();
      long step = latest.map(Checkpoints::step).orElse(-1L); // before it, the start is measured
      try (var metrics = folder.metrics(step);
          var gathering = Gathering.open(plan, folder, inputs, policy, console);
          var session =
              session(
                  plan,
                  folder,
                  trainee,
                  reference,
                  gathering,
                  new WithinMemory(
                      new Measured(Journal.of(console, metrics), samples, reference),
                      scale.memory().map(MemoryBudget::of).orElse(MemoryBudget.NONE),
                      NativeMemory::peak))) {
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
        start.save(served.get(), folder.model());
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
      Trainee trainee,
      Optional<Scorer> reference,
      Gathering gathering,
      Journal journal) {
    var recipe = plan.recipe();
    return new Session(
        recipe.objective(),
        trainee,
        reference,
        recipe.optimizer(),
        recipe.schedule(),
        settings(plan.scale()),
        gathering.experience(journal),
        folder.checkpoints(),
        journal);
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
}
