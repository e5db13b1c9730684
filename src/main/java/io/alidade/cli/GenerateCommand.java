package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.generation.Answer;
import io.alidade.generation.Answering;
import io.alidade.generation.GuidedGenerator;
import io.alidade.generation.Prompt;
import io.alidade.generation.TextGenerator;
import io.alidade.generation.Throughput;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Draws continuations of prompts.
@Command(
    name = "generate",
    description =
        "Continue prompts: as text while it comes on a terminal, as JSON lines otherwise.",
    footer = {
      "",
      "Example:",
      "  ./alidade generate --model runs/NAME --prompt \"Once upon a time\"",
      "",
      "Without --prompt and --data, all of standard input is one prompt. JSON lines have "
          + "'prompt', 'completion', 'tokens' (how many), 'logps' (their sum, nats) and 'end' "
          + "(end, stop, length)."
    })
final class GenerateCommand implements Callable<Integer> {
  private static final int ROUNDS = 3;

  private final InputStream in;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private SamplingOptions sampling = new SamplingOptions();

  @Mixin private GuidanceOptions guidance = new GuidanceOptions();

  @Mixin private PromptOptions prompts = new PromptOptions("train");

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "JSON lines (default: standard output).")
  private @Nullable Path out;

  @Option(
      names = "--num-samples",
      paramLabel = "N",
      defaultValue = "1",
      description = "Answers to each prompt (default: ${DEFAULT-VALUE}).")
  private int samples = 1;

  @Option(
      names = "--stream",
      negatable = true,
      description = "Print text while it comes (default: on a terminal).")
  private @Nullable Boolean stream;

  @Mixin private PrecisionOption precision = new PrecisionOption();

  @Option(
      names = "--measure",
      paramLabel = "ROWSxPROMPT",
      description =
          "Draw from random prompts instead and print how fast: so many at once, of so many tokens,"
              + " for example 8x64.")
  private @Nullable String measure;

  GenerateCommand() {
    this(System.in);
  }

  GenerateCommand(InputStream in) {
    this.in = in;
  }

  @Override
  public Integer call() {
    prompts.check();
    if (samples < 1) {
      throw new ParameterException(spec.commandLine(), "--num-samples must be at least 1");
    }
    if (measure != null) {
      return measure(measure);
    }
    try (var questions = prompts.none() ? prompts.written(List.of(input())) : prompts.open()) {
      return generate(questions);
    }
  }

  private int measure(String size) {
    var match = Pattern.compile("(\\d{1,4})x(\\d{1,5})").matcher(size);
    if (!match.matches()) {
      throw new ParameterException(spec.commandLine(), "--measure is ROWSxPROMPT, such as 8x64");
    }
    try (var opened = model.open(precision.of())) {
      opened.policy().drawOnly();
      var speed =
          Throughput.measure(
              opened.policy(),
              Integer.parseInt(match.group(1)),
              Integer.parseInt(match.group(2)),
              sampling.over(opened.sampling()).maxNewTokens(),
              ROUNDS);
      var to = spec.commandLine().getOut();
      for (var round : speed.rounds()) {
        to.printf(
            Locale.ROOT,
            "prompts read in %.2f s, drawn in %.2f s (%.2f s of processors), resident %d MiB%n",
            round.read(),
            round.drawn(),
            round.processor(),
            round.resident() >> 20);
      }
      to.printf(
          Locale.ROOT,
          "%.1f tokens/s, %.1f ms a step (medians of %d rounds)%n",
          speed.tokensPerSecond(),
          speed.stepMillis(),
          ROUNDS);
      to.flush();
    }
    return Main.OK;
  }

  private String input() {
    try {
      var text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    } catch (IOException failure) {
      throw new UserException("standard input cannot be read: " + failure.getMessage(), failure);
    }
  }

  private int generate(PromptOptions.Questions questions) {
    try (var opened = model.open(precision.of())) {
      opened.policy().drawOnly();
      var drawn = sampling.over(opened.sampling());
      if (guidance.of().isEmpty()) {
        write(new TextGenerator(opened, drawn, sampling.stops()), questions);
        return Main.OK;
      }
      try (var guided = new GuidedGenerator(opened, guidance.of().get(), drawn, sampling.stops())) {
        write(guided, questions);
      }
    }
    return Main.OK;
  }

  private void write(Answering generator, PromptOptions.Questions questions) {
    var to = spec.commandLine().getOut();
    if (out != null) {
      AtomicFiles.lines(out, file -> lines(generator, questions, file));
      to.printf("%s: %d answers%n", out, (long) questions.count() * samples);
    } else if (stream == null ? onTerminal() : stream) {
      text(generator, questions, to);
    } else {
      lines(
          generator,
          questions,
          line -> {
            to.println(line);
            to.flush();
          });
    }
    to.flush();
  }

  private static boolean onTerminal() {
    return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
  }

  private void text(Answering generator, PromptOptions.Questions questions, PrintWriter to) {
    int count = questions.count();
    for (int i = 0; i < count; i++) {
      var prompt = generator.prompt(questions.asked(i).example());
      for (int s = 0; s < samples; s++) {
        if (count * samples > 1) {
          to.printf("--- prompt %d%s%n", i + 1, samples > 1 ? ", answer " + (s + 1) : "");
        }
        generator.draw(
            List.of(prompt),
            i * samples + s,
            (_, piece) -> {
              to.print(piece);
              to.flush();
            });
        to.println();
      }
    }
  }

  /// A line of JSON for each answer, in order.
  private void lines(
      Answering generator, PromptOptions.Questions questions, Consumer<String> line) {
    var asked = new ArrayList<PromptOptions.Asked>();
    var waiting = new ArrayList<Prompt>();
    int count = questions.count();
    int first = 0;
    for (int i = 0; i < count; i++) {
      var question = questions.asked(i);
      var prompt = generator.prompt(question.example());
      for (int s = 0; s < samples; s++) {
        asked.add(question);
        waiting.add(prompt);
        if (waiting.size() == generator.together() || (i == count - 1 && s == samples - 1)) {
          int from = first;
          int[] told = {0};
          generator.draw(
              waiting,
              from,
              (_, _) -> {},
              answer -> {
                line.accept(Json.line(cells(from + told[0], asked.get(told[0]), answer)));
                told[0]++;
              });
          first += waiting.size();
          asked.clear();
          waiting.clear();
        }
      }
    }
  }

  private Map<String, Object> cells(int number, PromptOptions.Asked asked, Answer answer) {
    var cells = new LinkedHashMap<String, Object>();
    cells.put("row", number / samples + 1);
    if (samples > 1) {
      cells.put("sample", number % samples + 1);
    }
    cells.put("prompt", asked.prompt());
    cells.put("completion", answer.text());
    cells.put("tokens", answer.tokens().length);
    cells.put("logps", answer.logp());
    cells.put("end", answer.end().toString().toLowerCase(Locale.ROOT));
    return cells;
  }
}
