package io.alidade.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class TokenizerFilesTest {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  @TempDir Path folder;
  private ObjectNode definition = MAPPER.createObjectNode();
  private ObjectNode config = MAPPER.createObjectNode();

  @BeforeEach
  void copyLlama() {
    var llama = Golden.path("models/llama");
    definition = (ObjectNode) MAPPER.readTree(llama.resolve("tokenizer.json").toFile());
    config = (ObjectNode) MAPPER.readTree(llama.resolve("tokenizer_config.json").toFile());
  }

  private Tokenizer load() throws IOException {
    Files.write(folder.resolve("tokenizer.json"), MAPPER.writeValueAsBytes(definition));
    Files.write(folder.resolve("tokenizer_config.json"), MAPPER.writeValueAsBytes(config));
    return Tokenizer.load(folder);
  }

  @Test
  void keepsTheLibraryOffline() {
    System.clearProperty("ai.djl.offline");
    System.clearProperty("OPT_OUT_TRACKING");
    try (var _ = Golden.tokenizer("llama")) {
      assertThat(System.getProperty("ai.djl.offline")).isEqualTo("true");
      assertThat(System.getProperty("OPT_OUT_TRACKING")).isEqualTo("true");
    }
  }

  @Test
  void neitherCutsNorPadsWhateverTheFileSays() throws IOException {
    definition.set(
        "truncation",
        MAPPER.readTree(
            """
            {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
            """));
    definition.set(
        "padding",
        MAPPER.readTree(
            """
            {"strategy": {"Fixed": 600}, "direction": "Right", "pad_to_multiple_of": null,
             "pad_id": 511, "pad_type_id": 0, "pad_token": "<|finetune_right_pad_id|>"}
            """));
    var text = "The lighthouse keeper counted ".repeat(100);
    try (var changed = load();
        var plain = Golden.tokenizer("llama")) {
      assertThat(changed.encode("Hi", true)).isEqualTo(plain.encode("Hi", true));
      assertThat(changed.encode(text, true)).isEqualTo(plain.encode(text, true));
      assertThat(plain.encode(text, true)).hasSizeGreaterThan(512); // beyond model_max_length
    }
  }

  @Test
  void framesTextsAsTheConfigurationSays() throws IOException {
    int[] bare;
    try (var plain = Golden.tokenizer("llama")) {
      bare = plain.encode("Hi", false);
      assertThat(plain.encode("Hi", true)).startsWith(506).endsWith(bare);
    }
    config.put("add_bos_token", false);
    try (var changed = load()) {
      assertThat(changed.encode("Hi", true)).isEqualTo(bare);
    }
    config.put("add_bos_token", true).put("add_eos_token", true);
    try (var changed = load()) {
      assertThat(changed.encode("Hi", true)).startsWith(506).endsWith(510).hasSize(bare.length + 2);
      assertThat(changed.encode("Hi", false)).isEqualTo(bare);
    }
    config.remove("bos_token"); // nothing to add
    try (var changed = load()) {
      assertThat(changed.encode("Hi", true)).startsWith(bare).endsWith(510);
      assertThat(changed.bos()).isEmpty();
    }
  }

  @Test
  void makesTheTokensThatTheConfigurationNamesSpecial() throws IOException {
    config.set("eos_token", MAPPER.valueToTree(Map.of("content", "<|stop|>", "lstrip", false)));
    config.set("extra_special_tokens", MAPPER.valueToTree(List.of("<|tool|>")));
    try (var tokenizer = load()) {
      int stop = tokenizer.eos().orElseThrow();
      assertThat(stop).isEqualTo(512);
      assertThat(tokenizer.eosText()).contains("<|stop|>");
      assertThat(tokenizer.size()).isEqualTo(514);
      assertThat(tokenizer.vocabSize()).isEqualTo(506);
      assertThat(tokenizer.isSpecial(stop)).isTrue();
      assertThat(tokenizer.isSpecial(64)).isFalse();
      assertThat(tokenizer.piece(513)).contains("<|tool|>");
      assertThat(tokenizer.piece(514)).isEmpty();
      assertThat(tokenizer.encode("a<|stop|><|tool|>", false)).containsExactly(64, 512, 513);
      assertThat(tokenizer.decode(new int[] {64, 512}, true)).isEqualTo("a");
    }
  }

  @Test
  void readsNamesFromTheSpecialTokensMapWhereTheConfigurationIsSilent() throws IOException {
    config.remove("eos_token");
    Files.writeString(
        folder.resolve("special_tokens_map.json"), "{\"eos_token\": \"<|end_of_text|>\"}");
    try (var tokenizer = load()) {
      assertThat(tokenizer.eos()).hasValue(507);
      assertThat(tokenizer.pad()).hasValue(511);
      assertThat(tokenizer.unk()).isEmpty();
      assertThat(tokenizer.specialTokens()).containsEntry("eos_token", "<|end_of_text|>");
    }
  }

  @Test
  void findsTemplatesWhereverTheyAre() throws IOException {
    config.remove("chat_template");
    try (var tokenizer = load()) {
      assertThat(tokenizer.template()).isEmpty();
    }
    config.set(
        "chat_template",
        MAPPER.readTree(
            """
            [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "tools"}]
            """));
    try (var tokenizer = load()) {
      assertThat(rendered(tokenizer, false)).isEqualTo("plain");
      assertThat(rendered(tokenizer, true)).isEqualTo("tools");
    }
    Files.writeString(folder.resolve("chat_template.jinja"), "beside");
    try (var tokenizer = load()) {
      assertThat(rendered(tokenizer, false)).isEqualTo("beside");
    }
    Files.writeString(folder.resolve("chat_template.jinja"), "{% if %}");
    assertThatThrownBy(this::load)
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(folder + ": chat template 'default': ");
  }

  private static String rendered(Tokenizer tokenizer, boolean tools) {
    return tokenizer.template(tools).orElseThrow().render(Map.of()).text();
  }

  @Test
  void fingerprintsWhatDecidesIds() throws IOException {
    String before;
    try (var tokenizer = load()) {
      before = tokenizer.fingerprint();
    }
    try (var tokenizer = load()) {
      assertThat(tokenizer.fingerprint()).isEqualTo(before).hasSize(64);
    }
    config.put("chat_template", "other");
    try (var tokenizer = load()) {
      assertThat(tokenizer.fingerprint()).isNotEqualTo(before);
    }
  }

  @Test
  void saysWhatIsWrongWithAFolder() throws IOException {
    assertThatThrownBy(() -> Tokenizer.load(folder.resolve("none")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no such folder");
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no tokenizer.json");
    Files.writeString(folder.resolve("tokenizer.json"), "{\"model\":\n {\"vocab\"");
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(folder.resolve("tokenizer.json") + ":2: not JSON");
    Files.writeString(folder.resolve("tokenizer.json"), "[]");
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("not a JSON object");
    definition.putObject("model").put("type", "Mystery").putObject("vocab");
    assertThatThrownBy(this::load)
        .isInstanceOf(UserException.class)
        .hasMessageContaining("not a tokenizer this version understands")
        .message()
        .doesNotContain("\n");
  }

  @Test
  void refusesWhatHasNoUtf8() throws IOException {
    try (var tokenizer = load()) {
      assertThatThrownBy(() -> tokenizer.encode("cut \uD83D", false))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("half a surrogate pair (U+D83D) at character 4");
      assertThatThrownBy(() -> tokenizer.decode(new int[] {1, -1}, false))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(tokenizer.encode("a\0b", false)).hasSize(3);
    }
  }

  @Test
  void streamsBytesThatNeverBecomeACharacter() throws IOException {
    try (var tokenizer = load()) {
      int[] half = java.util.Arrays.copyOf(tokenizer.encode("\uD83D\uDE80", false), 2);
      var stream = tokenizer.stream(true);
      var text = new StringBuilder();
      for (int i = 0; i < 40; i++) {
        text.append(stream.add(half[i % 2]));
      }
      assertThat(text).isNotEmpty(); // it does not wait for ever
      text.append(stream.finish());
      assertThat(text.toString()).matches("\uFFFD+");
      assertThat(stream.finish()).isEmpty();
    }
  }
}
