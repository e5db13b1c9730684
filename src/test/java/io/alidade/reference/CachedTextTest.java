package io.alidade.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.data.EncodedGroups;
import io.alidade.data.Encoding;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.data.Rows;
import io.alidade.model.Fingerprinted;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.Scorer;
import io.alidade.model.Scoring;
import io.alidade.tensor.Step;
import io.alidade.tokenizer.Golden;
import io.alidade.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Kept likelihoods are found for the same text only: whatever changes the tokens asks the model
/// anew.
class CachedTextTest {
  @TempDir private Path folder;
  private Path model = Path.of("");
  private int scored;
  private int prompt;

  @BeforeEach
  void writeDataAndModel() throws IOException {
    Files.writeString(
        folder.resolve("train.jsonl"),
        """
        {"prompt": [{"role": "user", "content": "what is two?"}], "chosen": [{"role": "assistant", \
        "content": "yes two"}], "rejected": [{"role": "assistant", "content": "no, it is three of them"}]}
        """);
    model = folder.resolve("model");
    Files.createDirectories(model);
    try (var files = Files.list(Golden.path("models").resolve("llama"))) {
      for (var file : files.toList()) {
        Files.copy(file, model.resolve(file.getFileName()));
      }
    }
  }

  /// Counts the batches that the model is asked for.
  private record Counting(CachedTextTest test, Policy policy) implements Scorer, Fingerprinted {
    @Override
    public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
      test.scored++;
      return policy.score(batch, readouts, differentiable);
    }

    @Override
    public String fingerprint() {
      return policy.fingerprint();
    }

    @Override
    public void close() {
      policy.close();
    }
  }

  /// Asks for the likelihoods of the data.
  ///
  /// @return whether the model was asked for them
  private boolean asks(Encoding encoding) {
    int before = scored;
    try (var rows = Rows.open(folder.resolve("train.jsonl"));
        var tokenizer = Tokenizer.load(model);
        var groups =
            EncodedGroups.of(rows, new RowEncoder(tokenizer, encoding), OptionalInt.empty());
        var cache =
            new LikelihoodCache(
                folder,
                () ->
                    new Counting(this, Policy.open(model, PolicySpec.frozen(Precision.FLOAT32))));
        var _ = new Step()) {
      prompt = groups.group(0).prompt().length;
      cache.score(new Batch(List.of(groups.group(0))), Set.of(Readout.LOG_LIKELIHOOD), false);
    }
    return scored > before;
  }

  private static final Encoding ENCODING = Encoding.of(Layout.CONTINUATIONS, 64);

  @Test
  void theSameTextIsFound() {
    assertThat(asks(ENCODING)).isTrue();
    assertThat(asks(ENCODING)).isFalse();
  }

  @Test
  void anotherTemplateIsNot() throws IOException {
    asks(ENCODING);
    Files.writeString(
        model.resolve("chat_template.jinja"),
        "{% for message in messages %}{{ message.role }}: {{ message.content }}\\n{% endfor %}"
            + "{% if add_generation_prompt %}assistant: {% endif %}");
    assertThat(asks(ENCODING)).isTrue();
  }

  @Test
  void anotherTokenizerIsNot() throws IOException {
    asks(ENCODING);
    try (var files = Files.list(Golden.path("models").resolve("qwen2"))) {
      for (var file :
          files.filter(f -> f.getFileName().toString().startsWith("tokenizer")).toList()) {
        Files.copy(
            file,
            model.resolve(file.getFileName()),
            java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      }
    }
    assertThat(asks(ENCODING)).isTrue();
  }

  @Test
  void anotherCutIsNot() {
    asks(ENCODING);
    assertThat(asks(Encoding.of(Layout.CONTINUATIONS, prompt + 3))).isTrue();
  }
}
