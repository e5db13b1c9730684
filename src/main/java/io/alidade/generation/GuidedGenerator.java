package io.alidade.generation;

import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.model.Decoder;
import io.alidade.model.Drawn;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Sampling;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Searches for text with a model of values: whole answers, found by a [ValueBeam].
public final class GuidedGenerator implements Answering, AutoCloseable {
  /// Searches at once, each with a beam of its own.
  private static final int SEARCHES = 16;

  private final LanguageModel model;
  private final TextGenerator plain;
  private final Stops stops;
  private final Policy critic;
  private final ValueBeam beam;
  private final int most; // tokens of an answer

  /// A generator; it owns the model of values.
  ///
  /// @param stops strings that end an answer and are not part of it; it is cut there when it was
  ///   found
  /// @throws UserException if there is no such model, if it does not fit, or if steps are not drawn
  ///   at random
  public GuidedGenerator(
      LanguageModel model, Guidance guidance, Sampling sampling, List<String> stops) {
    if (sampling.temperature() == 0) {
      throw new UserException(
          "a search by values samples several steps from each beginning, which are all the same at temperature 0; choose a positive temperature");
    }
    this.model = model;
    this.stops = Stops.of(model, stops);
    plain = new TextGenerator(model, sampling, stops);
    int vocabulary = model.policy().config().vocabSize();
    int tokens = Math.min(guidance.stepTokens(), sampling.maxNewTokens());
    most = Math.ceilDiv(sampling.maxNewTokens(), tokens) * tokens;
    beam =
        new ValueBeam(
            guidance.width(),
            guidance.samples(),
            most / tokens,
            sampling.lasting(tokens),
            Guidance.stepEnds(model.tokenizer(), vocabulary, guidance.separator()),
            this.stops.ends());
    critic = critic(model, guidance.values());
    if (critic.config().vocabSize() < vocabulary) {
      int known = critic.config().vocabSize();
      critic.close();
      throw new UserException(
          "%s: knows %d tokens and the model %d; the values must come from the same vocabulary"
              .formatted(guidance.values(), known, vocabulary));
    }
  }

  private static Policy critic(LanguageModel model, String values) {
    var beside = Path.of(values).resolve("critic");
    var folder = Files.isDirectory(beside) ? beside : Path.of(values);
    var spec = PolicySpec.frozen(model.policy().spec().precision()).with(Head.VALUE);
    if (Files.exists(folder.resolve("adapter_config.json"))
        && !Files.exists(folder.resolve("config.json"))) {
      return Policy.open(model.located().folder(), spec.withAdapter(folder)); // of the same base
    }
    var located = Located.find(folder.toString(), Optional.empty());
    return Policy.open(located.folder(), spec);
  }

  /// Identifies the model of values.
  public String fingerprint() {
    return critic.fingerprint();
  }

  @Override
  public Prompt prompt(Example example) {
    return plain.prompt(example);
  }

  @Override
  public List<Answer> draw(List<Prompt> prompts, int first, TextGenerator.Listener listener) {
    for (int p = 0; p < prompts.size(); p++) { // and a place to read the last value at
      Decoder.check(model.policy(), prompts.get(p).ids(), most + 1, "prompt " + (first + p + 1));
    }
    var found =
        beam.search(model.policy(), critic, prompts.stream().map(Prompt::ids).toList(), first);
    var answers = new ArrayList<Answer>();
    for (int p = 0; p < prompts.size(); p++) {
      var one = answer(prompts.get(p), found.get(p));
      listener.text(first + p, one.text());
      answers.add(one);
    }
    return answers;
  }

  @Override
  public int together() {
    return SEARCHES;
  }

  private Answer answer(Prompt prompt, ValueBeam.Found found) {
    var text = new AnswerText(model.tokenizer(), prompt, stops);
    int length = 0;
    while (length < found.tokens().length && !text.ended()) {
      text.add(found.tokens()[length++]);
    }
    text.finish();
    return new Answer(
        text.all(),
        Arrays.copyOf(found.tokens(), length),
        Arrays.copyOf(found.logps(), length),
        Arrays.copyOf(found.entropies(), length),
        text.end(
            found.finished() && length == found.tokens().length
                ? Drawn.Stop.END
                : Drawn.Stop.LENGTH));
  }

  @Override
  public void close() {
    critic.close();
  }
}
