package io.alidade.generation;

import io.alidade.UserException;
import io.alidade.data.Encoding;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.example.Example;
import io.alidade.example.Message;
import io.alidade.example.Text;
import io.alidade.model.Drawn;
import io.alidade.model.Generator;
import io.alidade.model.Sampling;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Draws text from a model: prompts are rendered (conversations by the chat template, opened for
/// the assistant), continued together over a key/value cache, and decoded while they grow.
public final class TextGenerator implements Answering {
  private final LanguageModel model;
  private final Sampling sampling;
  private final Stops stops;
  private final RowEncoder encoder;

  /// Told of text while it is drawn; never given half a character or a part of a stop string.
  @FunctionalInterface
  public interface Listener {
    /// @param row number of the prompt
    /// @param piece of its answer
    void text(int row, String piece);
  }

  /// Answers that are drawn as one stream: a row that ends makes room for the next of them, so that
  /// nothing waits for the longest but at the end of this many.
  private static final int STREAM = 1024;

  /// A generator.
  ///
  /// @param stops strings that end an answer and are not part of it; those that are special tokens
  ///   end it as its end token does
  /// @throws UserException if the model gives rewards, or a stop string is empty
  public TextGenerator(LanguageModel model, Sampling sampling, List<String> stops) {
    if (model.rewards()) {
      throw new UserException(
          model.located().folder() + ": a reward model has no words; score with it instead");
    }
    this.model = model;
    this.sampling = sampling;
    this.stops = Stops.of(model, stops);
    this.encoder = new RowEncoder(model.tokenizer(), Encoding.unlimited(Layout.CONTINUATIONS));
  }

  /// One turn of a conversation.
  public static Message message(String role, String content) {
    return new Message(role, Map.of("role", role, "content", content));
  }

  /// An answer to each prompt, in order.
  public List<Answer> generate(List<? extends Text> prompts) {
    return draw(
        IntStream.range(0, prompts.size()).mapToObj(p -> prompt(prompts.get(p), p)).toList(),
        0,
        (_, _) -> {});
  }

  /// An answer to one prompt, with its text as it comes.
  public Answer generate(Text prompt, Listener listener) {
    return draw(List.of(prompt(prompt)), 0, listener).getFirst();
  }

  /// A prompt as the model reads it.
  ///
  /// @throws UserException if it cannot be rendered, for example for want of a chat template
  public Prompt prompt(Text text) {
    return prompt(text, 0);
  }

  private Prompt prompt(Text text, int number) {
    return prompt(
        new Example(new Example.Row("prompt", number + 1), text, List.of(), Map.of(), Map.of()));
  }

  /// The prompt of a row. Of a whole conversation, what precedes its last answer.
  ///
  /// @throws UserException if it cannot be rendered, for example for want of a chat template
  @Override
  public Prompt prompt(Example example) {
    var asked = asked(example);
    var bare = new Example(example.row(), asked, List.of(), Map.of(), example.extras());
    return new Prompt(encoder.encode(bare).prompt(), asked instanceof Text.Chat);
  }

  /// What a row asks: its prompt, or of a whole conversation, what precedes its last answer.
  public static Text asked(Example example) {
    boolean conversation =
        example.prompt() instanceof Text.Plain(var text)
            && text.isEmpty()
            && !example.candidates().isEmpty();
    if (!conversation || !(example.candidates().getFirst() instanceof Text.Chat(var messages))) {
      return example.prompt();
    }
    boolean answered = !messages.isEmpty() && messages.getLast().role().equals("assistant");
    var asked = answered ? messages.subList(0, messages.size() - 1) : messages;
    if (asked.isEmpty()) {
      throw new UserException(example.row() + ": a conversation that asks nothing");
    }
    return new Text.Chat(asked);
  }

  @Override
  public List<Answer> draw(List<Prompt> prompts, int first, Listener listener) {
    var answers = new ArrayList<Answer>();
    draw(prompts, first, listener, answers::add);
    return answers;
  }

  @Override
  public void draw(List<Prompt> prompts, int first, Listener listener, Consumer<Answer> ended) {
    var rows =
        IntStream.range(0, prompts.size())
            .mapToObj(r -> new Row(first + r, prompts.get(r), listener))
            .toList();
    var early = new HashMap<Integer, Answer>(); // those that ended before others of less number
    int[] next = {0};
    new Generator(
            model.policy(),
            sampling,
            stops.ends(),
            (row, token) -> rows.get(row - first).add(token))
        .sample(
            prompts.stream().map(Prompt::ids).toList(),
            1,
            first,
            sample -> {
              early.put(sample.prompt(), rows.get(sample.prompt()).answer(sample.drawn()));
              for (var answer = early.remove(next[0]);
                  answer != null;
                  answer = early.remove(next[0])) {
                next[0]++;
                ended.accept(answer);
              }
            });
  }

  @Override
  public int together() {
    return STREAM;
  }

  /// The text of an answer as it grows.
  private final class Row {
    private final int number;
    private final Listener listener;
    private final AnswerText text;

    Row(int number, Prompt prompt, Listener listener) {
      this.number = number;
      this.listener = listener;
      text = new AnswerText(model.tokenizer(), prompt, stops);
    }

    boolean add(int token) {
      give(text.add(token));
      return !text.ended();
    }

    Answer answer(Drawn drawn) {
      give(text.finish());
      return new Answer(
          text.all(), drawn.tokens(), drawn.logps(), drawn.entropies(), text.end(drawn.stop()));
    }

    private void give(String piece) {
      if (!piece.isEmpty()) {
        listener.text(number, piece);
      }
    }
  }
}
