package io.alidade.run;

import io.alidade.UserException;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.data.Encoding;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.data.Rows;
import io.alidade.example.Example;
import io.alidade.example.Text;
import io.alidade.generation.TextGenerator;
import io.alidade.journal.Journal;
import io.alidade.judge.Case;
import io.alidade.judge.Sitting;
import io.alidade.judge.Verdict;
import io.alidade.learning.Collector;
import io.alidade.learning.Drawing;
import io.alidade.model.Drawn;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.objective.Needs;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import io.alidade.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/// Rounds of a run: prompts in turn, answers of the policy, what the judge says of them.
///
/// Everything that was drawn is kept in the run's folder `rounds/`: `round-N.jsonl` holds all
/// answers with their scores, `round-N-learned.jsonl` what was learned from, in the format that a
/// later run reads. A round is drawn in parts, each kept when it is judged, and what is kept is
/// read rather than drawn again, so that a run which is killed while it draws loses a part at most.
final class Rollouts implements Collector {
  /// Prompts of a part.
  private static final int PART = 32;

  /// Held-out prompts that are measured.
  private static final int MEASURED = 64;

  private final Policy policy;
  private final Tokenizer tokenizer;
  private final Set<Integer> ends;
  private final Asked train;
  private final Optional<Asked> held;
  private final Drawing drawing;
  private final Sitting sitting;
  private final Needs needs;
  private final Path folder;
  private final long seed;
  private final Turns turns;
  private final Journal journal;

  /// Prompts that leave room for an answer.
  ///
  /// @param rows of the data
  /// @param kept which of them fit
  /// @param ids of the prompts that fit, in the same order
  record Asked(Rows rows, int[] kept, List<int[]> ids) {
    /// Encodes all prompts.
    ///
    /// @param longest tokens of a prompt at most
    /// @throws UserException if none fits, or one cannot be rendered
    static Asked of(String what, Rows rows, RowEncoder encoder, int longest, Journal journal) {
      var kept = new ArrayList<Integer>();
      var ids = new ArrayList<int[]>();
      for (int i = 0; i < rows.count(); i++) {
        var row = rows.row(i);
        var bare =
            new Example(row.row(), TextGenerator.asked(row), List.of(), Map.of(), row.extras());
        var prompt = encoder.encode(bare).prompt();
        if (prompt.length == 0) {
          throw new UserException(row.row() + ": an empty prompt; there is nothing to answer");
        }
        if (prompt.length <= longest) {
          kept.add(i);
          ids.add(prompt);
        }
      }
      if (kept.isEmpty()) {
        throw new UserException(
            "%s: no prompt of %d leaves room for an answer: max_length less max_new_tokens is %d; raise max_length"
                .formatted(rows.place(0).file(), rows.count(), longest));
      }
      int left = rows.count() - kept.size();
      journal.message(
          "%,d %s%s"
              .formatted(
                  kept.size(),
                  what,
                  left == 0
                      ? ""
                      : "; left out %,d: longer than max_length less max_new_tokens"
                          .formatted(left)));
      return new Asked(rows, kept.stream().mapToInt(i -> i).toArray(), ids);
    }

    /// The prompts as groups without candidates.
    Groups groups() {
      var groups = new ArrayList<Group>();
      for (int i = 0; i < kept.length; i++) {
        groups.add(new Group(rows.place(kept[i]), ids.get(i), List.of(), Map.of()));
      }
      return Groups.of(groups);
    }
  }

  /// @param ends tokens that end an answer
  /// @param sitting the judge at work; closed by the caller
  /// @param needs of the objective, which say what is made of answers
  /// @param folder of the rounds
  Rollouts(
      Policy policy,
      Tokenizer tokenizer,
      Set<Integer> ends,
      Asked train,
      Optional<Asked> held,
      Drawing drawing,
      Sitting sitting,
      Needs needs,
      Path folder,
      long seed,
      boolean shuffle,
      Journal journal) {
    this.policy = policy;
    this.tokenizer = tokenizer;
    this.ends = ends;
    this.train = train;
    this.held = held;
    this.drawing = drawing;
    this.sitting = sitting;
    this.needs = needs;
    this.folder = folder;
    this.seed = seed;
    this.turns = new Turns(train.kept().length, seed, shuffle);
    this.journal = journal;
  }

  /// An encoder of prompts.
  static RowEncoder encoder(Tokenizer tokenizer) {
    return new RowEncoder(tokenizer, Encoding.unlimited(Layout.CONTINUATIONS));
  }

  @Override
  public int prompts() {
    return train.kept().length;
  }

  @Override
  public Collected round(int round, int prompts) {
    var file = folder.resolve("round-%05d.jsonl".formatted(round));
    if (!Files.exists(file)) {
      draw(round, prompts, file);
    }
    var rollouts = read(file);
    var own = Feedback.of(rollouts, needs.feedback(), drawing);
    boolean lent = needs.feedback() == Needs.Feedback.LABELLED && needs.candidates() > 1;
    var lessons = lent ? Feedback.lent(own) : own;
    var learned = folder.resolve("round-%05d-learned.jsonl".formatted(round));
    if (!Files.exists(learned)) {
      var lines = new StringBuilder();
      lessons.forEach(lesson -> lines.append(Json.line(lesson.cells())).append('\n'));
      AtomicFiles.text(learned, lines.toString());
    }
    nothing(rollouts, lessons)
        .ifPresent(why -> journal.message("round %d: %s (%s)".formatted(round + 1, why, file)));
    return new Collected(
        Groups.of(lessons.stream().map(Feedback.Lesson::group).toList()), metrics(rollouts));
  }

  /// Why nothing is learned from a round, if so, in a line.
  private static Optional<String> nothing(List<Rollout> rollouts, List<Feedback.Lesson> lessons) {
    if (lessons.stream().anyMatch(Feedback.Lesson::moves)) {
      return Optional.empty();
    }
    var answers = rollouts.stream().flatMap(one -> one.example().candidates().stream()).toList();
    var reason =
        rollouts.stream().allMatch(one -> one.ranked().isEmpty())
            ? "no answer could be judged"
            : answers.stream().allMatch(answer -> Case.words(answer).isBlank())
                ? "all answers are empty"
                : rollouts.stream().allMatch(Rollout::identical)
                    ? "all answers to a prompt are the same"
                    : "no prompt's answers differ in worth";
    return Optional.of(reason + ", so nothing is learned from them");
  }

  private void draw(int round, int prompts, Path file) {
    var parts = folder.resolve("round-%05d-parts".formatted(round));
    var lines = new StringBuilder();
    for (int from = 0; from < prompts; from += PART) {
      var part = parts.resolve("from-%06d.jsonl".formatted(from));
      if (!Files.exists(part)) {
        int until = Math.min(prompts, from + PART);
        long first = (long) round * prompts + from;
        AtomicFiles.text(part, drawn(train, turns.at(first, until - from), first, seed));
        journal.progress("draw", until, prompts, "prompts", new LinkedHashMap<>());
      }
      lines.append(text(part));
    }
    AtomicFiles.text(file, lines.toString());
    try {
      AtomicFiles.delete(parts);
    } catch (IOException e) {
      throw new UserException("cannot remove %s: %s".formatted(parts, e.getMessage()), e);
    }
  }

  /// Answers to some prompts with their verdicts, a line a prompt.
  ///
  /// @param first place of the first prompt in the run, which with the seed decides the draws
  private String drawn(Asked asked, int[] chosen, long first, long seed) {
    var prompts = Arrays.stream(chosen).mapToObj(asked.ids()::get).toList();
    var drawn = new Drawn[chosen.length][drawing.samples()];
    new Generator(policy, drawing.sampling(seed), ends)
        .sample(
            prompts,
            drawing.samples(),
            Math.toIntExact(first),
            sample -> drawn[sample.prompt()][sample.number()] = sample.drawn());
    var cases = new ArrayList<Case>();
    for (int i = 0; i < chosen.length; i++) {
      int row = asked.kept()[chosen[i]];
      var example = asked.rows().row(row);
      var question = TextGenerator.asked(example);
      int[] ids = prompts.get(i);
      var answers = Arrays.stream(drawn[i]).map(d -> answer(question, ids, d.tokens())).toList();
      cases.add(new Case(example.row(), question, answers, asked.rows().cells(row)));
    }
    var verdicts = sitting.judge(cases);
    var lines = new StringBuilder();
    for (int i = 0; i < chosen.length; i++) {
      var one = cases.get(i);
      lines
          .append(rollout(one, prompts.get(i), drawn[i], verdicts.get(i)).line(verdicts.get(i)))
          .append('\n');
    }
    return lines.toString();
  }

  private static Rollout rollout(Case one, int[] prompt, Drawn[] drawn, Verdict verdict) {
    var ended = new boolean[drawn.length];
    for (int s = 0; s < drawn.length; s++) {
      ended[s] = drawn[s].stop() != Drawn.Stop.LENGTH;
    }
    return new Rollout(
        new Example(one.row(), one.prompt(), one.answers(), Map.of(), Map.of()),
        prompt,
        Arrays.stream(drawn).map(Drawn::tokens).toList(),
        Arrays.stream(drawn).map(d -> doubles(d.logps())).toList(),
        ended,
        verdict.standing(),
        verdict.preference(),
        Rollout.classes(verdict, one.answers()));
  }

  private static double[] doubles(float[] values) {
    var wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  /// An answer as text: what it adds to the prompt's.
  Text answer(Text question, int[] prompt, int[] tokens) {
    var alone = tokenizer.decode(tokens, true);
    if (question instanceof Text.Chat) {
      return new Text.Chat(List.of(TextGenerator.message("assistant", alone)));
    }
    var before = tokenizer.decode(prompt, true);
    var both = Arrays.copyOf(prompt, prompt.length + tokens.length);
    System.arraycopy(tokens, 0, both, prompt.length, tokens.length);
    var together = tokenizer.decode(both, true);
    return new Text.Plain(
        together.startsWith(before) ? together.substring(before.length()) : alone);
  }

  private static List<Rollout> read(Path file) {
    var rollouts = new ArrayList<Rollout>();
    for (var line : text(file).lines().toList()) {
      rollouts.add(Rollout.of(file, rollouts.size() + 1, line));
    }
    return rollouts;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UserException("cannot read %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  private static SequencedMap<String, Double> metrics(List<Rollout> rollouts) {
    double reward = 0;
    int known = 0;
    int answers = 0;
    double deviation = 0;
    int indifferent = 0;
    long tokens = 0;
    int clipped = 0;
    for (var rollout : rollouts) {
      var judged = Arrays.stream(rollout.standing()).filter(v -> !Double.isNaN(v)).toArray();
      double mean = Arrays.stream(judged).average().orElse(0);
      reward += Arrays.stream(judged).sum();
      known += judged.length;
      answers += rollout.answers().size();
      deviation +=
          judged.length < 2
              ? 0
              : Math.sqrt(
                  Arrays.stream(judged).map(v -> (v - mean) * (v - mean)).sum()
                      / (judged.length - 1));
      indifferent += rollout.indifferent() ? 1 : 0;
      tokens += rollout.answers().stream().mapToInt(a -> a.length).sum();
      for (boolean ended : rollout.ended()) {
        clipped += ended ? 0 : 1;
      }
    }
    var metrics = new LinkedHashMap<String, Double>();
    metrics.put("reward", known == 0 ? Double.NaN : reward / known);
    metrics.put("reward_std", deviation / rollouts.size());
    metrics.put("frac_reward_zero_std", (double) indifferent / rollouts.size());
    metrics.put("rewards/unjudged", (double) (answers - known) / answers);
    metrics.put("completions/mean_length", (double) tokens / answers);
    metrics.put("completions/clipped_ratio", (double) clipped / answers);
    return metrics;
  }

  @Override
  public SequencedMap<String, Double> measure() {
    var measured = new LinkedHashMap<String, Double>();
    if (held.isEmpty()) {
      return measured;
    }
    int count = Math.min(MEASURED, held.get().kept().length);
    var chosen = java.util.stream.IntStream.range(0, count).toArray();
    var lines = drawn(held.get(), chosen, 0, seed + 1).lines().toList();
    var rollouts = new ArrayList<Rollout>();
    for (var line : lines) {
      rollouts.add(Rollout.of(Path.of("held-out"), rollouts.size() + 1, line));
    }
    metrics(rollouts).forEach((name, value) -> measured.put("eval_" + name, value));
    return measured;
  }
}
