package io.alidade.run;

import io.alidade.UserException;
import io.alidade.data.Rows;
import io.alidade.data.Strategy;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.journal.Journal;
import io.alidade.recipe.Plan;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Hub;
import io.alidade.store.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// What the strategies of a recipe make of rows, as a file: to look at, to evaluate a judge on, or
/// to train on without them.
public final class Prepared {
  private Prepared() {}

  /// Writes the rows as JSON lines.
  ///
  /// @param plan with strategies, and a model whose tokens they may read
  /// @param split which files of a folder
  /// @return how many were written
  public static int write(Plan plan, String data, String split, Path out, Journal journal) {
    var strategies = plan.recipe().strategies();
    if (strategies.isEmpty()) {
      throw new UserException(
          "recipe %s has no strategies, so that it learns from rows as they are"
              .formatted(plan.name()));
    }
    var hub = Hub.ofSystem((_, _, _) -> {});
    var model =
        plan.scale()
            .model()
            .orElseThrow(() ->
                new UserException("no model: give --model, whose tokens the strategies may read"));
    var folder = hub.resolve(model, Hub.Kind.MODEL);
    try (var tokenizer = io.alidade.tokenizer.Tokenizer.load(folder);
        var opened = Rows.open(data, split)) {
      var setting =
          new Strategy.Setting(
              new io.alidade.data.RowEncoder(
                  tokenizer,
                  io.alidade.data.Encoding.unlimited(
                      io.alidade.data.Layout.of(plan.recipe().objective().needs()))),
              folder,
              wanted -> hub.resolve(wanted, Hub.Kind.MODEL),
              plan.scale().dtype(),
              journal);
      var rows = opened;
      for (var strategy : strategies) {
        var _ = strategy.outline(Strategy.Outline.of(data, rows.form(), rows.row(0)));
        rows = strategy.apply(rows, setting);
      }
      var made = rows;
      AtomicFiles.write(
          out,
          file -> {
            for (int i = 0; i < made.count(); i++) {
              try {
                file.write(line(made.row(i), made).getBytes(StandardCharsets.UTF_8));
              } catch (IOException failure) {
                throw new UncheckedIOException(failure);
              }
            }
          });
      return made.count();
    }
  }

  private static String line(Example row, Rows rows) {
    return Json.line(Columns.write(row, rows.form())) + "\n";
  }
}
