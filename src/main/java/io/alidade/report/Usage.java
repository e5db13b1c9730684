package io.alidade.report;

import java.nio.file.Path;

/// How to go on with the model of a run: commands, and Java.
final class Usage {
  private Usage() {}

  static String commands(Path run) {
    return """
    # talk to it
    ./alidade chat --model %1$s/model
    ./alidade generate --model %1$s/model --prompt "..."

    # likelihoods of a file of preferences
    ./alidade score --model %1$s/model --data prefs.jsonl --out scores.jsonl

    # all runs side by side
    ./alidade runs

    # Python reads it too
    from transformers import AutoModelForCausalLM, AutoTokenizer
    model = AutoModelForCausalLM.from_pretrained("%1$s/model")
    tokenizer = AutoTokenizer.from_pretrained("%1$s/model")
    """
        .formatted(run);
  }

  /// The log-likelihood of an answer; a test compiles it.
  static String java(Path run) {
    return """
    // the log-likelihood of an answer, in nats
    var folder = Path.of("%s/model");
    try (var model = Policy.open(folder, PolicySpec.frozen(Precision.FLOAT32));
        var tokenizer = Tokenizer.load(folder);
        var step = new Step()) {
      int[] prompt = tokenizer.encode("What is an alidade?", true);
      var answer = Completion.of(tokenizer.encode(" A sighting rule.", false));
      var group = new Group(new Example.Row("mine", 1), prompt, List.of(answer), Map.of());
      var read = Set.of(Readout.LOG_LIKELIHOOD);
      var scoring = model.score(new Batch(List.of(group)), read, false);
      System.out.println(Ops.number(scoring.outputs().get(Readout.LOG_LIKELIHOOD).sum()));
    }
    """
        .formatted(run.toString().replace("\\", "/"));
  }
}
