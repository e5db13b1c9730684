package io.alidade.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.constraint.ReverseKl;
import io.alidade.data.EncodedGroups;
import io.alidade.data.Encoding;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.data.Rows;
import io.alidade.example.Example;
import io.alidade.example.Signal;
import io.alidade.journal.Journal;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import io.alidade.model.Scorer;
import io.alidade.model.TensorFiles;
import io.alidade.model.adapter.LoraSpec;
import io.alidade.model.adapter.Targets;
import io.alidade.objective.BradleyTerry;
import io.alidade.objective.Dpo;
import io.alidade.objective.Objective;
import io.alidade.objective.Sft;
import io.alidade.recipe.Wiring;
import io.alidade.store.Json;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import io.alidade.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Twenty optimizer steps against those of TRL 1.13 on the same rows: losses, gradient norms,
/// metrics and final weights.
class TrainingGoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  @TempDir Path folder;

  @Test
  void dpoOnPlainText() {
    pairs("dpo_plain");
  }

  @Test
  void dpoOnConversationsWithAccumulationWarmUpAndDecay() {
    pairs("dpo_conversational");
  }

  @Test
  void sftOnCompletions() {
    demonstrations("sft_completion");
  }

  @Test
  void sftOnConversationsWithAccumulation() {
    demonstrations("sft_messages");
  }

  @Test
  void dpoWithAnAdapterWhoseReferenceIsItsBase() {
    pairs("dpo_lora");
  }

  @Test
  void dpoWithRankStabilisedAdaptersOnEveryLinearModule() {
    var golden = Json.readObject(GOLDEN.resolve("training/trl_rslora.json"));
    var config = golden.path("config");
    var model = GOLDEN.resolve("training").resolve(golden.path("model").asString()).normalize();
    var data = GOLDEN.resolve("training/data").resolve(golden.path("data").asString());
    try (var tokenizer = Tokenizer.load(model);
        var rows = Rows.open(data)) {
      var encoding = Encoding.of(Layout.CONTINUATIONS, config.path("max_length").asInt());
      run(
          "trl_rslora",
          golden,
          EncodedGroups.of(rows, new RowEncoder(tokenizer, encoding), OptionalInt.empty()),
          new Dpo(config.path("beta").asDouble(), new ReverseKl()),
          Settings.Averaging.MICRO_BATCH);
    }
  }

  @Test
  void rewardModelWithMarginsAndCentring() {
    var name = "reward";
    var golden = Json.readObject(GOLDEN.resolve("training/" + name + ".json"));
    var rows = golden.path("tokenized_rows");
    var margins = rows.path("margin");
    var groups = new ArrayList<Group>();
    for (int i = 0; i < rows.path("chosen_ids").size(); i++) {
      groups.add(
          new Group(
              new Example.Row(name, i + 1),
              new int[0],
              List.of(
                  unscoredFirst(ints(rows.path("chosen_ids").get(i))),
                  unscoredFirst(ints(rows.path("rejected_ids").get(i)))),
              Map.of(Signal.perGroup("margin"), new double[] {margins.get(i).asDouble()})));
    }
    run(
        name,
        golden,
        Groups.of(groups),
        new BradleyTerry(true, golden.path("config").path("center_rewards_coefficient").asDouble()),
        Settings.Averaging.MICRO_BATCH);
  }

  private static Completion unscoredFirst(int[] ids) {
    var completion = Completion.of(ids);
    completion.scored()[0] = false;
    return completion;
  }

  private void pairs(String name) {
    var golden = Json.readObject(GOLDEN.resolve("training/" + name + ".json"));
    var rows = golden.path("tokenized_rows");
    var groups = new ArrayList<Group>();
    for (int i = 0; i < rows.path("prompt_ids").size(); i++) {
      int[] prompt = ints(rows.path("prompt_ids").get(i));
      int room = golden.path("config").path("max_length").asInt() - prompt.length;
      groups.add(
          new Group(
              new Example.Row(name, i + 1),
              prompt,
              List.of(
                  cut(ints(rows.path("chosen_ids").get(i)), room),
                  cut(ints(rows.path("rejected_ids").get(i)), room)),
              Map.of()));
    }
    double beta = golden.path("config").path("beta").asDouble();
    run(
        name,
        golden,
        Groups.of(groups),
        new Dpo(beta, new ReverseKl()),
        Settings.Averaging.MICRO_BATCH);
  }

  private void demonstrations(String name) {
    var golden = Json.readObject(GOLDEN.resolve("training/" + name + ".json"));
    var rows = golden.path("tokenized_rows");
    int limit = golden.path("config").path("max_length").asInt();
    var groups = new ArrayList<Group>();
    for (int i = 0; i < rows.path("input_ids").size(); i++) {
      int[] ids = cut(ints(rows.path("input_ids").get(i)), limit).tokens();
      int[] labels = cut(ints(rows.path("labels").get(i)), limit).tokens();
      var scored = new boolean[ids.length];
      for (int t = 1; t < ids.length; t++) {
        scored[t] = labels[t] != -100;
      }
      groups.add(
          new Group(
              new Example.Row(name, i + 1),
              new int[0],
              List.of(new Completion(ids, scored)),
              Map.of()));
    }
    run(name, golden, Groups.of(groups), new Sft(), Settings.Averaging.STEP);
  }

  private void run(
      String name,
      JsonNode golden,
      Groups groups,
      Objective objective,
      Settings.Averaging averaging) {
    var config = golden.path("config");
    var model = GOLDEN.resolve("training").resolve(golden.path("model").asString()).normalize();
    var logged = new ArrayList<Map<String, Double>>();
    var optimizer =
        new AdamW(
            config.path("learning_rate").asDouble(),
            config.path("adam_beta1").asDouble(),
            config.path("adam_beta2").asDouble(),
            config.path("adam_epsilon").asDouble(),
            config.path("weight_decay").asDouble(),
            config.path("max_grad_norm").asDouble());
    var settings =
        new Settings(
            config.path("per_device_train_batch_size").asInt(),
            config.path("gradient_accumulation_steps").asInt(),
            8,
            config.path("max_steps").asInt(),
            1,
            averaging,
            false,
            1,
            0,
            0,
            1,
            0);
    var spec = PolicySpec.trainable(Precision.FLOAT32).with(Wiring.head(objective.needs()));
    boolean adapted = !golden.path("lora").isNull();
    if (adapted) {
      spec = spec.with(adapter(golden.path("lora")));
    }
    try (var policy = Policy.open(model, spec);
        var frozen = Policy.open(model, PolicySpec.frozen(Precision.FLOAT32).with(spec.head()));
        Scorer reference = adapted ? policy.withoutAdapter() : frozen;
        var session =
            new Session(
                objective,
                policy,
                objective.needs().reference() ? Optional.of(reference) : Optional.empty(),
                optimizer,
                config.path("lr_scheduler_type").asString().equals("cosine")
                    ? new Cosine(config.path("warmup_steps").asLong())
                    : new Linear(config.path("warmup_steps").asLong()),
                settings,
                Experience.given(groups),
                folder,
                new Collector(logged))) {
      if (adapted) {
        initial(name, policy);
      }
      new Offline(1).run(session);
      compare(golden.path("steps"), logged, averaging);
      weights(name, policy);
    }
  }

  private static LoraSpec adapter(JsonNode lora) {
    var targets = lora.path("target_modules");
    return new LoraSpec(
        lora.path("r").asInt(),
        lora.path("lora_alpha").asDouble(),
        0,
        targets.isString()
            ? Targets.of(targets.stringValue())
            : Targets.of(targets.valueStream().map(JsonNode::asString).toList()),
        lora.path("use_rslora").asBoolean(false),
        List.of(),
        new LinkedHashMap<>(),
        new LinkedHashMap<>(),
        List.of(),
        Optional.empty());
  }

  /// Starts the adapter from the numbers that TRL's run drew.
  private static void initial(String name, Policy policy) {
    try (var _ = new Step()) {
      var theirs = TensorFiles.read(GOLDEN.resolve("training/" + name + ".safetensors"));
      theirs.forEach((key, value) -> {
        if (key.startsWith("initial.")) {
          var ours = policy.trainable().get(ours(key.substring("initial.".length())));
          Grad.off(() -> java.util.Objects.requireNonNull(ours, key).copy_(value));
        }
      });
    }
  }

  /// PEFT puts the adapter's name into those of a model in memory and leaves it out of files.
  private static String ours(String key) {
    return key.replace(".default.", ".");
  }

  private static void compare(
      JsonNode steps, List<Map<String, Double>> logged, Settings.Averaging averaging) {
    assertThat(logged).hasSameSizeAs(steps.valueStream().toList());
    for (int i = 0; i < steps.size(); i++) {
      var ours = logged.get(i);
      int step = i + 1;
      steps
          .get(i)
          .properties()
          .forEach(entry -> {
            var metric = entry.getKey();
            if (metric.equals("step") || metric.equals("micro_batch_losses")) {
              return;
            }
            if (averaging == Settings.Averaging.STEP
                && steps.get(0).path("micro_batch_losses").size() > 1
                && (metric.equals("entropy") || metric.equals("mean_token_accuracy"))) {
              return; // TRL takes the mean of the means of the passes; ours is over all tokens
            }
            double theirs = entry.getValue().asDouble();
            assertThat(ours).as("step %d", step).containsKey(metric);
            double tolerance =
                switch (metric) {
                  case "loss", "logps/chosen", "logps/rejected" ->
                      1e-4 * Math.max(0.01, Math.abs(theirs));
                  case "rewards/chosen", "rewards/rejected", "rewards/margins" -> 1e-3;
                  default -> 1e-3 * Math.max(0.01, Math.abs(theirs));
                };
            assertThat(ours.get(metric))
                .as("step %d: %s", step, metric)
                .isCloseTo(theirs, within(tolerance));
          });
    }
  }

  private static void weights(String name, Policy policy) {
    try (var _ = new Step()) {
      var theirs = TensorFiles.read(GOLDEN.resolve("training/" + name + ".safetensors"));
      var ours = policy.trainable();
      int compared = 0;
      for (var entry : theirs.entrySet()) {
        if (!entry.getKey().startsWith("final.")) {
          continue;
        }
        var tensor = ours.get(ours(entry.getKey().substring("final.".length())));
        java.util.Objects.requireNonNull(tensor, entry.getKey());
        assertThat(Ops.toDoubles(tensor))
            .as(entry.getKey())
            .containsExactly(Ops.toDoubles(entry.getValue()), within(2e-4));
        compared++;
      }
      assertThat(compared).isPositive();
    }
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private static Completion cut(int[] ids, int room) {
    return Completion.of(java.util.Arrays.copyOf(ids, Math.min(ids.length, room)));
  }

  /// Keeps what is logged.
  private record Collector(List<Map<String, Double>> logged) implements Journal {
    @Override
    public void log(long step, double epoch, SequencedMap<String, Double> metrics) {
      logged.add(new LinkedHashMap<>(metrics));
    }

    @Override
    public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {}

    @Override
    public void progress(
        String what, long done, long total, String unit, SequencedMap<String, Double> shown) {}

    @Override
    public void close() {}

    @Override
    public void message(String line) {}
  }
}
