package io.alidade.model;

import io.alidade.model.causal.Architecture;
import io.alidade.model.causal.ModelConfig;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import io.alidade.store.SafetensorsWriter.Source;
import io.alidade.store.WeightFiles;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import tools.jackson.databind.node.ObjectNode;

/// Writes a checkpoint folder that `transformers` loads: configuration, weights, and, copied as
/// they were, the files of the tokenizer and of generation.
final class CheckpointWriter {
  private static final List<String> COPIED =
      List.of(
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "chat_template.jinja",
          "chat_template.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "tokenizer.model");

  private CheckpointWriter() {}

  /// Writes a folder, replacing it as a whole.
  static void write(
      Path folder,
      Path origin,
      ModelConfig config,
      Architecture architecture,
      Head head,
      Precision precision,
      long shardBytes,
      Map<String, Tensor> weights) {
    AtomicFiles.folder(
        folder,
        into -> fill(into, origin, config, architecture, head, precision, shardBytes, weights));
  }

  /// Writes into a folder that exists.
  static void fill(
      Path folder,
      Path origin,
      ModelConfig config,
      Architecture architecture,
      Head head,
      Precision precision,
      long shardBytes,
      Map<String, Tensor> weights)
      throws IOException {
    Json.write(
        folder.resolve("config.json"),
        configuration(config, architecture, head, precision, untied(architecture, weights)));
    for (var name : COPIED) {
      var from = origin.resolve(name);
      if (Files.isRegularFile(from)) {
        AtomicFiles.write(folder.resolve(name), out -> Files.copy(from, out));
      }
    }
    var sources = new LinkedHashMap<String, Source>();
    weights.forEach((name, tensor) -> sources.put(name, source(tensor, precision)));
    WeightFiles.write(folder, sources, shardBytes);
  }

  /// A tensor that is converted when its turn to be written comes.
  static Source source(Tensor tensor, Precision precision) {
    return new Source(
        precision.dtype(),
        Ops.shape(tensor),
        sink -> {
          try (var _ = new Step()) {
            sink.write(Ops.memory(tensor.detach().cpu().to(precision.type()).contiguous()));
          }
        });
  }

  /// Whether a head that was the embedding table has become one of its own.
  private static boolean untied(Architecture architecture, Map<String, Tensor> weights) {
    return architecture.tied() && weights.containsKey(architecture.names().head());
  }

  /// Every key of the original as it was, but for what the weights now are.
  private static ObjectNode configuration(
      ModelConfig config,
      Architecture architecture,
      Head head,
      Precision precision,
      boolean untied) {
    var json = config.json();
    if (untied) {
      json.put("tie_word_embeddings", false);
    }
    var suffix = head == Head.REWARD ? "ForSequenceClassification" : "";
    boolean fits =
        config.architectures().stream()
            .anyMatch(name ->
                head == Head.REWARD
                    ? name.endsWith(suffix)
                    : name.equals(architecture.causalClass()));
    if (!fits) {
      json.putArray("architectures")
          .add(head == Head.REWARD ? architecture.classifierClass() : architecture.causalClass());
    }
    if (head == Head.REWARD && !json.hasNonNull("id2label")) {
      var names = json.putObject("id2label");
      var ids = json.putObject("label2id");
      for (int label = 0; label < config.labels(); label++) {
        names.put(Integer.toString(label), "LABEL_" + label);
        ids.put("LABEL_" + label, label);
      }
    }
    json.remove("torch_dtype"); // what transformers called dtype before version 5
    json.put("dtype", precision.toString());
    return json;
  }
}
