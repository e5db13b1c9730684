package io.alidade.cli;

import io.alidade.Check;
import io.alidade.bench.DrawBench;
import io.alidade.bench.Itself;
import io.alidade.bench.PlainStep;
import io.alidade.bench.Shape;
import io.alidade.bench.SideBySide;
import io.alidade.bench.StepBench;
import io.alidade.bench.Trl;
import io.alidade.bench.Turn;
import io.alidade.model.MemoryBudget;
import io.alidade.model.Precision;
import io.alidade.store.AtomicFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Measures training steps, or drawing, on this machine.
@Command(
    name = "bench",
    description = "Measure training steps or drawing: time by part, rates, memory.",
    footer = {
      "",
      "Example:",
      "  ./alidade bench --shape M --pairs 4 --steps 3",
      "  ./alidade bench --shape M --draw 8x64x128",
      "  ./alidade bench --shape S --against plain",
      "  ./alidade bench --shape S --against trl --python .venv/bin/python",
      "",
      "Weights and tokens are random. The rate of matrix products is measured in the same "
          + "process, before and after, so that figures from busy or different machines can be "
          + "compared."
    })
final class BenchCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--shape",
      paramLabel = "SIZE",
      defaultValue = "S",
      description = "Size of the model: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Shape shape = Shape.S;

  @Option(
      names = "--layout",
      paramLabel = "NAME",
      defaultValue = "base",
      description =
          "Prompts and completions: base (192 + 64), long (512 + 32), fixed (192 + 64 without"
              + " spread), list (512 and eight of 32) (default: ${DEFAULT-VALUE}).")
  private String layout = "base";

  @Option(
      names = "--pairs",
      paramLabel = "N",
      defaultValue = "4",
      description = "Pairs (or lists) a step (default: ${DEFAULT-VALUE}).")
  private int pairs = 4;

  @Option(
      names = "--passes",
      paramLabel = "N",
      defaultValue = "1",
      description = "Passes that a step is cut into (default: ${DEFAULT-VALUE}).")
  private int passes = 1;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "3",
      description = "Measured steps or rounds, after one that is not (default: ${DEFAULT-VALUE}).")
  private int steps = 3;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "2",
      description = "Threads of one operation (default: ${DEFAULT-VALUE}).")
  private int threads = 2;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      defaultValue = "float32",
      description = "Weights in memory: float32, bfloat16 (default: ${DEFAULT-VALUE}).")
  private String dtype = "float32";

  @Option(
      names = "--lora",
      paramLabel = "R",
      defaultValue = "0",
      description = "Train an adapter of this rank on all linear modules; 0 for the weights.")
  private int lora;

  @Option(names = "--checkpointing", description = "Compute layers again in the backward pass.")
  private boolean checkpointing;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      defaultValue = "",
      description = "Stay within this, such as 4GiB, by computing layers again.")
  private String memory = "";

  @Option(names = "--reference-in-step", description = "Compute the reference in each step.")
  private boolean referenceInStep;

  @Option(
      names = "--draw",
      paramLabel = "RxPxN",
      defaultValue = "",
      description =
          "Measure drawing instead: R rows together, P tokens of prompt and N new ones each.")
  private String draw = "";

  @Option(
      names = "--against",
      paramLabel = "KIND",
      description =
          "Measure ours and a baseline in turns, each in a process of its own: plain, a step (or"
              + " drawing) as a plain trainer lays it out, over the same library; lean, the same with"
              + " logits of completions alone and without metrics; trl, TRL's DPOTrainer and"
              + " transformers' generate on the same model and texts (needs --python).")
  private Optional<Baseline> against = Optional.empty();

  @Option(
      names = "--only",
      paramLabel = "KIND",
      description = "Measure such a baseline alone: plain, lean, trl.")
  private Optional<Baseline> only = Optional.empty();

  @Option(
      names = "--python",
      paramLabel = "FILE",
      defaultValue = "python3",
      description =
          "For trl: a Python that has torch, trl, transformers, peft and datasets"
              + " (default: ${DEFAULT-VALUE}).")
  private String python = "python3";

  @Option(names = "--compile", description = "For trl: let it compile the model.")
  private boolean compile;

  @Option(
      names = "--turns",
      paramLabel = "N",
      defaultValue = "3",
      description = "With --against, how often each is measured (default: ${DEFAULT-VALUE}).")
  private int turns = 3;

  @Option(names = "--json", description = "Print one line of JSON.")
  private boolean json;

  @Override
  public Integer call() {
    if (against.isPresent()) {
      return compare(against.get());
    }
    if (only.isPresent()) {
      return plain(only.get());
    }
    return draw.isEmpty() ? train() : draw();
  }

  private int compare(Baseline baseline) {
    comparable(baseline);
    Arguments.checked(() -> {
      Check.atLeast("turns", 1, turns);
      return turns;
    });
    if (baseline == Baseline.trl) { // before ours has taken its minutes
      in(scratch -> {
        trl().check(scratch);
        return "";
      });
    }
    var own = new Itself(Main.class);
    var comparison =
        SideBySide.of(
            baseline.name(),
            turns,
            ours -> {
              var arguments = new ArrayList<>(arguments());
              if (!ours) {
                arguments.addAll(List.of("--only", baseline.name(), "--python", python));
                if (compile) {
                  arguments.add("--compile");
                }
              }
              return own.run(arguments);
            });
    var out = spec.commandLine().getOut();
    out.print(json ? comparison.json() + System.lineSeparator() : comparison.text());
    out.flush();
    return Main.OK;
  }

  /// The arguments of one turn.
  private List<String> arguments() {
    var arguments = new ArrayList<>(List.of("bench", "--json", "--shape", shape.name()));
    arguments.addAll(List.of("--steps", "" + steps, "--threads", "" + threads));
    if (!draw.isEmpty()) {
      arguments.addAll(List.of("--draw", draw));
      return arguments;
    }
    arguments.addAll(List.of("--layout", layout, "--pairs", "" + pairs, "--lora", "" + lora));
    if (referenceInStep) {
      arguments.add("--reference-in-step");
    }
    return arguments;
  }

  private int plain(Baseline baseline) {
    comparable(baseline);
    if (!draw.isEmpty()) {
      var bench =
          Arguments.checked(() -> DrawBench.of(shape, draw, steps, threads, Precision.FLOAT32));
      return in(scratch -> {
        var report =
            baseline == Baseline.trl ? trl().draw(bench, scratch) : bench.runPlain(scratch);
        return json ? report.json() + System.lineSeparator() : report.text();
      });
    }
    if (baseline == Baseline.trl) {
      return in(scratch -> text(trl().train(step(), scratch)));
    }
    var bench =
        Arguments.checked(
            () -> new PlainStep(shape, layout, pairs, steps, threads, lora, baseline.form()));
    return in(scratch -> text(bench.run(scratch)));
  }

  private String text(Turn turn) {
    return json ? turn.json() + System.lineSeparator() : turn.text();
  }

  private Trl trl() {
    return new Trl(python, compile);
  }

  /// Baselines know one way of working.
  private void comparable(Baseline baseline) {
    var unknown = new ArrayList<String>();
    if (passes != 1) {
      unknown.add("--passes");
    }
    if (!dtype.equals("float32")) {
      unknown.add("--dtype");
    }
    if (checkpointing) {
      unknown.add("--checkpointing");
    }
    if (!memory.isEmpty()) {
      unknown.add("--memory");
    }
    if (referenceInStep && (baseline != Baseline.trl || !draw.isEmpty())) {
      unknown.add("--reference-in-step");
    }
    if (!draw.isEmpty() && baseline == Baseline.lean) {
      unknown.add("--draw (take plain)");
    }
    baseline.knowsAll(unknown);
  }

  private int draw() {
    var bench =
        Arguments.checked(() -> DrawBench.of(shape, draw, steps, threads, Precision.of(dtype)));
    return in(scratch -> {
      var report = bench.run(scratch);
      return json ? report.json() + System.lineSeparator() : report.text();
    });
  }

  private int train() {
    return in(scratch -> {
      var report = step().run(scratch);
      return json ? report.json() + System.lineSeparator() : report.text();
    });
  }

  private StepBench step() {
    return Arguments.checked(() ->
        new StepBench(
            shape,
            layout,
            pairs,
            passes,
            steps,
            threads,
            Precision.of(dtype),
            lora,
            checkpointing,
            memory.isEmpty() ? MemoryBudget.NONE : MemoryBudget.of(memory),
            referenceInStep));
  }

  /// Prints what is measured in a folder of its own.
  private int in(Function<Path, String> measure) {
    var out = spec.commandLine().getOut();
    try {
      var scratch = Files.createTempDirectory("alidade-bench-");
      try {
        out.print(measure.apply(scratch));
        out.flush();
      } finally {
        AtomicFiles.delete(scratch);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Main.OK;
  }
}
