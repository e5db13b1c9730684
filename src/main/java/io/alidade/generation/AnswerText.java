package io.alidade.generation;

import io.alidade.model.Drawn;
import io.alidade.tokenizer.TextStream;
import io.alidade.tokenizer.Tokenizer;

/// The text of an answer while its tokens arrive: decoded as it grows, never half a character, cut
/// before the first stop string. Not for use by several threads at once.
public final class AnswerText {
  /// Prompt tokens that a decoder sees before the first new one, so that it keeps a leading space.
  private static final int CONTEXT = 4;

  private final Stops stops;
  private final TextStream stream;
  private final StopText stop;
  private final StringBuilder text = new StringBuilder();
  private boolean ended;

  /// An empty answer.
  public AnswerText(Tokenizer tokenizer, Prompt prompt, Stops stops) {
    this.stops = stops;
    stream = tokenizer.stream(true);
    stop = new StopText(stops.texts());
    if (!prompt.chat()) {
      int[] ids = prompt.ids();
      for (int i = Math.max(0, ids.length - CONTEXT); i < ids.length; i++) {
        stream.add(ids[i]);
      }
      stream.finish();
    }
  }

  /// Takes a token and gives out the text that is certain now.
  public String add(int token) {
    if (stops.ends().contains(token)) {
      ended = true;
      return finish();
    }
    var piece = keep(stop.add(stream.add(token)));
    ended = stop.stopped();
    return piece;
  }

  /// Whether an end token or a stop string came.
  public boolean ended() {
    return ended;
  }

  /// Gives out what is left; nothing the second time.
  public String finish() {
    return keep(stop.add(stream.finish())) + keep(stop.finish());
  }

  /// All that was given out.
  public String all() {
    return text.toString();
  }

  /// Why it ended.
  ///
  /// @param how the row ended
  public Answer.End end(Drawn.Stop how) {
    return switch (how) {
      case END -> Answer.End.END;
      case LISTENER, LENGTH -> stop.stopped() ? Answer.End.STOP : Answer.End.LENGTH;
    };
  }

  private String keep(String piece) {
    text.append(piece);
    return piece;
  }
}
