package io.alidade.bench;

import io.alidade.batch.Group;
import io.alidade.tensor.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// Groups as rows of one tensor: the first candidate of each, then the second of each.
///
/// @param ids `[B, T]`, padded on the right with 0
/// @param outside true where no completion's token is predicted, `[B, T - 1]`
/// @param places flat positions that predict one, `[S]`
/// @param targets what is predicted there, `[S]`
/// @param owners the row of each, `[S]`
/// @param candidates K of each group
record PlainRows(
    Tensor ids, Tensor outside, Tensor places, Tensor targets, Tensor owners, int candidates) {
  static PlainRows of(List<Group> groups) {
    int candidates = groups.getFirst().candidates().size();
    int count = candidates * groups.size();
    int longest =
        groups.stream()
            .flatMapToInt(group ->
                group.candidates().stream()
                    .mapToInt(c -> group.prompt().length + c.tokens().length))
            .max()
            .orElseThrow();
    var ids = new long[count * longest];
    var outside = new boolean[count * (longest - 1)];
    Arrays.fill(outside, true);
    var places = new ArrayList<Integer>();
    var targets = new ArrayList<Integer>();
    var owners = new ArrayList<Integer>();
    for (int k = 0; k < candidates; k++) {
      for (int g = 0; g < groups.size(); g++) {
        int row = k * groups.size() + g;
        var prompt = groups.get(g).prompt();
        var tokens = groups.get(g).candidates().get(k).tokens();
        for (int t = 0; t < prompt.length; t++) {
          ids[row * longest + t] = prompt[t];
        }
        for (int t = 0; t < tokens.length; t++) {
          int at = prompt.length + t;
          ids[row * longest + at] = tokens[t];
          outside[row * (longest - 1) + at - 1] = false;
          places.add(row * longest + at - 1);
          targets.add(tokens[t]);
          owners.add(row);
        }
      }
    }
    return new PlainRows(
        Ops.longs(ids, count, longest),
        Ops.booleans(outside, count, longest - 1),
        indices(places),
        indices(targets),
        indices(owners),
        candidates);
  }

  private static Tensor indices(List<Integer> values) {
    return Ops.indices(values.stream().mapToInt(Integer::intValue).toArray());
  }

  int count() {
    return (int) ids.size(0);
  }

  /// Positions of a row that predict a completion's token.
  Tensor places(int row) {
    return outside.select(0, row).logical_not().nonzero().squeeze(1);
  }
}
