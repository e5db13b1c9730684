package io.alidade.run;

import io.alidade.Check;
import io.alidade.UserException;
import io.alidade.journal.Journal;
import io.alidade.journal.MetricsLog;
import io.alidade.journal.RunFolder;
import io.alidade.recipe.Plan;
import io.alidade.recipe.Recipe;
import io.alidade.recipe.Scale;
import io.alidade.recipe.Wiring;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;

/// Several recipes on the same data, model, budget and reference, over several seeds.
///
/// Each recipe and seed is an ordinary run in a folder of its own, `RECIPE/seed-N`. A comparison
/// that was stopped at any moment goes on with the same command: finished runs stay as they are, an
/// unfinished one continues from its last checkpoint. Likelihoods under a reference are computed
/// once for all runs.
///
/// @param arms at least one, of different names
/// @param out the folder
public record Comparison(List<Arm> arms, Path out) {
  private static final String REQUEST = "request.yaml";

  /// A recipe with all its seeds.
  ///
  /// @param name of its folder and its row
  /// @param plans one a seed, alike but for it
  public record Arm(String name, List<Plan> plans) {
    /// The recipe.
    public Recipe recipe() {
      return plans.getFirst().recipe();
    }

    /// The scale, with the first seed.
    public Scale scale() {
      return plans.getFirst().scale();
    }
  }

  /// Checks that there is something to compare.
  public Comparison {
    Check.atLeast("recipes", 1, arms.size());
    arms = List.copyOf(arms);
  }

  /// Reads what is to be compared.
  ///
  /// @param recipes names or files
  /// @param scale name or file, of all
  /// @param settings paths into recipes or scale with their values; what they set in a recipe,
  ///   every recipe must have
  /// @param steps of each run, where the settings do not tell `max_steps`
  /// @param seeds how many, from the scale's own on
  /// @throws UserException naming what does not bind or fit
  public static Comparison of(
      List<String> recipes,
      String scale,
      SequencedMap<String, String> settings,
      long steps,
      int seeds,
      Path out) {
    Check.atLeast("steps", 1, steps);
    Check.atLeast("seeds", 1, seeds);
    var arms = new ArrayList<Arm>();
    var names = new TreeMap<String, Integer>();
    for (var recipe : recipes) {
      var plan = Plan.load(recipe, scale, settings);
      var all = new LinkedHashMap<>(settings);
      long budget = plan.scale().maxSteps() > 0 ? plan.scale().maxSteps() : steps;
      all.put("max_steps", Long.toString(budget));
      often(all, "save_steps", plan.scale().saveSteps(), budget);
      often(all, "eval_steps", plan.scale().evalSteps(), budget);
      all.putIfAbsent("save_total_limit", "1");
      var plans = new ArrayList<Plan>();
      for (int s = 0; s < seeds; s++) {
        all.put("seed", Long.toString(plan.scale().seed() + s));
        var one = Plan.load(recipe, scale, all);
        plans.add(new Plan(one.name(), one.recipe().cached(), one.scale(), one.overrides()));
      }
      int number = names.merge(plan.name(), 1, Integer::sum);
      arms.add(new Arm(number == 1 ? plan.name() : plan.name() + "-" + number, plans));
    }
    return new Comparison(arms, out);
  }

  /// At least five times a run, so that a stopped run loses little and curves have points.
  private static void often(
      SequencedMap<String, String> settings, String key, int every, long budget) {
    long most = Math.max(1, budget / 5);
    if (!settings.containsKey(key) && (every == 0 || every > most)) {
      settings.put(key, Long.toString(most));
    }
  }

  /// A run of the comparison.
  ///
  /// @param folder where it is
  public record Run(Plan plan, long seed, Path folder) {
    /// Whether it ended well.
    public boolean finished() {
      return RunFolder.isFinished(folder);
    }

    MetricsLog log() {
      return MetricsLog.read(folder);
    }
  }

  /// The seeds of every arm.
  List<Long> seeds() {
    return arms.getFirst().plans().stream().map(plan -> plan.scale().seed()).toList();
  }

  /// The runs of an arm, one a seed.
  public List<Run> runs(Arm arm) {
    return arm.plans().stream()
        .map(plan -> {
          long seed = plan.scale().seed();
          return new Run(plan, seed, out.resolve(arm.name()).resolve("seed-" + seed));
        })
        .toList();
  }

  /// Carries out what is not done yet, and writes `compare.json` and `compare.html` after each run.
  ///
  /// @param command the command line, for the provenance; may be empty
  /// @return what was found
  /// @throws UserException if the folder holds another comparison, or a run cannot go on
  public Compared run(Journal console, List<String> command) {
    arms.forEach(arm -> Wiring.check(arm.plans().getFirst()));
    arms.forEach(arm -> Inputs.check(arm.plans().getFirst(), console));
    begin();
    int number = 0;
    int seeds = seeds().size();
    int all = arms.size() * seeds;
    for (int s = 0; s < seeds; s++) { // seed by seed, so that a stopped comparison can be read
      for (var arm : arms) {
        number++;
        var run = runs(arm).get(s);
        var name = "%s, seed %d (%d of %d)".formatted(arm.name(), run.seed(), number, all);
        if (run.finished()) {
          console.message(name + ": done before");
          continue;
        }
        console.message(name);
        TrainingRun.run(
            run.plan(),
            run.folder(),
            RunFolder.holdsRun(run.folder()),
            out.resolve("reference"),
            console,
            command);
        sameInputs();
        Compared.of(this).write();
      }
    }
    sameInputs();
    var compared = Compared.of(this);
    compared.write();
    return compared;
  }

  /// Writes down what is compared; in a folder that holds a comparison, checks that it is this one.
  private void begin() {
    var file = out.resolve(REQUEST);
    var now = request();
    try {
      if (!Files.exists(file)) {
        if (Files.isDirectory(out)) {
          try (var files = Files.list(out)) {
            if (files.findAny().isPresent()) {
              throw new UserException(
                  out + " exists and is not the folder of a comparison: choose another --out");
            }
          }
        }
        Files.createDirectories(out);
        AtomicFiles.text(file, now);
        return;
      }
      var old = Files.readString(file).lines().toList();
      var lines = now.lines().toList();
      for (int i = 0; i < Math.max(old.size(), lines.size()); i++) {
        var before = i < old.size() ? old.get(i).strip() : "nothing";
        var after = i < lines.size() ? lines.get(i).strip() : "nothing";
        if (!before.equals(after)) {
          throw new UserException(
              "%s line %d: this folder holds another comparison, which has '%s' where this one has '%s': give the same recipes and settings, or choose another --out"
                  .formatted(file, i + 1, before, after));
        }
      }
    } catch (IOException e) {
      throw new UserException(
          "cannot use %s as output folder (%s): choose another --out"
              .formatted(out, e.getMessage()),
          e);
    }
  }

  private String request() {
    var text = new StringBuilder("seeds: ").append(seeds()).append('\n');
    for (var arm : arms) {
      text.append("---\nname: ").append(arm.name()).append('\n');
      text.append(arm.plans().getFirst().yaml());
    }
    return text.toString();
  }

  /// Runs that read different bytes cannot be compared.
  private void sameInputs() {
    var known = new LinkedHashMap<String, String>();
    var from = new LinkedHashMap<String, Path>();
    for (var arm : arms) {
      for (var run : runs(arm)) {
        if (!run.finished()) {
          continue;
        }
        for (var input : Json.readObject(run.folder().resolve("provenance.json")).path("inputs")) {
          var role = input.path("role").asString();
          var hash = input.path("sha256").asString();
          var before = known.putIfAbsent(role, hash);
          if (before != null && !before.equals(hash)) {
            throw new UserException(
                "%s and %s read different content under the name of %s: it changed between them; compare anew with another --out"
                    .formatted(from.get(role), run.folder(), role.replace('_', ' ')));
          }
          from.putIfAbsent(role, run.folder());
        }
      }
    }
  }
}
