package io.alidade.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.UserException;
import io.alidade.evaluation.RowScores;
import io.alidade.example.Signal;
import io.alidade.journal.Journal;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Strategies that read a model, held to what `score` says of the same rows.
class ModelStrategyTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path LLAMA = GOLDEN.resolve("models/llama");
  private static final Path ADAPTER = GOLDEN.resolve("models/llama_lora");
  private static final Path REWARD = GOLDEN.resolve("models/llama_reward");

  private static Rows pairs() {
    return Rows.open(GOLDEN.resolve("training/data/preference_plain.jsonl")).limit(20);
  }

  private static List<Map<String, Object>> scores(RowScores scores, RowEncoder encoder) {
    var lines = new ArrayList<Map<String, Object>>();
    scores.of(pairs(), encoder, lines::add);
    return lines;
  }

  private static Strategy.Setting setting(Tokenizer tokenizer) {
    return new Strategy.Setting(
        new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, 256)),
        LLAMA,
        Path::of,
        Precision.FLOAT32,
        Journal.silent());
  }

  @Test
  void rewardsAndMarginsAreThoseOfTheRewardModel() {
    try (var tokenizer = Tokenizer.load(REWARD);
        var model = Policy.open(REWARD, PolicySpec.frozen(Precision.FLOAT32).with(Head.REWARD))) {
      var lines =
          scores(
              new RowScores(model, true, Optional.empty(), 1, false, 7),
              new RowEncoder(tokenizer, Encoding.unlimited(Layout.WHOLE)));
      var rewards =
          new ModelReward("reward", Optional.of(REWARD.toString()), 2)
              .apply(pairs(), setting(tokenizer));
      var margins =
          new RewardMargin("rm_margin", Optional.of(REWARD.toString()), 1)
              .apply(pairs(), setting(tokenizer));
      assertThat(rewards.count()).isEqualTo(20);
      for (int i = 0; i < 20; i++) {
        double chosen =
            (double) java.util.Objects.requireNonNull(lines.get(i).get("rewards/chosen"));
        double rejected =
            (double) java.util.Objects.requireNonNull(lines.get(i).get("rewards/rejected"));
        double[] both = rewards.row(i).signals().get(Signal.perCandidate("reward"));
        assertThat(java.util.Objects.requireNonNull(both)[0]).isCloseTo(2 * chosen, within(1e-5));
        assertThat(both[1]).isCloseTo(2 * rejected, within(1e-5));
        assertThat(
                java.util.Objects.requireNonNull(
                    margins.row(i).signals().get(Signal.perGroup("rm_margin")))[0])
            .isCloseTo(chosen - rejected, within(1e-5));
        assertThat(margins.row(i).candidates()).isEqualTo(pairs().row(i).candidates());
      }
    }
  }

  @Test
  void implicitRewardsAreThoseOfAnAdapterOverItsBase() {
    try (var tokenizer = Tokenizer.load(LLAMA);
        var base = Policy.open(LLAMA, PolicySpec.frozen(Precision.FLOAT32));
        var tuned = Policy.open(LLAMA, PolicySpec.frozen(Precision.FLOAT32).withAdapter(ADAPTER))) {
      var setting = setting(tokenizer);
      var lines =
          scores(new RowScores(tuned, false, Optional.of(base), 0.5, false, 5), setting.encoder());
      var rows =
          new ImplicitReward("safe", Optional.of(ADAPTER.toString()), Optional.empty(), 0.5)
              .apply(pairs(), setting);
      var start = new StartLikelihood("start_logps").apply(pairs(), setting);
      for (int i = 0; i < 20; i++) {
        double[] rewards = rows.row(i).signals().get(Signal.perCandidate("safe"));
        assertThat(java.util.Objects.requireNonNull(rewards)[0])
            .isCloseTo(
                (double) java.util.Objects.requireNonNull(lines.get(i).get("rewards/chosen")),
                within(1e-4));
        assertThat(rewards[1])
            .isCloseTo(
                (double) java.util.Objects.requireNonNull(lines.get(i).get("rewards/rejected")),
                within(1e-4));
        assertThat(rewards[0]).isNotZero();
        assertThat(
                java.util.Objects.requireNonNull(
                    start.row(i).signals().get(Signal.perCandidate("start_logps")))[1])
            .isCloseTo(
                (double) java.util.Objects.requireNonNull(lines.get(i).get("ref_logps/rejected")),
                within(1e-4));
      }
    }
  }

  @Test
  void aLanguageModelIsNoRewardModel() {
    try (var tokenizer = Tokenizer.load(LLAMA)) {
      assertThatThrownBy(() ->
              new RewardMargin("rm_margin", Optional.of(LLAMA.toString()), 1)
                  .apply(pairs(), setting(tokenizer)))
          .isInstanceOf(UserException.class)
          .hasMessage(
              "strategy RewardMargin: %s has no reward head ('score.weight'); train one with recipe `reward`"
                  .formatted(LLAMA));
    }
  }
}
