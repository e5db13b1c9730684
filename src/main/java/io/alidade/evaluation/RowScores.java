package io.alidade.evaluation;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.data.Fitted;
import io.alidade.data.RowEncoder;
import io.alidade.data.Rows;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.model.Scorer;
import io.alidade.tensor.Natives;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Scores every row of a data set: log-likelihoods of its candidates, those under a reference, the
/// rewards that both imply; or the outputs of a reward head.
///
/// @param model what is scored
/// @param head whether `model` gives rewards instead of likelihoods
/// @param reference a frozen model to compare with
/// @param beta of the implied reward `beta * (logp - ref_logp)` (Rafailov et al. 2023,
///   arXiv:2305.18290), positive
/// @param perToken whether to give the likelihood of each scored token too
/// @param batch rows that are scored together, at least 1
public record RowScores(
    Scorer model,
    boolean head,
    Optional<Scorer> reference,
    double beta,
    boolean perToken,
    int batch) {
  /// Checks the ranges, and that likelihoods are compared with likelihoods.
  public RowScores {
    io.alidade.Check.positive("beta", beta);
    io.alidade.Check.atLeast("batch", 1, batch);
    if (head && reference.isPresent()) {
      throw new UserException("a reward model is not compared with a reference; leave it out");
    }
    if (head && perToken) {
      throw new UserException("a reward model gives one reward a text, none per token");
    }
  }

  /// Gives a map for each row, in order, with the keys of a line of JSON:
  ///
  /// - `row`: number, from 1
  /// - `dropped`: why there is nothing more, for a row that the encoder drops
  /// - `logps/X`, `tokens/X`: sum over the scored tokens, nats, and how many they are; X is
  ///   `chosen` and `rejected` for pairs, `completion` for a single answer, and `completions` for
  ///   rankings, which have lists
  /// - `ref_logps/X`, `rewards/X`: with a reference
  /// - `logps/X_per_token`, `ref_logps/X_per_token`: lists
  /// - `rewards/X`, `tokens/X` alone: of a reward head
  ///
  /// @param encoder for the tokens of `model`
  /// @throws UserException at the first row that cannot be read, rendered or tokenized, or if there
  ///   is nothing to score
  public ScoreSummary of(Rows rows, RowEncoder encoder, Consumer<Map<String, Object>> line) {
    if (rows.form() == Form.PROMPT) {
      throw new UserException(
          rows.place(0).file() + ": bare prompts have nothing to score; generate answers first");
    }
    var tally = new Tally(rows.form());
    for (int from = 0; from < rows.count(); from += batch) {
      var fitted =
          IntStream.range(from, Math.min(rows.count(), from + batch))
              .mapToObj(i -> encoder.group(rows.row(i)))
              .toList();
      var groups = new ArrayList<Group>();
      fitted.forEach(f -> {
        if (f instanceof Fitted.Kept(var group, _, _)) {
          groups.add(group);
        }
      });
      var scored = groups.isEmpty() ? List.<Scores>of() : Natives.call(() -> scores(groups));
      int next = 0;
      for (int i = 0; i < fitted.size(); i++) {
        var cells = new LinkedHashMap<String, Object>();
        cells.put("row", from + i + 1);
        switch (fitted.get(i)) {
          case Fitted.Dropped(_, var reason) -> {
            cells.put("dropped", reason.toString());
            tally.dropped();
          }
          case Fitted.Kept _ -> {
            var scores = scored.get(next++);
            finite(rows.place(from + i), scores);
            tally.add(scores);
            cells(scores, rows.form(), cells);
          }
        }
        line.accept(cells);
      }
    }
    return tally.summary();
  }

  private static void finite(Example.Row row, Scores scores) {
    boolean bad =
        Stream.of(scores.logps(), scores.reference(), new double[][] {scores.rewards()})
            .flatMap(Arrays::stream)
            .flatMapToDouble(Arrays::stream)
            .anyMatch(score -> !Double.isFinite(score));
    if (bad) {
      throw new UserException(
          "%s: the model's score is not a finite number; its weights hold NaN or infinity, or overflow in this precision"
              .formatted(row));
    }
  }

  /// Numbers of the candidates of one row. Absent kinds are empty.
  ///
  /// @param tokens of each candidate
  /// @param logps of each scored token of each candidate
  /// @param reference the same under the reference
  /// @param rewards of each candidate
  record Scores(int[] tokens, double[][] logps, double[][] reference, double[] rewards) {
    static double[] sums(double[][] perToken) {
      return Arrays.stream(perToken).mapToDouble(row -> Arrays.stream(row).sum()).toArray();
    }
  }

  private List<Scores> scores(List<Group> groups) {
    try (var _ = new Step()) {
      var batched = new Batch(groups);
      if (head) {
        return rewards(batched);
      }
      double[][] own = likelihoods(model, batched);
      double[][] other =
          reference.map(scorer -> likelihoods(scorer, batched)).orElse(new double[0][]);
      var all = new ArrayList<Scores>();
      int at = 0;
      for (var group : groups) {
        int end = at + group.candidates().size();
        var logps = Arrays.copyOfRange(own, at, end);
        var ref = other.length == 0 ? other : Arrays.copyOfRange(other, at, end);
        double[] mine = Scores.sums(logps);
        double[] theirs = Scores.sums(ref);
        all.add(
            new Scores(
                Arrays.stream(logps).mapToInt(row -> row.length).toArray(),
                logps,
                ref,
                IntStream.range(0, theirs.length)
                    .mapToDouble(c -> beta * (mine[c] - theirs[c]))
                    .toArray()));
        at = end;
      }
      return all;
    }
  }

  private List<Scores> rewards(Batch batched) {
    var output = output(model, batched, Readout.REWARD); // [N, D]
    if (output.size(1) != 1) {
      throw new UserException(
          "the model is a classifier with %d labels; a reward model has one"
              .formatted(output.size(1)));
    }
    double[] rewards = Ops.toDoubles(output);
    var all = new ArrayList<Scores>();
    int at = 0;
    for (var group : batched.groups()) {
      int end = at + group.candidates().size();
      all.add(
          new Scores(
              group.candidates().stream()
                  .mapToInt(c -> group.prompt().length + c.tokens().length)
                  .toArray(),
              new double[0][],
              new double[0][],
              Arrays.copyOfRange(rewards, at, end)));
      at = end;
    }
    return all;
  }

  /// Of each candidate, the likelihoods of its scored tokens.
  private static double[][] likelihoods(Scorer scorer, Batch batch) {
    double[] all = Ops.toDoubles(output(scorer, batch, Readout.LOG_LIKELIHOOD)); // [N, U]
    int units = batch.units();
    var candidates = batch.groups().stream().flatMap(g -> g.candidates().stream()).toList();
    var logps = new double[candidates.size()][];
    for (int c = 0; c < logps.length; c++) {
      int from = c * units;
      var scored = candidates.get(c).scored();
      logps[c] =
          IntStream.range(0, scored.length)
              .filter(u -> scored[u])
              .mapToDouble(u -> all[from + u])
              .toArray();
    }
    return logps;
  }

  private static org.bytedeco.pytorch.Tensor output(Scorer scorer, Batch batch, Readout readout) {
    var output = scorer.score(batch, Set.of(readout), false).outputs().get(readout);
    if (output == null) {
      throw new IllegalStateException("the model did not report " + readout);
    }
    return output;
  }

  private void cells(Scores scores, Form form, Map<String, Object> cells) {
    var tokens = Arrays.stream(scores.tokens()).<Object>mapToObj(n -> n).toList();
    if (head) {
      put(cells, "rewards/", "", form, boxed(scores.rewards()));
      put(cells, "tokens/", "", form, tokens);
      return;
    }
    put(cells, "logps/", "", form, boxed(Scores.sums(scores.logps())));
    put(cells, "tokens/", "", form, tokens);
    if (scores.reference().length > 0) {
      put(cells, "ref_logps/", "", form, boxed(Scores.sums(scores.reference())));
      put(cells, "rewards/", "", form, boxed(scores.rewards()));
    }
    if (perToken) {
      put(cells, "logps/", "_per_token", form, lists(scores.logps()));
      if (scores.reference().length > 0) {
        put(cells, "ref_logps/", "_per_token", form, lists(scores.reference()));
      }
    }
  }

  private static void put(
      Map<String, Object> cells, String kind, String suffix, Form form, List<?> values) {
    switch (form) {
      case PAIR -> {
        cells.put(kind + "chosen" + suffix, values.get(0));
        cells.put(kind + "rejected" + suffix, values.get(1));
      }
      case RANKING -> cells.put(kind + "completions" + suffix, values);
      default -> cells.put(kind + "completion" + suffix, values.getFirst());
    }
  }

  private static List<Double> boxed(double[] values) {
    return Arrays.stream(values).boxed().toList();
  }

  private static List<?> lists(double[][] values) {
    return Arrays.stream(values).map(RowScores::boxed).toList();
  }
}
