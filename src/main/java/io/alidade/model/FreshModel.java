package io.alidade.model;

import io.alidade.UserException;
import io.alidade.model.causal.Architectures;
import io.alidade.model.causal.ModelConfig;
import io.alidade.store.AtomicFiles;
import io.alidade.store.SafetensorsWriter;
import io.alidade.store.WeightFiles;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Models that have not learned anything yet.
public final class FreshModel {
  private static final List<String> TOKENIZER =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "chat_template.jinja");

  private FreshModel() {}

  /// Writes a checkpoint with random float32 weights: matrices and embeddings are normal with the
  /// configuration's `initializer_range`, norms 1 (0 where they are counted from 1), biases 0, as
  /// `transformers` begins. Equal seeds give equal bits.
  ///
  /// @param config a config.json in the Hugging Face layout
  /// @param tokenizer folder of the tokenizer's files, which are copied
  /// @param target the new folder
  /// @param seed of the random numbers
  /// @throws UserException if the configuration is of no known family or the folder exists
  public static void write(Path config, Path tokenizer, Path target, long seed) {
    if (Files.exists(target)) {
      throw new UserException(target + ": exists already; choose another --out or remove it");
    }
    AtomicFiles.folder(
        target,
        into -> {
          Files.copy(config, into.resolve("config.json"));
          for (var name : TOKENIZER) {
            if (Files.exists(tokenizer.resolve(name))) {
              Files.copy(tokenizer.resolve(name), into.resolve(name));
            }
          }
          var read = ModelConfig.read(into);
          var architecture = Architectures.of(read);
          var shapes = new LinkedHashMap<>(architecture.shapes());
          if (!architecture.tied()) {
            shapes.put(
                architecture.names().head(),
                new long[] {read.vocabSize(), architecture.hiddenSize()});
          }
          try (var random = new Rng(seed);
              var _ = new Step()) {
            var sources = new LinkedHashMap<String, SafetensorsWriter.Source>();
            shapes.forEach((name, shape) ->
                sources.put(
                    name,
                    TensorFiles.source(
                        initial(
                            name,
                            shape,
                            random,
                            read.initializerRange(),
                            architecture.freshNorm()))));
            WeightFiles.write(into, sources, WeightFiles.SHARD_SIZE);
          }
        });
  }

  private static Tensor initial(String name, long[] shape, Rng random, double range, double norm) {
    if (name.endsWith("bias")) {
      return Ops.zeros(ScalarType.Float, shape);
    }
    return shape.length == 1
        ? Ops.plus(Ops.zeros(ScalarType.Float, shape), norm)
        : Ops.times(random.normal(shape), range);
  }
}
