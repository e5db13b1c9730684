package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.data.Rows;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Message;
import io.alidade.example.Text;
import io.alidade.generation.Answer;
import io.alidade.generation.Prompt;
import io.alidade.generation.TextGenerator;
import io.alidade.generation.Throughput;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
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
import java.util.function.IntFunction;
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
      "%nWithout --prompt and --data, all of standard input is one prompt. JSON lines have 'prompt',",
      "'completion', 'tokens' (how many), 'logps' (their sum, nats) and 'end' (end, stop, length)."
    })
final class GenerateCommand implements Callable<Integer> {
  private static final int BATCH = 16;
  private static final int ROUNDS = 3;

  private final InputStream in;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private SamplingOptions sampling = new SamplingOptions();

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description = "A prompt; may be given several times.")
  private List<String> prompts = new ArrayList<>();

  @Option(
      names = "--chat",
      description = "Prompts are messages of a user, rendered with the model's chat template.")
  private boolean chat;

  @Option(names = "--system", paramLabel = "TEXT", description = "With --chat, a message before.")
  private @Nullable String system;

  @Option(
      names = "--data",
      paramLabel = "FILE",
      description = "Rows with prompts: a file, a folder, or org/name on the hub.")
  private @Nullable String data;

  @Option(
      names = "--split",
      paramLabel = "NAME",
      defaultValue = "train",
      description = "Which files of a folder (default: ${DEFAULT-VALUE}).")
  private String split = "train";

  @Option(names = "--limit", paramLabel = "N", description = "Only the first N rows of --data.")
  private @Nullable Integer limit;

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
    if (data != null && !prompts.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "--prompt and --data exclude each other");
    }
    if (system != null && !chat) {
      throw new ParameterException(spec.commandLine(), "--system needs --chat");
    }
    if (samples < 1 || (limit != null && limit < 1)) {
      throw new ParameterException(
          spec.commandLine(), "--num-samples and --limit must be at least 1");
    }
    if (measure != null) {
      return measure(measure);
    }
    if (data != null) {
      try (var rows = Rows.open(data, split)) {
        return generate(limit == null ? rows.count() : Math.min(limit, rows.count()), rows::row);
      }
    }
    var asked = prompts.isEmpty() ? List.of(input()) : prompts;
    return generate(
        asked.size(),
        i ->
            new Example(
                new Example.Row("prompt", i + 1),
                text(asked.get(i)),
                List.of(),
                Map.of(),
                Map.of()));
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

  private Text text(String prompt) {
    if (!chat) {
      return new Text.Plain(prompt);
    }
    var messages = new ArrayList<Message>();
    if (system != null) {
      messages.add(TextGenerator.message("system", system));
    }
    messages.add(TextGenerator.message("user", prompt));
    return new Text.Chat(messages);
  }

  private String input() {
    try {
      var text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    } catch (IOException failure) {
      throw new UserException("standard input cannot be read: " + failure.getMessage(), failure);
    }
  }

  private int generate(int count, IntFunction<Example> rows) {
    var to = spec.commandLine().getOut();
    try (var opened = model.open(precision.of())) {
      opened.policy().drawOnly();
      var generator = new TextGenerator(opened, sampling.over(opened.sampling()), sampling.stops());
      if (out != null) {
        AtomicFiles.write(
            out,
            file ->
                lines(
                    generator,
                    count,
                    rows,
                    line -> {
                      try {
                        file.write((line + "\n").getBytes(StandardCharsets.UTF_8));
                      } catch (IOException failure) {
                        throw new UncheckedIOException(failure);
                      }
                    }));
        to.printf("%s: %d answers%n", out, (long) count * samples);
      } else if (stream == null ? onTerminal() : stream) {
        text(generator, count, rows, to);
      } else {
        lines(
            generator,
            count,
            rows,
            line -> {
              to.println(line);
              to.flush();
            });
      }
      to.flush();
    }
    return Main.OK;
  }

  private static boolean onTerminal() {
    return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
  }

  private void text(TextGenerator generator, int count, IntFunction<Example> rows, PrintWriter to) {
    for (int i = 0; i < count; i++) {
      var prompt = generator.prompt(rows.apply(i));
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
      TextGenerator generator, int count, IntFunction<Example> rows, Consumer<String> line) {
    var examples = new ArrayList<Example>();
    var waiting = new ArrayList<Prompt>();
    int first = 0;
    for (int i = 0; i < count; i++) {
      var example = rows.apply(i);
      var prompt = generator.prompt(example);
      for (int s = 0; s < samples; s++) {
        examples.add(example);
        waiting.add(prompt);
        if (waiting.size() == BATCH || (i == count - 1 && s == samples - 1)) {
          var answers = generator.draw(waiting, first, (_, _) -> {});
          for (int a = 0; a < answers.size(); a++) {
            line.accept(Json.line(cells(first + a, examples.get(a), answers.get(a))));
          }
          first += waiting.size();
          examples.clear();
          waiting.clear();
        }
      }
    }
  }

  private Map<String, Object> cells(int number, Example example, Answer answer) {
    var cells = new LinkedHashMap<String, Object>();
    cells.put("row", number / samples + 1);
    if (samples > 1) {
      cells.put("sample", number % samples + 1);
    }
    cells.put("prompt", prompt(example));
    cells.put("completion", answer.text());
    cells.put("tokens", answer.tokens().length);
    cells.put("logps", answer.logp());
    cells.put("end", answer.end().toString().toLowerCase(Locale.ROOT));
    return cells;
  }

  private static Object prompt(Example example) {
    var asked =
        new Example(example.row(), TextGenerator.asked(example), List.of(), Map.of(), Map.of());
    return java.util.Objects.requireNonNull(Columns.write(asked, Form.PROMPT).get("prompt"));
  }
}
