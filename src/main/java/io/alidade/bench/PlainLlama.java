package io.alidade.bench;

import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;
import static org.bytedeco.pytorch.global.torch.silu;

import io.alidade.model.TensorFiles;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Llama's layers, one operation of the library after the other, as models are written down for a
/// plain trainer: whole padded rows, recorded by autograd, nothing shared and nothing computed
/// twice. What [PlainStep] and [PlainDraw] are made of; shares no code with the models that this
/// program trains.
///
/// Of the ways in which `transformers` computes attention the fastest is taken: rows are padded on
/// the right, so no mask is needed beside the causal one, and keys are repeated for the heads that
/// share them, since the library's fast kernel knows no groups.
final class PlainLlama implements AutoCloseable {
  private static final double THETA = 10_000;
  private static final double EPSILON = 1e-5;

  private final Shape shape;
  private final SequencedMap<String, Owned> weights = new LinkedHashMap<>();
  private final SequencedMap<String, Owned> factors = new LinkedHashMap<>(); // of an adapter
  private final double scale;

  private PlainLlama(Shape shape, double scale) {
    this.shape = shape;
    this.scale = scale;
  }

  /// Reads a checkpoint of one file.
  ///
  /// @param adapter a folder in PEFT's layout; where there is one, it alone is trained
  /// @param scale what the adapter's product is multiplied by
  static PlainLlama open(
      Shape shape, Path model, Optional<Path> adapter, double scale, ScalarType type) {
    var llama = new PlainLlama(shape, scale);
    llama.read(model.resolve("model.safetensors"), "", type, adapter.isEmpty(), llama.weights);
    adapter.ifPresent(folder ->
        llama.read(
            folder.resolve("adapter_model.safetensors"),
            "base_model.model.",
            type,
            true,
            llama.factors));
    return llama;
  }

  private void read(
      Path file,
      String prefix,
      ScalarType type,
      boolean trained,
      SequencedMap<String, Owned> into) {
    try (var _ = new Step()) {
      TensorFiles.read(file)
          .forEach((name, tensor) ->
              into.put(
                  name.substring(prefix.length()),
                  Owned.keep(tensor.to(type).set_requires_grad(trained))));
    }
  }

  /// What is trained, by name.
  SequencedMap<String, Tensor> trainable() {
    var trainable = new LinkedHashMap<String, Tensor>();
    (factors.isEmpty() ? weights : factors)
        .forEach((name, weight) -> trainable.put(name, weight.tensor()));
    return trainable;
  }

  private Tensor weight(String name) {
    return Objects.requireNonNull(weights.get(name), name).tensor();
  }

  /// Keys and values of what has been read; none while training.
  interface Past {
    /// All keys (or values) of a layer, `[B, kv heads, T, d]`, the new ones last.
    Tensor with(int layer, boolean keys, Tensor fresh);

    /// Position of the next token.
    int length();
  }

  /// Nothing was read before.
  static final class Nothing implements Past {
    @Override
    public Tensor with(int layer, boolean keys, Tensor fresh) {
      return fresh;
    }

    @Override
    public int length() {
      return 0;
    }
  }

  /// Hidden states after the final norm.
  ///
  /// @param ids `[B, T]`, padded on the right
  /// @return `[B, T, hidden]`
  Tensor hidden(Tensor ids, Past past) {
    var turn = turn(past.length(), (int) ids.size(1));
    var x = embedding(weight("model.embed_tokens.weight"), ids);
    for (int layer = 0; layer < shape.layers; layer++) {
      var module = "model.layers." + layer;
      var before = x;
      int number = layer;
      // A step of its own for each half of a layer frees what the graph does not keep, as a
      // function that returns does elsewhere.
      var between =
          Step.inner(() -> {
            var normed = norm(before, module + ".input_layernorm.weight");
            return before.add(attention(number, module + ".self_attn.", normed, turn, past));
          });
      x =
          Step.inner(() -> {
            var normed = norm(between, module + ".post_attention_layernorm.weight");
            var gate = silu(project(module + ".mlp.gate_proj", normed));
            var inner = gate.mul(project(module + ".mlp.up_proj", normed));
            return between.add(project(module + ".mlp.down_proj", inner));
          });
    }
    var last = x;
    return Step.inner(() -> norm(last, "model.norm.weight"));
  }

  /// The tied projection to the vocabulary.
  Tensor logits(Tensor hidden) {
    return linear(hidden, weight("model.embed_tokens.weight"));
  }

  private Tensor norm(Tensor x, String weight) {
    var mean = x.square().mean(new long[] {-1}, /* keepdim= */ true, new ScalarTypeOptional());
    return weight(weight).mul(x.mul(Ops.plus(mean, EPSILON).rsqrt()));
  }

  private Tensor project(String module, Tensor x) {
    var plain = linear(x, weight(module + ".weight"));
    var a = factors.get(module + ".lora_A.weight");
    if (a == null) {
      return plain;
    }
    var b = Objects.requireNonNull(factors.get(module + ".lora_B.weight"), module).tensor();
    return plain.add(Ops.times(linear(linear(x, a.tensor()), b), scale));
  }

  private Tensor attention(int layer, String module, Tensor x, Tensor[] turn, Past past) {
    long rows = x.size(0);
    long length = x.size(1);
    var query = rotate(heads(project(module + "q_proj", x), shape.heads), turn);
    var key = rotate(heads(project(module + "k_proj", x), shape.keyValueHeads), turn);
    var value = heads(project(module + "v_proj", x), shape.keyValueHeads);
    var mixed =
        scaled_dot_product_attention(
            query,
            repeated(past.with(layer, true, key)),
            repeated(past.with(layer, false, value)),
            new TensorOptional(),
            /* dropout_p= */ 0,
            /* is_causal= */ length > 1,
            new DoubleOptional(),
            /* enable_gqa= */ false);
    return project(module + "o_proj", mixed.transpose(1, 2).reshape(rows, length, shape.hidden));
  }

  /// `[B, T, heads d]` to `[B, heads, T, d]`.
  private Tensor heads(Tensor x, int count) {
    return x.view(x.size(0), x.size(1), count, size()).transpose(1, 2);
  }

  /// `[B, kv heads, T, d]` to `[B, heads, T, d]`.
  private Tensor repeated(Tensor x) {
    int times = shape.heads / shape.keyValueHeads;
    if (times == 1) {
      return x;
    }
    return x.unsqueeze(2)
        .expand(x.size(0), shape.keyValueHeads, times, x.size(2), size())
        .reshape(x.size(0), shape.heads, x.size(2), size());
  }

  private int size() {
    return shape.hidden / shape.heads;
  }

  /// Cosines and sines of positions, each `[T, d]`, both halves of a head alike.
  private Tensor[] turn(int from, int length) {
    int half = size() / 2;
    var cosines = new double[length * size()];
    var sines = new double[length * size()];
    for (int t = 0; t < length; t++) {
      for (int i = 0; i < size(); i++) {
        double frequency = Math.pow(THETA, -2.0 * (i % half) / size());
        boolean wide = type() == ScalarType.Double;
        double angle = wide ? (from + t) * frequency : (float) (from + t) * (float) frequency;
        cosines[t * size() + i] = Math.cos(angle);
        sines[t * size() + i] = Math.sin(angle);
      }
    }
    return new Tensor[] {
      Ops.doubles(cosines, length, size()).to(type()), Ops.doubles(sines, length, size()).to(type())
    };
  }

  /// The type that it computes in.
  ScalarType type() {
    return Ops.type(weight("model.norm.weight"));
  }

  private Tensor rotate(Tensor x, Tensor[] turn) {
    long half = size() / 2;
    var turned = Ops.concatenate(List.of(x.narrow(3, half, half).neg(), x.narrow(3, 0, half)), 3);
    return x.mul(turn[0]).add(turned.mul(turn[1]));
  }

  @Override
  public void close() {
    weights.values().forEach(Owned::close);
    factors.values().forEach(Owned::close);
  }
}
