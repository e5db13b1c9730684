package io.alidade.model;

import io.alidade.tensor.Ops;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// What the model says of next tokens.
///
/// @param logits `[rows, V]`, row by row
/// @param normalisers log of the sum of their exponentials, `[rows]`
/// @param entropies `[rows]`
record Seen(int size, float[] logits, float[] normalisers, float[] entropies) {
  static Seen of(Tensor logits) {
    var normaliser = logits.logsumexp(new long[] {1}, /* keepdim= */ true); // [R, 1]
    var p = logits.sub(normaliser).exp_();
    var entropy = normaliser.squeeze(1).sub(p.mul_(logits).sum(1));
    return new Seen(
        (int) logits.size(1),
        Ops.toFloats(logits),
        Ops.toFloats(normaliser.squeeze(1)),
        Ops.toFloats(entropy));
  }

  /// The same for any number of rows, computed [#Decoder.TILE] at a time and filled up with rows of
  /// nothing.
  static Seen inTiles(Tensor logits) {
    int rows = (int) logits.size(0);
    int rest = Math.floorMod(-rows, Decoder.TILE);
    var filled =
        rest == 0
            ? logits
            : Ops.concatenate(
                List.of(logits, Ops.zeros(logits.scalar_type(), rest, logits.size(1))), 0);
    var all = Ops.toFloats(logits);
    var normalisers = new float[rows + rest];
    var entropies = new float[rows + rest];
    for (int from = 0; from < rows; from += Decoder.TILE) {
      var tile = of(filled.narrow(0, from, Decoder.TILE));
      System.arraycopy(tile.normalisers, 0, normalisers, from, Decoder.TILE);
      System.arraycopy(tile.entropies, 0, entropies, from, Decoder.TILE);
    }
    return new Seen((int) logits.size(1), all, normalisers, entropies);
  }

  Decoder.Token token(int row, int id, int alternatives) {
    return new Decoder.Token(id, logp(row, id), entropies[row], alternatives(row, alternatives));
  }

  private float logp(int row, int id) {
    return logits[row * size + id] - normalisers[row];
  }

  private List<Decoder.Alternative> alternatives(int row, int count) {
    var best = new ArrayList<Decoder.Alternative>();
    float least = Float.NEGATIVE_INFINITY;
    for (int id = 0; id < size && count > 0; id++) {
      float logp = logp(row, id);
      if (best.size() < count || logp > least) {
        int at = best.size();
        while (at > 0 && best.get(at - 1).logp() < logp) {
          at--;
        }
        best.add(at, new Decoder.Alternative(id, logp));
        if (best.size() > count) {
          best.removeLast();
        }
        least = best.getLast().logp();
      }
    }
    return List.copyOf(best);
  }
}
