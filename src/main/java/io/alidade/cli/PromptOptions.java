package io.alidade.cli;

import io.alidade.data.Rows;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Message;
import io.alidade.example.Text;
import io.alidade.generation.TextGenerator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// What a command asks a model: prompts of the command line, or those of rows.
final class PromptOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec = CommandSpec.create();

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
      paramLabel = "DATA",
      description = "Rows with prompts: a file, a folder, or org/name on the hub.")
  private @Nullable String data;

  @Option(
      names = "--split",
      paramLabel = "NAME",
      description = "Which files of a folder (default: ${DEFAULT-VALUE}).")
  private String split;

  @Option(names = "--limit", paramLabel = "N", description = "Only the first N rows of --data.")
  private @Nullable Integer limit;

  /// @param split read where nothing is said
  PromptOptions(String split) {
    this.split = split;
  }

  /// Something that is asked.
  ///
  /// @param cells of its row, as they were read
  record Asked(Example example, Map<String, Object> cells) {
    /// The prompt as a row has it: text, or messages.
    Object prompt() {
      var alone =
          new Example(example.row(), TextGenerator.asked(example), List.of(), Map.of(), Map.of());
      return Objects.requireNonNull(Columns.write(alone, Form.PROMPT).get("prompt"));
    }
  }

  /// What is asked, in order.
  interface Questions extends AutoCloseable {
    int count();

    /// @param number from 0
    Asked asked(int number);

    @Override
    default void close() {}
  }

  /// Whether there are none.
  boolean none() {
    return data == null && prompts.isEmpty();
  }

  /// Refuses options that contradict each other.
  void check() {
    if (data != null && !prompts.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "--prompt and --data exclude each other");
    }
    if (system != null && !chat) {
      throw new ParameterException(spec.commandLine(), "--system needs --chat");
    }
    if (limit != null && limit < 1) {
      throw new ParameterException(spec.commandLine(), "--limit must be at least 1");
    }
  }

  Questions open() {
    return data == null ? written(prompts) : rows(Rows.open(data, split));
  }

  private Questions rows(Rows rows) {
    return new Questions() {
      @Override
      public int count() {
        return limit == null ? rows.count() : Math.min(limit, rows.count());
      }

      @Override
      public Asked asked(int number) {
        return new Asked(rows.row(number), rows.cells(number));
      }

      @Override
      public void close() {
        rows.close();
      }
    };
  }

  /// Prompts of the command line, or one that came another way.
  Questions written(List<String> texts) {
    return new Questions() {
      @Override
      public int count() {
        return texts.size();
      }

      @Override
      public Asked asked(int number) {
        var row = new Example.Row("prompt", number + 1L);
        var text = text(texts.get(number));
        return new Asked(new Example(row, text, List.of(), Map.of(), Map.of()), Map.of());
      }
    };
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
}
