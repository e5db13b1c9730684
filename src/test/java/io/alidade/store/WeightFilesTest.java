package io.alidade.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.store.SafetensorsWriter.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WeightFilesTest {
  @TempDir Path temp;
  private Path folder = Path.of("");

  @BeforeEach
  void folder() throws IOException {
    folder = Files.createDirectory(temp.resolve("model"));
  }

  /// Sizes in bytes: embed 8, layer.0 8, layer.1 8, wide 40, head 8.
  private static Map<String, Source> tensors() {
    Map<String, Source> tensors = new LinkedHashMap<>();
    tensors.put("embed", floats(1, 2));
    tensors.put("layer.0", floats(3, 4));
    tensors.put("layer.1", floats(5, 6));
    tensors.put("wide", floats(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
    tensors.put("head", floats(7, 8));
    return tensors;
  }

  private static Source floats(float... values) {
    return Source.of(Dtype.F32, new long[] {values.length}, MemorySegment.ofArray(values));
  }

  @Test
  void oneFileWhereItFits() throws IOException {
    WeightFiles.write(folder, tensors(), WeightFiles.SHARD_SIZE);
    assertThat(children()).containsExactly("model.safetensors");
    try (var weights = WeightFiles.open(folder)) {
      assertThat(weights.names()).containsExactly("embed", "head", "layer.0", "layer.1", "wide");
      assertThat(first(weights, "head")).isEqualTo(7f);
    }
    assertThatThrownBy(() -> WeightFiles.write(folder, tensors(), 100))
        .isInstanceOf(UserException.class)
        .hasMessage(folder + ": already holds weights; choose another folder");
  }

  @Test
  void shardsInTheModelsOrderAndALargeTensorAlone() throws IOException {
    WeightFiles.write(folder, tensors(), 20);
    assertThat(children())
        .containsExactly(
            "model-00001-of-00003.safetensors",
            "model-00002-of-00003.safetensors",
            "model-00003-of-00003.safetensors",
            "model.safetensors.index.json");
    // As the reference splits: 'layer.1' stays open while 'wide' gets a shard of its own.
    assertThat(folder.resolve("model.safetensors.index.json"))
        .hasContent(
            """
            {
              "metadata": {
                "total_parameters": 18,
                "total_size": 72
              },
              "weight_map": {
                "embed": "model-00001-of-00003.safetensors",
                "head": "model-00003-of-00003.safetensors",
                "layer.0": "model-00001-of-00003.safetensors",
                "layer.1": "model-00003-of-00003.safetensors",
                "wide": "model-00002-of-00003.safetensors"
              }
            }
            """);
    try (var weights = WeightFiles.open(folder)) {
      assertThat(weights.names()).hasSize(5);
      assertThat(weights.files()).hasSize(3);
      assertThat(first(weights, "layer.1")).isEqualTo(5f);
      assertThat(weights.entry("wide").size()).isEqualTo(40);
      assertThatThrownBy(() -> weights.bytes("layer.2"))
          .isInstanceOf(UserException.class)
          .hasMessageStartingWith(folder + ": no tensor 'layer.2'; the nearest is 'layer.");
    }
  }

  @Test
  void aMissingShardIsNamed() throws IOException {
    WeightFiles.write(folder, tensors(), 20);
    var shard = folder.resolve("model-00002-of-00003.safetensors");
    Files.delete(shard);
    assertThatThrownBy(() -> WeightFiles.open(folder))
        .isInstanceOf(UserException.class)
        .hasMessage(
            shard
                + ": missing shard, model.safetensors.index.json needs it for 'wide'; fetch the"
                + " checkpoint again");
  }

  @Test
  void aTensorMissingFromItsShardIsNamed() throws IOException {
    WeightFiles.write(folder, tensors(), 20);
    var index = folder.resolve("model.safetensors.index.json");
    Files.writeString(index, Files.readString(index).replace("\"layer.0\"", "\"layer.7\""));
    assertThatThrownBy(() -> WeightFiles.open(folder))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(
            index + ": tensor 'layer.7' should be in model-00001-of-00003.safetensors but is not");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"../secret.safetensors\"",
        "\"/etc/passwd\"",
        "\"a/b.safetensors\"",
        "\"a\\\\b\"",
        "\"C:x\"",
        "\"..\"",
        "\"\"",
        "7",
        "null"
      })
  void shardsOutsideTheFolderAreRefused(String shard) throws IOException {
    var index = folder.resolve("model.safetensors.index.json");
    Files.writeString(index, "{\"weight_map\": {\"x\": " + shard + "}}");
    assertThatThrownBy(() -> WeightFiles.open(folder))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(index + ": weight_map 'x': ")
        .hasMessageEndingWith("is no plain file name; shards must lie beside the index");
  }

  @Test
  void absentWeightsSayWhatIsThereInstead() throws IOException {
    assertThatThrownBy(() -> WeightFiles.open(folder))
        .hasMessage(folder + ": no model.safetensors and no model.safetensors.index.json in it");
    Files.createFile(folder.resolve("pytorch_model.bin"));
    assertThatThrownBy(() -> WeightFiles.open(folder))
        .hasMessageContaining("only 'pytorch_model.bin', which is a Python pickle");
    Files.createFile(folder.resolve("adapter_model.safetensors"));
    assertThatThrownBy(() -> WeightFiles.open(folder)).hasMessageContaining("it is an adapter");
    assertThatThrownBy(() -> WeightFiles.open(temp.resolve("modle")))
        .isInstanceOf(UserException.class)
        .hasMessage(temp.resolve("modle") + ": no such folder; did you mean 'model'?");
    Files.writeString(folder.resolve("model.safetensors.index.json"), "{}");
    assertThatThrownBy(() -> WeightFiles.open(folder)).hasMessageContaining("'weight_map'");
  }

  private static float first(WeightFiles weights, String name) {
    return weights.bytes(name).get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
  }

  private List<String> children() throws IOException {
    try (var children = Files.list(folder)) {
      return children.map(child -> child.getFileName().toString()).sorted().toList();
    }
  }
}
