package io.alidade.tokenizer.bpe;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A trained byte-level BPE: what `tokenizer.json` holds.
///
/// @param specials special tokens, which have the first ids
/// @param tokens all tokens by id, in the byte alphabet; the specials first
/// @param merges pairs of tokens that are joined, first learnt first
public record BpeTokenizer(List<String> specials, List<String> tokens, List<Merge> merges) {
  /// The split of text into words that no token crosses: letters with one leading space, up to
  /// three digits, runs of other signs, and white space apart from the word after it, so that a
  /// line's indentation is a word of its own and never joins the brace before it.
  public static final String SPLIT =
      " ?[\\p{L}_]+| ?\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}_]+|\\s+(?!\\S)|\\s+";

  /// Two tokens that become one.
  ///
  /// @param left in the byte alphabet
  /// @param right in the byte alphabet
  public record Merge(String left, String right) {}

  /// Number of tokens, specials included.
  public int size() {
    return tokens.size();
  }

  /// Ids by token, for writing.
  Map<String, Integer> vocabulary() {
    var ids = new HashMap<String, Integer>(tokens.size() * 2);
    for (int id = 0; id < tokens.size(); id++) {
      ids.put(tokens.get(id), id);
    }
    return ids;
  }
}
