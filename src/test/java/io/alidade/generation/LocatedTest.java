package io.alidade.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.model.Head;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocatedTest {
  @TempDir Path folder;

  private static Located find(Path path) {
    return Located.find(path.toString(), Optional.empty());
  }

  private Path config(String name, String architecture) throws IOException {
    var model = Files.createDirectories(folder.resolve(name));
    Files.writeString(
        model.resolve("config.json"), "{\"architectures\": [\"%s\"]}".formatted(architecture));
    return model;
  }

  private Path adapter(String name, String json) throws IOException {
    var adapter = Files.createDirectories(folder.resolve(name));
    Files.writeString(adapter.resolve("adapter_config.json"), json);
    return adapter;
  }

  @Test
  void aRunMeansItsModel() throws IOException {
    var model = config("run/model", "LlamaForCausalLM");
    assertThat(find(folder.resolve("run"))).isEqualTo(new Located(model, Optional.empty()));
    assertThat(find(model).head()).isEqualTo(Head.LANGUAGE);
  }

  @Test
  void anAdapterNamesTheModelBelowIt() throws IOException {
    var base = config("base", "LlamaForCausalLM");
    var adapter =
        adapter(
            "run/model",
            "{\"base_model_name_or_path\": \"%s\", \"task_type\": \"SEQ_CLS\"}".formatted(base));
    var expected = new Located(base, Optional.of(adapter));
    assertThat(find(folder.resolve("run"))).isEqualTo(expected);
    assertThat(Located.find(base.toString(), Optional.of(adapter.toString()))).isEqualTo(expected);
    assertThat(expected.head()).isEqualTo(Head.REWARD);
    assertThatThrownBy(() -> Located.find(adapter.toString(), Optional.of(adapter.toString())))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("is an adapter itself");
  }

  @Test
  void whatIsNoModelIsOneLine() throws IOException {
    var file = Files.writeString(folder.resolve("file"), "");
    assertThatThrownBy(() -> find(file)).hasMessageContaining("is a file; a model is a folder");
    assertThatThrownBy(() -> find(folder)).hasMessageContaining("no model, it has no config.json");
    var nameless = adapter("nameless", "{}");
    assertThatThrownBy(() -> find(nameless)).hasMessageContaining("base_model_name_or_path");
    var base = config("base", "LlamaForCausalLM");
    assertThatThrownBy(() -> Located.find(base.toString(), Optional.of(base.toString())))
        .hasMessageContaining("no adapter, it has no adapter_config.json");
    Files.writeString(folder.resolve("resolved.yaml"), "");
    assertThatThrownBy(() -> find(folder)).hasMessageContaining("a run without a result yet");
  }
}
