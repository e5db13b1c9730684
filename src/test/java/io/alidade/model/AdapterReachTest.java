package io.alidade.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.store.Json;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Which modules an adapter reaches, and what is said of those that it cannot.
class AdapterReachTest extends Adapted {
  private static LoraSpec without(Targets targets, Targets.Chosen excluded) {
    return new LoraSpec(
        3,
        6,
        0,
        targets,
        false,
        List.of(),
        new LinkedHashMap<>(),
        new LinkedHashMap<>(),
        List.of(),
        Optional.of(excluded));
  }

  @Test
  void reachesTheLayersThatAreNamedAndNoOthers() {
    var lora = spec(Targets.of(List.of("q_proj", "v_proj")), List.of(), 1);
    try (var policy = Policy.open(Golden.folder("llama"), TRAINED.with(lora))) {
      assertThat(policy.trainable().keySet()).hasSize(4).allMatch(n -> n.contains("layers.1."));
      policy.saveAdapter(folder.resolve("adapter"));
      scatter(policy);
    }
    assertThat(
            Json.read(folder.resolve("adapter/adapter_config.json"))
                .path("layers_to_transform")
                .toString())
        .isEqualTo("[1]");
    try (var again =
        Policy.open(
            Golden.folder("llama"),
            PolicySpec.trainable(Precision.FLOAT32).withAdapter(folder.resolve("adapter")))) {
      assertThat(again.trainable()).hasSize(4);
    }
    assertThatThrownBy(() ->
            Policy.open(
                Golden.folder("llama"),
                TRAINED.with(spec(Targets.of(List.of("q_proj")), List.of(), 9))))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("layers_to_transform: [9], but the targets are in layers [0, 1");
  }

  @Test
  void leavesOutWhatIsExcludedAndWritesItAsPeftDoes() throws IOException {
    var names = new Targets.Names(List.of("k_proj", "layers.0.mlp.down_proj"));
    var regex = new Targets.Pattern("model\\.layers\\.0\\..*|.*\\.(q|v)_proj");
    for (var excluded : List.<Targets.Chosen>of(names, regex)) {
      var adapter = folder.resolve(excluded.getClass().getSimpleName());
      Set<String> reached;
      float[] expected;
      try (var policy =
          Policy.open(
              Golden.folder("llama"), TRAINED.with(without(new Targets.AllLinear(), excluded)))) {
        reached = policy.trainable().keySet();
        scatter(policy);
        expected = logits(policy);
        policy.saveAdapter(adapter);
      }
      assertThat(reached)
          .hasSize(
              2
                  * (excluded.equals(names)
                      ? 21 - 3 - 1
                      : 14 - 4)) // seven modules in each of three layers
          .noneMatch(name ->
              excluded.equals(names)
                  ? name.contains("k_proj") || name.contains("layers.0.mlp.down_proj")
                  : name.contains("layers.0")
                      || name.contains("q_proj")
                      || name.contains("v_proj"));
      assertThat(Json.read(adapter.resolve("adapter_config.json")).path("exclude_modules"))
          .hasToString(
              excluded.equals(names)
                  ? "[\"k_proj\",\"layers.0.mlp.down_proj\"]"
                  : "\"model\\\\.layers\\\\.0\\\\..*|.*\\\\.(q|v)_proj\"");
      try (var again = Policy.open(Golden.folder("llama"), PLAIN.withAdapter(adapter))) {
        assertThat(logits(again)).isEqualTo(expected);
      }
    }
  }

  @Test
  void anAdapterOfPeftMayExcludeWhatIsNotThere() throws IOException {
    var adapter = folder.resolve("adapter");
    try (var policy =
        Policy.open(
            Golden.folder("llama"), TRAINED.with(spec(Targets.of(List.of("q_proj")), List.of())))) {
      policy.saveAdapter(adapter);
    }
    for (var excluded : List.of("[\"vision_tower\"]", "[]", "\".*vision.*\"")) {
      change(adapter, "exclude_modules", excluded);
      try (var again = Policy.open(Golden.folder("llama"), PLAIN.withAdapter(adapter))) {
        assertThat(logits(again)).hasSize(TOKENS.length * 512);
      }
    }
    change(adapter, "exclude_modules", "[\"layers.0.self_attn.q_proj\"]");
    assertThatThrownBy(() -> Policy.open(Golden.folder("llama"), PLAIN.withAdapter(adapter)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("layers.0.self_attn.q_proj")
        .hasMessageContaining("belongs to no module that adapter_config.json targets");
  }

  @Test
  void anAdapterWithDirectionAndMagnitudeApartIsRefused() throws IOException {
    var adapter = folder.resolve("adapter");
    try (var policy =
        Policy.open(
            Golden.folder("llama"), TRAINED.with(spec(Targets.of(List.of("q_proj")), List.of())))) {
      policy.saveAdapter(adapter);
    }
    change(adapter, "use_dora", "true");
    assertThatThrownBy(() -> Policy.open(Golden.folder("llama"), PLAIN.withAdapter(adapter)))
        .isInstanceOf(UserException.class)
        .hasMessage(
            adapter.resolve("adapter_config.json")
                + ": 'use_dora' is true, which is not supported; merge the adapter with PEFT first");
  }

  private static void change(Path adapter, String key, String value) throws IOException {
    var file = adapter.resolve("adapter_config.json");
    var json = (ObjectNode) Json.read(file);
    Files.writeString(
        file, json.set(key, Json.parse("test", "{\"x\": " + value + "}").path("x")).toString());
  }

  @Test
  void saysWhatCannotBeAdaptedOrSaved() {
    refused(
        spec(Targets.of(List.of("lm_head")), List.of("lm_head")),
        "modules_to_save: 'lm_head' is adapted already");
    refused(spec(new Targets.AllLinear(), List.of("head")), "no module is named 'head'");
    var queries = Targets.of(List.of("q_proj"));
    refused(
        without(queries, new Targets.Names(List.of("q_proj"))),
        "exclude_modules: leaves none of the target modules [q_proj]");
    refused(
        without(queries, new Targets.Names(List.of("k_proj", "k_pro"))),
        "exclude_modules: 'k_pro' is no linear module or embedding; there are [");
    refused(
        without(queries, new Targets.Pattern("layers")),
        "exclude_modules: what 'layers' matches is no linear module");
    assertThatThrownBy(() -> Targets.of("model.(layers"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("target_modules 'model.(layers' is no regular expression")
        .message()
        .doesNotContain("\n");
    assertThatThrownBy(() -> spec(Targets.of("q_proj"), List.of(), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("layers_to_transform goes with names");
  }

  private static void refused(LoraSpec lora, String message) {
    long before = Step.liveObjects();
    assertThatThrownBy(() -> Policy.open(Golden.folder("llama"), TRAINED.with(lora)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(message);
    assertThat(Step.liveObjects()).isLessThanOrEqualTo(before);
  }
}
