package io.alidade.model;

import static io.alidade.model.PolicyGoldenTest.assertClose;
import static io.alidade.model.PolicyGoldenTest.read;
import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.model.causal.Architectures;
import io.alidade.model.causal.ModelConfig;
import io.alidade.store.Json;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// Families, rotary scalings and windows against what `transformers` computes: by themselves, with
/// shared prompts, and token by token. `golden/make/checkpoints.py` made the checkpoints.
class FamilyGoldensTest {
  /// Tokens that the first two rows of each checkpoint begin with.
  private static final int SHARED = 12;

  static Stream<String> checkpoints() {
    return Stream.of(
        "gemma2",
        "gemma3_text",
        "phi3",
        "phi3_longrope",
        "gpt_neox",
        "gpt_neox_sequential",
        "llama_linear",
        "llama_dynamic",
        "llama_llama3",
        "llama_yarn",
        "llama_yarn_mscale",
        "llama_longrope",
        "mistral_wide",
        "qwen2_windows",
        "qwen3_windows");
  }

  private static Policy open(String model, PolicySpec spec) {
    return Policy.open(Golden.folder(model), spec);
  }

  @Test
  void everyFamilyHasAGolden() {
    var families = new HashSet<String>();
    Stream.concat(checkpoints(), Stream.of("llama", "mistral", "qwen2", "qwen3", "gpt2"))
        .forEach(model -> families.add(ModelConfig.read(Golden.folder(model)).modelType()));
    assertThat(families).containsExactlyInAnyOrderElementsOf(Architectures.known());
  }

  @ParameterizedTest
  @MethodSource("checkpoints")
  void computesLogitsAndHiddenStates(String model) {
    try (var policy = open(model, PolicySpec.frozen(Precision.FLOAT32))) {
      var rows = Golden.rows(model, "right");
      for (var row : rows) {
        try (var _ = new Step()) {
          assertClose(Ops.toFloats(policy.logits(row.tokens())), row.logits(), 2e-4f);
        }
      }
      try (var _ = new Step()) {
        var states = policy.hiddenStates(rows[0].tokens());
        for (int i = 0; i < states.size(); i++) {
          assertClose(
              Ops.toFloats(states.get(i)), Golden.floats(model, "right.row0.hidden." + i), 2e-4f);
        }
        assertThat(Golden.has(model, "right.row0.hidden." + states.size())).isFalse();
      }
    }
  }

  /// Rows that share a prompt, beside one that does not: packed, frozen and to be differentiated,
  /// with activations kept and computed again.
  @ParameterizedTest
  @MethodSource("checkpoints")
  void scoresWithSharedPrompts(String model) {
    var rows = Golden.rows(model, "right");
    var batch =
        new Batch(
            List.of(
                group(rows[0].tokens(), SHARED, rows[0], rows[1]),
                group(rows[2].tokens(), 2, rows[2]),
                group(rows[1].tokens(), 20, rows[1])));
    float[][] expected = {
      after(rows[0], SHARED), after(rows[1], SHARED), after(rows[2], 2), after(rows[1], 20)
    };
    var trainable = PolicySpec.trainable(Precision.FLOAT32);
    for (var spec :
        List.of(PolicySpec.frozen(Precision.FLOAT32), trainable, trainable.checkpointing(true))) {
      try (var policy = open(model, spec);
          var _ = new Step()) {
        var scoring = policy.score(batch, Set.of(Readout.LOG_LIKELIHOOD), spec.trainable());
        var got = Ops.toFloats(read(scoring, Readout.LOG_LIKELIHOOD));
        for (int c = 0; c < expected.length; c++) {
          int from = c * batch.units();
          assertClose(Arrays.copyOfRange(got, from, from + expected[c].length), expected[c], 1e-4f);
        }
      }
    }
  }

  private static Group group(int[] tokens, int prompt, Golden.Row... rows) {
    return new Group(
        new Example.Row("golden", 1),
        Arrays.copyOf(tokens, prompt),
        Stream.of(rows)
            .map(
                row -> Completion.of(Arrays.copyOfRange(row.tokens(), prompt, row.tokens().length)))
            .toList(),
        Map.of());
  }

  private static float[] after(Golden.Row row, int prompt) {
    return Arrays.copyOfRange(row.logps(), prompt - 1, row.logps().length);
  }

  @ParameterizedTest
  @MethodSource("checkpoints")
  void decodesGreedily(String model) {
    var golden = Json.readObject(Golden.folder(model).resolve("expected.json")).path("generation");
    try (var policy = open(model, PolicySpec.frozen(Precision.FLOAT32))) {
      for (var kind : List.of("single", "left_padded_batch")) {
        var batch = golden.path(kind);
        var prompts =
            IntStream.range(0, batch.path("prompt_ids").size())
                .mapToObj(r -> unpadded(batch, r))
                .toList();
        var drawn = new Generator(policy, Sampling.greedy(20), Set.of()).generate(prompts);
        for (int r = 0; r < drawn.size(); r++) {
          assertThat(drawn.get(r).tokens())
              .as("%s, row %d", kind, r)
              .isEqualTo(ints(batch.path("new_token_ids").get(r)));
        }
      }
    }
  }

  private static int[] unpadded(JsonNode batch, int row) {
    int[] ids = ints(batch.path("prompt_ids").get(row));
    int[] mask = ints(batch.path("attention_mask").get(row));
    return IntStream.range(0, ids.length).filter(i -> mask[i] == 1).map(i -> ids[i]).toArray();
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }
}
