package io.alidade.run;

import io.alidade.UserException;
import io.alidade.batch.Groups;
import io.alidade.data.EncodedGroups;
import io.alidade.data.Encoding;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.data.Rows;
import io.alidade.data.Strategy;
import io.alidade.data.TokenCache;
import io.alidade.example.Signal;
import io.alidade.journal.Journal;
import io.alidade.learning.Drawing;
import io.alidade.learning.rounds.Accompanied;
import io.alidade.learning.rounds.Prompts;
import io.alidade.objective.Needs;
import io.alidade.recipe.Plan;
import io.alidade.recipe.Scale;
import io.alidade.recipe.Wiring;
import io.alidade.store.Hub;
import io.alidade.tensor.Natives;
import io.alidade.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.OptionalInt;

/// What a run reads: the folder of its model, its rows as ids, those held out, and where all of it
/// lies.
///
/// @param model folder of the checkpoint that training starts from
/// @param data file or folder of the rows
/// @param evalData file or folder of the held-out rows, where they have one of their own
/// @param train rows to learn from
/// @param held rows to measure on
/// @param prompts what a loop that draws asks, in place of rows to learn from
record Inputs(
    Path model,
    Path data,
    Optional<Path> evalData,
    Tokenizer tokenizer,
    Groups train,
    Optional<Groups> held,
    Optional<Asked> prompts)
    implements AutoCloseable {
  /// What a loop that draws asks.
  ///
  /// @param train prompts to learn from
  /// @param held prompts to measure on
  record Asked(Prompts train, Optional<Prompts> held) {}

  /// Resolves names and encodes every row, so that all that is wrong with the data is known before
  /// a weight is read.
  ///
  /// @throws UserException naming what is missing or wrong
  ///
  /// @param cache where ids are kept between runs
  static Inputs open(Plan plan, Path cache, Journal journal) {
    var scale = plan.scale();
    var hub = hub(journal);
    var model =
        hub.resolve(
            scale
                .model()
                .orElseThrow(() ->
                    new UserException(
                        "no model: give --model FOLDER, or a name on the hub (org/name)")),
            Hub.Kind.MODEL);
    var name = data(scale);
    var data = hub.resolve(name, Hub.Kind.DATASET);
    var needs = plan.recipe().objective().needs();
    Rows rows = rows(plan, name, data, "train");
    var evalData = scale.evalData().map(held -> hub.resolve(held, Hub.Kind.DATASET));
    var tokenizer = Tokenizer.load(model);
    var encoder = new RowEncoder(tokenizer, encoding(needs, scale));
    Optional<Rows> heldRows =
        evalData.map(path -> rows(plan, scale.evalData().orElse(""), path, "test"));
    if (heldRows.isEmpty() && scale.evalFraction() > 0) {
      var split = rows.split(scale.evalFraction(), scale.seed());
      rows = split.train();
      heldRows = Optional.of(split.heldOut());
    }
    var setting =
        new Strategy.Setting(
            encoder, model, wanted -> hub.resolve(wanted, Hub.Kind.MODEL), scale.dtype(), journal);
    var drawing = plan.recipe().learning().draws();
    if (drawing.isPresent()) {
      rows = directed(plan, name, rows, setting);
      heldRows = heldRows.map(held -> directed(plan, name, held, setting));
      return asking(plan, drawing.get(), model, data, evalData, tokenizer, rows, heldRows, journal);
    }
    if (!plan.recipe().strategies().isEmpty()) {
      Natives.threads(Threads.of(scale, model)); // a strategy may read models
    }
    rows = made(plan, rows, setting);
    heldRows = heldRows.map(held -> made(plan, held, setting));
    var tokens = new TokenCache(cache.resolve("tokens"), journal::message);
    var encoded =
        encode(
            "training rows",
            rows,
            encoder,
            needs,
            scale.perDeviceTrainBatchSize(),
            tokens,
            journal);
    var train =
        plan.recipe()
            .learning()
            .accompanied()
            .map(c -> Accompanied.withRoom(encoded, scale.maxLength() - c.maxNewTokens(), journal))
            .orElse(encoded);
    var held =
        heldRows.map(some ->
            encode(
                "held-out rows",
                some,
                encoder,
                needs,
                scale.perDeviceEvalBatchSize(),
                tokens,
                journal));
    return new Inputs(model, data, evalData, tokenizer, train, held, Optional.empty());
  }

  private static Inputs asking(
      Plan plan,
      Drawing drawing,
      Path model,
      Path data,
      Optional<Path> evalData,
      Tokenizer tokenizer,
      Rows rows,
      Optional<Rows> heldRows,
      Journal journal) {
    int longest = plan.scale().maxLength() - drawing.maxNewTokens();
    var train = Prompts.of("prompts", rows, tokenizer, longest, journal);
    var held =
        heldRows.map(some -> Prompts.of("held-out prompts", some, tokenizer, longest, journal));
    return new Inputs(
        model,
        data,
        evalData,
        tokenizer,
        Groups.of(java.util.List.of()),
        held.map(Prompts::groups),
        Optional.of(new Asked(train, held)));
  }

  /// Whether a plan fits its data, as far as the first row tells.
  ///
  /// @throws UserException naming what is missing or wrong
  static void check(Plan plan, Journal journal) {
    var hub = hub(journal);
    var name = data(plan.scale());
    rows(plan, name, hub.resolve(name, Hub.Kind.DATASET), "train").close();
  }

  private static Hub hub(Journal journal) {
    return Hub.ofSystem(
        (what, done, total) -> journal.progress(what, done, total, "bytes", new LinkedHashMap<>()));
  }

  private static String data(Scale scale) {
    return scale
        .data()
        .orElseThrow(() ->
            new UserException(
                "no data: give --data FILE (JSONL, JSON, CSV, Parquet), a folder, or a name on the hub"));
  }

  private static Rows rows(Plan plan, String name, Path path, String split) {
    var rows = Rows.open(path.toString(), split);
    if (plan.recipe().learning().draws().isEmpty()) {
      Wiring.check(plan, Strategy.Outline.of(name, rows.form(), rows.row(0)));
    }
    return rows;
  }

  /// What the strategies of a recipe make of the prompts of a loop.
  private static Rows directed(Plan plan, String name, Rows rows, Strategy.Setting setting) {
    for (var strategy : plan.recipe().strategies()) {
      var _ = strategy.outline(Strategy.Outline.of(name, rows.form(), rows.row(0)));
      rows = strategy.apply(rows, setting);
    }
    return rows;
  }

  /// What the strategies of a recipe make of rows, in the form that its objective learns from.
  private static Rows made(Plan plan, Rows rows, Strategy.Setting setting) {
    for (var strategy : plan.recipe().strategies()) {
      rows = strategy.apply(rows, setting);
    }
    var needs = plan.recipe().objective().needs();
    // An order of answers is learned from where there is one; objectives that read a number of each
    // answer see for themselves.
    boolean ordered =
        needs.feedback() == Needs.Feedback.PAIRS
            || (needs.feedback() == Needs.Feedback.RANKINGS
                && needs.signals().stream()
                    .noneMatch(signal -> signal.scope() == Signal.Scope.CANDIDATE));
    var decided = ordered ? rows.decided() : rows;
    if (decided.count() < rows.count()) {
      setting
          .journal()
          .message(
              "left out %,d rankings whose answers all have the same score"
                  .formatted(rows.count() - decided.count()));
    }
    return decided.as(needs.feedback());
  }

  static Encoding encoding(Needs needs, Scale scale) {
    return new Encoding(
        Layout.of(needs),
        OptionalInt.of(scale.maxLength()),
        scale.truncationMode(),
        scale.assistantOnlyLoss());
  }

  private static Groups encode(
      String what,
      Rows rows,
      RowEncoder encoder,
      Needs needs,
      int window,
      TokenCache tokens,
      Journal journal) {
    boolean lent = needs.feedback() == Needs.Feedback.LABELLED && needs.candidates() > 1;
    var groups =
        EncodedGroups.of(
            rows, encoder, lent ? OptionalInt.of(window) : OptionalInt.empty(), tokens);
    var summary = groups.summary();
    var line =
        new StringBuilder("%,d %s, %,d tokens".formatted(summary.kept(), what, summary.tokens()));
    summary
        .dropped()
        .forEach((reason, count) -> line.append("; dropped %,d: %s".formatted(count, reason)));
    if (summary.cut() > 0) {
      line.append("; %,d cut to max_length".formatted(summary.cut()));
    }
    if (summary.boundaryMoved() > 0) {
      line.append(
          "; %,d whose prompt tokenizes differently with its completion (see `inspect`)"
              .formatted(summary.boundaryMoved()));
    }
    journal.message(line.toString());
    return groups;
  }

  @Override
  public void close() {
    train.close();
    held.ifPresent(Groups::close);
    tokenizer.close();
  }
}
