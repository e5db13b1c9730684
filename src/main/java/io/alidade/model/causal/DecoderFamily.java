package io.alidade.model.causal;

import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/// A family whose layers are in Llama's form.
interface DecoderFamily extends Architecture {
  /// Its layers.
  Decoder layersInForm();

  @Override
  default Optional<WrittenLayers> written() {
    return Optional.of(new WrittenLayers(layersInForm()));
  }

  @Override
  default Attention.Settings attention(int layer) {
    return layersInForm().settings().get(layer);
  }

  @Override
  default Optional<Rope> rope(int layer) {
    return Optional.of(layersInForm().ropes().get(layer));
  }

  @Override
  default List<List<String>> siblings(int layer) {
    return layersInForm().siblings(layer);
  }

  @Override
  default SequencedMap<String, long[]> shapes() {
    return layersInForm().shapes(config());
  }

  @Override
  default Tensor embed(Pass pass) {
    return layersInForm().embed(pass);
  }

  @Override
  default Tensor block(Pass pass, int layer, Tensor hidden) {
    return java.util.Objects.requireNonNull(
        layersInForm()
            .forward(pass, layer, hidden, false, Optional.empty())
            .get(Decoder.Kept.OUTPUT));
  }

  @Override
  default Tensor finish(Pass pass, Tensor hidden) {
    return layersInForm().finish(pass, hidden);
  }
}
