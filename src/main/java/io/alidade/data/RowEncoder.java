package io.alidade.data;

import io.alidade.UserException;
import io.alidade.batch.Completion;
import io.alidade.example.Example;
import io.alidade.example.Prompts;
import io.alidade.example.Text;
import io.alidade.store.ContentHash;
import io.alidade.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Rows to ids, as TRL 1.13 makes them.
///
/// Plain text gets the end-of-sequence text where a completion lacks it; of conversations the chat
/// template alone decides. The ids of a completion are those of prompt and completion together
/// after as many as the prompt has alone, even where tokens merge across the boundary. Safe for use
/// by several threads.
public final class RowEncoder {
  /// To be changed with whatever makes other ids of the same text.
  private static final String VERSION = "1";

  private final Tokenizer tokenizer;
  private final Encoding encoding;
  private final Renderer renderer;

  /// An encoder for the rows that one objective reads.
  public RowEncoder(Tokenizer tokenizer, Encoding encoding) {
    this.tokenizer = tokenizer;
    this.encoding = encoding;
    this.renderer = new Renderer(tokenizer);
  }

  /// A row as the model reads it, or why it was dropped.
  ///
  /// @throws UserException if the row cannot be rendered or tokenized
  public Fitted group(Example example) {
    return fit(encode(example));
  }

  /// Cuts an encoded row to the limit.
  public Fitted fit(EncodedRow row) {
    return Limit.fit(row, encoding);
  }

  /// A row as ids, before any limit.
  ///
  /// @throws UserException if the row cannot be rendered or tokenized
  public EncodedRow encode(Example example) {
    try {
      return switch (encoding.layout()) {
        case CONTINUATIONS -> continuations(example);
        case DEMONSTRATIONS -> demonstration(example);
        case WHOLE -> whole(example);
      };
    } catch (IllegalArgumentException failure) {
      throw new UserException(example.row() + ": " + failure.getMessage(), failure);
    }
  }

  /// What the tokenizer sees of each candidate: prompt and candidate as one, rendered; of a bare
  /// prompt, the prompt.
  ///
  /// @throws UserException if the row cannot be rendered
  public List<String> rendered(Example example) {
    return example.candidates().isEmpty()
        ? List.of(renderer.prompt(example).text())
        : IntStream.range(0, example.candidates().size())
            .mapToObj(k -> together(example, k).text())
            .toList();
  }

  /// Where in its own text each token of a candidate stands: for each candidate, the first
  /// character and the one after the last of every token of its row, before any limit, counted from
  /// the beginning of the candidate's text; negative before it, equal for a token that was added.
  ///
  /// @throws UserException if the row cannot be rendered or tokenized
  List<Span[]> spans(Example example) {
    int prompt = renderer.ids(renderer.prompt(example)).length;
    var spans = new ArrayList<Span[]>();
    for (var candidate : example.candidates()) {
      var together = renderer.together(example, candidate);
      var tokens = renderer.tokens(together);
      int start = together.text().indexOf(answer(candidate), renderer.start(example));
      if (start < 0) {
        throw new UserException(
            "%s: the chat template changes the text of an answer, so its tokens cannot be told apart; use plain text"
                .formatted(example.row()));
      }
      var own = new Span[Math.max(0, tokens.ids().length - prompt)];
      for (int t = 0; t < own.length; t++) {
        int from = tokens.starts()[prompt + t] - start;
        own[t] = new Span(from, from + tokens.ends()[prompt + t] - tokens.starts()[prompt + t]);
      }
      spans.add(own);
    }
    return spans;
  }

  /// Characters of a text.
  ///
  /// @param start the first one
  /// @param end the one after the last; equal to `start` for none
  record Span(int start, int end) {
    /// Whether this and another span have a character in common.
    boolean overlaps(int from, int to) {
      return start < to && end > from && end > start;
    }
  }

  /// A candidate as one text: plain, or the content of its only turn.
  ///
  /// @throws UserException if it has several turns
  static String answer(Text candidate) {
    return switch (candidate) {
      case Text.Plain(var text) -> text;
      case Text.Chat(var turns)
          when turns.size() == 1
              && turns.getFirst().fields().get("content") instanceof String content ->
          content;
      case Text.Chat(var turns) ->
          throw new UserException(
              "an answer of %d turns has no tokens of its own; use one turn of text"
                  .formatted(turns.size()));
    };
  }

  /// What the ids of a text depend on beside the text, as a hash; absent where they depend on the
  /// hour, too.
  Optional<String> identity() {
    return tokenizer.dated()
        ? Optional.empty()
        : Optional.of(
            ContentHash.of(List.of(tokenizer.fingerprint(), encoding.toString(), VERSION)));
  }

  /// What is encoded, and how.
  public Encoding encoding() {
    return encoding;
  }

  private EncodedRow continuations(Example example) {
    if (Prompts.differ(example)) {
      return ownPrompts(example);
    }
    int[] prompt = renderer.ids(renderer.prompt(example));
    var candidates = new ArrayList<Completion>();
    boolean moved = false;
    for (var candidate : example.candidates()) {
      int[] all = renderer.ids(renderer.together(example, candidate));
      candidates.add(scored(after(all, prompt.length), prompt.length == 0));
      moved |= !startsWith(all, prompt);
    }
    return new EncodedRow(example.row(), prompt, candidates, example.signals(), moved);
  }

  /// Candidates with prompts of their own: what all prompts have in common in front is read once,
  /// the rest of each stands before its candidate, unscored.
  private EncodedRow ownPrompts(Example example) {
    int count = example.candidates().size();
    var rows = IntStream.range(0, count).mapToObj(k -> Prompts.alone(example, k)).toList();
    var prompts = rows.stream().map(row -> renderer.ids(renderer.prompt(row))).toList();
    int shared = prompts.stream().mapToInt(ids -> ids.length).min().orElse(0);
    for (int[] ids : prompts) {
      int differs = Arrays.mismatch(ids, prompts.getFirst());
      shared = differs < 0 ? shared : Math.min(shared, differs);
    }
    var candidates = new ArrayList<Completion>();
    boolean moved = false;
    for (int k = 0; k < count; k++) {
      int[] prompt = prompts.get(k);
      int[] all = renderer.ids(renderer.together(rows.get(k), rows.get(k).candidates().getFirst()));
      var completion = scored(after(all, shared), shared == 0);
      Arrays.fill(
          completion.scored(),
          0,
          Math.min(prompt.length - shared, completion.scored().length),
          false);
      candidates.add(completion);
      moved |= !startsWith(all, prompt);
    }
    return new EncodedRow(
        example.row(),
        Arrays.copyOf(prompts.getFirst(), shared),
        candidates,
        example.signals(),
        moved);
  }

  private Renderer.Rendered together(Example example, int candidate) {
    var row = Prompts.differ(example) ? Prompts.alone(example, candidate) : example;
    return renderer.together(row, example.candidates().get(candidate));
  }

  private EncodedRow demonstration(Example example) {
    if (example.candidates().size() != 1) {
      throw new UserException(
          "%s: %d completions where a demonstration has one"
              .formatted(example.row(), example.candidates().size()));
    }
    var candidate = example.candidates().getFirst();
    int[] prompt = renderer.ids(renderer.prompt(example));
    var tokens = renderer.tokens(renderer.together(example, candidate));
    int[] all = tokens.ids();
    var completion = scored(after(all, prompt.length), prompt.length == 0);
    int start = all.length - completion.tokens().length;
    if (encoding.assistantOnlyLoss()) {
      boolean[] assistant = renderer.assistant(example, candidate, tokens);
      for (int t = 0; t < completion.scored().length; t++) {
        completion.scored()[t] &= assistant[start + t];
      }
    }
    return new EncodedRow(
        example.row(),
        Arrays.copyOf(all, start),
        List.of(completion),
        example.signals(),
        !startsWith(all, prompt));
  }

  /// Whole texts; what they have in common in front is read once, as a prompt.
  private EncodedRow whole(Example example) {
    var texts =
        IntStream.range(0, example.candidates().size())
            .mapToObj(k -> renderer.ids(together(example, k)))
            .toList();
    int shared = texts.stream().mapToInt(ids -> ids.length - 1).min().orElse(0);
    for (int[] ids : texts) {
      int differs = Arrays.mismatch(ids, texts.getFirst());
      shared = differs < 0 ? shared : Math.min(shared, differs);
    }
    int prompt = Math.max(0, shared);
    return new EncodedRow(
        example.row(),
        texts.isEmpty()
            ? renderer.ids(renderer.prompt(example))
            : Arrays.copyOf(texts.getFirst(), prompt),
        texts.stream().map(ids -> scored(after(ids, prompt), prompt == 0)).toList(),
        example.signals(),
        false);
  }

  /// Everything scored; nothing predicts the first token of all.
  private static Completion scored(int[] tokens, boolean first) {
    var completion = Completion.of(tokens);
    if (first && tokens.length > 0) {
      completion.scored()[0] = false;
    }
    return completion;
  }

  private static int[] after(int[] ids, int from) {
    return Arrays.copyOfRange(ids, Math.min(from, ids.length), ids.length);
  }

  private static boolean startsWith(int[] ids, int[] start) {
    return ids.length >= start.length
        && Arrays.equals(ids, 0, start.length, start, 0, start.length);
  }
}
