package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.example.Direction;
import io.alidade.example.DirectionLine;
import io.alidade.generation.Neighborhood;
import io.alidade.generation.TextGenerator;
import io.alidade.judge.Directional;
import io.alidade.recipe.JudgeFile;
import io.alidade.run.Steering;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Answers along a direction of several objectives.
@Command(
    name = "steer",
    description = {
      "Answer along a direction of several objectives.",
      "",
      "Robust preference selection: one answer to each of K directions nearby, of which the one that"
          + " is best along the direction itself is kept."
    },
    footer = {
      "",
      "The judge is Directional, as recipe dpa has it. --theta-max 0 is best of K along "
          + "the direction alone, which is better for directions that the model was trained on.",
      "",
      "JSON lines have 'prompt', 'completion', 'direction', 'worth', 'chosen' (which, from "
          + "1), and 'candidates' with direction, text, rewards and worth of each."
    })
final class SteerCommand implements Callable<Integer> {
  private static final String TEMPLATE =
      "You are a helpful assistant. Your response should maximize weighted rating = {weights}.\n\n";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private SamplingOptions sampling = new SamplingOptions();

  @Option(
      names = "--judge",
      paramLabel = "JUDGE",
      required = true,
      description = "A Directional judge: YAML, or a file with it.")
  private String judge = "";

  @Option(
      names = "--direction",
      paramLabel = "DIRECTION",
      required = true,
      description =
          "Degrees from the first of two objectives (30), or a weight for each (0.8,0.6).")
  private String direction = "";

  @Option(
      names = "--objectives",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "helpfulness,verbosity",
      description = "Names of the objectives in the prompt (default: ${DEFAULT-VALUE}).")
  private List<String> objectives = new ArrayList<>();

  @Option(
      names = "--template",
      paramLabel = "TEXT",
      description =
          "How a direction stands before the prompt, with {weights} in it (default: as recipe dpa"
              + " has it).")
  private String template = TEMPLATE;

  @Option(
      names = "--k",
      paramLabel = "K",
      defaultValue = "5",
      description = "Candidates, which is the cost (default: ${DEFAULT-VALUE}, the paper's).")
  private int k = 5;

  @Option(
      names = "--theta-max",
      paramLabel = "DEGREES",
      defaultValue = "30",
      description = "Radius of the neighbourhood (default: ${DEFAULT-VALUE}, the paper's).")
  private double thetaMax = 30;

  @Option(
      names = "--inward",
      description =
          "Only directions on the side of the first objective, where the model was trained.")
  private boolean inward;

  @Option(names = "--even", description = "Spread the K directions evenly.")
  private boolean even;

  @Option(names = "--include-target", description = "One of the K directions is the one asked for.")
  private boolean includeTarget;

  @Option(
      names = "--clamp",
      paramLabel = "DEGREES",
      defaultValue = "45",
      description =
          "Angle of two objectives up to which the model was trained; directions beyond move to the"
              + " edge, 180 for none (default: ${DEFAULT-VALUE}, that of recipe dpa).")
  private double clamp = 45;

  @Mixin private PromptOptions prompts = new PromptOptions("test");

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "JSON lines (default: standard output).")
  private @Nullable Path out;

  @Mixin private PrecisionOption precision = new PrecisionOption();

  @Override
  public Integer call() {
    prompts.check();
    if (prompts.none()) {
      throw new ParameterException(spec.commandLine(), "give either --prompt or --data");
    }
    if (!(JudgeFile.read(judge) instanceof Directional directional)) {
      throw new UserException(
          "--judge: a Directional judge is needed, which says what each objective earns; see recipes/dpa.yaml");
    }
    var target = target();
    var line = Arguments.checked(() -> new DirectionLine(template, objectives));
    var near =
        Arguments.checked(() ->
            new Neighborhood(
                k,
                thetaMax,
                includeTarget,
                target.components().size() == 2 ? Optional.of(clamp) : Optional.empty(),
                inward,
                even));
    if (target.components().size() != objectives.size()
        || directional.objectives().size() != objectives.size()) {
      throw new UserException(
          "--direction has %d components, --objectives %d names and the judge %d objectives; give one each"
              .formatted(
                  target.components().size(), objectives.size(), directional.objectives().size()));
    }
    var writer = spec.commandLine().getOut();
    try (var opened = model.open(precision.of());
        var sitting = directional.open(note -> spec.commandLine().getErr().println(note))) {
      var steering =
          new Steering(
              new TextGenerator(opened, sampling.over(opened.sampling()), sampling.stops()),
              line,
              near,
              directional,
              sitting,
              sampling.seed());
      if (out == null) {
        each(
            steering,
            target,
            text -> {
              writer.println(text);
              writer.flush();
            });
      } else {
        AtomicFiles.lines(out, file -> each(steering, target, file));
        writer.printf("%s: answers along %s%n", out, target.words(objectives));
      }
    }
    writer.flush();
    return Main.OK;
  }

  private void each(Steering steering, Direction target, Consumer<String> lines) {
    try (var questions = prompts.open()) {
      for (int i = 0; i < questions.count(); i++) {
        var asked = questions.asked(i);
        var chosen = steering.answer(asked.example(), asked.cells(), target, i);
        lines.accept(Json.line(Steering.cells(asked.prompt(), target, chosen)));
      }
    }
  }

  /// An angle, or weights.
  private Direction target() {
    try {
      var numbers =
          Arrays.stream(direction.split(",", -1)).mapToDouble(Double::parseDouble).toArray();
      return numbers.length == 1 ? Direction.degrees(numbers[0]) : Direction.of(numbers);
    } catch (IllegalArgumentException bad) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "--direction %s: give degrees such as 30, or a weight for each objective such as 0.8,0.6",
              direction),
          bad);
    }
  }
}
