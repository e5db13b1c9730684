package io.alidade.model;

import io.alidade.model.causal.Pass;
import io.alidade.model.causal.Stretch;
import io.alidade.model.causal.WrittenLayers;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Shares;
import java.util.List;
import java.util.function.IntFunction;
import org.bytedeco.pytorch.Tensor;

/// A pass whose tokens are cut into stretches, one for each thread. Threads meet in each layer,
/// where tokens attend to those of others; everything else of a layer is done token by token.
///
/// @param layers that are run
/// @param stretches of the layout, one after the other
/// @param pass gives the pass over a stretch, by its number; called on the thread that runs it
record Stretches(WrittenLayers layers, List<Stretch> stretches, IntFunction<Pass> pass) {
  /// Hidden states of some tokens, `[R, hidden]`, without going backward.
  ///
  /// @param rows their indices in the layout, ascending
  Tensor frozen(int[] rows) {
    try (var shares = new Shares(stretches.size())) {
      return Ops.concatenate(
          shares.each(share -> layers.frozen(pass.apply(share), own(rows, share))), 0);
    }
  }

  private Tensor own(int[] rows, int share) {
    return Ops.indices(stretches.get(share).own(rows));
  }

  /// Runs the layers forward.
  ///
  /// @param rows the tokens whose hidden states are wanted, by their indices in the layout,
  ///   ascending
  /// @param repeated how many layers are computed again in the backward pass
  Trunk.Run run(int[] rows, int repeated) {
    var shares = new Shares(stretches.size());
    var runs = shares.each(share -> layers.run(pass.apply(share), own(rows, share), repeated));
    var hidden = Ops.concatenate(runs.stream().map(WrittenLayers.Run::hidden).toList(), 0);
    return new Trunk.Run() {
      @Override
      public Tensor hidden() {
        return hidden;
      }

      @Override
      public void backward(Tensor gradient) {
        var own = new long[runs.size() + 1]; // where the rows of each share begin
        for (int i = 0; i < runs.size(); i++) {
          own[i + 1] = own[i] + runs.get(i).hidden().size(0);
        }
        shares.each(share -> {
          runs.get(share).backward(gradient.narrow(0, own[share], own[share + 1] - own[share]));
          return share;
        });
        shares.close();
      }
    };
  }
}
