package io.alidade.report;

import io.alidade.store.Json;
import java.nio.file.Files;
import java.nio.file.Path;

/// How to go on with the model of a run: commands, and Java.
final class Usage {
  private Usage() {}

  /// Only a model that has a chat template can be talked to; an adapter has that of the model
  /// below.
  private static boolean chats(Path model) {
    var config = model.resolve("tokenizer_config.json");
    return Files.exists(model.resolve("chat_template.jinja"))
        || !Files.exists(config)
        || Json.readObject(config).hasNonNull("chat_template");
  }

  static String commands(Path run) {
    var chat = "./alidade chat --model " + run + "/model\n";
    return """
    # what it says
    %2$s./alidade generate --model %1$s/model --prompt "..."

    # likelihoods of a file of preferences
    ./alidade score --model %1$s/model --data prefs.jsonl --out scores.jsonl

    # all runs side by side
    ./alidade runs

    # Python reads it too
    from transformers import AutoModelForCausalLM, AutoTokenizer
    model = AutoModelForCausalLM.from_pretrained("%1$s/model")
    tokenizer = AutoTokenizer.from_pretrained("%1$s/model")
    """
        .formatted(run, chats(run.resolve("model")) ? chat : "");
  }

  /// Text from the model; a test compiles it.
  static String java(Path run) {
    return """
    // java -cp target/alidade.jar Ask.java
    import io.alidade.example.Text;
    import io.alidade.generation.*;
    import io.alidade.model.Sampling;

    void main() {
      try (var model = LanguageModel.open("%s/model")) {
        // new tokens, temperature, top-k, top-p, min-p, repetition penalty, seed
        var sampling = new Sampling(64, 0.8, 0, 0.95, 0, 1, 7);
        var generator = new TextGenerator(model, sampling, List.of());
        generator.generate(new Text.Plain("..."), (_, piece) -> IO.print(piece));
      }
    }
    """
        .formatted(run.toString().replace("\\", "/"));
  }
}
