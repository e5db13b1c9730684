package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.example.Message;
import io.alidade.example.Text;
import io.alidade.generation.TextGenerator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// A conversation with a model, line by line.
@Command(
    name = "chat",
    description = "Talk to a model that has a chat template.",
    footer = {
      "",
      "A line is a message; /reset forgets the conversation, /system TEXT starts a new one "
          + "under another system message, /exit (or the end of input) ends it."
    })
final class ChatCommand implements Callable<Integer> {
  private final InputStream in;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private SamplingOptions sampling = new SamplingOptions();

  @Option(names = "--system", paramLabel = "TEXT", description = "A message before all others.")
  private @Nullable String system;

  @Mixin private PrecisionOption precision = new PrecisionOption();

  ChatCommand() {
    this(System.in);
  }

  ChatCommand(InputStream in) {
    this.in = in;
  }

  @Override
  public Integer call() {
    try (var opened = model.open(precision.of())) {
      opened.policy().drawOnly();
      var draws = sampling.over(opened.sampling());
      var generator = new TextGenerator(opened, draws, sampling.stops());
      if (opened.tokenizer().template().isEmpty()) {
        throw new UserException(
            "%s: no chat template, so there is no conversation to have; add a chat_template.jinja, or use 'generate'"
                .formatted(opened.tokenizer().folder()));
      }
      converse(generator, new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)));
    } catch (IOException failure) {
      throw new UserException("standard input cannot be read: " + failure.getMessage(), failure);
    }
    return Main.OK;
  }

  private void converse(TextGenerator generator, BufferedReader lines) throws IOException {
    var out = spec.commandLine().getOut();
    var messages = opening(system);
    int turn = 0;
    for (var line = next(lines, out); line != null; line = next(lines, out)) {
      var said = line.strip();
      if (said.equals("/exit") || said.equals("/quit")) {
        return;
      } else if (said.equals("/reset")) {
        messages = opening(system);
        out.println("(forgotten)");
      } else if (said.startsWith("/system ")) {
        messages = opening(said.substring("/system ".length()));
        out.println("(a new conversation)");
      } else if (said.startsWith("/")) {
        out.println("(commands are /reset, /system TEXT and /exit)");
      } else if (!said.isEmpty()) {
        answer(generator, messages, said, turn++, out);
      }
    }
    out.println();
    out.flush();
  }

  private static @Nullable String next(BufferedReader lines, PrintWriter out) throws IOException {
    out.print("> ");
    out.flush();
    return lines.readLine();
  }

  private static List<Message> opening(@Nullable String system) {
    var messages = new ArrayList<Message>();
    if (system != null) {
      messages.add(TextGenerator.message("system", system));
    }
    return messages;
  }

  /// One exchange. A message that the template or the model refuses is taken back.
  private static void answer(
      TextGenerator generator, List<Message> messages, String said, int turn, PrintWriter out) {
    messages.add(TextGenerator.message("user", said));
    try {
      var prompt = generator.prompt(new Text.Chat(List.copyOf(messages)));
      var answer =
          generator
              .draw(
                  List.of(prompt),
                  turn,
                  (_, piece) -> {
                    out.print(piece);
                    out.flush();
                  })
              .getFirst();
      messages.add(TextGenerator.message("assistant", answer.text()));
      out.println();
    } catch (UserException failure) {
      messages.removeLast();
      out.println("(" + failure.getMessage() + ")");
    }
  }
}
