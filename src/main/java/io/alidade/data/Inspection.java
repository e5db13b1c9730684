package io.alidade.data;

import io.alidade.example.Example;
import io.alidade.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/// One row as the model will read it, token by token.
///
/// @param row where it came from
/// @param sequences one a candidate; one for a bare prompt
/// @param boundaryMoved as in [EncodedRow]
/// @param outcome what the limit leaves
public record Inspection(
    Example.Row row, List<Sequence> sequences, boolean boundaryMoved, Fitted outcome) {
  /// Prompt and candidate as one.
  ///
  /// @param rendered the text that was tokenized
  /// @param tokens all of them, those that the limit takes as well
  public record Sequence(String rendered, List<Token> tokens) {}

  /// A token and its part in the loss.
  ///
  /// @param id of the vocabulary
  /// @param text what it says alone; the vocabulary's spelling where it is part of a character
  /// @param part what it is there for
  /// @param cut whether the limit takes it
  public record Token(int id, String text, Part part, boolean cut) {}

  /// What a token is there for.
  public enum Part {
    /// Read, not scored.
    PROMPT,
    /// Scored.
    SCORED,
    /// In the completion, but not scored.
    UNSCORED
  }

  /// Looks at a row.
  ///
  /// @throws io.alidade.UserException if the row cannot be rendered or tokenized
  public static Inspection of(Tokenizer tokenizer, RowEncoder encoder, Example example) {
    var row = encoder.encode(example);
    var texts = encoder.rendered(example);
    int most = encoder.encoding().maxLength().orElse(Integer.MAX_VALUE);
    boolean start = encoder.encoding().truncation() == Truncation.KEEP_START;
    var sequences = new ArrayList<Sequence>();
    for (int c = 0; c < texts.size(); c++) {
      var tokens = new ArrayList<Token>();
      boolean bare = row.candidates().isEmpty();
      int[] candidate = bare ? new int[0] : row.candidates().get(c).tokens();
      int all = row.prompt().length + candidate.length;
      for (int t = 0; t < all; t++) {
        int place = t - row.prompt().length;
        int id = place < 0 ? row.prompt()[t] : candidate[place];
        var part =
            place < 0
                ? Part.PROMPT
                : row.candidates().get(c).scored()[place] ? Part.SCORED : Part.UNSCORED;
        tokens.add(new Token(id, text(tokenizer, id), part, start ? t >= most : t < all - most));
      }
      sequences.add(new Sequence(texts.get(c), tokens));
    }
    return new Inspection(row.row(), sequences, row.boundaryMoved(), encoder.fit(row));
  }

  private static String text(Tokenizer tokenizer, int id) {
    var alone = tokenizer.decode(new int[] {id}, false);
    return alone.isEmpty() || alone.indexOf('\uFFFD') >= 0
        ? tokenizer.piece(id).orElse(alone)
        : alone;
  }
}
