package io.alidade.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TokenizerTest {
  static Stream<String> fixtures() {
    return Stream.of(
        "llama", "mistral", "qwen2", "qwen3", "gpt2", "spm_bpe_prepend", "spm_bpe_replace");
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void encodesAndDecodesAsTheReferenceDoes(String fixture) {
    var golden =
        Golden.json(
            fixture.startsWith("spm")
                ? "tokenization/encode_spm.json"
                : "tokenization/encode.json");
    var strings = golden.get("strings");
    var expected = golden.get("by_tokenizer").get(fixture);
    assertThat(strings).hasSize(58);
    try (var tokenizer = Golden.tokenizer(fixture)) {
      for (int i = 0; i < strings.size(); i++) {
        var text = strings.get(i).asString();
        int[] ids = Golden.ids(expected.get("ids").get(i));
        int[] bare = Golden.ids(expected.get("ids_bare").get(i));
        assertThat(tokenizer.encode(text, true)).as("%d %s", i, text).isEqualTo(ids);
        assertThat(tokenizer.encode(text, false)).as("%d bare %s", i, text).isEqualTo(bare);
        assertThat(tokenizer.decode(bare, false))
            .as("%d decoded %s", i, text)
            .isEqualTo(expected.get("decoded").get(i).asString());
        assertThat(tokenizer.decode(ids, true))
            .as("%d decoded, skipping %s", i, text)
            .isEqualTo(expected.get("decoded_skip").get(i).asString());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void streamsTheWholeTextInWholeCharacters(String fixture) {
    var strings = Golden.json("tokenization/encode.json").get("strings");
    try (var tokenizer = Golden.tokenizer(fixture)) {
      for (var string : strings) {
        int[] ids = tokenizer.encode(string.asString(), true);
        var stream = tokenizer.stream(true);
        var text = new StringBuilder();
        for (int id : ids) {
          var piece = stream.add(id);
          assertThat(piece).doesNotContain("\uFFFD");
          text.append(piece);
        }
        text.append(stream.finish());
        assertThat(text.toString()).isEqualTo(tokenizer.decode(ids, true));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void tellsWhereInTheTextATokenCameFrom(String fixture) {
    var text = "Hi \uD83D\uDC4D\uD83C\uDFFD 你a caf\u00e9\uD83D\uDE80 end";
    try (var tokenizer = Golden.tokenizer(fixture)) {
      var tokens = tokenizer.tokens(text, true);
      assertThat(tokens.ids()).isEqualTo(tokenizer.encode(text, true));
      int reached = 0;
      for (int t = 0; t < tokens.ids().length; t++) {
        int start = tokens.starts()[t];
        int end = tokens.ends()[t];
        assertThat(start).isBetween(0, text.length());
        assertThat(end).isBetween(start, text.length());
        if (end == start) {
          continue;
        }
        assertThat(Character.isLowSurrogate(text.charAt(start))).isFalse();
        assertThat(end == text.length() || !Character.isLowSurrogate(text.charAt(end))).isTrue();
        assertThat(start).isLessThanOrEqualTo(reached);
        reached = Math.max(reached, end);
        var alone = tokenizer.decode(new int[] {tokens.ids()[t]}, false);
        if (!alone.contains("\uFFFD") && !fixture.startsWith("spm")) {
          assertThat(text.substring(start, end)).isEqualTo(alone);
        }
      }
      assertThat(reached).isEqualTo(text.length());
    }
  }
}
