package io.alidade.tokenizer;

import java.util.Arrays;

/// Turns ids into text while they arrive, and never gives out half a character.
///
/// A piece is given out when the text so far no longer ends in an unfinished character. Pieces put
/// together are the text that decoding all ids at once gives, as long as the bytes are UTF-8. Not
/// for use by several threads.
public final class TextStream {
  /// A character is at most four bytes, so no well-formed one waits longer than this.
  private static final int PATIENCE = 32;

  private static final char UNFINISHED = '\uFFFD';

  private final Tokenizer tokenizer;
  private final boolean skipSpecial;
  // Tokens of the last piece stay in front as context: decoders treat the first token differently
  // (a leading space is dropped, bytes are joined).
  private int[] ids = new int[64];
  private int given;
  private int count;

  TextStream(Tokenizer tokenizer, boolean skipSpecial) {
    this.tokenizer = tokenizer;
    this.skipSpecial = skipSpecial;
  }

  /// Takes an id and gives out the text it completes; empty while a character is unfinished.
  public String add(int id) {
    if (count == ids.length) {
      ids = Arrays.copyOf(ids, 2 * count);
    }
    ids[count++] = id;
    return piece(count - given >= PATIENCE);
  }

  /// Gives out whatever is left, U+FFFD where a character stayed unfinished.
  public String finish() {
    return piece(true);
  }

  private String piece(boolean all) {
    if (given == count) {
      return "";
    }
    var before = tokenizer.decode(Arrays.copyOf(ids, given), skipSpecial);
    var after = tokenizer.decode(Arrays.copyOf(ids, count), skipSpecial);
    if (after.length() <= before.length()
        || (!all && after.charAt(after.length() - 1) == UNFINISHED)) {
      return "";
    }
    ids = Arrays.copyOf(Arrays.copyOfRange(ids, given, count), ids.length);
    count -= given;
    given = count;
    return after.substring(before.length());
  }
}
