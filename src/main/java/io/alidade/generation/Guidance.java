package io.alidade.generation;

import io.alidade.Check;
import io.alidade.UserException;
import io.alidade.store.Json;
import io.alidade.tokenizer.Tokenizer;
import java.util.HashSet;
import java.util.Set;

/// How answers are searched for with a model of values; see [ValueBeam].
///
/// @param values where that model is: its folder, or a run that left one in `critic/`
/// @param width beginnings kept, at least 1
/// @param samples steps sampled from each, at least 1
/// @param stepTokens tokens of a step at most, at least 1
/// @param separator text at whose end a step ends
public record Guidance(String values, int width, int samples, int stepTokens, String separator) {
  /// Checks the ranges.
  public Guidance {
    Check.atLeast("width", 1, width);
    Check.atLeast("samples", 1, samples);
    Check.atLeast("step_tokens", 1, stepTokens);
  }

  /// Tokens whose text ends with a separator.
  ///
  /// @param vocabulary number of ids that the model knows
  /// @throws UserException if there is none
  public static Set<Integer> stepEnds(Tokenizer tokenizer, int vocabulary, String separator) {
    var found = new HashSet<Integer>();
    for (int id = 0; id < Math.min(vocabulary, tokenizer.size()); id++) {
      if (tokenizer.decode(new int[] {id}, true).endsWith(separator)) {
        found.add(id);
      }
    }
    if (found.isEmpty()) {
      throw new UserException(
          "separator: no token of the vocabulary ends with %s, so no step would end; choose another"
              .formatted(Json.line(separator)));
    }
    return found;
  }
}
