package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.model.SaveOptions;
import io.alidade.objective.Sft;
import io.alidade.world.Addition;
import io.alidade.world.Lesson;
import io.alidade.world.SmallModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/// A [SmallModel] fine-tuned on demonstrations, which the arms of a trial begin with. It is
/// computed once a seed, for all studies that begin with it.
///
/// @param kind a name for what the demonstrations are
/// @param model sizes
/// @param rate of Adam
/// @param steps of 64 demonstrations each, of the full form and of the reduced one
record SmallStart(String kind, SmallModel model, double rate, int steps, int fewer) {
  private static final int BATCH = 64;

  /// A model that adds and forgets carries, and answers with letters in one case of ten.
  static Path ofSums(Bench bench) {
    var model =
        new SmallModel(
            Addition.VOCABULARY,
            bench.size(64, 32),
            bench.size(2, 1),
            Addition.PROMPT + Addition.ANSWER,
            0.125);
    return new SmallStart("sums", model, 1e-3, 900, 60)
        .of(
            bench,
            () ->
                new Addition(0.7, 0.1)
                    .demonstrations(bench.size(50_000, 2000), bench.random("demonstrations")));
  }

  /// The folder of the start, computed if it is not there.
  ///
  /// @param demonstrations made only if it is computed
  Path of(Bench bench, Supplier<List<Group>> demonstrations) {
    int count = bench.size(steps, fewer);
    // A change of the code that computes it gives a start another name.
    var begin =
        bench
            .shared()
            .resolve(
                "small-%s-%d-%dx%d-%s-%d-%s"
                    .formatted(
                        kind,
                        model.vocabulary(),
                        model.width(),
                        model.layers(),
                        bench.seed(),
                        count,
                        Engine.version()));
    if (!Files.exists(begin)) {
      var fresh = bench.scratch().resolve("fresh");
      model.write(fresh, bench.seed("weights"));
      bench.at("fine-tuning the start", 0.02);
      try (var policy = SmallModel.trainable(fresh)) {
        new Lesson(
                Lesson.cut(rate),
                BATCH,
                count,
                bench.seed("start"),
                bench.scratch().resolve("lesson"))
            .teach(new Sft(), policy, demonstrations.get());
        policy.save(begin, SaveOptions.PLAIN);
      }
    }
    return begin;
  }
}
