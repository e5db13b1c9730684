package io.alidade.study;

import io.alidade.batch.Group;
import io.alidade.constraint.ReverseKl;
import io.alidade.model.Policy;
import io.alidade.model.SaveOptions;
import io.alidade.objective.Dpo;
import io.alidade.objective.InContextRanking;
import io.alidade.objective.Objective;
import io.alidade.objective.Sft;
import io.alidade.reference.Cached;
import io.alidade.reference.Frozen;
import io.alidade.reference.Reference;
import io.alidade.study.Verdict.Part;
import io.alidade.world.CodedLists;
import io.alidade.world.Lesson;
import io.alidade.world.SmallModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Learning to rank with a language model (Wu et al. 2025, arXiv:2504.15477): whole lists in the
/// context against fine-tuning and against one pair a list.
public record IrpoLanguage() implements Study {
  private static final String SFT = "SFT";
  private static final String IRPO = "IRPO";
  private static final String DPO = "DPO, best against one irrelevant";
  private static final String NDCG = "NDCG@5 in the list";
  private static final String ALONE = "NDCG@5 of items alone";
  private static final double BETA = 0.1;
  private static final int BATCH = 32;
  private static final int SHUFFLES = 3;

  @Override
  public List<String> recipes() {
    return List.of("irpo");
  }

  @Override
  public String claim() {
    return "A language model that learned from whole lists with graded relevance ranks the items of"
        + " lists to unseen prompts better than a fine-tuned one and than DPO on one pair a list.";
  }

  @Override
  public String criterion() {
    return "A transformer of 1.1 million weights, 2000 training lists of 10 items of two tokens, whose"
        + " relevance depends on the prompt. NDCG@5 on lists to unseen prompts, mean over 3 orders of"
        + " each list: IRPO at least 0.05 above SFT and at least 0.05 above DPO on one pair a list.";
  }

  @Override
  public String remarks() {
    return """
    A fifth of the 144 prompts is unseen. Fine-tuning is on the training lists in their right order, 250 steps of 32 at 1e-3. IRPO and DPO go on from there for three passes over the
    2000 lists in steps of 32 at 3e-4, beta 0.1; a list is shown to IRPO in one random order, and DPO's pair is the best item against a random irrelevant one, each alone after the
    prompt. The criterion ranks items by their mean log-likelihood a token in the list, as the paper does. What DPO learned of items alone must carry over to lists for that; the
    second measure is of items alone, where it need not.\\
    """;
  }

  @Override
  public Trial run(Bench bench) {
    var trial = Trial.of(bench.seed());
    var world = CodedLists.random(bench.random("tables"));
    var prompts = CodedLists.prompts(bench.random("prompts"));
    var seen = prompts.subList(0, 115);
    var train = world.lists(bench.size(2000, 192), seen, bench.random("lists"));
    var held =
        world.lists(bench.size(300, 24), prompts.subList(115, 144), bench.random("new lists"));
    var fresh = bench.scratch().resolve("fresh");
    var start = bench.scratch().resolve("start");
    new SmallModel(CodedLists.VOCABULARY, bench.size(208, 32), 2, CodedLists.LONGEST, 0.07)
        .write(fresh, bench.seed("weights"));
    bench.at(SFT, 0);
    try (var policy = SmallModel.trainable(fresh)) {
      var best = IntStream.range(0, CodedLists.ITEMS).toArray();
      lesson(bench, SFT, bench.size(1, 3) * 1e-3, bench.size(250, 24))
          .teach(new Sft(), policy, numbered(train, n -> CodedLists.shown(train.get(n), n, best)));
      policy.save(start, SaveOptions.PLAIN);
      note(bench, trial, SFT, policy, held);
    }
    var random = bench.random("orders");
    arm(
        bench,
        trial,
        IRPO,
        new InContextRanking(BETA, true, InContextRanking.Weighting.GAIN),
        start,
        numbered(train, n -> CodedLists.shown(train.get(n), n, CodedLists.order(random))),
        held);
    arm(
        bench,
        trial,
        DPO,
        new Dpo(BETA, new ReverseKl()),
        start,
        numbered(
            train,
            n ->
                CodedLists.pair(
                    train.get(n), n, random.nextInt(CodedLists.RELEVANT, CodedLists.ITEMS))),
        held);
    return trial;
  }

  private static List<Group> numbered(
      List<CodedLists.Ranked> lists, java.util.function.IntFunction<Group> group) {
    var groups = new ArrayList<Group>();
    for (int n = 0; n < lists.size(); n++) {
      groups.add(group.apply(n));
    }
    return groups;
  }

  private static Lesson lesson(Bench bench, String name, double rate, int steps) {
    var folder = bench.scratch().resolve(name.replaceAll("\\W", "-") + "-checkpoints");
    return new Lesson(Lesson.cut(rate), BATCH, steps, bench.seed("order"), folder);
  }

  private static void arm(
      Bench bench,
      Trial trial,
      String name,
      Objective objective,
      Path start,
      List<Group> data,
      List<CodedLists.Ranked> held) {
    bench.at(name, name.equals(IRPO) ? 0.4 : 0.8);
    try (var policy = SmallModel.trainable(start);
        var reference =
            new Cached(new Frozen())
                .open(
                    new Reference.Setting(
                        () -> SmallModel.frozen(start),
                        Optional.empty(),
                        bench.scratch().resolve("likelihoods"),
                        policy))) {
      int passes = bench.size(3, 2);
      lesson(bench, name, bench.size(1, 6) * 3e-4, passes * data.size() / BATCH)
          .teach(objective, policy, reference, data);
      note(bench, trial, name, policy, held);
    }
  }

  private static void note(
      Bench bench, Trial trial, String arm, Policy policy, List<CodedLists.Ranked> held) {
    trial
        .note(
            arm,
            NDCG,
            CodedLists.ndcg(policy, held, bench.size(SHUFFLES, 1), bench.random("shown")))
        .note(arm, ALONE, CodedLists.alone(policy, held));
  }

  @Override
  public Verdict judge(Results results) {
    return Verdict.of(
        Part.atLeast("IRPO above SFT", results.gain(IRPO, SFT, NDCG), 0.05),
        Part.atLeast("IRPO above DPO on one pair", results.gain(IRPO, DPO, NDCG), 0.05));
  }

  @Override
  public Verdict direction(Results reduced) {
    return Verdict.of(Part.atLeast("IRPO above SFT", reduced.gain(IRPO, SFT, NDCG), 0));
  }
}
