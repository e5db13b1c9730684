package io.alidade.data;

import static io.alidade.data.StrategyTest.ROW;
import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.example.Columns;
import io.alidade.example.Signal;
import io.alidade.tokenizer.Golden;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Weights of tokens, on cases worked out by hand.
class TokenWeightsTest {

  static TokenWeights weights(TokenWeights.Match match, TokenWeights.Alignment alignment) {
    return new TokenWeights(
        Map.of("Code", 1.1, "Sub-code", 1.2), match, 1.2, alignment, "token_weight");
  }

  /// Tokens of two characters each.
  private static RowEncoder.Span[] twos(String text) {
    var spans = new RowEncoder.Span[(text.length() + 1) / 2];
    for (int t = 0; t < spans.length; t++) {
      spans[t] = new RowEncoder.Span(2 * t, Math.min(text.length(), 2 * t + 2));
    }
    return spans;
  }

  @Test
  void labelsWeighByTheTokensTheyOverlap() {
    var answer = "{\"Code\":\"AB\",\"Sub-code\":\"AB1\"}";
    // 0         1         2
    // 0123456789012345678901234567 8
    // {"Code":"AB","Sub-code":"AB1"}: Code at 9 and 10, Sub-code at 25 to 27.
    var field = weights(TokenWeights.Match.FIELD, TokenWeights.Alignment.POSITION);
    assertThat(field.labelled(answer, twos(answer)))
        .containsExactly(1, 1, 1, 1, 1.1, 1.1, 1, 1, 1, 1, 1, 1, 1.2, 1.2, 1);
    // The code's text occurs within the sub-code, which weighs more.
    var anywhere =
        new TokenWeights(
            Map.of("Code", 1.3),
            TokenWeights.Match.ANYWHERE,
            1,
            TokenWeights.Alignment.POSITION,
            "token_weight");
    assertThat(anywhere.labelled(answer, twos(answer)))
        .containsExactly(1, 1, 1, 1, 1.3, 1.3, 1, 1, 1, 1, 1, 1, 1.3, 1.3, 1);
    // A cut answer and a number are read as far as they go.
    assertThat(field.labelled("{\"Code\": 12", twos("{\"Code\": 12")))
        .containsExactly(1, 1, 1, 1, 1.1, 1.1);
  }

  @Test
  void tokensThatDifferAreBoosted() {
    double[] chosen = {1, 1, 1.2, 1};
    double[] rejected = {1, 1, 1.2, 1};
    weights(TokenWeights.Match.FIELD, TokenWeights.Alignment.POSITION)
        .boost(chosen, rejected, new int[] {1, 2, 3, 4}, new int[] {1, 2, 9, 4});
    assertThat(chosen).containsExactly(1, 1, 1.44, 1); // the page's weights
    assertThat(rejected).containsExactly(1, 1, 1.44, 1);
  }

  @Test
  void anInsertionShiftsPositionsButNotTheSubsequence() {
    int[] left = {1, 2, 3, 4};
    int[] right = {1, 9, 2, 3, 4};
    double[] chosen = {1, 1, 1, 1};
    double[] rejected = {1, 1, 1, 1, 1};
    weights(TokenWeights.Match.FIELD, TokenWeights.Alignment.SUBSEQUENCE)
        .boost(chosen, rejected, left, right);
    assertThat(chosen).containsExactly(1, 1, 1, 1);
    assertThat(rejected).containsExactly(1, 1.2, 1, 1, 1);
    weights(TokenWeights.Match.FIELD, TokenWeights.Alignment.POSITION)
        .boost(chosen, rejected, left, right);
    assertThat(chosen).containsExactly(1, 1.2, 1.2, 1.2);
  }

  @Test
  void tokenWeightsFollowTheTokensOfTheModel() {
    var row =
        Columns.read(
            ROW,
            Map.of(
                "prompt", "Code this.",
                "chosen", "{\"Code\": \"A7\"}",
                "rejected", "{\"Code\": \"B7\"}"));
    try (var tokenizer = Golden.tokenizer("llama")) {
      var encoder = new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, 256));
      var weighted =
          weights(TokenWeights.Match.FIELD, TokenWeights.Alignment.POSITION).of(row, encoder);
      var encoded = encoder.encode(weighted);
      int tokens = encoded.candidates().stream().mapToInt(c -> c.tokens().length).sum();
      double[] values = weighted.signals().get(Signal.perUnit("token_weight"));
      assertThat(values).hasSize(tokens);
      assertThat(java.util.Objects.requireNonNull(values)[0]).isEqualTo(1);
      assertThat(java.util.Arrays.stream(values).max().orElse(0)).isEqualTo(1.1 * 1.2);
      assertThat(encoder.fit(encoded)).isInstanceOf(Fitted.Kept.class);
    }
  }
}
